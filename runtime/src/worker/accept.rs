//! The accept loop of one socket.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Bind;
use socket2::{SockRef, TcpKeepalive};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, warn};

use crate::counters::Counters;
use crate::downstream;
use crate::exchange::{Door, Views};
use crate::pool::{FIRST, Places};
use crate::tls::Socket;

use super::socket::{Acceptor, Listening};

/// How long to let go when the system has nothing left to accept with.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// How long to wait for a place before the plan is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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

/// A connection that is counted until it ends.
struct Counted(Arc<Counters>);

impl Counted {
    fn begin(counters: &Arc<Counters>) -> Self {
        counters.accepted.add();
        Self(Arc::clone(counters))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.ended.add();
    }
}

/// Accepts on `socket` until `closed`, then takes what already waits in its queue: nobody who was let in by the
/// kernel is turned away.
pub(super) async fn run(
    door: Rc<Door>,
    socket: Listening,
    views: Rc<Views>,
    open: Open,
    mut closed: watch::Receiver<bool>,
) {
    let _accepting = open.enter();
    let socket = match socket.register() {
        Ok(socket) => socket,
        Err(error) => return error!(address = %door.bind(), %error, "cannot accept"),
    };
    let mut complained = None;
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = closed.wait_for(|closed| *closed) => break,
        };
        match accepted {
            Ok((connection, peer)) => {
                // After accepting, not before: a place must not wait at one worker for a connection that another got.
                let place = tokio::select! {
                    place = place(&door, &views) => place,
                    _ = closed.wait_for(|closed| *closed) => None,
                };
                begin(&door, connection, peer, place, &views, &open, closed.clone());
            }
            Err(error) => stumble(door.bind(), &error, &mut complained).await,
        }
    }
    for (connection, peer) in waiting(socket) {
        begin(&door, connection, peer, None, &views, &open, closed.clone());
    }
}

/// What waits in the queue of a socket.
fn waiting(socket: Acceptor) -> impl Iterator<Item = (Socket, SocketAddr)> {
    let queue = socket.into_queue().ok();
    std::iter::from_fn(move || {
        loop {
            match queue.as_ref()?.next() {
                Ok(accepted) => return Some(accepted),
                Err(error) if went_away(&error) || error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    })
}

/// Whether the client did not wait to be accepted.
fn went_away(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// A place of a connection among those of its listener; dropping it frees the place.
struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave(FIRST);
    }
}

/// A place for one more connection. Looks again every second: the address may be another listener's with the next plan.
async fn place(door: &Door, views: &Views) -> Option<Place> {
    loop {
        let places = Arc::clone(&door.listener(views)?.places);
        let is_taken = places.try_take().is_some();
        if is_taken || matches!(timeout(LOOK_AGAIN, places.take(u32::MAX)).await, Ok(Ok(_))) {
            return Some(Place(places));
        }
    }
}

fn begin(
    door: &Rc<Door>,
    connection: Socket,
    peer: SocketAddr,
    place: Option<Place>,
    views: &Rc<Views>,
    open: &Open,
    mut closed: watch::Receiver<bool>,
) {
    let (views, door, entered) = (Rc::clone(views), Rc::clone(door), open.enter());
    let counted = Counted::begin(views.counters());
    // On the heap, because the task holds room for all that it was ever given.
    let arrival = Box::new(downstream::Arrival { socket: connection, peer });
    tokio::task::spawn_local(async move {
        let _held = (entered, place, counted);
        let Some(listener) = door.listener(&views) else { return };
        if let (Some(interval), Socket::Tcp(tcp)) = (listener.tcp_keepalive, &arrival.socket) {
            let keepalive = TcpKeepalive::new().with_time(interval).with_interval(interval);
            let _ = SockRef::from(tcp).set_tcp_keepalive(&keepalive); // a connection without it still works
        }
        let last = async move {
            // An error means that the accept loop is gone, and with it the listener.
            let _ = closed.wait_for(|closed| *closed).await;
        };
        downstream::serve(arrival, door, listener, views, pin!(last)).await;
    });
}

/// An accept that failed: a client that went away, or a system that has no more file descriptors or memory.
async fn stumble(bind: &Bind, error: &io::Error, complained: &mut Option<Instant>) {
    if went_away(error) {
        return;
    }
    if complained.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
        *complained = Some(Instant::now());
        warn!(address = %bind, %error, "cannot accept connections; raise the limit of open files if it is too low");
    }
    sleep(EXHAUSTED).await;
}
