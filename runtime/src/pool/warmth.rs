//! Slow start: a backend that came back has cold caches and no connections, and gets its share step by step.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The steps in which a share grows.
pub(super) const STEPS: u64 = 20;

/// Not seen up yet: whoever is up at the start of the process is as warm as all others.
const NEVER: u64 = 0;
/// Up for as long as anybody knows.
const UP: u64 = 1;
const DOWN: u64 = 2;
/// From here on: microseconds since the epoch, when it came back.
const SINCE: u64 = 3;

/// Since when a backend is back. Written by the control thread alone.
#[derive(Debug)]
pub(super) struct Warmth {
    epoch: Instant,
    since: AtomicU64,
}

impl Warmth {
    pub(super) fn new(epoch: Instant) -> Self {
        Self { epoch, since: AtomicU64::new(NEVER) }
    }

    /// Of a backend that joins others.
    pub(super) fn joining(epoch: Instant) -> Self {
        Self { epoch, since: AtomicU64::new(SINCE) }
    }

    /// Notes whether the backend is up. Gives whether it is back since just now.
    pub(super) fn note(&self, up: bool, now: Instant) -> bool {
        let next = match (self.since.load(Ordering::Relaxed), up) {
            (NEVER, true) => UP,
            (DOWN, true) => self.micros(now).saturating_add(SINCE),
            (UP | SINCE.., false) => DOWN,
            _ => return false,
        };
        self.since.store(next, Ordering::Relaxed);
        next >= SINCE
    }

    /// Nobody was there at the start: who comes later is as cold as one that was down.
    pub(super) fn missed_the_start(&self) {
        if self.since.load(Ordering::Relaxed) == NEVER {
            self.since.store(DOWN, Ordering::Relaxed);
        }
    }

    /// How many of [`STEPS`] it has gone, when `lasts` is the time for all of them; at least one.
    pub(super) fn step(&self, lasts: Duration, now: Instant) -> u64 {
        let Some(since) = self.since.load(Ordering::Relaxed).checked_sub(SINCE) else { return STEPS };
        let passed = u128::from(self.micros(now).saturating_sub(since)) * u128::from(STEPS);
        let steps = u64::try_from(passed / lasts.as_micros().max(1)).unwrap_or(STEPS);
        steps.saturating_add(1).min(STEPS)
    }

    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(20);

    #[test]
    fn who_comes_back_warms_up_step_by_step() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let warmth = Warmth::new(start);
        assert!(!warmth.note(true, start));
        assert_eq!(warmth.step(LASTS, start), STEPS, "everybody is cold at the start");
        assert!(!warmth.note(false, after(5)));
        assert!(warmth.note(true, after(9)));
        assert!(!warmth.note(true, after(10)), "it is back already");
        assert_eq!([9, 10, 19, 28, 99].map(|at| warmth.step(LASTS, after(at))), [1, 2, 11, 20, 20]);
    }

    #[test]
    fn who_was_never_up_is_not_back_and_who_joins_is_cold() {
        let start = Instant::now();
        let warmth = Warmth::new(start);
        assert!(!warmth.note(false, start) && !warmth.note(true, start));
        assert_eq!(warmth.step(LASTS, start), STEPS);
        let joining = Warmth::joining(start);
        assert_eq!(joining.step(LASTS, start), 1);
        assert!(!joining.note(true, start), "it warms up already");
        assert_eq!(joining.step(LASTS, start + LASTS), STEPS);
    }
}
