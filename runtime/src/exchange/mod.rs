//! One request through its route, to a backend and back: the only place where clients meet backends.

mod affinity;
mod body;
mod compress;
mod door;
mod entered;
mod failure;

mod mirror;
mod own;
mod page;
mod passed;
mod proxy;
mod random;
mod request;
mod retry;
mod split;
mod trouble;
mod view;

use std::cell::{Cell, OnceCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use divisor_schema::plan::{Action, HostId, PoolId, Route, Template};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;

use crate::counters::Counters;
use crate::message::Interim;
use crate::plan::{ErrorPage, Listener, Live, Policy};
use crate::policy::{Csrf, HeaderOps, Peer, Values};
use crate::proxy_protocol::Origin;
use crate::route;
use crate::upstream::Own;

pub(crate) use self::body::ResponseBody;
pub(crate) use self::door::Door;
pub(crate) use self::entered::Entered;
pub(crate) use self::passed::pass;
pub(crate) use self::view::{View, Views};

use self::failure::Failure;
use self::random::Random;
use self::request::Target;

/// A client connection, as its exchanges see it.
pub(crate) struct Client {
    peer: Peer,
    origin: Origin,
    /// Its connections to backends that are told its address.
    own: OnceCell<Box<Own>>,
    door: Rc<Door>,
    entered: Option<Entered>,
    views: Rc<Views>,
    random: Cell<Random>,
}

impl Client {
    /// A client that came in by `door`; `entered` says how, if with TLS.
    pub(crate) fn new(origin: Origin, door: Rc<Door>, entered: Option<Entered>, views: Rc<Views>) -> Self {
        let peer = Peer::new(origin.source.ip(), entered.is_some());
        Self { peer, origin, own: OnceCell::new(), door, entered, views, random: Cell::new(Random::new()) }
    }

    /// The listener of this connection in a plan. Not kept between requests: a connection may idle through many plans.
    fn listener<'a>(&self, live: &'a Live) -> Option<&'a Listener> {
        live.listener_at(self.door.bind())
            .filter(|listener| listener.tls.is_some() == self.entered.is_some())
            .map(AsRef::as_ref)
    }

    /// A uniformly random number; good enough to spread load.
    fn random(&self) -> u64 {
        let mut random = self.random.get();
        let number = random.next();
        self.random.set(random);
        number
    }

    /// Where it comes from.
    pub(crate) fn source(&self) -> SocketAddr {
        self.origin.source
    }

    /// What the worker of this connection counts.
    pub(crate) fn counters(&self) -> &Counters {
        self.views.counters()
    }

    /// Counts a response.
    fn counted(&self, response: Response<ResponseBody>) -> Response<ResponseBody> {
        self.counters().responded(response.status());
        response
    }

    /// Changes header fields. `counter` is the backend's count of requests.
    fn apply(
        &self,
        ops: &HeaderOps,
        headers: &mut http::HeaderMap,
        client: IpAddr,
        counter: u64,
        target: Option<&Target>,
    ) {
        if !ops.is_empty() {
            let asked =
                target.map(|target| target.asked(self.entered.as_ref().map(|entered| &entered.session)));
            let (now, random) = (SystemTime::now(), &mut random::unpredictable);
            ops.apply(headers, &mut Values { client, now, counter, random, asked });
        }
    }
}

/// Answers one request.
pub(crate) async fn serve<B: Body<Data = Bytes> + 'static>(
    client: &Client,
    request: Request<B>,
    interim: Interim,
) -> Response<ResponseBody> {
    let (current, last) = (client.views.current(), client.door.last());
    let views = [Some(&current), last.as_ref()].into_iter().flatten();
    let mut found = views.filter_map(|view| Some((view, client.listener(&view.live)?)));
    let Some((view, listener)) = found.next() else {
        return client.counted(Failure::Gone.response());
    };
    let (head, body) = request.into_parts();
    let only_head = head.method == Method::HEAD;
    let address = client.peer.client(&head.headers, &listener.proxies);
    let exchange = Exchange { client, view, listener, address };
    let mut response = match exchange.route(&head) {
        Ok(routed) => exchange.answer(&routed, head, Sent { body, interim }).await,
        Err(refused) => *refused,
    };
    client.apply(&listener.response_headers, response.headers_mut(), address, 0, None);
    client.counted(if only_head { without_body(response) } else { response })
}

/// The answer to HEAD: our own words are only measured, for HTTP/2 would send them (a backend's body is empty already).
fn without_body(mut response: Response<ResponseBody>) -> Response<ResponseBody> {
    if let ResponseBody::Local(Some(text)) = response.body_mut() {
        let length = HeaderValue::from(text.len());
        *response.body_mut() = ResponseBody::Local(None);
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    response
}

/// The body of a request, and the way back for interim responses to it.
struct Sent<B> {
    body: B,
    interim: Interim,
}

/// One exchange: a request, and the plan it is answered by.
struct Exchange<'a> {
    client: &'a Client,
    view: &'a Rc<View>,
    listener: &'a Listener,
    /// The client's address, as trusted proxies report it.
    address: IpAddr,
}

/// A request that a route answers.
struct Routed<'a> {
    target: Target,
    route: &'a Route,
    policy: &'a Policy,
    /// The error pages of its host.
    pages: &'a [ErrorPage],
}

/// What a route has for a request.
enum Answer<'a> {
    /// An answer of its own.
    Ours(Box<Response<ResponseBody>>),
    /// That of a backend, asked for this path.
    Theirs(PoolId, Option<&'a Template>),
}

