//! The accept loop of one socket.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep};
use tracing::{error, warn};

use crate::downstream;
use crate::exchange::Views;

/// How long to let go when the system has nothing left to accept with.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Counts the open connections of a worker.
#[derive(Clone, Default)]
pub(super) struct Open(Rc<(Cell<usize>, Notify)>);

impl Open {
    fn enter(&self) -> Entered {
        self.0.0.set(self.0.0.get() + 1);
        Entered(self.clone())
    }

    /// Completes when none is open.
    pub(super) async fn none(&self) {
        while self.0.0.get() > 0 {
            self.0.1.notified().await;
        }
    }
}

/// One open connection, or an accept loop that may still open some.
struct Entered(Open);

impl Drop for Entered {
    fn drop(&mut self) {
        let (count, left) = &*self.0.0;
        count.set(count.get() - 1);
        left.notify_one();
    }
}

/// Accepts on `socket` until `closed`, then takes what already waits in its queue: nobody who was let in by the
/// kernel is turned away.
pub(super) async fn run(
    address: SocketAddr,
    socket: std::net::TcpListener,
    views: Rc<Views>,
    open: Open,
    mut closed: watch::Receiver<bool>,
) {
    let _accepting = open.enter();
    let socket = match TcpListener::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => return error!(%address, %error, "cannot accept"),
    };
    let mut complained = None;
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = closed.wait_for(|closed| *closed) => break,
        };
        match accepted {
            Ok((tcp, peer)) => {
                // After accepting, not before: a place must not wait at one worker for a connection that another got.
                let slots =
                    views.current().live.listener_at(address).and_then(|listener| listener.slots.clone());
                let slot = tokio::select! {
                    slot = slot(slots) => slot,
                    _ = closed.wait_for(|closed| *closed) => None,
                };
                begin(address, tcp, peer, slot, &views, &open, closed.clone());
            }
            Err(error) => stumble(address, &error, &mut complained).await,
        }
    }
    while let Some(Ok((tcp, peer))) = now(&socket).await {
        begin(address, tcp, peer, None, &views, &open, closed.clone());
    }
}

/// What `accept` gives at once, if anything.
async fn now(socket: &TcpListener) -> Option<io::Result<(TcpStream, SocketAddr)>> {
    tokio::select! {
        biased;
        accepted = socket.accept() => Some(accepted),
        () = std::future::ready(()) => None,
    }
}

async fn slot(slots: Option<Arc<tokio::sync::Semaphore>>) -> Option<OwnedSemaphorePermit> {
    slots?.acquire_owned().await.ok()
}

fn begin(
    address: SocketAddr,
    tcp: TcpStream,
    peer: SocketAddr,
    slot: Option<OwnedSemaphorePermit>,
    views: &Rc<Views>,
    open: &Open,
    mut closed: watch::Receiver<bool>,
) {
    let (views, entered) = (Rc::clone(views), open.enter());
    tokio::task::spawn_local(async move {
        let _held = (entered, slot);
        let view = views.current();
        let Some(listener) = view.live.listener_at(address) else { return };
        let listener = Arc::clone(listener);
        drop(view); // an idle connection must not keep an old plan alive
        if let Some(interval) = listener.tcp_keepalive {
            let keepalive = TcpKeepalive::new().with_time(interval).with_interval(interval);
            let _ = SockRef::from(&tcp).set_tcp_keepalive(&keepalive); // a connection without it still works
        }
        let last = async move {
            // An error means that the accept loop is gone, and with it the listener.
            let _ = closed.wait_for(|closed| *closed).await;
        };
        downstream::serve(tcp, peer, address, &listener, views, last).await;
    });
}

/// An accept that failed: a client that went away, or a system that has no more file descriptors or memory.
async fn stumble(address: SocketAddr, error: &io::Error, complained: &mut Option<Instant>) {
    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        return;
    }
    if complained.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
        *complained = Some(Instant::now());
        warn!(%address, %error, "cannot accept connections; raise the limit of open files if it is too low");
    }
    sleep(EXHAUSTED).await;
}
