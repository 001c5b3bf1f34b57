//! Opens connections to backends.

use std::io;

use rustix::io::Errno;
use tokio::time::timeout;

use crate::h1::client;
use crate::pool::Backend;
use crate::tls::Stream;

use super::{Connection, dial};

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
fn is_want(error: &io::Error) -> bool {
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| wants.contains(&error))
}

/// Opens a connection: TCP and TLS within `connect-timeout`.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn connect(backend: &Backend) -> Result<Connection, ConnectError> {
    open(backend).await.map(|stream| Connection::new(client::Connection::new(stream)))
}

/// Opens a stream: TCP and TLS within `connect-timeout`.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn open(backend: &Backend) -> Result<Stream, ConnectError> {
    let limit = backend.settings().connections.connect_timeout.into();
    timeout(limit, dial(backend, None, None)).await.unwrap_or(Err(ConnectError::TimedOut))
}
