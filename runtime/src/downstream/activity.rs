//! What a client connection is doing, so that its timeouts can be held.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use divisor_schema::plan::HttpSettings;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

/// What a connection is doing.
#[derive(Clone, Copy)]
enum Phase {
    /// Nothing, since then.
    Idle(Instant),
    /// Receiving the head of a request, since then.
    Head(Instant),
    /// So many exchanges.
    Busy(u32),
}

/// Why a connection has to end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expired {
    /// Nothing came for too long.
    Idle,
    /// The head of a request takes too long.
    Head,
}

/// Watches one connection.
pub(super) struct Activity {
    phase: Cell<Phase>,
    changed: Notify,
    header_timeout: Duration,
    idle_timeout: Duration,
}

impl Activity {
    pub(super) fn new(settings: &HttpSettings) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Idle(Instant::now())),
            changed: Notify::new(),
            header_timeout: settings.header_timeout.into(),
            idle_timeout: settings.idle_timeout.into(),
        })
    }

    /// Completes when the connection has been idle, or at the head of a request, for too long.
    pub(super) async fn expired(&self) -> Expired {
        loop {
            let (deadline, expired) = match self.phase.get() {
                Phase::Idle(since) => (since.checked_add(self.idle_timeout), Expired::Idle),
                Phase::Head(since) => (since.checked_add(self.header_timeout), Expired::Head),
                Phase::Busy(_) => (None, Expired::Idle),
            };
            match deadline {
                None => self.changed.notified().await,
                Some(deadline) => tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = sleep_until(deadline) => return expired,
                },
            }
        }
    }

    /// An exchange begins; it ends when the guard is dropped.
    pub(super) fn begin(self: &Rc<Self>) -> Exchanging {
        let running = if let Phase::Busy(running) = self.phase.get() { running } else { 0 };
        self.set(Phase::Busy(running + 1));
        Exchanging(Rc::clone(self))
    }

    /// Bytes came in.
    fn received(&self) {
        if matches!(self.phase.get(), Phase::Idle(_)) {
            self.set(Phase::Head(Instant::now()));
        }
    }

    /// The client took bytes: an idle connection has its time anew, for what is still on its way out.
    pub(super) fn renew(&self) {
        if matches!(self.phase.get(), Phase::Idle(_)) {
            self.set(Phase::Idle(Instant::now()));
        }
    }

    fn end(&self) {
        match self.phase.get() {
            Phase::Busy(running) if running > 1 => self.phase.set(Phase::Busy(running - 1)),
            _ => self.set(Phase::Idle(Instant::now())),
        }
    }

    fn set(&self, phase: Phase) {
        self.phase.set(phase);
        self.changed.notify_one();
    }
}

/// An exchange in flight on a connection.
pub(super) struct Exchanging(Rc<Activity>);

impl Drop for Exchanging {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A client's side of a connection: what it sends and takes is noticed.
pub(super) struct Listening<IO> {
    io: IO,
    activity: Rc<Activity>,
}

impl<IO> Listening<IO> {
    pub(super) fn new(io: IO, activity: Rc<Activity>) -> Self {
        Self { io, activity }
    }

    fn noticed(&self, written: Poll<std::io::Result<usize>>) -> Poll<std::io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = written {
            self.activity.renew();
        }
        written
    }
}

impl<IO: Read + Unpin> Read for Listening<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.io).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            this.activity.received();
        }
        read
    }
}

impl<IO: Write + Unpin> Write for Listening<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(context, bytes);
        this.noticed(written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(context, buffers);
        this.noticed(written)
    }
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;

    use super::*;

    fn activity() -> Rc<Activity> {
        Activity::new(&HttpSettings {
            h2: false,
            keep_alive: true,
            max_header_size: 1,
            max_headers: 1,
            max_streams: 1,
            handshake_timeout: Millis(1),
            header_timeout: Millis(10_000),
            idle_timeout: Millis(60_000),
            keep_empty_segments: false,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_and_a_slow_head_have_times_of_their_own() {
        let start = Instant::now();
        let idle = activity();
        assert_eq!(idle.expired().await, Expired::Idle);
        assert_eq!(start.elapsed().as_secs(), 60);
        let slow = activity();
        let start = Instant::now();
        let (expired, ()) = tokio::join!(slow.expired(), async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            slow.received();
            tokio::time::sleep(Duration::from_secs(5)).await;
            slow.received();
        });
        assert_eq!(expired, Expired::Head);
        assert_eq!(start.elapsed().as_secs(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn exchanges_hold_the_clock() {
        let busy = activity();
        let start = Instant::now();
        let (expired, ()) = tokio::join!(busy.expired(), async {
            let (first, second) = (busy.begin(), busy.begin());
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(first);
            tokio::time::sleep(Duration::from_secs(300)).await;
            busy.received();
            drop(second);
        });
        assert_eq!(expired, Expired::Idle);
        assert_eq!(start.elapsed().as_secs(), 660);
    }
}
