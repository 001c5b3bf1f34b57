//! How fast a backend answers, as one number that all workers share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Half of what is known is forgotten in this time without a sample, so that a backend that was slow once is tried
/// again.
const HALF_LIFE: Duration = Duration::from_secs(10);
/// The least share of a new sample in the average.
const GAIN: f64 = 1.0 / 8.0;

/// A peak-sensitive, exponentially weighted moving average of response times (peak EWMA, as Finagle and linkerd have it): a
/// sample above it counts whole and at once, one below for an eighth, or for more after a pause. Two workers that record at the same time may lose a sample; nothing depends on a single one.
#[derive(Debug)]
pub(super) struct ResponseTime {
    epoch: Instant,
    /// Microseconds as the bits of an `f64`; 0 is no sample yet.
    average: AtomicU64,
    /// Microseconds from `epoch` to the last sample.
    sampled: AtomicU64,
}

impl ResponseTime {
    pub(super) fn new(epoch: Instant) -> Self {
        Self { epoch, average: AtomicU64::new(0), sampled: AtomicU64::new(0) }
    }

    /// Begins anew.
    pub(super) fn forget(&self) {
        self.average.store(0, Ordering::Relaxed);
    }

    /// Adds a sample taken at `now`.
    pub(super) fn record(&self, took: Duration, now: Instant) {
        let sample = (took.as_secs_f64() * 1e6).max(1.0);
        let old = f64::from_bits(self.average.load(Ordering::Relaxed));
        let is_peak = old == 0.0 || sample > old * self.remembered(now);
        let average =
            if is_peak { sample } else { old + (sample - old) * (1.0 - self.remembered(now)).max(GAIN) };
        self.average.store(average.to_bits(), Ordering::Relaxed);
        self.sampled.store(self.micros(now), Ordering::Relaxed);
    }

    /// Microseconds, less with every second that has passed since the last sample; `None` before the first.
    pub(super) fn estimate(&self, now: Instant) -> Option<f64> {
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        (average > 0.0).then(|| average * self.remembered(now))
    }

    /// The share of the past that still counts, 1 right after a sample.
    fn remembered(&self, now: Instant) -> f64 {
        let idle = self.micros(now).saturating_sub(self.sampled.load(Ordering::Relaxed));
        (-(idle as f64) / HALF_LIFE.as_micros() as f64).exp2()
    }

    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_counts_at_once_and_fades_with_better_samples_and_with_time() {
        let start = Instant::now();
        let times = ResponseTime::new(start);
        assert_eq!(times.estimate(start), None);
        times.record(Duration::from_millis(80), start);
        assert_eq!(times.estimate(start), Some(80_000.0));
        times.record(Duration::from_millis(160), start);
        assert_eq!(times.estimate(start), Some(160_000.0));
        times.record(Duration::from_millis(80), start);
        assert_eq!(times.estimate(start), Some(150_000.0));
        let later = start + HALF_LIFE;
        assert_eq!(times.estimate(later), Some(75_000.0));
        times.record(Duration::from_millis(10), later);
        assert_eq!(times.estimate(later), Some(80_000.0));
    }

    #[test]
    fn an_instant_answer_is_a_sample_too() {
        let start = Instant::now();
        let times = ResponseTime::new(start);
        times.record(Duration::ZERO, start);
        assert_eq!(times.estimate(start), Some(1.0));
    }
}
