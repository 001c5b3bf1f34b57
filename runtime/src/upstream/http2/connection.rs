//! One connection to a backend, shared by the exchanges of a worker.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// Streams of one connection at a time, whatever the backend allows: its lock is shared by all of them.
const STREAMS: u32 = 100;
/// Bytes that a backend may send ahead on one stream.
const STREAM_WINDOW: u32 = 128 * 1024;
/// Bytes that a backend may send ahead on all streams together: a client that reads nothing takes up its own stream's
/// share, and no other's.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * STREAMS;
/// Bytes of overhead of small frames that nobody has taken yet: each stream may hold its window in frames of 32 bytes, or
/// one client that takes nothing would end the connection of all.
const CRUMBS: usize = CONNECTION_WINDOW as usize * 8;
/// Bytes of a request that wait on one stream for the backend to take them.
const SEND_BUFFER: usize = 64 * 1024;
/// What the head of a response may hold.
const HEAD: u32 = 64 * 1024;
/// How long a backend may take to answer a ping.
const PONG: Duration = Duration::from_secs(20);
/// How long a connection that nobody uses any more may take to say so.
const LINGER: Duration = Duration::from_secs(2);

/// A connection as those see it who share it. It ends when nobody holds it any more.
pub(crate) struct Shared {
    sender: RefCell<SendRequest<Bytes>>,
    streams: Cell<u32>,
    opened: Instant,
    used: Cell<Instant>,
    health: Rc<Health>,
}

/// What the task of a connection and those who use it tell each other.
struct Health {
    /// When the backend last said anything.
    heard: Cell<Instant>,
    ended: Cell<bool>,
    unused: Notify,
}

/// Opens a connection over a fresh stream, pinged every so often. Waits for the backend's settings: how many streams it
/// wants, and that it speaks HTTP/2 at all.
///
/// # Errors
/// When the peer does not speak HTTP/2, or goes away.
pub(crate) async fn open<IO>(io: IO, ping: Duration) -> io::Result<Rc<Shared>>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (sender, mut connection) = Builder::new()
        .enable_push(false)
        .initial_max_send_streams(0) // until its settings are here
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .data_frame_budget(CRUMBS)
        .max_header_list_size(HEAD)
        .max_send_buffer_size(SEND_BUFFER)
        .handshake::<_, Bytes>(io)
        .await
        .map_err(io::Error::other)?;
    poll_fn(|context| match Pin::new(&mut connection).poll(context) {
        Poll::Ready(Ok(())) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
        Poll::Ready(Err(error)) => Poll::Ready(Err(io::Error::other(error))),
        Poll::Pending if sender.current_max_send_streams() > 0 => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    })
    .await?;
    let now = Instant::now();
    let health = Rc::new(Health { heard: Cell::new(now), ended: Cell::new(false), unused: Notify::new() });
    let pings = connection.ping_pong();
    tokio::task::spawn_local(drive(connection, pings, ping, Rc::clone(&health)));
    let (sender, used) = (RefCell::new(sender), Cell::new(now));
    Ok(Rc::new(Shared { sender, streams: Cell::new(0), opened: now, used, health }))
}

/// The life of a connection.
async fn drive(
    connection: impl Future<Output = Result<(), h2::Error>>,
    pings: Option<PingPong>,
    every: Duration,
    health: Rc<Health>,
) {
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = silence(pings, every, &health) => tracing::debug!("a backend does not answer pings"),
        () = health.unused.notified() => drop(timeout(LINGER, connection).await),
    }
    health.ended.set(true);
}

/// Completes when the backend leaves a ping unanswered.
async fn silence(pings: Option<PingPong>, every: Duration, health: &Health) {
    let Some(mut pings) = pings else { return std::future::pending().await };
    loop {
        sleep(every).await;
        match timeout(PONG, pings.ping(Ping::opaque())).await {
            Ok(Ok(_)) => health.heard.set(Instant::now()),
            Ok(Err(_)) => return std::future::pending().await, // the connection knows
            Err(_) => return,
        }
    }
}

