//! Client connections: the PROXY protocol, TLS, then HTTP/1.1 or HTTP/2, or whatever passes as it is.

mod hello;
mod http1;
mod http2;
mod preface;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divisor_schema::plan::Bind;
use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};
use tracing::debug;

use crate::exchange::{self, Client, Door, Entered, Views};
use crate::plan::{Forward, Listener};
use crate::policy::Place;
use crate::proxy_protocol::{self, Facts, Origin};
use crate::tls::{self, Socket, Stream};

use self::hello::Hello;

/// A connection that was accepted.
pub(crate) struct Arrival {
    pub(crate) socket: Socket,
    /// Who has connected: a client, or a proxy in front.
    pub(crate) peer: SocketAddr,
}

/// Serves one connection that came in by `door` to its end. When `last` completes, the exchanges in flight are the last
/// ones.
pub(crate) async fn serve(
    arrival: Box<Arrival>,
    door: Rc<Door>,
    listener: Arc<Listener>,
    views: Rc<Views>,
    last: Pin<&mut impl Future<Output = ()>>,
) {
    arrival.socket.set_nodelay();
    // What only some connections need, or only for a while, is on the heap: an idle one does not hold the room for it.
    let (opened, origin, _place) = match Box::pin(arrive(arrival, door.bind(), &listener)).await {
        Ok(arrived) => arrived,
        Err((refused, peer)) => {
            let secure = listener.tls.is_some() || !listener.passthrough.is_empty();
            match &refused {
                Refused::Header(_) => views.counters().headers_refused.add(),
                Refused::Client => views.counters().clients_refused.add(),
                Refused::Handshake(_) if secure => views.counters().handshakes_failed.add(),
                Refused::Handshake(_) => {}
            }
            return debug!(listener = listener.name, %peer, "{refused}");
        }
    };
    let Opened { stream, h2, entered } = match opened {
        Opening::Here(opened) => opened,
        Opening::Passed { stream, first, facts, forward } => {
            let (bind, peer) = (door.bind().clone(), origin.source);
            drop((listener, door)); // a connection that passes may last, and looks at no plan
            let passed = Box::pin(exchange::pass(stream, first, origin, facts, forward, views));
            return ended(&bind, peer, passed.await);
        }
    };
    let client = Rc::new(Client::new(origin, Rc::clone(&door), entered, views));
    let http = listener.http.clone();
    drop(listener); // an idle connection must not keep what belongs to an old plan
    if h2 {
        let served = Box::pin(http2::serve(stream, Rc::clone(&client), &http, last)).await;
        ended(door.bind(), client.source(), served);
    } else {
        let served = http1::serve(stream, Rc::clone(&client), &http, last).await;
        ended(door.bind(), client.source(), served);
    }
}

/// What becomes of a connection.
enum Opening {
    /// It ends here.
    Here(Opened),
    /// It goes to a pool as it is; `first` was read from it already.
    Passed { stream: Stream, first: Vec<u8>, facts: Facts, forward: Forward },
}

/// A connection that requests can come in by.
struct Opened {
    stream: Stream,
    /// Whether the client speaks HTTP/2.
    h2: bool,
    /// How it got in, if with TLS.
    entered: Option<Entered>,
}

/// Why a connection is not let in.
enum Refused {
    /// Its PROXY protocol header.
    Header(io::Error),
    /// Its client has as many as it may have.
    Client,
    /// The handshake of TLS, or the first bytes of HTTP/2.
    Handshake(io::Error),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(error) => write!(f, "PROXY protocol header refused: {error}"),
            Self::Client => {
                f.write_str("a connection more than a client may have (max-connections-per-client)")
            }
            Self::Handshake(error) => write!(f, "handshake failed: {error}"),
        }
    }
}

/// Lets a connection in, and opens it. Says whom it is from, and gives its place among the connections of this client if
/// they are counted.
///
/// # Errors
/// Why not, and who had connected.
async fn arrive(
    arrival: Box<Arrival>,
    bind: &Bind,
    listener: &Listener,
) -> Result<(Opening, Origin, Option<Place>), (Refused, SocketAddr)> {
    let peer = arrival.peer;
    let_in(*arrival, bind, listener).await.map_err(|refused| (refused, peer))
}

/// The same within `handshake-timeout`, with whom it is from as a proxy in front says, if one may.
async fn let_in(
    Arrival { mut socket, peer }: Arrival,
    bind: &Bind,
    listener: &Listener,
) -> Result<(Opening, Origin, Option<Place>), Refused> {
    let limit = Duration::from(listener.http.handshake_timeout);
    let begun = Instant::now();
    let mut origin = Origin { source: peer, destination: destination(bind, &socket) };
    if listener.proxy_protocol.iter().any(|network| network.contains(peer.ip())) {
        let read = in_time(limit, proxy_protocol::read(&mut socket)).await.map_err(Refused::Header)?;
        origin = read.unwrap_or(origin);
    }
    let place = listener
        .per_client
        .as_ref()
        .map(|(counts, most)| counts.enter(origin.source.ip(), *most).ok_or(Refused::Client));
    let place = place.transpose()?;
    let opening = in_time(limit.saturating_sub(begun.elapsed()), open(socket, listener)).await;
    Ok((opening.map_err(Refused::Handshake)?, origin, place))
}

