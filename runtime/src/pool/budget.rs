//! How many requests of a pool may be on their way a second time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many may always be: a share of few requests in flight would be none.
const FEW: u32 = 3;

/// A request that is sent again; dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Retrying(Arc<AtomicU32>);

impl Retrying {
    /// Admits one more, if no more than `budget` percent of those in flight are sent again; none for 0 percent.
    pub(super) fn admit(retries: &Arc<AtomicU32>, in_flight: u64, budget: u8) -> Option<Self> {
        let share = u32::try_from(in_flight * u64::from(budget) / 100).unwrap_or(u32::MAX);
        let most = if budget == 0 { 0 } else { share.max(FEW) };
        let admitted = Self(Arc::clone(retries));
        // When this is one too many, dropping it puts that right.
        (retries.fetch_add(1, Ordering::Relaxed) < most).then_some(admitted)
    }
}

impl Drop for Retrying {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(in_flight: u64, budget: u8) -> usize {
        let retries = Arc::default();
        let all: Vec<_> = (0..100).filter_map(|_| Retrying::admit(&retries, in_flight, budget)).collect();
        assert_eq!(retries.load(Ordering::Relaxed) as usize, all.len());
        let count = all.len();
        drop(all);
        assert_eq!(retries.load(Ordering::Relaxed), 0, "all have made room");
        count
    }

    #[test]
    fn a_share_of_those_in_flight_or_a_few() {
        assert_eq!(admitted(100, 20), 20);
        assert_eq!(admitted(19, 20), 3);
        assert_eq!(admitted(0, 1), 3);
        assert_eq!(admitted(1_000, 0), 0);
    }
}
