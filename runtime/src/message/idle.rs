//! A timer that runs only while nothing moves.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Longer than any body takes; where the clock ends, so does a limit.
pub(crate) const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Expires when a body has stood still for `limit`. Costs nothing while the body moves: it is armed by the first
/// poll that finds nothing to do, and set again, not made again, by later ones.
pub(crate) struct IdleTimer {
    limit: Duration,
    armed: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl IdleTimer {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, armed: false, sleep: None }
    }

    /// Something moved: the time starts anew with the next standstill.
    pub(crate) fn moved(&mut self) {
        self.armed = false;
    }

    /// Nothing moves: ready when that has lasted too long.
    pub(crate) fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_after(self.limit, context)
    }

    /// The same with a limit for this standstill alone, that of its first poll.
    pub(crate) fn poll_after(&mut self, limit: Duration, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.armed {
            let now = Instant::now();
            sleep.as_mut().reset(now.checked_add(limit).unwrap_or(now + LONGEST));
            self.armed = true;
        }
        sleep.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_beyond_the_clock_is_no_panic() {
        let mut timer = IdleTimer::new(Duration::MAX);
        poll_fn(|context| {
            assert!(timer.poll_expired(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn movement_starts_the_time_anew() {
        let mut timer = IdleTimer::new(Duration::from_secs(10));
        let start = Instant::now();
        poll_fn(|context| {
            assert!(timer.poll_expired(context).is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::time::advance(Duration::from_secs(9)).await;
        timer.moved();
        poll_fn(|context| timer.poll_expired(context)).await;
        assert_eq!(start.elapsed().as_secs(), 19);
    }
}
