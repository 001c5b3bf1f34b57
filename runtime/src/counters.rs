//! What is counted. Each worker has counters of its own, which nobody else writes, so that counting costs a request
//! next to nothing; whoever wants to know adds them up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

/// A number that one thread writes and others read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts one more.
    pub(crate) fn add(&self) {
        // Not an atomic addition: that would lock the line, and there is no other writer.
        self.0.store(self.get().wrapping_add(1), Ordering::Relaxed);
    }

    /// How many there were.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one worker counts. Two of them share no cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    /// Responses by the first digit of their status, from 1.
    responses: [Counter; 5],
    /// Connections of clients that were accepted.
    pub(crate) accepted: Counter,
    /// Those of them that have ended.
    pub(crate) ended: Counter,
    /// Connections that were closed because what came was no HTTP/1, or could be read in two ways.
    pub(crate) malformed: Counter,
    /// TLS handshakes with clients that failed or took too long.
    pub(crate) handshakes_failed: Counter,
    /// Connections that were closed because a PROXY protocol header was missing, wrong or late.
    pub(crate) headers_refused: Counter,
    /// Connections that were closed because their client had as many as it may have.
    pub(crate) clients_refused: Counter,
    /// Connections to backends, without those of probes.
    pub(crate) connected: Counter,
    /// Those of them with TLS that nobody verified.
    pub(crate) unverified: Counter,
}

impl Counters {
    /// Counts a response.
    pub(crate) fn responded(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        self.responses.get(class).into_iter().for_each(Counter::add);
    }
}

/// All that is counted in a process.
#[derive(Debug)]
pub(crate) struct Totals {
    workers: Vec<Arc<Counters>>,
    /// Plans that became live after the first.
    pub(crate) swaps: Counter,
    /// Plans that were refused.
    pub(crate) refused: Counter,
}

impl Totals {
    /// Nothing yet, of these workers.
    pub(crate) fn new(workers: Vec<Arc<Counters>>) -> Self {
        Self { workers, swaps: Counter::default(), refused: Counter::default() }
    }

    /// One counter of all workers, added up.
    pub(crate) fn sum(&self, counter: impl Fn(&Counters) -> &Counter) -> u64 {
        self.workers.iter().map(|worker| counter(worker).get()).sum()
    }

    /// Responses by the first digit of their status, from 1.
    pub(crate) fn responses(&self) -> [u64; 5] {
        std::array::from_fn(|class| self.sum(|worker| &worker.responses[class]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_count_for_themselves_and_are_added_up() {
        let workers = [Arc::new(Counters::default()), Arc::new(Counters::default())];
        let totals = Totals::new(workers.to_vec());
        for status in [StatusCode::CONTINUE, StatusCode::OK, StatusCode::BAD_GATEWAY] {
            workers.iter().for_each(|worker| worker.responded(status));
        }
        workers[1].responded(StatusCode::NOT_FOUND);
        workers[1].responded(StatusCode::from_u16(999).unwrap());
        workers[0].accepted.add();
        assert_eq!(totals.responses(), [2, 2, 0, 1, 2]);
        assert_eq!((totals.sum(|it| &it.accepted), totals.sum(|it| &it.ended)), (1, 0));
        assert_eq!(align_of::<Counters>(), 128);
    }
}
