//! The management listener: counters, and the state and weights of backends. It is served by the control thread, which
//! alone may change what can be picked.

mod api;
mod backends;
mod guard;
mod metrics;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::counters::Totals;
use crate::plan::Published;

use self::api::Body;

/// Connections at a time, for each address. Others wait.
const CONNECTIONS_MAX: usize = 64;
/// Time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to let go when the system has nothing left to accept with.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// The management listener of a process. Belongs to the control thread, inside its tokio runtime.
pub(crate) struct Admin {
    desk: Arc<Desk>,
    /// Dropping a set ends its tasks.
    serving: BTreeMap<SocketAddr, JoinSet<()>>,
}

/// Sockets with the addresses that they are bound to.
pub(crate) type Sockets = Vec<(SocketAddr, std::net::TcpListener)>;

/// What requests are answered from.
struct Desk {
    published: Arc<Published>,
    totals: Arc<Totals>,
}

impl Admin {
    /// A management listener that accepts nothing yet.
    pub(crate) fn new(published: Arc<Published>, totals: Arc<Totals>) -> Self {
        Self { desk: Arc::new(Desk { published, totals }), serving: BTreeMap::new() }
    }

    /// Whether it accepts at an address.
    pub(crate) fn accepts_at(&self, address: SocketAddr) -> bool {
        self.serving.contains_key(&address)
    }

    /// Accepts on `sockets` as well, and at no address any more that is not in `binds`.
    pub(crate) fn serve(&mut self, sockets: Sockets, binds: &[SocketAddr]) {
        self.serving.retain(|address, _| binds.contains(address));
        for (address, socket) in sockets {
            let mut tasks = JoinSet::new();
            tasks.spawn(accept(address, socket, Arc::clone(&self.desk)));
            self.serving.insert(address, tasks);
        }
    }
}

/// Accepts connections for ever.
async fn accept(address: SocketAddr, socket: std::net::TcpListener, desk: Arc<Desk>) {
    let socket = match TcpListener::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => return warn!(%address, %error, "the management listener cannot accept"),
    };
    let mut open = JoinSet::new();
    loop {
        while open.len() >= CONNECTIONS_MAX {
            open.join_next().await;
        }
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = open.join_next() => continue,
        };
        match accepted {
            Ok((stream, peer)) => drop(open.spawn(connection(stream, peer.ip(), Arc::clone(&desk)))),
            Err(_) => sleep(EXHAUSTED).await,
        }
    }
}

/// Serves one connection, if its peer may have one.
async fn connection(stream: TcpStream, peer: IpAddr, desk: Arc<Desk>) {
    if !guard::admits(desk.published.load().plan.admin.as_ref(), peer) {
        return warn!(%peer, "the management listener does not talk to this address");
    }
    let service = service_fn(|request: Request<Incoming>| {
        let response = desk.answer(peer, &request.map(drop));
        async { Ok::<Response<Body>, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        debug!(%peer, %error, "connection to the management listener ended");
    }
}
