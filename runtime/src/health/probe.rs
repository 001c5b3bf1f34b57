//! Active health checks: `GET path` over a fresh connection, healthy from 200 to 399.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Probe;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::streak::Streak;
use super::{around, fraction};
use crate::pool::{Backend, Pool};
use crate::tls;
use crate::upstream::is_want;

/// Why a probe failed, in an operator's words.
#[derive(Debug)]
pub(super) enum Failure {
    /// The name has no address.
    Unresolved,
    /// TCP.
    Connect(io::Error),
    /// TLS.
    Tls(String),
    /// The answer is no HTTP, or ends too early.
    Http(String),
    /// The answer says so.
    Status(StatusCode),
    /// The whole answer took longer than this.
    TimedOut(Duration),
}

impl Failure {
    /// Whether it says nothing about the backend.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Connect(error) if is_want(error))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unresolved => write!(f, "its name does not resolve"),
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            Self::Tls(why) => write!(f, "TLS: {why}"),
            Self::Http(why) => write!(f, "no valid HTTP answer: {why}"),
            Self::Status(status) => write!(f, "the probe was answered with {}", status.as_u16()),
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
    sleep((every / 10).mul_f64(fraction(random()))).await;
    loop {
        let result = probe(backend, &settings).await;
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
        sleep(around(every, random())).await;
    }
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
    timeout(limit, connect_and_ask(backend, &settings.path)).await.unwrap_or(Err(Failure::TimedOut(limit)))
}

async fn connect_and_ask(backend: &Backend, path: &str) -> Result<(), Failure> {
    let tcp = dial(backend).await?;
    let Some((config, name)) = backend.tls() else { return ask(tcp, backend.host(), path).await };
    let connector = TlsConnector::from(Arc::clone(config));
    let tls = connector.connect(name.clone(), tcp).await;
    ask(tls.map_err(|error| Failure::Tls(tls::explain(&error)))?, backend.host(), path).await
}

async fn dial(backend: &Backend) -> Result<TcpStream, Failure> {
    let mut failure = Failure::Unresolved;
    for address in backend.addresses().iter() {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => failure = Failure::Connect(error),
        }
    }
    Err(failure)
}

async fn ask<S>(stream: S, host: &HeaderValue, path: &str) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let http = |error: hyper::Error| Failure::Http(words(&error));
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, "divisor")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::Http(error.to_string()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(http)?;
    let exchange = async {
        let mut response = sender.send_request(request).await.map_err(http)?;
        while let Some(frame) = response.frame().await {
            frame.map_err(http)?;
        }
        Ok(response.status())
    };
    tokio::pin!(exchange);
    let status = tokio::select! {
        status = &mut exchange => status,
        // The connection is over; what it has read is still to be had.
        _ = connection => exchange.await,
    }?;
    let healthy = status.is_success() || status.is_redirection();
    if healthy { Ok(()) } else { Err(Failure::Status(status)) }
}

/// hyper's error with what is behind it: over TLS, that may be the alert that says why.
fn words(error: &hyper::Error) -> String {
    match std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(source) => tls::explain(source),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn only_what_this_machine_lacks_is_not_held_against_a_backend() {
        let failed = |error: Errno| Failure::Connect(error.into());
        assert!(failed(Errno::MFILE).is_ours() && failed(Errno::NOMEM).is_ours());
        assert!(!failed(Errno::CONNREFUSED).is_ours() && !failed(Errno::HOSTUNREACH).is_ours());
        assert!(!Failure::Unresolved.is_ours());
    }
}
