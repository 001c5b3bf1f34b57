//! So many places, taken and left by all workers, and a queue before them. How many there are may change while they are
//! taken and waited for: a swap that changes a limit forgets nobody.
//!
//! Where another server comes to stand behind them, they begin anew: all are free in the new era, and who took one in an era
//! before leaves none free.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

use tokio::sync::{Notify, Semaphore};

/// Places that all workers share. Taking a free one and leaving it takes no lock.
#[derive(Debug)]
pub(crate) struct Places {
    /// How many there are; fewer than are taken after the limit was lowered.
    limit: AtomicU32,
    /// How many are taken in this era, and in the high half its number: in one word, so that nobody leaves a place of an era
    /// that has just begun.
    taken: AtomicU64,
    waiting: AtomicU32,
    /// Who has it is first in the queue; the others have theirs in the order in which they came.
    turn: Semaphore,
    /// Wakes the first: a place became free, or there are more of them.
    freed: Notify,
}

/// The era of places that never begin anew.
pub(crate) const FIRST: u32 = 0;

/// As many wait for a place as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Places {
    /// So many, all free.
    pub(crate) fn new(limit: u32) -> Self {
        let (taken, waiting) = (AtomicU64::new(word(FIRST)), AtomicU32::new(0));
        Self { limit: AtomicU32::new(limit), taken, waiting, turn: Semaphore::new(1), freed: Notify::new() }
    }

    /// Takes a place, if one is free and nobody waits for it. Gives the era that it is of.
    pub(crate) fn try_take(&self) -> Option<u32> {
        if self.waiting() > 0 { None } else { self.take_free() }
    }

    /// Takes a place once it is free and nobody waits for longer. Gives the era that it is of.
    ///
    /// # Errors
    /// [`Full`] when `queue` others wait already.
    pub(crate) async fn take(&self, queue: u32) -> Result<u32, Full> {
        let _waiting = Waiting::begin(self, queue).ok_or(Full)?;
        let _turn = self.turn.acquire().await.map_err(|_| Full)?; // it is never closed
        loop {
            if let Some(era) = self.take_free() {
                return Ok(era);
            }
            self.freed.notified().await;
        }
    }

    /// Leaves a place that was taken in this era.
    pub(crate) fn leave(&self, era: u32) {
        let leaves = |taken| (era_of(taken) == era).then(|| taken - 1);
        if self.taken.fetch_update(SeqCst, SeqCst, leaves).is_ok() {
            self.wake();
        }
    }

    /// From now on it is another era, and all places are free. Control thread only.
    pub(crate) fn begin_anew(&self) {
        self.taken.store(word(self.era().wrapping_add(1)), SeqCst);
        self.wake();
    }

    /// How often they have begun anew.
    pub(crate) fn era(&self) -> u32 {
        era_of(self.taken.load(SeqCst))
    }

    /// From now on there are so many. Who has a place keeps it; where more are taken than there are, the next is free when
    /// enough have left.
    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, SeqCst);
        self.wake();
    }

    /// How many are taken in this era.
    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(SeqCst) as u32
    }

    /// How many wait for one.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(SeqCst)
    }

    fn take_free(&self) -> Option<u32> {
        let limit = self.limit.load(SeqCst);
        let takes = |taken| ((taken as u32) < limit).then(|| taken + 1);
        self.taken.fetch_update(SeqCst, SeqCst, takes).ok().map(era_of)
    }

    /// The first in the queue looks again, and after it the next, for as long as there are places. Who begins to wait after
    /// this has seen what changed: both sides write before they read, in one order for all.
    fn wake(&self) {
        if self.waiting() > 0 {
            self.freed.notify_one();
        }
    }
}

/// No place taken in this era.
fn word(era: u32) -> u64 {
    u64::from(era) << 32
}

fn era_of(taken: u64) -> u32 {
    (taken >> 32) as u32
}

/// One who waits, until dropped.
struct Waiting<'a>(&'a Places);

