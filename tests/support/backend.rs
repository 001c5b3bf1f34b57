//! Backends that tell what they got.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// A request as a backend got it.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: HeaderMap,
    pub(crate) version: http::Version,
    /// The host that the request line or `:authority` names.
    pub(crate) authority: Option<String>,
}

/// What all tasks of a backend share.
pub(crate) struct State {
    name: String,
    /// Whether `/health` answers 200.
    healthy: AtomicBool,
    /// What requests are answered with; 0 is what they ask for.
    status: AtomicU16,
    requests: AtomicU64,
    connections: AtomicU64,
    sending: AtomicU64,
    got: Mutex<Vec<Got>>,
    /// Requests to `/hold` wait here.
    held: Semaphore,
    holding: AtomicU64,
}

/// A backend on a port of its own, which speaks HTTP/1.1, or HTTP/2 to who begins with it. `GET /health` is its probe, `/hold` waits for [`Backend::release`], `/status/503`
/// answers so, `/bytes/9` with nine bytes, piece by piece, `/text/9` with nine letters, `/drip` with
/// text that waits in the middle for [`Backend::release`], `/break` breaks off in the middle; all other paths answer
/// with the name of the backend.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    tls: Option<TlsAcceptor>,
    runtime: Option<tokio::runtime::Runtime>,
}

type Body = BoxBody<Bytes, std::io::Error>;

impl Backend {
    /// A plain backend.
    pub(crate) fn start(name: &str) -> Self {
        Self::with(name, None)
    }

    /// A backend that speaks TLS.
    pub(crate) fn start_tls(name: &str, config: Arc<rustls::ServerConfig>) -> Self {
        Self::with(name, Some(config.into()))
    }

    fn with(name: &str, tls: Option<TlsAcceptor>) -> Self {
        let state = State {
            name: name.to_owned(),
            healthy: true.into(),
            status: 0.into(),
            requests: 0.into(),
            connections: 0.into(),
            sending: 0.into(),
            got: Mutex::default(),
            held: Semaphore::new(0),
            holding: 0.into(),
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut backend = Self { address, state: Arc::new(state), tls, runtime: None };
        backend.revive();
        backend
    }

    /// Starts again at the same address after [`Backend::kill`].
    pub(crate) fn revive(&mut self) {
        let listener = std::net::TcpListener::bind(self.address).unwrap();
        listener.set_nonblocking(true).unwrap();
        self.address = listener.local_addr().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(accept(listener, Arc::clone(&self.state), self.tls.clone()));
        self.runtime = Some(runtime);
    }

    /// Ends at once, with all connections.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // On a thread of its own, because this one may belong to another runtime and must not block there.
            let ended = std::thread::spawn(move || runtime.shutdown_timeout(super::PATIENCE)).join();
            ended.unwrap();
            // A process that another test has just forked may hold the socket until it runs its own program.
            let start = Instant::now();
            while std::net::TcpStream::connect(self.address).is_ok() {
                assert!(start.elapsed() < super::PATIENCE, "{} is still listened on", self.address);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Whether `/health` answers well.
    pub(crate) fn set_healthy(&self, healthy: bool) {
        self.state.healthy.store(healthy, Ordering::SeqCst);
    }

    /// Answers all requests but probes with this status from now on.
    pub(crate) fn set_status(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// Requests that were no probes.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Bodies of `/bytes` that are under way.
    pub(crate) fn sending(&self) -> u64 {
        self.state.sending.load(Ordering::SeqCst)
    }

    /// Connections so far, of probes too.
    pub(crate) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// The last request that was no probe.
    pub(crate) fn last(&self) -> Got {
        self.state.got.lock().unwrap().last().cloned().expect("the backend got a request")
    }

    /// How many requests wait at `/hold`.
    pub(crate) fn holding(&self) -> u64 {
        self.state.holding.load(Ordering::SeqCst)
    }

    /// Lets one request at `/hold` go on.
    pub(crate) fn release(&self) {
        self.state.held.add_permits(1);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>, tls: Option<TlsAcceptor>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        state.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve(stream, Arc::clone(&state), tls.clone()));
    }
}

async fn serve(stream: TcpStream, state: Arc<State>, tls: Option<TlsAcceptor>) {
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(answer(request, &state).await) }
    });
    // A client that goes away, or fails the handshake, is part of some tests.
    match tls {
        None => {
            let mut begin = [0; 3];
            let h2 = matches!(stream.peek(&mut begin).await, Ok(3)) && begin == *b"PRI";
            speak(stream, h2, service).await;
        }
        Some(tls) => {
            let Ok(stream) = tls.accept(stream).await else { return };
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            speak(stream, h2, service).await;
        }
    }
}