/// The address that a client connected to. The system is asked only where the listener accepts at every address.
fn destination(bind: &Bind, socket: &Socket) -> Option<SocketAddr> {
    match bind {
        Bind::Tcp(address) if !address.ip().is_unspecified() => Some(*address),
        Bind::Tcp(address) => Some(socket.local_addr().unwrap_or(*address)),
        Bind::Unix(_) => None,
    }
}

async fn in_time<T>(limit: Duration, step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(limit, step).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Opens a connection: TLS if the listener has it and does not pass it through.
async fn open(mut socket: Socket, listener: &Listener) -> io::Result<Opening> {
    let mut begun = None;
    if !listener.passthrough.is_empty() {
        let hello = Hello::read(&mut socket).await?;
        let found = hello.name.as_deref().and_then(|name| listener.passthrough.find(name));
        if let Some(Some(forward)) = found {
            let facts = Facts { name: hello.name.unwrap_or_default(), ..Facts::default() };
            let (stream, first, forward) = (Stream::Plain(socket), hello.bytes, forward.clone());
            return Ok(Opening::Passed { stream, first, facts, forward });
        }
        if listener.tls.is_none() {
            return refuse(socket).await;
        }
        begun = Some(hello);
    }
    let opened = match &listener.tls {
        Some(server) => secured(socket, begun, server).await?,
        None => {
            // Where connections only pass, the client may wait for the backend to speak first.
            let asked = listener.http.h2 && listener.forward.is_none();
            let h2 = asked && preface::begins_with_preface(&socket).await?;
            Opened { stream: Stream::Plain(socket), h2, entered: None }
        }
    };
    Ok(match &listener.forward {
        Some(forward) => {
            let facts = opened.entered.as_ref().map(Entered::facts).unwrap_or_default();
            Opening::Passed { stream: opened.stream, first: Vec::new(), facts, forward: forward.clone() }
        }
        None => Opening::Here(opened),
    })
}

/// The handshake of TLS.
async fn secured(socket: Socket, begun: Option<Hello>, server: &tls::Server) -> io::Result<Opened> {
    let (entrance, tls) = match (begun, server.only()) {
        (Some(hello), _) => {
            let name = hello.name.as_deref().unwrap_or_default();
            let entrance = server.entrance(name);
            (Arc::clone(entrance), go_on(socket, &hello.bytes, entrance).await?)
        }
        (None, Some(entrance)) => {
            let tls = TlsAcceptor::from(Arc::clone(&entrance.config)).accept(socket).await?;
            (Arc::clone(entrance), tls)
        }
        (None, None) => by_name(socket, server).await?,
    };
    let connection = tls.get_ref().1;
    let alpn = match connection.alpn_protocol() {
        Some(b"h2") => "h2",
        Some(b"http/1.1") => "http/1.1",
        _ => "", // nothing else is offered
    };
    let entered = Some(Entered { entrance, session: tls::Session::of(connection), alpn });
    Ok(Opened { stream: Stream::Tls(Box::new(tls.into())), h2: alpn == "h2", entered })
}

/// Opens a connection where what is asked of a client depends on the name that it asks for.
async fn by_name(
    socket: Socket,
    server: &tls::Server,
) -> io::Result<(Arc<tls::Entrance>, TlsStream<Socket>)> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
    let hello = start.client_hello();
    let name = hello.server_name().unwrap_or_default().to_ascii_lowercase();
    let entrance = Arc::clone(server.entrance(&name));
    let tls = start.into_stream(Arc::clone(&entrance.config)).await?;
    Ok((entrance, tls))
}

/// Goes on with a handshake of which `first` was read already.
async fn go_on(socket: Socket, mut first: &[u8], entrance: &tls::Entrance) -> io::Result<TlsStream<Socket>> {
    let mut read = Ok(());
    let accepting = TlsAcceptor::from(Arc::clone(&entrance.config)).accept_with(socket, |connection| {
        read = (|| {
            while !first.is_empty() {
                connection.read_tls(&mut first)?;
            }
            connection.process_new_packets().map_err(io::Error::other)
        })()
        .map(|_| ());
    });
    // A refusal is told to the client before it is told here.
    let accepted = accepting.await;
    read.and(accepted)
}

/// Tells a client that nobody here has the name it asks for (RFC 6066, section 3).
async fn refuse(mut socket: Socket) -> io::Result<Opening> {
    const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
    socket.write_all(&UNRECOGNIZED_NAME).await?;
    socket.shutdown().await?;
    Err(io::Error::other("nobody has the name that the client asks for"))
}

fn ended(bind: &Bind, peer: SocketAddr, served: Result<(), impl std::fmt::Display>) {
    if let Err(error) = served {
        debug!(%bind, %peer, %error, "connection ended");
    }
}
