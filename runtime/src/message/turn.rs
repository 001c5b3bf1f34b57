//! Whose turn it is: how long one side of an exchange has kept the other waiting.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Since when it has been one side's turn to move.
///
/// A timer inside a body sees only half of a standstill: nobody polls a body whose last piece is not yet taken. This
/// one is watched from outside.
pub(crate) struct Turn(Cell<Option<Instant>>);

impl Turn {
    /// It is the watched side's turn from now on.
    pub(crate) fn began() -> Self {
        Self(Cell::new(Some(Instant::now())))
    }

    /// The watched side has got something, and is to move next. Gives the time.
    pub(crate) fn begin(&self) -> Instant {
        let now = Instant::now();
        self.0.set(Some(now));
        now
    }

    /// The watched side waits for the other.
    pub(crate) fn end(&self) {
        self.0.set(None);
    }

    /// Completes when the watched side has let `limit` pass without a move.
    pub(crate) async fn missed(&self, limit: Duration) {
        loop {
            let since = self.0.get();
            let Some(deadline) = since.unwrap_or_else(Instant::now).checked_add(limit) else {
                return std::future::pending().await;
            };
            // A turn that begins meanwhile ends later, so nobody has to wake this.
            sleep_until(deadline).await;
            if since.is_some() && since == self.0.get() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    async fn pass(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_time_of_the_watched_side_counts() {
        let (turn, start) = (Turn::began(), Instant::now());
        let ((), ()) = tokio::join!(turn.missed(LIMIT), async {
            pass(9).await;
            turn.begin();
            pass(9).await;
            turn.end();
            pass(300).await;
            turn.begin();
        });
        assert_eq!(start.elapsed().as_secs(), 328);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_beyond_the_clock_is_no_panic() {
        let turn = Turn::began();
        assert!(tokio::time::timeout(LIMIT, turn.missed(Duration::MAX)).await.is_err());
    }
}
