//! When a request is sent again.

use divisor_schema::plan::Retry;
use http::{Method, Request, StatusCode};

use crate::message::ClientBody;
use crate::pool::{Pool, Retrying};

/// The tries that a request has left.
pub(super) struct Retries<'a> {
    pool: &'a Pool,
    plan: &'a Retry,
    left: u8,
    /// Counts against the budget of the pool from the second try on.
    held: Option<Retrying>,
}

impl<'a> Retries<'a> {
    pub(super) fn new(pool: &'a Pool, plan: &'a Retry) -> Self {
        Self { pool, plan, left: plan.attempts, held: None }
    }

    /// Takes one more try, if one is left and the budget of the pool has room.
    pub(super) fn another(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        if self.held.is_none() {
            self.held = self.pool.retry(self.plan.budget);
        }
        if self.held.is_some() {
            self.left -= 1;
        }
        self.held.is_some()
    }

    /// The request again, of which no byte was sent.
    pub(super) fn after_connect_failure(&mut self, request: Request<ClientBody>) -> Again {
        self.again(self.plan.on.connect_failure, Some(request))
    }

    /// A copy of a request on which the backend broke off.
    pub(super) fn after_reset(&mut self, copy: Option<Request<ClientBody>>) -> Again {
        self.again(self.plan.on.reset, copy)
    }

    /// A copy of a request that the backend did not answer in time.
    pub(super) fn after_timeout(&mut self, copy: Option<Request<ClientBody>>) -> Again {
        self.again(self.plan.on.timeout, copy)
    }

    /// A copy of a request that was answered like this.
    pub(super) fn after_status(&mut self, status: StatusCode, copy: Option<Request<ClientBody>>) -> Again {
        self.again(self.plan.on.statuses.contains(&status.as_u16()), copy)
    }

    fn again(&mut self, wanted: bool, request: Option<Request<ClientBody>>) -> Again {
        request.filter(|_| wanted && self.another()).map(Box::new)
    }
}

/// A request that is to be sent again.
type Again = Option<Box<Request<ClientBody>>>;

/// A copy of a request that may be sent twice: idempotent (RFC 9110, section 9.2.2), and without a body.
pub(super) fn repeatable(request: &Request<ClientBody>) -> Option<Request<ClientBody>> {
    let idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::TRACE];
    if !request.body().is_empty() || !idempotent.contains(request.method()) {
        return None;
    }
    let mut copy = Request::new(ClientBody::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
