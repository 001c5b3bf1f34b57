//! A request on its way to a backend, and the response on its way back.

use std::pin::{Pin, pin};
use std::rc::Rc;

use bytes::Bytes;
use divisor_schema::plan::{PoolId, Retry, Timeouts};
use http::header::{SET_COOKIE, UPGRADE};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::h1::client::{Failed, Reached};
use crate::message::{ClientBody, Patience, Progress, websocket};
use crate::plan::Policy;
use crate::pool::{Affinity, Pick, Pool, Ticket, Tried};
use crate::upstream::{BackendBody, BodyError, Held, Incoming, Lease, Upstream, connect};

use super::affinity::affinity;
use super::failure::Failure;
use super::request::{self, Target};
use super::retry::{Again, Retries, is_repeatable, may_have_crossed};
use super::trouble::{Broke, Late, report};
use super::{Exchange, ResponseBody, Sent, entered};

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

    fn pieces(&self) -> u64 {
        self.request.pieces()
    }
}

/// A try that brought no response for the client.
pub(super) struct Missed {
    failure: Failure,
    /// The request, if it is to be sent again.
    again: Again,
}

impl Missed {
    fn finally(failure: Failure) -> Self {
        Self { failure, again: None }
    }
}

/// A response and how many requests its backend has got.
pub(super) type Answered = (Response<ResponseBody>, u64);

impl Exchange<'_> {
    /// Sends a request to a backend of a pool, within the time that the whole exchange may take.
    pub(super) async fn proxy(
        &self,
        pool: PoolId,
        policy: &Policy,
        target: &Target,
        path: Option<String>,
        head: Parts,
        body: Sent<impl Body<Data = Bytes> + 'static>,
    ) -> Result<Answered, Failure> {
        let deadline = policy.timeouts.exchange.and_then(|limit| Instant::now().checked_add(limit.into()));
        let mut head = request::forwardable(head, target, path)?;
        let affinity = affinity(&self.view.live.pools[pool.index()], self.address, target, &mut head.headers);
        let Sent { body, interim } = body;
        let patience = request::patience(&policy.timeouts, &head.headers);
        let reserved = &self.view.live.reserved_headers;
        let body = ClientBody::new(body, policy.body_limit, patience, Some(interim), reserved.clone());
        let host = Some(&target.authority).filter(|host| !host.is_empty());
        self.client.peer.forward(&mut head.headers, host, &self.listener.proxies);
        entered::tell(&mut head.headers, self.client.entered.as_ref(), reserved);
        let mut request = Box::new(Request::from_parts(head, body));
        if let Some(mirror) = &policy.mirror {
            self.mirror(mirror, policy, target, &mut request);
        }
        let tries = self.tries((pool, affinity), policy, target, request, deadline);
        match deadline {
            Some(deadline) => timeout_at(deadline, tries).await.unwrap_or(Err(Failure::TimedOut)),
            None => tries.await,
        }
    }

    /// Tries backends until one answers, or the request must not be sent again.
    async fn tries(
        &self,
        (id, affinity): (PoolId, Affinity),
        policy: &Policy,
        target: &Target,
        mut request: Box<Request<ClientBody>>,
        deadline: Option<Instant>,
    ) -> Result<Answered, Failure> {
        let pool = &self.view.live.pools[id.index()];
        let mut course = Course::new(pool, &policy.timeouts, &policy.retry, deadline);
        let mut tried = Tried::default();
        let mut failure = Failure::Unavailable;
        let mut changed = false;
        loop {
            let Some(pick) = self.pick(pool, affinity, &tried) else { return Err(failure) };
            tried.add(pick.index);
            let shared = self.view.upstream(id, pick.index);
            let upstream = match pick.backend.settings().proxy_protocol {
                None => shared,
                Some(version) => self.own(&shared, version),
            };
            let ticket = match pick.backend.enter().await {
                Ok(ticket) => ticket,
                Err(busy) => {
                    report(&upstream, pick.backend.url(), &busy);
                    if course.retries.another() { continue } else { return Err(failure) }
                }
            };
            if !std::mem::replace(&mut changed, true) {
                let (ops, headers) = (&policy.request_headers, request.headers_mut());
                self.client.apply(ops, headers, self.address, ticket.number(), Some(target));
            }
            match course.send(request, ticket, &upstream).await {
                Ok((mut response, number)) => {
                    let cookie = pool.keep(affinity, pick.index, self.listener.tls.is_some());
                    cookie.into_iter().for_each(|it| _ = response.headers_mut().append(SET_COOKIE, it));
                    return Ok((response, number));
                }
                Err(Missed { failure: last, again: Some(again) }) => (failure, request) = (last, again),
                Err(Missed { failure: last, again: None }) => return Err(last),
            }
            if !pool.has_untried(&tried) {
                tried = Tried::default(); // it may go better the second time
            }
        }
    }

    fn pick(&self, pool: &Pool, affinity: Affinity, tried: &Tried) -> Option<Pick> {
        pool.pick(affinity, tried, std::time::Instant::now, &mut || self.client.random())
    }
}

