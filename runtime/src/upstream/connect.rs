//! Opens connections to backends.

use std::io;

use divisor_schema::plan::Scheme;
use rustix::io::Errno;
use tokio::time::timeout;

use crate::pool::Backend;
use crate::tls::Stream;

use super::idle::{Chosen, Connection, Upstream};
use super::{dial, http2};

/// Why there is no connection. Nothing of the request was sent.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// The backend's name has no address (yet).
    Unresolved,
    /// TCP, or the Unix socket.
    Tcp(io::Error),
    /// TLS: in an operator's words.
    Tls(String),
    /// It does not speak HTTP/2, or went away at once.
    Http2(io::Error),
    /// It took longer than `connect-timeout`.
    TimedOut,
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unresolved => f.write_str("its name does not resolve"),
            Self::Tcp(error) => write!(f, "cannot connect: {error}"),
            Self::Tls(why) => write!(f, "TLS handshake failed: {why}"),
            Self::Http2(error) => write!(f, "does not speak HTTP/2: {error}"),
            Self::TimedOut => f.write_str("the connection took longer than connect-timeout"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl ConnectError {
    /// Whether it says nothing about the backend.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Tcp(error) if is_want(error))
    }
}

/// Whether this machine has no files or no memory left. Were that held against the backends, a flood of clients would
/// take down all of them at once.
fn is_want(error: &io::Error) -> bool {
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| wants.contains(&error))
}

/// Opens a connection: name, TCP, TLS and the first words of HTTP/2 within `connect-timeout`. One that others may share is
/// opened by one at a time; who comes later takes what there is by then. `tunnels` is for a request that asks for a
/// WebSocket.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn connect(
    backend: &Backend,
    upstream: &Upstream,
    tunnels: bool,
) -> Result<Connection, ConnectError> {
    let limit = backend.settings().connections.connect_timeout.into();
    timeout(limit, settle(backend, upstream, tunnels)).await.unwrap_or(Err(ConnectError::TimedOut))
}

async fn settle(backend: &Backend, upstream: &Upstream, tunnels: bool) -> Result<Connection, ConnectError> {
    let offer = Offer::to(backend, upstream.chosen(), tunnels);
    let shares = match offer {
        Offer::Http1 => false,
        Offer::Http2 => true,
        Offer::Both => upstream.chosen() != Some(Chosen::Http1),
    };
    // The turn is never closed.
    let turn = if shares { upstream.turn.acquire().await.ok() } else { None };
    if let Some(slot) = turn.as_ref().and_then(|_| upstream.slot(tunnels)) {
        return Ok(Connection::Http2(slot, backend.tls().is_some()));
    }
    let stream = dial(backend, None, offer.alpn(), upstream.header()).await?;
    upstream.opened();
    if !(stream.is_h2() || offer == Offer::Http2) {
        if offer == Offer::Both {
            upstream.chose_http1();
        }
        return Ok(Connection::http1(stream));
    }
    let ping = backend.settings().connections.ping.into();
    let shared = http2::open(stream, ping).await.map_err(ConnectError::Http2)?;
    // A backend whose settings allow no stream is not waited for here.
    let slot = shared.slot().ok_or(ConnectError::TimedOut)?;
    upstream.share(shared);
    Ok(Connection::Http2(slot, backend.tls().is_some()))
}

/// What a backend is offered to speak.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offer {
    Http1,
    Http2,
    Both,
}

impl Offer {
    /// A WebSocket needs HTTP/1.1, unless the backend is known to carry it on streams.
    fn to(backend: &Backend, chosen: Option<Chosen>, tunnels: bool) -> Self {
        match backend.settings().scheme {
            Scheme::Http | Scheme::Tcp => Self::Http1,
            Scheme::H2c => Self::Http2,
            Scheme::Https if !backend.settings().connections.h2 => Self::Http1,
            Scheme::Https if tunnels && chosen != Some(Chosen::Http2 { tunnels: true }) => Self::Http1,
            Scheme::Https => Self::Both,
        }
    }

    /// How TLS says it.
    fn alpn(self) -> &'static [&'static [u8]] {
        match self {
            Self::Http1 => &[b"http/1.1"],
            Self::Http2 => &[b"h2"],
            Self::Both => &[b"h2", b"http/1.1"],
        }
    }
}

/// Opens a stream: TCP and TLS within `connect-timeout`. `header` goes before everything else.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn open(backend: &Backend, header: &[u8]) -> Result<Stream, ConnectError> {
    let limit = backend.settings().connections.connect_timeout.into();
    timeout(limit, dial(backend, None, &[], header)).await.unwrap_or(Err(ConnectError::TimedOut))
}