impl Shared {
    /// Room for an exchange, if there is any.
    pub(crate) fn slot(self: &Rc<Self>) -> Option<Slot> {
        let limit = self.sender.borrow().current_max_send_streams();
        let room = self.streams.get() < STREAMS && (self.streams.get() as usize) < limit;
        room.then(|| {
            self.streams.set(self.streams.get() + 1);
            Slot(Rc::clone(self))
        })
    }

    /// Whether it takes no more exchanges: it has ended, or the backend is about to end it.
    pub(crate) fn is_closed(&self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.health.ended.get()
            || matches!(self.sender.borrow_mut().poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    /// Whether other protocols can be spoken on its streams (RFC 8441).
    pub(crate) fn takes_tunnels(&self) -> bool {
        self.sender.borrow().is_extended_connect_protocol_enabled()
    }

    /// Since when nobody uses it; nothing while somebody does.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        (self.streams.get() == 0).then(|| self.used.get())
    }

    /// When it was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// When the backend last said anything on it.
    pub(crate) fn heard(&self) -> Instant {
        self.health.heard.get()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.health.unused.notify_one();
    }
}

/// Room for one exchange on a connection.
pub(crate) struct Slot(Rc<Shared>);

impl Slot {
    /// A way to send one request.
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.0.sender.borrow().clone()
    }

    /// Whether other protocols can be spoken on it (RFC 8441).
    pub(super) fn takes_tunnels(&self) -> bool {
        self.0.takes_tunnels()
    }

    /// When the connection was opened.
    pub(crate) fn opened(&self) -> Instant {
        self.0.opened
    }

    /// When the backend last said anything on it.
    pub(super) fn last_heard(&self) -> Instant {
        self.0.heard()
    }

    /// Notes that the backend said something.
    pub(super) fn heard(&self) {
        self.0.health.heard.set(Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get().saturating_sub(1));
        self.0.used.set(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio::task::{LocalSet, spawn_local};

    use super::*;

    /// A connection to a backend that goes on for so long, and then falls silent.
    async fn connected(alive: Duration) -> Rc<Shared> {
        let (near, far) = duplex(64 * 1024);
        spawn_local(async move {
            let mut connection = h2::server::handshake(far).await.unwrap();
            let _ = timeout(alive, connection.accept()).await;
            sleep(Duration::MAX).await;
            drop(connection);
        });
        open(near, Duration::from_secs(60)).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_backend_that_answers_no_pings_is_gone() {
        let test = async {
            let (start, shared) = (Instant::now(), connected(Duration::from_secs(90)).await);
            sleep(Duration::from_secs(130)).await;
            assert!(!shared.is_closed() && shared.slot().is_some(), "the second ping still has time");
            assert_eq!((shared.heard() - start).as_secs(), 60);
            sleep(Duration::from_secs(20)).await;
            assert!(shared.is_closed());
        };
        LocalSet::new().run_until(test).await;
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_room_for_so_many_streams_and_no_more() {
        let test = async {
            let shared = connected(Duration::MAX).await;
            let slots: Vec<_> = (0..STREAMS).map_while(|_| shared.slot()).collect();
            assert_eq!(slots.len(), STREAMS as usize);
            assert!(shared.slot().is_none() && shared.idle_since().is_none());
            drop(slots);
            assert!(shared.slot().is_some() && shared.idle_since().is_some());
        };
        LocalSet::new().run_until(test).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_says_nothing_is_waited_for() {
        let (near, _far) = duplex(64 * 1024);
        let opened = timeout(Duration::from_secs(2), open(near, PONG)).await;
        assert!(opened.is_err());
        let (near, far) = duplex(64 * 1024);
        drop(far);
        assert!(open(near, PONG).await.is_err());
    }
}
