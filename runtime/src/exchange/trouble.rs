//! What is wrong with a backend, in an operator's words.

use std::time::Duration;

use tracing::warn;

use crate::h1::Fault;
use crate::tls;
use crate::upstream::Upstream;

/// The backend broke off between request and response.
pub(super) struct Broke<'a>(pub(super) &'a Fault);

impl std::fmt::Display for Broke<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            // TLS 1.3 servers refuse a client certificate only after the handshake.
            Fault::Io(error) => write!(f, "broke off before its response: {}", tls::explain(error)),
            Fault::Reset(reason) => write!(f, "reset the stream before its response: {reason}"),
            Fault::Truncated => f.write_str("closed the connection before its response"),
            fault => write!(f, "sent no response that can be read: {fault}"),
        }
    }
}

/// The backend did not answer in time.
pub(super) enum Late {
    /// It had the whole request, or the next piece of it, for so long.
    FirstByte(Duration),
    /// The exchange as a whole took too long.
    Exchange,
}

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FirstByte(limit) => {
                write!(f, "did not begin its response within {limit:?} (timeout first-byte)")
            }
            Self::Exchange => f.write_str("did not begin its response in time (timeout exchange)"),
        }
    }
}

/// Tells the log what is wrong with a backend, at most once a second and worker.
pub(super) fn report(upstream: &Upstream, backend: &str, what: &dyn std::fmt::Display) {
    if let Some(unlogged) = upstream.trouble() {
        warn!(backend, unlogged, "backend failed: {what}");
    }
}
