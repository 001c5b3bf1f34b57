//! The balancers: how one of the backends that are alive is chosen.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use divisor_schema::plan::Balance;

use super::{Backend, Tried};

/// Turns of a weighted schedule, unless there are more backends. Shares are exact as long as the weights, divided by
/// their greatest common divisor, add up to no more; beyond, they are rounded to this many parts.
const TURNS_MAX: u64 = 16_384;
/// Microseconds that a backend is believed to take while its first answer is awaited.
const UNKNOWN: f64 = 1e6;

/// The backends that can be picked, by their index in the pool.
#[derive(Debug)]
pub(super) struct Alive {
    members: Vec<usize>,
    /// Whose turn it is, in order, for the balancers that take turns.
    turns: Vec<usize>,
}

impl Alive {
    /// `ejects`: backends that errors have taken out are left out, unless that leaves none: a backend that may answer
    /// is better than none.
    pub(super) fn new(balance: Balance, ejects: bool, backends: &[Arc<Backend>]) -> Self {
        let up = backends.iter().enumerate().filter(|(_, backend)| backend.is_up());
        let (out, mut members): (Vec<usize>, Vec<usize>) = up
            .map(|(index, _)| index)
            .partition(|&index| ejects && backends[index].errors().out_until().is_some());
        if members.is_empty() {
            members = out;
        }
        let turns = match balance {
            Balance::RoundRobin => members.clone(),
            Balance::WeightedRoundRobin => {
                let weight = |&index: &usize| u64::from(backends[index].settings().weight.get());
                let weights: Vec<u64> = members.iter().map(weight).collect();
                smooth(&weights).into_iter().map(|position| members[position]).collect()
            }
            Balance::Random | Balance::LeastConnection | Balance::LeastResponseTime | Balance::IpHash => {
                Vec::new()
            }
        };
        Self { members, turns }
    }

    pub(super) fn members(&self) -> &[usize] {
        &self.members
    }
}

/// One choice among the backends alive that were not tried. Indexes in [`Alive`] come from the same `backends`.
pub(super) struct Choice<'a> {
    pub(super) backends: &'a [Arc<Backend>],
    pub(super) alive: &'a Alive,
    pub(super) tried: &'a Tried,
}

impl Choice<'_> {
    /// The backend whose turn it is, or the next after it that was not tried.
    pub(super) fn in_turn(&self, turn: u64) -> Option<usize> {
        from(&self.alive.turns, turn).find(|&index| !self.tried.contains(index))
    }

    /// Any, each with the same probability.
    pub(super) fn random(&self, random: u64) -> Option<usize> {
        let count = self.candidates(0).count();
        // The high half of the product is uniform in 0..count, but for a bias of count / 2^64.
        let nth = (u128::from(random) * count as u128) >> 64;
        self.candidates(0).nth(nth as usize)
    }

    /// The one with the fewest exchanges in flight for its weight; among equals, each in turn.
    pub(super) fn least_connection(&self, turn: u64) -> Option<usize> {
        let load = |index: usize| {
            let backend = &self.backends[index];
            (u64::from(backend.in_flight()), u64::from(backend.settings().weight.get()))
        };
        let less = |a: (u64, u64), b: (u64, u64)| a.0 * b.1 < b.0 * a.1;
        self.candidates(turn)
            .map(|index| (index, load(index)))
            .reduce(|best, next| if less(next.1, best.1) { next } else { best })
            .map(|(index, _)| index)
    }

    /// The one that would answer soonest for its weight; among equals, each in turn. One that never answered is
    /// tried first, with one exchange at a time.
    pub(super) fn least_response_time(&self, turn: u64, now: Instant) -> Option<usize> {
        let cost = |index: usize| {
            let backend = &self.backends[index];
            let time = match (backend.response_time(now), backend.in_flight()) {
                (Some(micros), in_flight) => micros * (f64::from(in_flight) + 1.0),
                (None, 0) => 0.0,
                (None, in_flight) => UNKNOWN * (f64::from(in_flight) + 1.0),
            };
            time / f64::from(backend.settings().weight.get())
        };
        self.candidates(turn)
            .map(|index| (index, cost(index)))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })
            .map(|(index, _)| index)
    }

    /// The one that the client address hashes highest with (rendezvous hashing): when a backend goes, only its own
    /// clients move.
    pub(super) fn by_hash(&self, client: IpAddr) -> Option<usize> {
        let client = match client.to_canonical() {
            IpAddr::V4(address) => u64::from(address.to_bits()),
            IpAddr::V6(address) => {
                let bits = address.to_bits();
                mix(bits as u64) ^ (bits >> 64) as u64
            }
        };
        let client = mix(client);
        self.candidates(0).max_by_key(|&index| mix(client ^ self.backends[index].hash()))
    }

    /// Those that can be picked, starting with the one at `turn`.
    fn candidates(&self, turn: u64) -> impl Iterator<Item = usize> {
        from(&self.alive.members, turn).filter(|&index| !self.tried.contains(index))
    }
}

