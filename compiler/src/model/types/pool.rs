//! Pools.

use divisor_schema::plan::{Address, Balance, Millis, Scheme};

use super::ClientTls;
use crate::source::Spanned;

/// Backends that serve the same thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: Spanned<String>,
    /// How a backend is chosen.
    pub balance: Spanned<Balance>,
    /// Backends in the order of the config.
    pub backends: Vec<Backend>,
    /// TLS towards its `https` backends.
    pub tls: Option<ClientTls>,
    /// Active health check of its backends.
    pub probe: Option<Probe>,
    /// Passive health check of its backends.
    pub eject: Eject,
    /// Limits of the connections to each backend.
    pub connections: Connections,
}

/// One server of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    /// The URL as written.
    pub url: Spanned<String>,
    /// The URL, read; `None` when that failed and was reported.
    pub target: Option<Target>,
    /// Its share; 0 takes it out.
    pub weight: Spanned<u16>,
    /// TLS in place of the pool's.
    pub tls: Option<ClientTls>,
    /// Health check in place of the pool's.
    pub probe: Option<Probe>,
    /// Connection limits in place of the pool's.
    pub connections: Option<Connections>,
}

/// Where a backend is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Plain text or TLS.
    pub scheme: Scheme,
    /// Host and port.
    pub address: Address,
}

/// An active health check.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Path to ask for, with query.
    pub path: Spanned<String>,
    /// From one probe to the next.
    pub every: Spanned<Millis>,
    /// Time for the whole answer.
    pub timeout: Spanned<Millis>,
    /// Successes in a row that bring a dead backend back.
    pub rise: Spanned<u8>,
    /// Failures in a row that take a living backend out.
    pub fall: Spanned<u8>,
}

/// A passive health check: takes a backend out after errors in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Eject {
    /// So many; 0 never takes one out.
    pub consecutive_errors: Spanned<u32>,
    /// How long it stays out.
    pub lasts: Spanned<Millis>,
    /// The share of the backends, in percent, that may be out at a time.
    pub max_percent: Spanned<u8>,
}

/// Limits of the connections to one backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Connections {
    /// Exchanges at a time.
    pub per_backend: Spanned<u32>,
    /// How long a request waits for its turn.
    pub queue_timeout: Spanned<Millis>,
    /// TCP and TLS set-up.
    pub connect_timeout: Spanned<Millis>,
    /// How long an unused connection is kept.
    pub idle_timeout: Spanned<Millis>,
    /// How long a connection is used at all; `None` is as long as it lasts.
    pub max_age: Option<Spanned<Millis>>,
}
