//! A request on its way to a backend, and the response on its way back.

use std::rc::Rc;
use std::time::Duration;

use divisor_schema::plan::PoolId;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::warn;

use crate::h1::client::SendError;
use crate::message::{ClientBody, ClientFault, Progress};
use crate::plan::Policy;
use crate::pool::{Pick, Pool, Ticket, Tried};
use crate::tls;
use crate::upstream::{BackendBody, BodyError, ConnectError, Connection, Held, Lease, Upstream, connect};

use super::failure::Failure;
use super::request::{self, Target};
use super::{Exchange, ResponseBody};

/// What is held while a response is on its way.
pub(crate) struct InFlight {
    ticket: Ticket,
    upstream: Rc<Upstream>,
    request: Rc<Progress>,
}

impl Held for InFlight {
    fn broke_off(&self, error: &BodyError) {
        // A client that breaks off its request breaks the connection to the backend, which is not to blame.
        if self.request.fault().is_none() {
            report(&self.upstream, self.ticket.backend().url(), error);
        }
    }
}

/// A try that brought no response.
struct Missed {
    failure: Failure,
    /// The request, if it may be sent again.
    again: Option<Box<Request<ClientBody>>>,
}

impl Missed {
    fn finally(failure: Failure) -> Self {
        Self { failure, again: None }
    }
}

/// A response and how many requests its backend has got.
type Answered = (Response<ResponseBody>, u64);

impl Exchange<'_> {
    /// Sends a request to a backend of a pool, within the time that the whole exchange may take.
    pub(super) async fn proxy(
        &self,
        pool: PoolId,
        policy: &Policy,
        target: Target,
        path: Option<String>,
        head: Parts,
        body: Incoming,
    ) -> Result<Answered, Failure> {
        let deadline = policy.timeouts.exchange.and_then(|limit| Instant::now().checked_add(limit.into()));
        let body = ClientBody::new(body, policy.body_limit, policy.timeouts.body_idle.into());
        let mut head = request::forwardable(head, &target, path)?;
        let host = Some(&target.authority).filter(|host| !host.is_empty());
        self.client.peer.forward(&mut head.headers, host, &self.listener.proxies);
        let tries = self.tries(pool, policy, Request::from_parts(head, body), deadline);
        match deadline {
            Some(deadline) => timeout_at(deadline, tries).await.unwrap_or(Err(Failure::TimedOut)),
            None => tries.await,
        }
    }

    /// Tries backends until one answers, none is left, or the request must not be sent again.
    async fn tries(
        &self,
        id: PoolId,
        policy: &Policy,
        mut request: Request<ClientBody>,
        deadline: Option<Instant>,
    ) -> Result<Answered, Failure> {
        let pool = &self.view.live.pools[id.index()];
        let mut tried = Tried::default();
        let mut failure = Failure::Unavailable;
        let mut changed = false;
        for _ in 0..=policy.retry.attempts {
            let Some(pick) = self.pick(pool, &tried) else { break };
            tried.add(pick.index);
            let upstream = self.view.upstream(id, pick.index);
            let ticket = match pick.backend.enter().await {
                Ok(ticket) => ticket,
                Err(busy) => {
                    report(upstream, pick.backend.url(), &busy);
                    continue;
                }
            };
            if !std::mem::replace(&mut changed, true) {
                let counter = ticket.number();
                self.client.apply(&policy.request_headers, request.headers_mut(), self.address, counter);
            }
            match send(request, ticket, upstream, policy, deadline).await {
                Ok(answered) => return Ok(answered),
                Err(Missed { failure: last, again: Some(again) }) => (failure, request) = (last, *again),
                Err(Missed { failure: last, again: None }) => return Err(last),
            }
        }
        Err(failure)
    }

    fn pick(&self, pool: &Pool, tried: &Tried) -> Option<Pick> {
        pool.pick(self.address, tried, std::time::Instant::now(), &mut || self.client.random())
    }
}

