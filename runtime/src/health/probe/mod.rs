//! Active health checks, each over a fresh connection: a request, a connection alone, or gRPC's own check.

mod grpc;
mod http;

use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use divisor_schema::plan::{Probe, ProbeKind, Scheme};
use tokio::time::{sleep, timeout};

use super::streak::Streak;
use super::{around, fraction};
use crate::pool::{Backend, Liveness, Pool};
use crate::proxy_protocol;
use crate::tls;
use crate::upstream::{ConnectError, dial};

/// Why a probe failed, in an operator's words.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no connection.
    Connect(ConnectError),
    /// The answer is no HTTP, or ends too early.
    Http(String),
    /// The answer says so.
    Status(StatusCode),
    /// The answer does not hold this.
    Body(String),
    /// The answer is none of gRPC's health protocol, or says so.
    Grpc(String),
    /// The whole answer took longer than this.
    TimedOut(Duration),
}

impl Failure {
    /// Whether it says nothing about the backend.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Connect(error) if error.is_ours())
    }
}

impl From<hyper::Error> for Failure {
    /// hyper's error with what is behind it: over TLS, that may be the alert that says why.
    fn from(error: hyper::Error) -> Self {
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
        Self::Http(source.map_or_else(|| error.to_string(), tls::explain))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(error) => error.fmt(f),
            Self::Http(why) => write!(f, "no valid HTTP answer: {why}"),
            Self::Status(status) => write!(f, "the probe was answered with {}", status.as_u16()),
            Self::Body(text) => write!(f, "the answer to the probe does not hold `{text}`"),
            Self::Grpc(why) => write!(f, "the answer to the probe {why}"),
            Self::TimedOut(limit) => write!(f, "no whole answer to the probe within {limit:?}"),
        }
    }
}

/// Probes one backend for ever. The first probe comes almost at once, the others every so often, give or take a tenth,
/// so that the probes of many backends drift apart.
pub(super) async fn watch(pool: Arc<Pool>, index: usize, settings: Probe, random: fn() -> u64) {
    let Some(backend) = pool.backends().get(index) else { return };
    let every = Duration::from(settings.every);
    let mut streak = Streak::new(backend.liveness(), backend.against());
    // A backend that counts as dead until then is not kept waiting.
    if settings.starts_alive || backend.liveness() != Liveness::Unknown {
        sleep((every / 10).mul_f64(fraction(random()))).await;
    }
    let mut era = backend.era();
    loop {
        if backend.is_empty() {
            rest(backend, around(every, random())).await;
            continue;
        }
        if era != backend.era() {
            era = backend.era();
            streak = Streak::new(backend.liveness(), backend.against());
        }
        let result = probe(backend, &settings).await;
        if era != backend.era() {
            continue; // that was about another server
        }
        if result.as_ref().is_err_and(Failure::is_ours) {
            tracing::debug!(pool = pool.name(), backend = backend.url(), "no means to probe");
        } else {
            let changed = streak.add(result.is_ok(), &settings);
            backend.set_against(streak.against());
            if let Some(liveness) = changed {
                pool.set_liveness(index, liveness);
                report(&pool, backend, result.err());
            }
        }
        rest(backend, around(every, random())).await;
    }
}

/// Lets so much time pass, unless another server comes into the slot of the backend: that one is not kept waiting.
async fn rest(backend: &Backend, time: Duration) {
    _ = timeout(time, backend.came()).await;
}

fn report(pool: &Pool, backend: &Backend, failure: Option<Failure>) {
    let (pool, backend, alive) = (pool.name(), backend.url(), pool.alive());
    match failure {
        Some(reason) => tracing::warn!(pool, backend, alive, %reason, "backend is down"),
        None => tracing::info!(pool, backend, alive, "backend is up"),
    }
}

/// One probe.
pub(super) async fn probe(backend: &Backend, settings: &Probe) -> Result<(), Failure> {
    let limit = settings.timeout.into();
    timeout(limit, connect_and_ask(backend, settings)).await.unwrap_or(Err(Failure::TimedOut(limit)))
}

async fn connect_and_ask(backend: &Backend, settings: &Probe) -> Result<(), Failure> {
    let alpn: &[&[u8]] = match settings.kind {
        ProbeKind::Http { .. } if backend.settings().connections.h2 => &[b"h2", b"http/1.1"],
        ProbeKind::Http { .. } => &[b"http/1.1"],
        ProbeKind::Grpc { .. } => &[b"h2"],
        ProbeKind::Tcp => &[],
    };
    // A port of its own is not where clients are served, so nobody there waits for their addresses.
    let version = backend.settings().proxy_protocol.filter(|_| settings.port.is_none());
    let header = version.map(proxy_protocol::own).unwrap_or_default();
    let stream = dial(backend, settings.port, alpn, &header).await.map_err(Failure::Connect)?;
    match &settings.kind {
        ProbeKind::Tcp => Ok(()),
        ProbeKind::Http { method, path, host, headers, statuses, body } => {
            let request = http::request(backend, method, path, host.as_deref(), headers)?;
            let h2 = stream.is_h2() || backend.settings().scheme == Scheme::H2c;
            if h2 {
                return http::ask_h2(stream, request, statuses, body.as_deref()).await;
            }
            http::ask(stream, request, statuses, body.as_deref()).await
        }
        ProbeKind::Grpc { service, host } => {
            grpc::ask(stream, grpc::request(backend, service, host.as_deref())?).await
        }
    }
}

/// Runs `exchange` on a connection of hyper, which moves only while it is asked to.
async fn drive<T>(
    connection: impl Future,
    exchange: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(exchange);
    tokio::select! {
        done = &mut exchange => done,
        // The connection is over; what it has read is still to be had.
        _ = connection => exchange.await,
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn only_what_this_machine_lacks_is_not_held_against_a_backend() {
        let failed = |error: Errno| Failure::Connect(ConnectError::Tcp(error.into()));
        assert!(failed(Errno::MFILE).is_ours() && failed(Errno::NOMEM).is_ours());
        assert!(!failed(Errno::CONNREFUSED).is_ours() && !failed(Errno::HOSTUNREACH).is_ours());
        assert!(!Failure::Connect(ConnectError::Unresolved).is_ours());
    }
}
