//! The balancers: how one of the backends that are alive is chosen.

use std::sync::Arc;
use std::time::Instant;

use super::alive::{Alive, Member};
use super::key::mix;
use super::{Backend, Tried};

/// Microseconds that a backend is believed to take while its first answer is awaited.
const UNKNOWN: f64 = 1e6;
/// How often a random choice is made again when it falls on a backend that is not to be had.
const DRAWS: usize = 8;
/// The step of SplitMix64, from one random number to the next.
const NEXT: u64 = 0x9e37_79b9_7f4a_7c15;

/// One choice among the backends alive that were not tried. Indexes in [`Alive`] come from the same `backends`.
pub(super) struct Choice<'a> {
    pub(super) backends: &'a [Arc<Backend>],
    pub(super) alive: &'a Alive,
    pub(super) tried: &'a Tried,
}

impl Choice<'_> {
    /// The backend whose turn it is, or the next after it that was not tried.
    pub(super) fn in_turn(&self, turn: u64) -> Option<usize> {
        self.alive.turns(turn).find(|it| self.is_untried(it)).map(|it| it.index)
    }

    /// Any, each as probable as it has turns.
    pub(super) fn random(&self, random: u64) -> Option<usize> {
        self.draw(random, |it| self.is_untried(it)).map(|it| it.index)
    }

    /// Of two random ones, the one with fewer exchanges in flight for its weight (Mitzenmacher 2001).
    pub(super) fn power_of_two(&self, random: u64) -> Option<usize> {
        let first = self.draw(random, |it| self.is_untried(it))?;
        let is_other = |it: &Member| it.index != first.index && self.is_untried(it);
        let best = match self.draw(mix(random ^ NEXT), is_other) {
            Some(second) if self.is_less_busy(second, first) => second,
            _ => first,
        };
        Some(best.index)
    }

    /// The one with the fewest exchanges in flight for its weight; among equals, each in turn.
    pub(super) fn least_connection(&self, turn: u64) -> Option<usize> {
        let least = |best, next| if self.is_less_busy(next, best) { next } else { best };
        self.candidates(turn).reduce(least).map(|it| it.index)
    }

    /// The one that would answer soonest for its weight, as Finagle's peak EWMA has it: the time it takes, times what it
    /// has in flight. Among equals, each in turn. One that never answered is tried first, with one exchange at a time.
    pub(super) fn least_response_time(&self, turn: u64, now: Instant) -> Option<usize> {
        let cost = |it: &Member| {
            let backend = &self.backends[it.index];
            let time = match (backend.response_time(now), backend.in_flight()) {
                (Some(micros), in_flight) => micros * (f64::from(in_flight) + 1.0),
                (None, 0) => 0.0,
                (None, in_flight) => UNKNOWN * (f64::from(in_flight) + 1.0),
            };
            time / it.weight as f64
        };
        self.candidates(turn)
            .map(|it| (it.index, cost(it)))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .map(|(index, _)| index)
    }

    /// The one that the key hashes highest with (rendezvous hashing): when a backend goes, only its own keys move.
    pub(super) fn by_hash(&self, key: u64) -> Option<usize> {
        let candidates = self.alive.members().iter().filter(|it| self.is_untried(it));
        candidates.max_by_key(|it| mix(key ^ it.hash)).map(|it| it.index)
    }

    /// The one that the ring gives the key to, or the next after it that is not above its bound: `max_load` percent of
    /// its share of what is in flight (Mirrokni, Thorup, Zadimoghaddam 2018). Workers that choose at the same moment do
    /// not see each other, so the bound can be passed by one for each worker.
    pub(super) fn by_ring(&self, key: u64, max_load: u8) -> Option<usize> {
        let first = self.alive.ring_from(key).find(|it| self.is_untried(it))?;
        if self.in_flight(first) == 0 {
            return Some(first.index); // one is never too much
        }
        let members = self.alive.members();
        let in_flight: u128 = members.iter().map(|it| u128::from(self.in_flight(it))).sum();
        let weight: u128 = members.iter().map(|it| u128::from(it.weight)).sum();
        let has_room = |it: &&Member| {
            let share = u128::from(max_load) * (in_flight + 1) * u128::from(it.weight);
            self.is_untried(it) && u128::from(self.in_flight(it)) < share.div_ceil(100 * weight.max(1))
        };
        // Asked first, or a request would walk all of the ring in vain.
        let anybody = members.iter().any(|it| has_room(&it));
        let next = self.alive.ring_from(key).find(|it| anybody && has_room(it));
        Some(next.unwrap_or(first).index)
    }

    /// Those that can be picked: first the one whose turn it is, then all.
    fn candidates(&self, turn: u64) -> impl Iterator<Item = &Member> {
        let scheduled = self.alive.turns(turn).find(|it| self.is_untried(it));
        scheduled.into_iter().chain(self.alive.members_from(turn).filter(|it| self.is_untried(it)))
    }

    /// A random one that is `wanted`.
    fn draw(&self, mut random: u64, wanted: impl Fn(&Member) -> bool) -> Option<&Member> {
        for _ in 0..DRAWS {
            let drawn = self.alive.turn_at(random)?;
            if wanted(drawn) {
                return Some(drawn);
            }
            random = mix(random.wrapping_add(NEXT));
        }
        self.alive.turns(random).find(|it| wanted(it))
    }

    fn is_less_busy(&self, one: &Member, other: &Member) -> bool {
        let load = |a: &Member, b: &Member| u64::from(self.in_flight(a)).saturating_mul(b.weight);
        load(one, other) < load(other, one)
    }

    fn in_flight(&self, member: &Member) -> u32 {
        self.backends[member.index].in_flight()
    }

    fn is_untried(&self, member: &Member) -> bool {
        !self.tried.contains(member.index)
    }
}
