//! Brings a plan to life: reads the files it names and builds everything a request needs. All or nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use divisor_schema::plan::{self, Digest, Plan};
use http::HeaderValue;

use crate::message::Reserved;
use crate::policy::{
    Access, Compression, Cors, Csrf, HeaderOps, InvalidHeader, PerClient, RateLimits, TrustedProxies,
};
use crate::pool::{InvalidKey, InvalidName, Places, Pool, Sticky};
use crate::route::{Hosts, Names};
use crate::tls::{self, Alpn, TlsError};

use super::live::duration;
use super::{ErrorPage, Forward, Listener, Live, Policy};

/// Why a plan that is whole cannot serve here and now.
#[derive(Debug)]
pub(crate) enum ActivateError {
    /// The files of a listener.
    Listener(String, TlsError),
    /// The files of TLS towards backends.
    Backends(TlsError),
    /// A backend's name.
    Name(InvalidName),
    /// The key of a pool's sticky cookie.
    Key(String, InvalidKey),
    /// A header.
    Header(InvalidHeader),
}

impl std::fmt::Display for ActivateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listener(name, error) => write!(f, "listener `{name}`: {error}"),
            Self::Backends(error) => write!(f, "TLS towards backends: {error}"),
            Self::Name(error) => error.fmt(f),
            Self::Key(pool, error) => write!(f, "sticky cookie of pool `{pool}`: {error}"),
            Self::Header(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ActivateError {}

/// Builds what serves `plan`. What `previous` knows of the same things is kept: health, rate limits, TLS sessions.
///
/// # Errors
/// [`ActivateError`] names the file or the field, and what to do.
pub(crate) fn activate(
    plan: Plan,
    digest: Digest,
    files: &Path,
    previous: Option<&Live>,
) -> Result<Live, ActivateError> {
    let held = super::files::held(&plan, files);
    let client_tls = tls::Clients::new(&plan.client_tls, files, previous.map(|live| &live.client_tls))
        .map_err(ActivateError::Backends)?;
    let configs = client_tls.configs();
    let pools = plan.pools.iter().map(|it| {
        let known = previous.and_then(|live| live.pools.iter().find(|old| old.name() == it.name));
        let pool = Pool::new(it, &configs, known.map(AsRef::as_ref)).map_err(ActivateError::Name)?;
        let sticky = it.sticky.as_ref().map(|sticky| Sticky::new(sticky, &it.name, files)).transpose();
        let sticky = sticky.map_err(|error| ActivateError::Key(it.name.clone(), error))?;
        Ok(Arc::new(pool.with_sticky(sticky)))
    });
    let pools: Vec<Arc<Pool>> = pools.collect::<Result<_, _>>()?;
    let listeners = plan.listeners.iter().map(|it| {
        let known = previous.and_then(|live| live.listeners.iter().find(|old| old.name == it.name));
        listener(it, files, &pools, known.map(AsRef::as_ref)).map(Arc::new)
    });
    let listeners: Vec<Arc<Listener>> = listeners.collect::<Result<_, _>>()?;
    let policies: Vec<Policy> =
        plan.policies.iter().map(policy).collect::<Result<_, _>>().map_err(ActivateError::Header)?;
    let error_pages = plan.hosts.iter().map(|host| host.error_pages.iter().map(error_page).collect());
    let error_pages = error_pages.collect::<Result<_, _>>().map_err(ActivateError::Header)?;
    let limits = RateLimits::new(&plan.rate_limits, previous.map(|live| &live.limits), Instant::now());
    let epoch = previous.map_or(1, |live| live.epoch + 1);
    let reserved_headers = reserved_headers(&listeners, &policies);
    Ok(Live {
        files: held,
        epoch,
        digest,
        plan,
        listeners,
        pools,
        policies,
        error_pages,
        limits,
        reserved_headers,
        client_tls,
    })
}

/// Every header in which some listener or policy tells backends what a client's certificate says.
fn reserved_headers(listeners: &[Arc<Listener>], policies: &[Policy]) -> Reserved {
    let servers = listeners.iter().filter_map(|listener| listener.tls.as_ref());
    let told = policies.iter().flat_map(|policy| policy.request_headers.tell_certificates());
    servers.flat_map(tls::Server::subject_headers).chain(told).cloned().collect()
}

/// What clients of a listener are offered to speak.
fn alpn(listener: &plan::Listener) -> Alpn {
    match (&listener.forward, listener.http.h2) {
        (Some(_), _) => &[], // that is for the backends to say
        (None, true) => &["h2", "http/1.1"],
        (None, false) => &["http/1.1"],
    }
}

fn forward(plan: &plan::Forward, pools: &[Arc<Pool>], tcp_keepalive: Option<plan::Millis>) -> Forward {
    Forward {
        pool: Arc::clone(&pools[plan.pool.index()]),
        tunnel_idle: plan.tunnel_idle.into(),
        tcp_keepalive: duration(tcp_keepalive),
    }
}

fn listener(
    plan: &plan::Listener,
    files: &Path,
    pools: &[Arc<Pool>],
    known: Option<&Listener>,
) -> Result<Listener, ActivateError> {
    let server = plan.tls.as_ref().map(|settings| {
        let known = known.and_then(|listener| listener.tls.as_ref());
        tls::Server::new(settings, alpn(plan), files, known)
    });
    let server_tls = server.transpose().map_err(|error| ActivateError::Listener(plan.name.clone(), error))?;
    let response_headers = HeaderOps::new(&plan.response_headers).map_err(ActivateError::Header)?;
    let forward = |it: &plan::Forward| forward(it, pools, plan.tcp_keepalive);
    let places = known.map(|listener| Arc::clone(&listener.places));
    let max_connections = plan.max_connections.unwrap_or(u32::MAX);
    // Who is counted already stays counted, whatever the limit is now.
    let counted = known.and_then(|listener| listener.per_client.as_ref());
    let per_client = counted.map_or_else(Arc::<PerClient>::default, |(counts, _)| Arc::clone(counts));
    Ok(Listener {
        name: plan.name.clone(),
        binds: plan.binds.clone(),
        socket_mode: plan.socket_mode,
        proxy_protocol: plan.proxy_protocol.clone(),
        http: plan.http.clone(),
        tls: server_tls,
        hosts: Hosts::new(&plan.hosts),
        proxies: TrustedProxies::new(&plan.trusted_proxies, plan.forwarded),
        response_headers,
        tcp_keepalive: duration(plan.tcp_keepalive),
        per_client: plan.max_connections_per_client.map(|most| (per_client, most)),
        places: places.unwrap_or_else(|| Arc::new(Places::new(max_connections))),
        max_connections,
        forward: plan.forward.as_ref().map(&forward),
        passthrough: plan
            .passthrough
            .iter()
            .map(|(name, to)| (name.clone(), to.as_ref().map(&forward)))
            .collect::<Names<_>>(),
    })
}

fn error_page(plan: &plan::ErrorPage) -> Result<ErrorPage, InvalidHeader> {
    let invalid = |_| InvalidHeader { name: "content-type".to_owned(), part: "value" };
    let content_type = HeaderValue::try_from(&plan.content_type).map_err(invalid)?;
    Ok(ErrorPage { statuses: plan.statuses.clone(), content_type, body: Bytes::from(plan.body.clone()) })
}

fn policy(plan: &plan::Policy) -> Result<Policy, InvalidHeader> {
    Ok(Policy {
        access: Access::new(&plan.access),
        limits: plan.rate_limits.clone(),
        request_headers: HeaderOps::new(&plan.request_headers)?,
        response_headers: HeaderOps::new(&plan.response_headers)?,
        body_limit: plan.body_limit,
        timeouts: plan.timeouts.clone(),
        retry: plan.retry.clone(),
        compress: plan.compress.as_ref().map(Compression::new),
        mirror: plan.mirror.clone(),
        cors: plan.cors.as_ref().map(Cors::new).transpose()?,
        csrf: plan.csrf.as_ref().map(Csrf::new),
    })
}