impl<'a> Waiting<'a> {
    /// Joins the queue, if fewer than `most` wait.
    fn begin(places: &'a Places, most: u32) -> Option<Self> {
        let joins = |waiting| (waiting < most).then(|| waiting + 1);
        places.waiting.fetch_update(SeqCst, SeqCst, joins).ok().map(|_| Self(places))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::task::{JoinHandle, yield_now};
    use tokio::time::timeout;

    use super::*;

    fn waits(places: &Arc<Places>) -> JoinHandle<Result<u32, Full>> {
        let places = Arc::clone(places);
        tokio::spawn(async move { places.take(9).await })
    }

    /// Lets everybody go on who can.
    async fn settle() {
        for _ in 0..20 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_lower_limit_admits_nobody_until_enough_have_left() {
        let places = Arc::new(Places::new(3));
        assert!((0..3).all(|_| places.try_take().is_some()) && places.try_take().is_none());
        places.set_limit(1);
        let waiter = waits(&places);
        for left in 0..2 {
            places.leave(FIRST);
            settle().await;
            assert_eq!((places.taken(), places.waiting()), (2 - left, 1));
            assert!(!waiter.is_finished() && places.try_take().is_none());
        }
        places.leave(FIRST);
        assert_eq!(waiter.await.unwrap(), Ok(FIRST));
        assert_eq!((places.taken(), places.waiting()), (1, 0));
    }

    #[tokio::test]
    async fn a_higher_limit_admits_as_many_of_those_who_wait_in_their_order() {
        let places = Arc::new(Places::new(1));
        assert_eq!(places.try_take(), Some(FIRST));
        let waiters = [waits(&places), waits(&places), waits(&places)];
        settle().await;
        places.set_limit(3);
        settle().await;
        assert_eq!(waiters.each_ref().map(JoinHandle::is_finished), [true, true, false]);
        assert_eq!((places.taken(), places.waiting()), (3, 1));
    }

    #[tokio::test]
    async fn a_new_era_has_all_places_free_and_who_is_of_the_one_before_leaves_none() {
        let places = Arc::new(Places::new(1));
        assert_eq!(places.try_take(), Some(FIRST));
        let waiters = [waits(&places), waits(&places)];
        settle().await;
        places.begin_anew();
        settle().await;
        assert_eq!(waiters.each_ref().map(JoinHandle::is_finished), [true, false]);
        places.leave(FIRST);
        settle().await;
        assert_eq!((places.taken(), places.waiting(), places.era()), (1, 1, FIRST + 1));
        places.leave(FIRST + 1);
        settle().await;
        assert_eq!((places.taken(), places.waiting()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_no_place_along() {
        let places = Arc::new(Places::new(1));
        assert_eq!(places.try_take(), Some(FIRST));
        assert!(timeout(Duration::from_secs(1), places.take(9)).await.is_err());
        assert_eq!(places.take(0).await, Err(Full));
        assert_eq!((places.taken(), places.waiting()), (1, 0));
        // One who was woken and goes nevertheless leaves its turn to the next.
        let (first, second) = (waits(&places), waits(&places));
        settle().await;
        places.leave(FIRST);
        first.abort();
        assert_eq!(second.await.unwrap(), Ok(FIRST));
        assert_eq!((places.taken(), places.waiting()), (1, 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nobody_is_forgotten_and_no_limit_passed_whatever_the_order() {
        const MOST: u32 = 4;
        let places = Arc::new(Places::new(MOST));
        let guests = (0..16).map(|_| {
            let places = Arc::clone(&places);
            tokio::spawn(async move {
                for _ in 0..500 {
                    if places.try_take().is_none() {
                        places.take(u32::MAX).await.unwrap();
                    }
                    assert!(places.taken() <= MOST);
                    yield_now().await;
                    places.leave(FIRST);
                }
            })
        });
        let guests: Vec<_> = guests.collect();
        let changing = Arc::clone(&places);
        let changes = tokio::spawn(async move {
            for limit in (1..=MOST).cycle() {
                changing.set_limit(limit);
                yield_now().await;
            }
        });
        for guest in guests {
            guest.await.unwrap();
        }
        changes.abort();
        assert_eq!((places.taken(), places.waiting()), (0, 0));
    }
}