async fn speak<S, F>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, h2: bool, service: S)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = F>,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let stream = TokioIo::new(stream);
    if h2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(stream, service).await;
    }
}

async fn answer(request: Request<Incoming>, state: &Arc<State>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if path == "/health" {
        let healthy = state.healthy.load(Ordering::SeqCst);
        return respond(if healthy { 200 } else { 503 }, "");
    }
    let Ok(body) = body.collect().await else { return respond(400, "") };
    state.requests.fetch_add(1, Ordering::SeqCst);
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let authority = head.uri.authority().map(ToString::to_string);
    let got = Got {
        method: head.method.to_string(),
        target,
        headers: head.headers,
        trailers: body.trailers().cloned().unwrap_or_default(),
        body: body.to_bytes(),
        version: head.version,
        authority,
    };
    state.got.lock().unwrap().push(got);
    match state.status.load(Ordering::SeqCst) {
        0 => {}
        status => return respond(status, &state.name),
    }
    match path.split('/').collect::<Vec<_>>()[1..] {
        ["hold", ..] => {
            state.holding.fetch_add(1, Ordering::SeqCst);
            state.held.acquire().await.unwrap().forget();
            respond(200, &state.name)
        }
        ["status", status] => respond(status.parse().unwrap(), &state.name),
        ["bytes", count] => Response::new(pieces(state, count.parse().unwrap(), false)),
        ["text", count] => text(count.parse().unwrap()),
        ["drip"] => drip(Arc::clone(state)),
        ["break"] => Response::new(pieces(state, 1024, true)),
        _ => respond(200, &state.name),
    }
}

/// Text of so many letters, and all that a file server says about it.
fn text(count: usize) -> Response<Body> {
    let mut response = respond(200, &"abcdefghij".repeat(count / 10 + 1)[..count]);
    let fields =
        [("content-type", "text/plain; charset=utf-8"), ("etag", "\"v1\""), ("accept-ranges", "bytes")];
    fields
        .into_iter()
        .for_each(|(name, value)| _ = response.headers_mut().insert(name, value.parse().unwrap()));
    response
}

/// Two lines of text; the second waits.
fn drip(state: Arc<State>) -> Response<Body> {
    let stream = futures_util::stream::unfold((0, state), async |(line, state)| {
        if line == 1 {
            state.held.acquire().await.unwrap().forget();
        }
        let text = *["first\n", "second\n"].get(line)?;
        Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(text.as_bytes()))), (line + 1, state)))
    });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(Box::pin(stream))));
    response.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    response
}

fn respond(status: u16, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// A body under way.
struct Sending(Arc<State>);

impl Sending {
    fn new(state: &Arc<State>) -> Self {
        state.sending.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(state))
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.sending.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A body of so many bytes in pieces of 1,000; breaks off after them if asked to.
fn pieces(state: &Arc<State>, count: usize, breaks: bool) -> Body {
    let sending = Sending::new(state);
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, std::io::Error>>(1);
    tokio::spawn(async move {
        let _sending = sending;
        let mut left = count;
        while left > 0 {
            let piece = left.min(1000);
            left -= piece;
            if send.send(Ok(Frame::data(vec![b'x'; piece].into()))).await.is_err() {
                return;
            }
        }
        if breaks {
            tokio::time::sleep(Duration::from_millis(20)).await; // so that the pieces are out
            let _ = send.send(Err(std::io::Error::other("broken off"))).await;
        }
    });
    let stream = futures_util::stream::unfold(receive, async |mut receive| {
        receive.recv().await.map(|piece| (piece, receive))
    });
    BodyExt::boxed(StreamBody::new(Box::pin(stream)))
}
