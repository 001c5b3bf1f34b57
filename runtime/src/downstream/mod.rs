//! Client connections: the PROXY protocol, TLS, then HTTP/1.1 or HTTP/2, or whatever passes as it is.

mod hello;
mod http1;
mod http2;
mod preface;
mod proxy_protocol;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};
use tracing::debug;

use crate::exchange::{self, Client, Door, Entered, Views};
use crate::plan::{Forward, Listener};
use crate::policy::Place;
use crate::tls::{self, Socket, Stream};

use self::hello::Hello;

/// Serves one connection that was came in by `door` to its end. When `last` completes, the exchanges in flight are the last ones.
pub(crate) async fn serve(
    socket: Socket,
    peer: SocketAddr,
    door: Rc<Door>,
    listener: Arc<Listener>,
    views: Rc<Views>,
    last: Pin<&mut impl Future<Output = ()>>,
) {
    socket.set_nodelay();
    // What only some connections need, or only for a while, is on the heap: an idle one does not hold the room for it.
    let arrival = timeout(listener.http.handshake_timeout.into(), Box::pin(arrive(socket, peer, &listener)));
    let (opened, peer, _place) = match arrival.await {
        Ok(Ok(opened)) => opened,
        failed => {
            if listener.tls.is_some() || !listener.passthrough.is_empty() {
                views.counters().handshakes_failed.add();
            }
            return match failed {
                Ok(Err(error)) => debug!(listener = listener.name, %peer, %error, "handshake failed"),
                _ => debug!(listener = listener.name, %peer, "handshake timed out"),
            };
        }
    };
    let Opened { stream, h2, entered } = match opened {
        Opening::Here(opened) => opened,
        Opening::Passed { stream, first, forward } => {
            drop(listener);
            return ended(&door, peer, Box::pin(exchange::pass(stream, first, peer, forward, views)).await);
        }
    };
    let client = Rc::new(Client::new(peer, Rc::clone(&door), entered, views));
    let http = listener.http.clone();
    drop(listener); // an idle connection must not keep what belongs to an old plan
    if h2 {
        ended(&door, peer, Box::pin(http2::serve(stream, client, &http, last)).await);
    } else {
        ended(&door, peer, http1::serve(stream, client, &http, last).await);
    }
}

/// What becomes of a connection.
enum Opening {
    /// It ends here.
    Here(Opened),
    /// It goes to a pool as it is; `first` was read from it already.
    Passed { stream: Stream, first: Vec<u8>, forward: Forward },
}

/// A connection that requests can come in by.
struct Opened {
    stream: Stream,
    /// Whether the client speaks HTTP/2.
    h2: bool,
    /// How it got in, if with TLS.
    entered: Option<Entered>,
}

/// Lets a connection in, and opens it. Says whom it is from, as a proxy in front says if one may, and gives its place among
/// the connections of this client if they are counted.
async fn arrive(
    mut socket: Socket,
    peer: SocketAddr,
    listener: &Listener,
) -> io::Result<(Opening, SocketAddr, Option<Place>)> {
    let peer = match listener.proxy_protocol.iter().any(|network| network.contains(peer.ip())) {
        true => proxy_protocol::read(&mut socket).await?.unwrap_or(peer),
        false => peer,
    };
    let place = listener.per_client.as_ref().map(|(counts, most)| {
        let full =
            || io::Error::other("a connection more than a client may have (max-connections-per-client)");
        counts.enter(peer.ip(), *most).ok_or_else(full)
    });
    let place = place.transpose()?;
    Ok((open(socket, listener).await?, peer, place))
}

/// Opens a connection: TLS if the listener has it and does not pass it through.
async fn open(mut socket: Socket, listener: &Listener) -> io::Result<Opening> {
    let mut begun = None;
    if !listener.passthrough.is_empty() {
        let hello = Hello::read(&mut socket).await?;
        let found = hello.name.as_deref().and_then(|name| listener.passthrough.find(name));
        if let Some(Some(forward)) = found {
            let (stream, first, forward) = (Stream::Plain(socket), hello.bytes, forward.clone());
            return Ok(Opening::Passed { stream, first, forward });
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
            Opening::Passed { stream: opened.stream, first: Vec::new(), forward: forward.clone() }
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
    let h2 = connection.alpn_protocol() == Some(b"h2");
    let entered = Some(Entered { entrance, session: tls::Session::of(connection) });
    Ok(Opened { stream: Stream::Tls(Box::new(tls.into())), h2, entered })
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

fn ended(door: &Door, peer: SocketAddr, served: Result<(), impl std::fmt::Display>) {
    if let Err(error) = served {
        debug!(bind = %door.bind(), %peer, %error, "connection ended");
    }
}
