//! Errors of a backend in a row, and whether they have taken it out.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What exchanges say about a backend, as all workers share it. Workers count; the control thread alone takes out and
/// takes back.
#[derive(Debug)]
pub(crate) struct Errors {
    epoch: Instant,
    in_a_row: AtomicU32,
    /// Microseconds from `epoch` to the time when it comes back; 0 while it is in.
    out_until: AtomicU64,
    /// Microseconds that it was out the last time; 0 is never.
    lasted: AtomicU64,
    /// Microseconds from `epoch` to the end of the last time.
    ended: AtomicU64,
}

impl Errors {
    pub(super) fn new(epoch: Instant) -> Self {
        let [out_until, lasted, ended] = std::array::from_fn(|_| AtomicU64::new(0));
        Self { epoch, in_a_row: AtomicU32::new(0), out_until, lasted, ended }
    }

    /// How many there were since an exchange last went well.
    pub(crate) fn in_a_row(&self) -> u32 {
        self.in_a_row.load(Ordering::Relaxed)
    }

    /// When it comes back; `None` while it is in.
    pub(crate) fn out_until(&self) -> Option<Instant> {
        match self.out_until.load(Ordering::Relaxed) {
            0 => None,
            micros => self.epoch.checked_add(Duration::from_micros(micros)),
        }
    }

    /// How long it is to stay out, from `now` on: `least`, or twice as long as the last time, up to `most`, if it has not
    /// been in for as long as it was out since.
    pub(crate) fn term(&self, least: Duration, most: Duration, now: Instant) -> Duration {
        let lasted = Duration::from_micros(self.lasted.load(Ordering::Relaxed));
        let trusted_again = Duration::from_micros(self.ended.load(Ordering::Relaxed)).saturating_add(lasted);
        let now = now.saturating_duration_since(self.epoch);
        let again = !lasted.is_zero() && now < trusted_again;
        let term = if again { lasted.saturating_mul(2).min(most) } else { least }.max(least);
        self.lasted.store(micros(term), Ordering::Relaxed);
        self.ended.store(micros(now.saturating_add(term)), Ordering::Relaxed);
        term
    }

    /// Counts one more.
    pub(super) fn add(&self) -> u32 {
        self.in_a_row.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Begins anew. Only reads where there is nothing to forget, so that workers share the line.
    pub(super) fn forget(&self) {
        if self.in_a_row() != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// Forgets everything: another server takes the place of the backend, or none.
    pub(super) fn begin_anew(&self) {
        self.set_out(None);
        self.lasted.store(0, Ordering::Relaxed);
        self.ended.store(0, Ordering::Relaxed);
    }

    /// Takes the backend out until then, or back.
    pub(super) fn set_out(&self, until: Option<Instant>) {
        let until = until.map_or(0, |until| micros(until.saturating_duration_since(self.epoch)).max(1));
        self.out_until.store(until, Ordering::Relaxed);
        self.forget();
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_until_something_goes_well() {
        let errors = Errors::new(Instant::now());
        assert_eq!([errors.add(), errors.add()], [1, 2]);
        errors.forget();
        assert_eq!((errors.in_a_row(), errors.add()), (0, 1));
    }

    #[test]
    fn who_is_soon_out_again_stays_out_for_twice_as_long() {
        let start = Instant::now();
        let errors = Errors::new(start);
        let [least, most] = [10, 35].map(Duration::from_secs);
        let mut at = start;
        let mut out = |in_for: u64| {
            at += Duration::from_secs(in_for);
            let term = errors.term(least, most, at);
            at += term;
            term.as_secs()
        };
        assert_eq!([out(0), out(9), out(19), out(1)], [10, 20, 35, 35]);
        assert_eq!([out(35), out(10)], [10, 10], "after a while in, it begins anew");
        assert_eq!(errors.term(least, Duration::ZERO, at), least, "never less");
        errors.begin_anew();
        assert_eq!(errors.term(least, most, at), least, "another server");
    }

    #[test]
    fn a_backend_that_is_out_comes_back_with_a_clean_slate() {
        let start = Instant::now();
        let errors = Errors::new(start);
        errors.add();
        errors.set_out(Some(start + Duration::from_secs(30)));
        assert_eq!((errors.out_until(), errors.in_a_row()), (Some(start + Duration::from_secs(30)), 0));
        errors.set_out(Some(start)); // in the past, but not never
        assert!(errors.out_until().is_some());
        errors.set_out(None);
        assert_eq!(errors.out_until(), None);
    }
}
