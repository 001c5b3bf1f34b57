//! When a request is sent again.

use divisor_schema::plan::Retry;
use http::{Method, Request, StatusCode};

use crate::h1::Fault;
use crate::h1::client::{Failed, Reached};
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

    /// A copy of a request that may have to be sent again although its backend got all of it.
    pub(super) fn copy(&self, request: &Request<ClientBody>) -> Again {
        let on = &self.plan.on;
        let wanted = self.left > 0 && (on.timeout || !on.statuses.is_empty());
        (wanted && is_idempotent(request)).then(|| {
            let mut copy = Request::new(request.body().nothing());
            *copy.method_mut() = request.method().clone();
            *copy.uri_mut() = request.uri().clone();
            *copy.headers_mut() = request.headers().clone();
            Box::new(copy)
        })
    }

    /// The request again, of which no byte was sent.
    pub(super) fn after_connect_failure(&mut self, request: Box<Request<ClientBody>>) -> Again {
        self.again(self.plan.on.connect_failure, Some(request))
    }

    /// A copy of a request on which the backend broke off.
    pub(super) fn after_reset(&mut self, copy: Again) -> Again {
        self.again(self.plan.on.reset, copy)
    }

    /// A copy of a request that the backend did not answer in time.
    pub(super) fn after_timeout(&mut self, copy: Again) -> Again {
        self.again(self.plan.on.timeout, copy)
    }

    /// A copy of a request that was answered like this.
    pub(super) fn after_status(&mut self, status: StatusCode, copy: Again) -> Again {
        self.again(self.plan.on.statuses.contains(&status.as_u16()), copy)
    }

    fn again(&mut self, wanted: bool, request: Again) -> Again {
        request.filter(|_| wanted && self.another())
    }
}

/// A request that is to be sent again. On the heap, as all requests are on their way to a backend: it goes through many
/// hands.
pub(super) type Again = Option<Box<Request<ClientBody>>>;

/// Whether a request that failed may be sent again: nothing of it was sent, or sending it twice is like sending it once.
/// What was read of a body is gone, and cannot be sent twice. An answer that is nonsense is an answer all the same.
pub(super) fn is_repeatable(failed: &Failed<ClientBody>) -> bool {
    if !matches!(failed.fault, None | Some(Fault::Truncated | Fault::Reset(_) | Fault::Io(_))) {
        return false;
    }
    let unseen = failed.reached == Reached::Nobody && failed.request.body().is_untouched();
    unseen || is_idempotent(&failed.request)
}

/// Whether the backend may have closed the connection just as the request was sent, which is no fault of anybody's. It
/// has not when it was about to answer, or speaks of this request alone.
pub(super) fn may_have_crossed(failed: &Failed<ClientBody>) -> bool {
    failed.reached != Reached::Backend && matches!(failed.fault, Some(Fault::Truncated | Fault::Io(_)))
}

/// Whether sending a request twice is like sending it once (RFC 9110, section 9.2.2), and it has no body to send.
fn is_idempotent(request: &Request<ClientBody>) -> bool {
    let idempotent = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::TRACE];
    request.body().is_empty() && idempotent.contains(request.method())
}
