//! What an HTTP/2 connection is doing, so that its idle time can be held.

use std::cell::Cell;
use std::rc::Rc;

use divisor_schema::plan::HttpSettings;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

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
    changed: Notify,
    idle_timeout: Duration,
}

impl Activity {
    pub(super) fn new(settings: &HttpSettings) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Idle(Instant::now())),
            changed: Notify::new(),
            idle_timeout: settings.idle_timeout.into(),
        })
    }

    /// Completes when the connection has been idle for too long.
    pub(super) async fn expired(&self) {
        loop {
            let deadline = match self.phase.get() {
                Phase::Idle(since) => since.checked_add(self.idle_timeout),
                Phase::Busy(_) => None,
            };
            match deadline {
                None => self.changed.notified().await,
                Some(deadline) => tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = sleep_until(deadline) => return,
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

    /// An idle connection has its time anew, for what is still on its way out.
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

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;

    use super::*;

    fn activity() -> Rc<Activity> {
        Activity::new(&HttpSettings {
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
        })
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_expires() {
        let start = Instant::now();
        activity().expired().await;
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn exchanges_hold_the_clock() {
        let busy = activity();
        let start = Instant::now();
        let ((), ()) = tokio::join!(busy.expired(), async {
            let (first, second) = (busy.begin(), busy.begin());
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(first);
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(second);
        });
        assert_eq!(start.elapsed().as_secs(), 660);
    }
}