/// What all tries of a request have in common.
pub(super) struct Course<'a> {
    pool: &'a Pool,
    timeouts: &'a Timeouts,
    deadline: Option<Instant>,
    retries: Retries<'a>,
    /// Whether it was sent again because a connection that had waited was closed. That costs no try, and happens once.
    crossed: bool,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        pool: &'a Pool,
        timeouts: &'a Timeouts,
        retry: &'a Retry,
        deadline: Option<Instant>,
    ) -> Self {
        Self { pool, timeouts, deadline, retries: Retries::new(pool, retry), crossed: false }
    }

    /// Sends a request to one backend: on a connection that waits, or on a new one. When the one that waited turns out
    /// to be closed, the request goes on a new one: a request that makes its backend close connections takes no more of
    /// them.
    pub(super) async fn send(
        &mut self,
        mut request: Box<Request<ClientBody>>,
        ticket: Ticket,
        upstream: &Rc<Upstream>,
    ) -> Result<Answered, Missed> {
        let progress = request.body().progress();
        let tunnels =
            websocket::is_asked_for(request.headers()) && upstream.may_carry_tunnels(ticket.backend());
        let mut waiting = upstream.take(tunnels, ticket.backend().tls().is_some());
        loop {
            let (connection, used) = match waiting.take() {
                Some(connection) => (connection, true),
                // Rare, and large: a request on a connection that waits does not carry the room for it.
                None => match Box::pin(connect(ticket.backend(), upstream, tunnels)).await {
                    Ok(connection) => (connection, false),
                    Err(error) => {
                        report(upstream, ticket.backend().url(), &error);
                        if !error.is_ours() {
                            self.pool.went_wrong(&ticket);
                        }
                        let again = self.retries.after_connect_failure(request);
                        return Err(Missed { failure: error.failure(), again });
                    }
                },
            };
            let copy = self.retries.copy(&request);
            let start = progress.backend.begin();
            let sent = pin!(connection.send(request, Rc::clone(upstream)));
            let failed = match self.in_time(sent, &progress).await {
                Ok(Ok((response, lease))) => {
                    let now = Instant::now();
                    ticket.answered(now.duration_since(start), now.into_std());
                    let response = self.judge(response, copy, &ticket, upstream)?;
                    return Ok(self.receive(response, lease, ticket, Rc::clone(upstream), progress));
                }
                Ok(Err(failed)) => failed,
                Err(late) => return Err(self.late(&late, copy, &ticket, upstream)),
            };
            if let Some(fault) = progress.fault() {
                return Err(Missed::finally(fault.failure()));
            }
            if failed.fault.is_none() {
                return Err(Missed::finally(Failure::BadRequest)); // no backend could be sent it
            }
            let crossed = used && !self.crossed && may_have_crossed(&failed);
            if !crossed || !is_repeatable(&failed) {
                return Err(self.broke(failed, &ticket, upstream));
            }
            self.crossed = true;
            request = Box::new(failed.request);
        }
    }

    /// The backend broke off before its response.
    fn broke(&mut self, failed: Failed<ClientBody>, ticket: &Ticket, upstream: &Upstream) -> Missed {
        if let Some(fault) = &failed.fault {
            report(upstream, ticket.backend().url(), &Broke(fault));
        }
        self.pool.went_wrong(ticket);
        let repeatable = is_repeatable(&failed);
        let request = Box::new(failed.request);
        let again = match failed.reached {
            Reached::Nobody if repeatable => self.retries.after_connect_failure(request),
            _ => self.retries.after_reset(Some(request).filter(|_| repeatable)),
        };
        Missed { failure: Failure::BadGateway, again }
    }

    /// The backend did not answer in time.
    fn late(&mut self, late: &Late, copy: Again, ticket: &Ticket, upstream: &Upstream) -> Missed {
        report(upstream, ticket.backend().url(), late);
        let again = match late {
            Late::FirstByte(limit) => {
                ticket.answered(*limit, std::time::Instant::now()); // at least as slow as this
                upstream.suspect(*limit);
                self.pool.went_wrong(ticket);
                self.retries.after_timeout(copy)
            }
            Late::Exchange => None,
        };
        Missed { failure: Failure::TimedOut, again }
    }

    /// Waits for the head of a response, but not for a backend that takes too long to move.
    async fn in_time<T>(
        &self,
        head: Pin<&mut impl Future<Output = T>>,
        request: &Progress,
    ) -> Result<T, Late> {
        let limit = self.timeouts.first_byte.into();
        let passed = async {
            match self.deadline {
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

    /// What a response says about its backend; and whether, in place of it, another backend is asked.
    fn judge(
        &mut self,
        response: Response<Incoming>,
        copy: Again,
        ticket: &Ticket,
        upstream: &Upstream,
    ) -> Result<Response<Incoming>, Missed> {
        let status = response.status();
        if matches!(status.as_u16(), 502..=504) {
            self.pool.went_wrong(ticket);
        } else {
            self.pool.went_well(ticket);
        }
        match self.retries.after_status(status, copy) {
            None => Ok(response),
            again => {
                report(upstream, ticket.backend().url(), &format_args!("answered with {}", status.as_u16()));
                Err(Missed { failure: Failure::BadGateway, again })
            }
        }
    }

    /// Turns a backend's response into the client's.
    fn receive(
        &self,
        response: Response<Incoming>,
        lease: Lease,
        ticket: Ticket,
        upstream: Rc<Upstream>,
        request: Rc<Progress>,
    ) -> Answered {
        request.answered();
        let counter = ticket.number();
        let (mut head, body) = response.into_parts();
        let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
        let protocol = head.headers.remove(UPGRADE).filter(|_| switches);
        request::end_hop(&mut head.headers);
        let held = InFlight { ticket, upstream, request };
        let timeouts = self.timeouts;
        if switches {
            head.headers.extend(protocol.map(|protocol| (UPGRADE, protocol)));
            let far = body.into_tunnel(timeouts.tunnel_idle.into());
            return (Response::from_parts(head, ResponseBody::Tunnel { far, _held: held }), counter);
        }
        let body = BackendBody::new(body, lease, held, Patience::new(timeouts), self.deadline);
        (Response::from_parts(head, ResponseBody::Backend(body)), counter)
    }
}
