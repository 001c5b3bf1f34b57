//! How long a client is waited for.

use std::time::Duration;

use divisor_schema::plan::Timeouts;
use tokio::time::Instant;

/// How long a client may take to send or to take the next piece of a body: the idle time at most, and less once it has been
/// slower than the lowest rate for too long.
///
/// Only waiting for the client uses up its time, so that a body which rests because the backend has nothing to say, or
/// takes nothing, costs it none. Bytes bring time back, as much as the lowest rate allows for them, but never more than
/// the idle time: whoever was quick once is not let trickle for ever. The clock is read where somebody waits, and nowhere
/// else.
///
/// Each body holds one, so it is small: times are in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    idle: u64,
    /// Bytes a second; 0 is any.
    rate: u64,
    /// How long the client may still keep us waiting.
    left: u64,
    since: Option<Instant>,
}

impl Patience {
    /// What the route of an exchange says.
    pub(crate) fn new(timeouts: &Timeouts) -> Self {
        let (idle, grace) = (timeouts.body_idle.into(), timeouts.min_rate_grace.into());
        Self { rate: timeouts.min_rate, left: nanos(grace), ..Self::idle(idle) }
    }

    /// As long as something moves every now and then, it may move at any rate.
    pub(crate) fn idle(idle: Duration) -> Self {
        Self { idle: nanos(idle), rate: 0, left: 0, since: None }
    }

    /// Nobody is waiting for this client.
    pub(crate) fn endless() -> Self {
        Self::idle(Duration::MAX)
    }

    /// The same for a client that may have nothing to say for a while.
    pub(crate) fn at_any_rate(self) -> Self {
        Self { rate: 0, ..self }
    }

    /// The same with another idle time.
    pub(crate) fn with_idle(self, idle: Duration) -> Self {
        Self { idle: nanos(idle), ..self }
    }

    /// The longest standstill.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_nanos(self.idle)
    }

    /// The client is waited for from now on; gives how long, if it does not move meanwhile.
    pub(crate) fn wait(&mut self) -> Duration {
        if self.rate == 0 {
            return self.longest();
        }
        self.since.get_or_insert_with(Instant::now);
        Duration::from_nanos(self.left.min(self.idle))
    }

    /// The client has moved so many bytes.
    pub(crate) fn moved(&mut self, bytes: u64) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(nanos(since.elapsed()));
        }
        let earned = bytes.saturating_mul(1_000_000_000).checked_div(self.rate);
        let most = self.left.max(self.idle);
        self.left = self.left.saturating_add(earned.unwrap_or(0)).min(most);
    }
}

fn nanos(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;
    use tokio::time::advance;

    use super::*;

    /// 100 bytes a second, 5 seconds to begin with, never idle for longer than 20.
    fn patience() -> Patience {
        Patience::new(&Timeouts {
            first_byte: Millis(1),
            body_idle: Millis(20_000),
            tunnel_idle: Millis(1),
            exchange: None,
            min_rate: 100,
            min_rate_grace: Millis(5_000),
        })
    }

    /// Waits so many milliseconds for so many bytes; false when they come too late.
    async fn step(patience: &mut Patience, millis: u64, bytes: u64) -> bool {
        let limit = patience.wait();
        let time = Duration::from_millis(millis);
        advance(time).await;
        patience.moved(bytes);
        time <= limit
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_ends_when_the_grace_is_over() {
        let mut patience = patience();
        let mut steps = 0;
        while step(&mut patience, 1_000, 1).await {
            steps += 1;
        }
        assert_eq!(steps, 5, "five seconds, and what five bytes bring");
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_the_rate_goes_on_for_ever() {
        let mut patience = patience();
        for _ in 0..10_000 {
            assert!(step(&mut patience, 4_000, 400).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_quick_may_rest_for_the_idle_time_and_no_longer() {
        let mut patience = patience();
        assert!(step(&mut patience, 0, 1 << 40).await);
        assert_eq!(patience.wait(), Duration::from_secs(20));
        assert!(step(&mut patience, 19_000, 1).await, "as nobody is idle for longer");
        assert!(!step(&mut patience, 19_000, 1).await, "that was all it had");
    }

    #[tokio::test(start_paused = true)]
    async fn only_waiting_costs_time() {
        let mut patience = patience();
        for _ in 0..100 {
            assert!(step(&mut patience, 10, 1).await);
            advance(Duration::from_secs(3_600)).await; // somebody else's turn
        }
        assert!(patience.left > 4_000_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_only_standstill_counts() {
        let mut patience = patience().at_any_rate();
        for _ in 0..100 {
            assert!(step(&mut patience, 19_000, 1).await);
        }
        assert_eq!(Patience::endless().wait(), Duration::from_nanos(u64::MAX));
    }
}
