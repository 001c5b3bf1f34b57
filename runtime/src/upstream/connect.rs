//! Opens connections to backends.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::h1::client;
use crate::pool::Backend;
use crate::tls::{self, Stream};

use super::Connection;

/// Why there is no connection. Nothing of the request was sent.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// The backend's name has no address (yet).
    Unresolved,
    /// TCP.
    Tcp(io::Error),
    /// TLS: in an operator's words.
    Tls(String),
    /// It took longer than `connect-timeout`.
    TimedOut,
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unresolved => f.write_str("its name does not resolve"),
            Self::Tcp(error) => write!(f, "cannot connect: {error}"),
            Self::Tls(why) => write!(f, "TLS handshake failed: {why}"),
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
pub(crate) fn is_want(error: &io::Error) -> bool {
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| wants.contains(&error))
}

/// Opens a connection: name, TCP and TLS within `connect-timeout`.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn connect(backend: &Backend) -> Result<Connection, ConnectError> {
    open(backend).await.map(|stream| Connection::new(client::Connection::new(stream)))
}

/// Opens a stream: name, TCP and TLS within `connect-timeout`.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn open(backend: &Backend) -> Result<Stream, ConnectError> {
    let limit = backend.settings().connections.connect_timeout.into();
    timeout(limit, secured(backend)).await.unwrap_or(Err(ConnectError::TimedOut))
}

async fn secured(backend: &Backend) -> Result<Stream, ConnectError> {
    let tcp = dial(backend).await?;
    let _ = tcp.set_nodelay(true); // a connection that refuses it still works
    let stream = match backend.tls() {
        None => Stream::Plain(tcp),
        Some((config, name)) => {
            let connector = TlsConnector::from(Arc::clone(config));
            let tls = connector.connect(name.clone(), tcp).await;
            let tls = tls.map_err(|error| ConnectError::Tls(tls::explain(&error)))?;
            Stream::Tls(Box::new(tls.into()))
        }
    };
    Ok(stream)
}

/// Tries each address in turn.
async fn dial(backend: &Backend) -> Result<TcpStream, ConnectError> {
    let mut failure = ConnectError::Unresolved;
    for address in backend.addresses().iter() {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => failure = ConnectError::Tcp(error),
        }
    }
    Err(failure)
}
