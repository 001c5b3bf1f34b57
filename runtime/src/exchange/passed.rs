//! A connection on its way to a backend, and whatever comes back: nobody here reads it.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use divisor_schema::plan::HashKey;
use socket2::{SockRef, TcpKeepalive};

use crate::h1::{Tunnel, Wire};
use crate::plan::Forward;
use crate::pool::{Affinity, Pool, Ticket, Tried, key};
use crate::proxy_protocol::{self, Facts, Origin};
use crate::tls::Stream;
use crate::upstream::{self, ConnectError};

use super::Views;
use super::random::Random;
use super::trouble::report;

/// How many backends are tried before a client is turned away.
const TRIES: usize = 3;

/// Why a connection was not passed on, or did not end well.
#[derive(Debug)]
pub(crate) enum NotPassed {
    /// No backend of the pool takes it.
    NoBackend,
    /// One of the two sides broke off.
    Broken(io::Error),
}

impl std::fmt::Display for NotPassed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoBackend => f.write_str("no backend takes the connection"),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotPassed {}

/// Passes a connection of a client on, from its first byte to its last. `first` was read from it already.
///
/// # Errors
/// [`NotPassed`] when no backend takes it, or one side breaks off.
pub(crate) async fn pass(
    near: Stream,
    first: Vec<u8>,
    origin: Origin,
    facts: Facts,
    forward: Forward,
    views: Rc<Views>,
) -> Result<(), NotPassed> {
    let Forward { pool, tunnel_idle, tcp_keepalive } = forward;
    let header = pool.proxy_protocol().map(|version| proxy_protocol::header(version, origin, &facts));
    let (far, _ticket) = backend(&pool, origin.source.ip(), &header.unwrap_or_default(), &views)
        .await
        .ok_or(NotPassed::NoBackend)?;
    if let (Some(interval), Some(tcp)) = (tcp_keepalive, far.tcp()) {
        let keepalive = TcpKeepalive::new().with_time(interval).with_interval(interval);
        let _ = SockRef::from(tcp).set_tcp_keepalive(&keepalive); // a connection without it still works
    }
    let mut near = Wire::new(near).after(&first);
    drop((first, facts, views, pool)); // a tunnel may last, and holds what it needs
    let mut tunnel = Tunnel::new(Wire::new(far), tunnel_idle);
    poll_fn(|context| tunnel.poll(&mut near, context)).await.map_err(NotPassed::Broken)
}

/// A connection to a backend, and its place among those that the backend may have. As long as none came about, nothing was
/// sent, so another backend is as good.
async fn backend(pool: &Arc<Pool>, client: IpAddr, header: &[u8], views: &Views) -> Option<(Stream, Ticket)> {
    let key = match pool.key() {
        Some(HashKey::ClientAddress) => key::of_address(client),
        _ => 0,
    };
    let affinity = Affinity { key, home: None };
    let (mut random, mut tried) = (Random::new(), Tried::default());
    for _ in 0..TRIES {
        let pick = pool.pick(affinity, &tried, Instant::now, &mut || random.next())?;
        tried.add(pick.index);
        let failed = |what: &dyn std::fmt::Display| {
            if let Some(upstream) = views.current().upstream_of(pool, pick.index) {
                report(&upstream, pick.backend.url(), what);
            }
        };
        let ticket = match pick.backend.enter().await {
            Ok(ticket) => ticket,
            Err(busy) => {
                failed(&busy);
                continue;
            }
        };
        let start = Instant::now();
        match upstream::open(&pick.backend, header).await {
            Ok(stream) => {
                if let Some(upstream) = views.current().upstream_of(pool, pick.index) {
                    upstream.opened();
                }
                pool.went_well(&ticket);
                ticket.answered(start.elapsed(), Instant::now());
                return Some((stream, ticket));
            }
            Err(error) => blame(pool, &ticket, &error, &failed),
        }
    }
    None
}

fn blame(pool: &Pool, ticket: &Ticket, error: &ConnectError, failed: &dyn Fn(&dyn std::fmt::Display)) {
    failed(error);
    if !error.is_ours() {
        pool.went_wrong(ticket);
    }
}
