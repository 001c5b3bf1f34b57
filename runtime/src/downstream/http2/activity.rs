//! What an HTTP/2 connection is doing, so that its idle time can be held.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;

use divisor_schema::plan::HttpSettings;
use h2::{Ping, PingPong};
use tokio::time::{Duration, Instant, sleep_until, timeout};

use crate::message::LONGEST;

use super::gauge::Moves;

/// What a connection is doing.
#[derive(Clone, Copy)]
enum Phase {
    /// Nothing, since then.
    Idle(Instant),
    /// So many exchanges.
    Busy(u32),
}

/// Watches one connection.
pub(super) struct Activity {
    phase: Cell<Phase>,
    idle_timeout: Duration,
    /// How long a client may take to answer a ping.
    pong: Duration,
    moves: Moves,
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// It has been idle for too long.
    Idle,
    /// The client answers no more, though exchanges last.
    Gone,
}

impl Over {
    pub(super) fn is_gone(self) -> bool {
        self == Self::Gone
    }
}

impl Activity {
    pub(super) fn new(settings: &HttpSettings, moves: Moves) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Idle(Instant::now())),
            idle_timeout: settings.idle_timeout.into(),
            pong: settings.header_timeout.into(),
            moves,
        })
    }

    /// Completes when the connection is over. One that is busy is asked every now and then whether its client is still
    /// there. What begins and ends meanwhile wakes nobody: it can only put the time off.
    pub(super) async fn over(&self, pings: &mut Option<PingPong>) -> Over {
        loop {
            let now = Instant::now();
            let since = if let Phase::Idle(since) = self.phase.get() { since } else { now };
            let deadline = since.checked_add(self.idle_timeout).unwrap_or(now + LONGEST);
            sleep_until(deadline).await;
            match self.phase.get() {
                Phase::Idle(begun) if begun == since => return Over::Idle,
                Phase::Idle(_) => {}
                Phase::Busy(_) => {
                    if let Some(pings) = pings
                        && !self.is_there(pings).await
                    {
                        return Over::Gone;
                    }
                }
            }
        }
    }

    /// Whether the client answers a ping. What is on its way comes before the ping or before its answer, so as long as
    /// anything moves, or the client leaves no room, it is not over: that is a matter of its exchanges.
    async fn is_there(&self, pings: &mut PingPong) -> bool {
        _ = pings.send_ping(Ping::opaque()); // unless one is on its way
        loop {
            let before = self.moves.count();
            if timeout(self.pong, poll_fn(|context| pings.poll_pong(context))).await.is_ok() {
                return true;
            }
            if self.moves.count() == before && !self.moves.is_blocked() {
                return false;
            }
        }
    }

    /// An exchange begins; it ends when the guard is dropped.
    pub(super) fn begin(self: &Rc<Self>) -> Exchanging {
        let running = if let Phase::Busy(running) = self.phase.get() { running } else { 0 };
        self.phase.set(Phase::Busy(running + 1));
        Exchanging(Rc::clone(self))
    }

    /// An idle connection has its time anew, for what is still on its way out.
    pub(super) fn renew(&self) {
        if matches!(self.phase.get(), Phase::Idle(_)) {
            self.phase.set(Phase::Idle(Instant::now()));
        }
    }

    fn end(&self) {
        match self.phase.get() {
            Phase::Busy(running) if running > 1 => self.phase.set(Phase::Busy(running - 1)),
            _ => self.phase.set(Phase::Idle(Instant::now())),
        }
    }
}

/// An exchange in flight on a connection.
pub(super) struct Exchanging(Rc<Activity>);

impl Drop for Exchanging {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;

    use super::*;

    fn activity() -> Rc<Activity> {
        Activity::new(
            &HttpSettings {
                h2: false,
                keep_alive: true,
                max_header_size: 1,
                max_target_size: 1,
                max_headers: 1,
                max_streams: 1,
                handshake_timeout: Millis(1),
                header_timeout: Millis(10_000),
                idle_timeout: Millis(60_000),
                keep_empty_segments: false,
            },
            Moves::default(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_expires() {
        let start = Instant::now();
        assert_eq!(activity().over(&mut None).await, Over::Idle);
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn exchanges_hold_the_clock() {
        let busy = activity();
        let start = Instant::now();
        let mut pings = None;
        let (_, ()) = tokio::join!(busy.over(&mut pings), async {
            let (first, second) = (busy.begin(), busy.begin());
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(first);
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(second);
        });
        assert_eq!(start.elapsed().as_secs(), 660);
    }
}