/// `list` once around, starting at `turn` modulo its length.
fn from(list: &[usize], turn: u64) -> impl Iterator<Item = usize> {
    let start = (turn % (list.len() as u64).max(1)) as usize;
    let (before, after) = list.split_at(start);
    after.iter().chain(before).copied()
}

/// The finaliser of SplitMix64: a bijection that spreads every bit over all 64.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The smooth weighted order, as nginx computes it: in each turn everybody gains its weight, the richest takes the
/// turn and pays the sum of all weights. Weights 5, 1, 1 give `0 0 1 0 2 0 0`.
fn smooth(weights: &[u64]) -> Vec<usize> {
    let shares = shares(weights);
    let total: i64 = shares.iter().sum();
    let mut wealth = vec![0i64; shares.len()];
    let turn = |_| {
        wealth.iter_mut().zip(&shares).for_each(|(wealth, share)| *wealth += share);
        let richest =
            (0..wealth.len()).reduce(|best, next| if wealth[next] > wealth[best] { next } else { best })?;
        wealth[richest] -= total;
        Some(richest)
    };
    (0..total).map_while(turn).collect()
}

/// Weights in lowest terms, rounded to at most about [`TURNS_MAX`] parts; nobody loses its only part.
fn shares(weights: &[u64]) -> Vec<i64> {
    let divisor = weights.iter().copied().fold(0, gcd).max(1);
    let sum: u64 = weights.iter().map(|weight| weight / divisor).sum();
    let share = |weight: &u64| {
        let weight = weight / divisor;
        let scaled = if sum > TURNS_MAX { (weight * TURNS_MAX + sum / 2) / sum } else { weight };
        scaled.max(1) as i64
    };
    weights.iter().map(share).collect()
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weighted_turns_are_spread_as_nginx_spreads_them() {
        assert_eq!(smooth(&[5, 1, 1]), [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(smooth(&[3, 1]), [0, 0, 1, 0]);
        assert_eq!(smooth(&[10, 10, 10]), [0, 1, 2]);
        assert!(smooth(&[]).is_empty());
    }

    #[test]
    fn a_schedule_is_bounded_and_leaves_nobody_out() {
        let turns = smooth(&[65_535, 65_534, 1]);
        let count = |who| turns.iter().filter(|&&turn| turn == who).count();
        assert_eq!((count(0), count(1), count(2)), (8_192, 8_192, 1));
    }

    proptest! {
        #[test]
        fn shares_are_exact_and_spread(weights in prop::collection::vec(1u64..40, 1..8)) {
            let turns = smooth(&weights);
            let sum: u64 = weights.iter().sum();
            for (who, weight) in weights.iter().enumerate() {
                // In any beginning of the order, nobody is far from its due.
                for taken in 0..=turns.len() {
                    let got = turns[..taken].iter().filter(|&&turn| turn == who).count() as f64;
                    let due = taken as f64 * *weight as f64 / sum as f64;
                    prop_assert!((got - due).abs() < weights.len() as f64, "{} for {}", got, due);
                }
                let got = turns.iter().filter(|&&turn| turn == who).count() as u64;
                prop_assert_eq!(got * sum, weight * turns.len() as u64);
            }
        }
    }

    #[test]
    fn a_rotation_begins_anywhere() {
        assert_eq!(from(&[7, 8, 9], 4).collect::<Vec<_>>(), [8, 9, 7]);
        assert_eq!(from(&[], 4).count(), 0);
    }
}