impl<'a> Exchange<'a> {
    /// Finds the route of a request, or the answer to one that has none.
    fn route(&self, head: &Parts) -> Result<Routed<'a>, Box<Response<ResponseBody>>> {
        let (host, target) = self.host(head).map_err(|failure| Box::new(failure.response()))?;
        let live = &self.view.live;
        let pages = &live.error_pages[host.index()];
        let looked_at = route::Head {
            method: target.method.as_str(),
            headers: &head.headers,
            query: target.query.as_deref(),
            client: self.address,
        };
        let failure = match route::find(&live.plan, host, &target.path, looked_at) {
            Ok(id) => {
                let route = &live.plan.routes[id.index()];
                return Ok(Routed { target, route, policy: &live.policies[route.policy.index()], pages });
            }
            Err(route::NoRoute::NotFound) => Failure::NotFound,
            Err(route::NoRoute::EncodedSlash) => Failure::BadRequest,
        };
        Err(Box::new(page::dressed(failure.response(), pages)))
    }

    /// The host of a request.
    fn host(&self, head: &Parts) -> Result<(HostId, Target), Failure> {
        if head.headers.len() > usize::from(self.listener.http.max_headers) {
            return Err(Failure::HeadTooLarge);
        }
        let length = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if length > self.listener.http.max_target_size as usize {
            return Err(Failure::TargetTooLong);
        }
        if head.method == Method::CONNECT {
            return Err(Failure::NotImplemented);
        }
        if self.client.entered.is_some() && !request::is_secure(head) {
            return Err(Failure::BadRequest);
        }
        let target = request::target(head, self.listener.http.keep_empty_segments)?;
        let entered = self.client.entered.as_ref().zip(self.listener.tls.as_ref());
        if entered.is_some_and(|(entered, server)| !entered.admits(server, &target.host)) {
            return Err(Failure::Misdirected);
        }
        let host = self.listener.hosts.find(&target.host).ok_or(Failure::Misdirected)?;
        Ok((host, target))
    }

    /// The answer of a route, failures included, with the header fields that its policy asks for. The only part of an
    /// exchange that waits: what is decided around it is decided at once, and takes no room meanwhile.
    async fn answer(
        &self,
        Routed { target, route, policy, pages }: &Routed<'_>,
        head: Parts,
        body: Sent<impl Body<Data = Bytes> + 'static>,
    ) -> Response<ResponseBody> {
        let origin = policy.cors.as_ref().map(|cors| (cors, head.headers.get(ORIGIN).cloned()));
        let answered = match self.act(&route.action, policy, target, &head) {
            Ok(Answer::Ours(response)) => Ok((*response, 0)),
            Ok(Answer::Theirs(pool, rewrite)) => {
                let path = rewrite.map(|template| route::fill(template, target.source()));
                let compress = policy.compress.as_ref().map(|it| (it, it.accepted(&head)));
                let answered = self.proxy(pool, policy, target, path, head, body).await;
                answered.map(|(response, counter)| (compress::compressed(response, compress), counter))
            }
            Err(failure) => Err(failure),
        };
        let (mut response, counter) =
            answered.unwrap_or_else(|failure| (page::dressed(failure.response(), pages), 0));
        if matches!(response.body(), ResponseBody::Local(None)) {
            response = page::dressed(response, pages);
        }
        if let Some((cors, origin)) = origin {
            cors.mark(origin.as_ref(), response.headers_mut());
        }
        let (ops, headers) = (&policy.response_headers, response.headers_mut());
        self.client.apply(ops, headers, self.address, counter, Some(target));
        response
    }

    /// Decides what a route does with a request.
    fn act<'r>(
        &self,
        action: &'r Action,
        policy: &Policy,
        target: &Target,
        head: &Parts,
    ) -> Result<Answer<'r>, Failure> {
        if !policy.access.admits(self.address) {
            return Err(Failure::Forbidden);
        }
        if let Some(headers) = policy.cors.as_ref().and_then(|it| it.preflight(&head.method, &head.headers)) {
            let mut response = local(204, String::new());
            *response.headers_mut() = headers;
            return Ok(Answer::Ours(Box::new(response)));
        }
        let forged = |csrf: &Csrf| !csrf.admits(&head.method, &head.headers, target.authority.as_bytes());
        if policy.csrf.as_ref().is_some_and(forged) {
            return Err(Failure::Forbidden);
        }
        let limits = &self.view.live.limits;
        if !policy.limits.is_empty() {
            let admitted = limits.check(&policy.limits, self.address, Instant::now());
            admitted.map_err(|limited| Failure::RateLimited(limited.retry_after))?;
        }
        request::admit_length(&head.headers, policy.body_limit)?;
        match action {
            Action::Proxy { pool, rewrite } => Ok(Answer::Theirs(*pool, rewrite.as_ref())),
            Action::Split { shares, rewrite } => {
                Ok(Answer::Theirs(split::choose(shares, self.client.random()), rewrite.as_ref()))
            }
            Action::Redirect { location, status } => {
                let location = route::fill(location, target.source());
                let mut response = local(*status, String::new());
                let location = HeaderValue::try_from(location).map_err(|_| Failure::BadRequest)?;
                response.headers_mut().insert(LOCATION, location);
                Ok(Answer::Ours(Box::new(response)))
            }
            Action::Respond { status, body, content_type } => {
                let mut response = local(*status, body.clone());
                // The loader has checked it; a value that is none would only be left out.
                if let Ok(value) = HeaderValue::try_from(content_type) {
                    response.headers_mut().insert(CONTENT_TYPE, value);
                }
                Ok(Answer::Ours(Box::new(response)))
            }
        }
    }
}

fn local(status: u16, text: String) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::local(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
