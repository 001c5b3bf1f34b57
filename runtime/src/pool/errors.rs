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
}

impl Errors {
    pub(super) fn new(epoch: Instant) -> Self {
        Self { epoch, in_a_row: AtomicU32::new(0), out_until: AtomicU64::new(0) }
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

    /// Takes the backend out until then, or back.
    pub(super) fn set_out(&self, until: Option<Instant>) {
        let micros = |until: Instant| until.saturating_duration_since(self.epoch).as_micros();
        let micros = until.map_or(0, |until| u64::try_from(micros(until)).unwrap_or(u64::MAX).max(1));
        self.out_until.store(micros, Ordering::Relaxed);
        self.forget();
    }
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
