//! Client connections: TLS, then HTTP/1.1 or HTTP/2.

mod activity;
mod http1;
mod http2;
mod preface;
mod response;
mod sent;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};
use tracing::debug;

use crate::exchange::{Client, Entered, Views};
use crate::plan::Listener;
use crate::tls::{self, Stream};

/// Serves one connection that was accepted at the address `bind` to its end. When `last` completes, the exchanges in flight are the last ones.
pub(crate) async fn serve(
    tcp: TcpStream,
    peer: SocketAddr,
    bind: SocketAddr,
    listener: Arc<Listener>,
    views: Rc<Views>,
    last: Pin<&mut impl Future<Output = ()>>,
) {
    let _ = tcp.set_nodelay(true); // a connection that refuses it still works
    // What only some connections need, or only for a while, is on the heap: an idle one does not hold the room for it.
    let handshake = timeout(listener.http.handshake_timeout.into(), Box::pin(open(tcp, &listener)));
    let Opened { stream, h2, entered } = match handshake.await {
        Ok(Ok(opened)) => opened,
        failed => {
            if listener.tls.is_some() {
                views.counters().handshakes_failed.add();
            }
            return match failed {
                Ok(Err(error)) => debug!(listener = listener.name, %peer, %error, "handshake failed"),
                _ => debug!(listener = listener.name, %peer, "handshake timed out"),
            };
        }
    };
    let client = Rc::new(Client::new(peer, bind, entered, views));
    let http = listener.http.clone();
    drop(listener); // an idle connection must not keep what belongs to an old plan
    if h2 {
        ended(bind, peer, Box::pin(http2::serve(TokioIo::new(stream), client, &http, last)).await);
    } else {
        ended(bind, peer, http1::serve(stream, client, &http, last).await);
    }
}

/// A connection that requests can come in by.
struct Opened {
    stream: Stream,
    /// Whether the client speaks HTTP/2.
    h2: bool,
    /// How it got in, if with TLS.
    entered: Option<Entered>,
}

/// Opens a connection: TLS if the listener has it.
async fn open(tcp: TcpStream, listener: &Listener) -> std::io::Result<Opened> {
    let Some(server) = &listener.tls else {
        let h2 = listener.http.h2 && preface::begins_with_preface(&tcp).await?;
        return Ok(Opened { stream: Stream::Plain(tcp), h2, entered: None });
    };
    let (entrance, tls) = match server.only() {
        Some(entrance) => {
            let tls = TlsAcceptor::from(Arc::clone(&entrance.config)).accept(tcp).await?;
            (Arc::clone(entrance), tls)
        }
        None => by_name(tcp, server).await?,
    };
    let connection = tls.get_ref().1;
    let h2 = connection.alpn_protocol() == Some(b"h2");
    let certificate = connection.peer_certificates().and_then(|chain| chain.first());
    let (subject, session) = (certificate.and_then(tls::subject), tls::Session::of(connection));
    let entered = Some(Entered { entrance, subject, session });
    Ok(Opened { stream: Stream::Tls(Box::new(tls.into())), h2, entered })
}

/// Opens a connection where what is asked of a client depends on the name that it asks for.
async fn by_name(
    tcp: TcpStream,
    server: &tls::Server,
) -> std::io::Result<(Arc<tls::Entrance>, TlsStream<TcpStream>)> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), tcp).await?;
    let hello = start.client_hello();
    let name = hello.server_name().unwrap_or_default().to_ascii_lowercase();
    let entrance = Arc::clone(server.entrance(&name));
    let tls = start.into_stream(Arc::clone(&entrance.config)).await?;
    Ok((entrance, tls))
}

fn ended(bind: SocketAddr, peer: SocketAddr, served: Result<(), impl std::fmt::Display>) {
    if let Err(error) = served {
        debug!(%bind, %peer, %error, "connection ended");
    }
}
