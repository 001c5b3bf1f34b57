//! Client connections: TLS, then HTTP/1.1 or HTTP/2.

mod activity;
mod http1;
mod http2;
mod preface;
mod response;

use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::exchange::{Client, Views};
use crate::plan::Listener;
use crate::tls::{self, Stream};

/// Serves one connection that was accepted at the address `bind` to its end. When `last` completes, the exchanges in flight are the last ones.
pub(crate) async fn serve(
    tcp: TcpStream,
    peer: SocketAddr,
    bind: SocketAddr,
    listener: Arc<Listener>,
    views: Rc<Views>,
    last: impl Future<Output = ()>,
) {
    let _ = tcp.set_nodelay(true); // a connection that refuses it still works
    let handshake = timeout(listener.http.handshake_timeout.into(), open(tcp, &listener));
    let (stream, h2, session) = match handshake.await {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return debug!(listener = listener.name, %peer, %error, "handshake failed"),
        Err(_) => return debug!(listener = listener.name, %peer, "handshake timed out"),
    };
    let client = Rc::new(Client::new(peer, bind, session, views));
    let http = listener.http.clone();
    drop(listener); // an idle connection must not keep what belongs to an old plan
    if h2 {
        ended(bind, peer, http2::serve(TokioIo::new(stream), client, &http, last).await);
    } else {
        ended(bind, peer, http1::serve(stream, client, &http, last).await);
    }
}

/// Opens a connection: TLS if the listener has it. Says whether the client speaks HTTP/2, and what the handshake came to.
async fn open(tcp: TcpStream, listener: &Listener) -> std::io::Result<(Stream, bool, Option<tls::Session>)> {
    match &listener.tls {
        None => {
            let h2 = listener.http.h2 && preface::begins_with_preface(&tcp).await?;
            Ok((Stream::Plain(tcp), h2, None))
        }
        Some(config) => {
            let stream = TlsAcceptor::from(config.clone()).accept(tcp).await?;
            let connection = stream.get_ref().1;
            let (h2, session) = (connection.alpn_protocol() == Some(b"h2"), tls::Session::of(connection));
            Ok((Stream::Tls(Box::new(stream.into())), h2, Some(session)))
        }
    }
}

fn ended(bind: SocketAddr, peer: SocketAddr, served: Result<(), impl std::fmt::Display>) {
    if let Err(error) = served {
        debug!(%bind, %peer, %error, "connection ended");
    }
}
