//! Who can be picked, worked out whenever that changes: by the control thread, not by requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use divisor_schema::plan::{self, Balance};

use super::Backend;
use super::ring::Ring;
use super::turns::turns;

/// What of a pool's plan says who can be picked.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) balance: Balance,
    /// Whether errors take backends out.
    pub(super) ejects: bool,
    /// How long a backend that came back gets less than its share.
    pub(super) slow_start: Option<Duration>,
    /// Fewer percent of the backends than this alive, and all are used.
    fail_open: u8,
}

impl Settings {
    pub(super) fn new(plan: &plan::Pool) -> Self {
        let slow_start = plan.slow_start.map(Duration::from);
        Self { balance: plan.balance, ejects: plan.eject.is_some(), slow_start, fail_open: plan.fail_open }
    }

    /// Whether errors have taken a backend out.
    pub(super) fn is_out(&self, backend: &Backend) -> bool {
        self.ejects && backend.errors().out_until().is_some()
    }

    /// A backend's share among the others, now.
    fn weight(&self, backend: &Backend, now: Instant) -> u64 {
        let whole = if self.balance.is_weighted() { u64::from(backend.weight()) } else { 1 };
        let hashes = matches!(self.balance, Balance::IpHash | Balance::ConsistentHash);
        match self.slow_start.filter(|_| !hashes) {
            Some(lasts) => whole * backend.warmth_step(lasts, now),
            None => whole,
        }
    }
}

/// A backend that can be picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// Where it is in the pool.
    pub(super) index: usize,
    /// Its share; only its ratio to that of others means something.
    pub(super) weight: u64,
    /// What keys know it by.
    pub(super) hash: u64,
}

/// The backends that can be picked.
#[derive(Debug)]
pub(super) struct Alive {
    members: Vec<Member>,
    /// Whose turn it is, in order, by position in `members`.
    turns: Vec<usize>,
    /// Which key belongs to whom, by position in `members`; empty where keys do not matter.
    ring: Ring,
}

impl Alive {
    /// The order of turns, and the ring, of the `members` among these backends.
    pub(super) fn new(settings: &Settings, backends: &[Arc<Backend>], members: Vec<Member>) -> Self {
        let ring = match settings.balance {
            Balance::ConsistentHash => {
                let total = backends.iter().map(|it| u64::from(it.weight().max(it.written_weight()))).sum();
                Ring::new(members.iter().map(|it| (it.hash, it.weight)), total)
            }
            _ => Ring::default(),
        };
        let turns = turns(&members.iter().map(|member| member.weight).collect::<Vec<_>>());
        Self { members, turns, ring }
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// All turns, once around from the one at `turn`.
    pub(super) fn turns(&self, turn: u64) -> impl Iterator<Item = &Member> {
        around(&self.turns, turn).map(|&position| &self.members[position])
    }

    /// The member that has the turn at this fraction of all turns, of 2^64.
    pub(super) fn turn_at(&self, fraction: u64) -> Option<&Member> {
        // The high half of the product is uniform in 0..count, but for a bias of count / 2^64.
        let nth = (u128::from(fraction) * self.turns.len() as u128) >> 64;
        self.turns.get(nth as usize).map(|&position| &self.members[position])
    }

    /// All members, once around from the one at `turn`.
    pub(super) fn members_from(&self, turn: u64) -> impl Iterator<Item = &Member> {
        around(&self.members, turn)
    }

    /// Members in the order in which a key meets them, each as often as it has points.
    pub(super) fn ring_from(&self, key: u64) -> impl Iterator<Item = &Member> {
        self.ring.from(key).map(|position| &self.members[position])
    }
}

/// The backends that can be picked now.
pub(super) fn members(settings: &Settings, backends: &[Arc<Backend>], now: Instant) -> Vec<Member> {
    let member = |index: usize| {
        let backend = &backends[index];
        Member { index, weight: settings.weight(backend, now), hash: backend.hash() }
    };
    let open = opened(settings, backends);
    open.unwrap_or_else(|| eligible(settings, backends)).into_iter().map(member).collect()
}

/// Whether so few are alive that nobody asks whether they are.
pub(super) fn fails_open(settings: &Settings, backends: &[Arc<Backend>]) -> bool {
    opened(settings, backends).is_some()
}

/// Backends that take new clients, by index: those of the lowest rank that nobody has taken out. When errors have
/// taken out all of them, they are tried all the same, for a backend that may answer is better than none.
fn eligible(settings: &Settings, backends: &[Arc<Backend>]) -> Vec<usize> {
    let rank = |it: &Arc<Backend>| it.takes_clients().then(|| (settings.is_out(it), it.rank()));
    let ranks: Vec<_> = backends.iter().map(rank).collect();
    let best = ranks.iter().flatten().min();
    (0..backends.len()).filter(|&index| best.is_some() && ranks[index].as_ref() == best).collect()
}

/// All backends that are anywhere, when too few of them are alive for their probes to be believed. Backups are for when
/// none is alive at all; one that is alive goes before all that are not.
fn opened(settings: &Settings, backends: &[Arc<Backend>]) -> Option<Vec<usize>> {
    let of = |wanted: &dyn Fn(&Backend) -> bool| -> Vec<usize> {
        (0..backends.len()).filter(|&index| wanted(&backends[index])).collect()
    };
    let is_alive = |it: &Backend| it.takes_clients() && !settings.is_out(it);
    let all = of(&|it| it.weight() > 0 && it.rank() == 0 && !it.is_empty());
    let alive = all.iter().filter(|&&index| is_alive(&backends[index])).count();
    if alive * 100 >= all.len() * usize::from(settings.fail_open) {
        return None;
    }
    let helped = alive == 0 && !of(&|it| it.rank() > 0 && is_alive(it)).is_empty();
    let open: Vec<usize> = all.into_iter().filter(|&index| backends[index].may_be_up()).collect();
    Some(open).filter(|open| !open.is_empty() && !helped)
}

/// `list` once around, starting at `turn` modulo its length.
fn around<T>(list: &[T], turn: u64) -> impl Iterator<Item = &T> {
    let start = (turn % (list.len() as u64).max(1)) as usize;
    let (before, after) = list.split_at(start);
    after.iter().chain(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_begins_anywhere() {
        assert_eq!(around(&[7, 8, 9], 4).collect::<Vec<_>>(), [&8, &9, &7]);
        assert_eq!(around::<u8>(&[], 4).count(), 0);
    }
}