/// Sends a request to one backend: on a connection that waits, or on a new one. When the one that waited turns out to
/// be closed, the request goes on a new one: a request that makes its backend close connections takes no more of them.
async fn send(
    mut request: Request<ClientBody>,
    ticket: Ticket,
    upstream: &Rc<Upstream>,
    policy: &Policy,
    deadline: Option<Instant>,
) -> Result<Answered, Missed> {
    let progress = request.body().progress();
    let mut waiting = upstream.take();
    loop {
        let (mut connection, used) = match waiting.take() {
            Some(connection) => (connection, true),
            None => match connect(ticket.backend()).await {
                Ok(connection) => (connection, false),
                Err(error) => {
                    report(upstream, ticket.backend().url(), &error);
                    return Err(Missed { failure: error.failure(), again: Some(Box::new(request)) });
                }
            },
        };
        let copy = repeatable(&request);
        let start = Instant::now();
        match in_time(connection.send(request), &progress, policy, deadline).await {
            Ok(Ok(response)) => {
                ticket.answered(start.elapsed(), std::time::Instant::now());
                return receive(response, connection, ticket, upstream, progress, policy, deadline);
            }
            // The backend had closed the connection before: no fault of anybody's.
            Ok(Err(SendError::Unsent(unsent))) if used => request = *unsent,
            Ok(Err(SendError::Unsent(unsent))) => {
                return Err(Missed { failure: Failure::BadGateway, again: Some(unsent) });
            }
            Ok(Err(SendError::Sent(error))) => match (progress.fault(), copy) {
                (Some(fault), _) => return Err(Missed::finally(fault.failure())),
                // The backend may have closed the connection just as the request was sent.
                (None, Some(copy)) if used => request = copy,
                (None, again) => {
                    report(upstream, ticket.backend().url(), &Broke(&error));
                    return Err(Missed { failure: Failure::BadGateway, again: again.map(Box::new) });
                }
            },
            Err(late) => {
                report(upstream, ticket.backend().url(), &late);
                return Err(Missed::finally(Failure::TimedOut));
            }
        }
    }
}

/// Waits for the head of a response, but not for a backend that takes too long to move.
async fn in_time<T>(
    head: impl Future<Output = T>,
    request: &Progress,
    policy: &Policy,
    deadline: Option<Instant>,
) -> Result<T, Late> {
    request.backend.begin();
    let limit = policy.timeouts.first_byte.into();
    let passed = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        head = head => Ok(head),
        () = request.backend.missed(limit) => Err(Late::FirstByte(limit)),
        () = passed => Err(Late::Exchange),
    }
}

/// Turns a backend's response into the client's.
fn receive(
    response: Response<Incoming>,
    connection: Connection,
    ticket: Ticket,
    upstream: &Rc<Upstream>,
    request: Rc<Progress>,
    policy: &Policy,
    deadline: Option<Instant>,
) -> Result<Answered, Missed> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        report(upstream, ticket.backend().url(), &"switched protocols without being asked to");
        return Err(Missed::finally(Failure::BadGateway));
    }
    if !request::is_plainly_framed(response.headers()) {
        report(upstream, ticket.backend().url(), &"answered in a transfer coding that is not chunked");
        return Err(Missed::finally(Failure::BadGateway));
    }
    let counter = ticket.number();
    let (mut head, body) = response.into_parts();
    request::end_hop(&mut head.headers);
    let lease = Lease::new(connection, Rc::clone(upstream));
    let held = InFlight { ticket, upstream: Rc::clone(upstream), request };
    let body = BackendBody::new(body, lease, held, policy.timeouts.body_idle.into(), deadline);
    Ok((Response::from_parts(head, ResponseBody::Backend(body)), counter))
}

/// A copy of a request that may be sent twice: idempotent (RFC 9110, section 9.2.2), and without a body.
fn repeatable(request: &Request<ClientBody>) -> Option<Request<ClientBody>> {
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

impl ClientFault {
    fn failure(self) -> Failure {
        match self {
            Self::TooLarge => Failure::TooLarge,
            Self::Stalled => Failure::Stalled,
            Self::Broken => Failure::BadRequest,
        }
    }
}

impl ConnectError {
    fn failure(&self) -> Failure {
        match self {
            Self::TimedOut => Failure::TimedOut,
            Self::Unresolved | Self::Tcp(_) | Self::Tls(_) => Failure::BadGateway,
        }
    }
}

/// The backend broke off between request and response.
struct Broke<'a>(&'a hyper::Error);

impl std::fmt::Display for Broke<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cause =
            std::error::Error::source(self.0).and_then(|cause| cause.downcast_ref::<std::io::Error>());
        match cause {
            // TLS 1.3 servers refuse a client certificate only after the handshake.
            Some(error) => write!(f, "broke off before its response: {}", tls::explain(error)),
            None => write!(f, "broke off before its response: {}", self.0),
        }
    }
}

/// The backend did not answer in time.
enum Late {
    /// It had the whole request, or the next piece of it, for so long.
    FirstByte(Duration),
    /// The exchange as a whole took too long.
    Exchange,
}

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FirstByte(limit) => {
                write!(f, "did not begin its response within {limit:?} (timeout first-byte)")
            }
            Self::Exchange => f.write_str("did not begin its response in time (timeout exchange)"),
        }
    }
}

/// Tells the log what is wrong with a backend, at most once a second and worker.
fn report(upstream: &Upstream, backend: &str, what: &dyn std::fmt::Display) {
    if let Some(unlogged) = upstream.trouble() {
        warn!(backend, unlogged, "backend failed: {what}");
    }
}
