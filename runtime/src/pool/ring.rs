//! A ring of points: each backend has some, spread by hash, and a key belongs to the first point after it.
//!
//! When a backend comes, goes or changes its weight, only its own points do: no key moves between two others
//! (Karger et al. 1997). Records of a service that give all of its targets other weights move keys of all. With so many points, the share of a backend is its weight's within some eight percent.

use super::key::mix;

/// Points for each unit of weight.
const POINTS: u64 = 160;
/// Points of a ring, about; beyond, weights are rounded to parts of it.
const POINTS_MAX: u64 = 1 << 18;

/// Points in the order of their hashes, with the position of the member that each belongs to.
#[derive(Debug, Default)]
pub(super) struct Ring(Vec<(u64, usize)>);

impl Ring {
    /// The ring of members with a fixed number and a weight each. `total` is the weight of all backends of the pool,
    /// whether they are alive or not: how many points somebody has must not depend on others that come and go.
    pub(super) fn new(members: impl Iterator<Item = (u64, u64)>, total: u64) -> Self {
        let count = |weight: u64| match total.saturating_mul(POINTS) {
            points if points <= POINTS_MAX => weight.saturating_mul(POINTS),
            _ => (weight.saturating_mul(POINTS_MAX) / total.max(1)).max(1),
        };
        let points = members.enumerate().flat_map(|(position, (number, weight))| {
            (0..count(weight)).map(move |nth| (mix(number ^ mix(nth.wrapping_add(1))), number, position))
        });
        let mut points: Vec<_> = points.collect();
        points.sort_unstable();
        Self(points.into_iter().map(|(hash, _, position)| (hash, position)).collect())
    }

    /// The positions of members, once around from where `key` lies.
    pub(super) fn from(&self, key: u64) -> impl Iterator<Item = usize> {
        let start = self.0.partition_point(|(hash, _)| *hash < key);
        let (before, after) = self.0.split_at(start);
        after.iter().chain(before).map(|(_, position)| *position)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const KEYS: u64 = 20_000;

    /// Members by number and weight: the number that each key belongs to.
    fn homes(members: &BTreeMap<u64, u64>, total: u64) -> Vec<u64> {
        let numbers: Vec<u64> = members.keys().copied().collect();
        let ring = Ring::new(members.iter().map(|(number, weight)| (mix(*number), *weight)), total);
        (0..KEYS).map(|key| numbers[ring.from(mix(key)).next().unwrap()]).collect()
    }

    fn share(homes: &[u64], number: u64) -> f64 {
        homes.iter().filter(|home| **home == number).count() as f64 / KEYS as f64
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn keys_are_shared_by_weight(members in prop::collection::btree_map(1u64..1000, 1u64..5, 2..8)) {
            let total: u64 = members.values().sum();
            let homes = homes(&members, total);
            for (number, weight) in &members {
                let due = *weight as f64 / total as f64;
                let got = share(&homes, *number);
                prop_assert!((got / due - 1.0).abs() < 0.4, "{} of {}", got, due);
            }
        }

        #[test]
        fn only_the_keys_of_who_goes_move(
            members in prop::collection::btree_map(1u64..1000, 1u64..5, 2..8),
            gone in any::<prop::sample::Index>(),
        ) {
            let total = members.values().sum();
            let gone = *members.keys().nth(gone.index(members.len())).unwrap();
            let mut left = members.clone();
            left.remove(&gone);
            for (before, after) in homes(&members, total).into_iter().zip(homes(&left, total)) {
                prop_assert!(before == after || before == gone, "{} to {}", before, after);
            }
        }

        #[test]
        fn who_weighs_more_takes_keys_and_gives_none(
            members in prop::collection::btree_map(1u64..1000, 1u64..5, 2..8),
            grown in any::<prop::sample::Index>(),
        ) {
            let total: u64 = members.values().sum();
            let grown = *members.keys().nth(grown.index(members.len())).unwrap();
            let mut more = members.clone();
            *more.get_mut(&grown).unwrap() += 1;
            for (before, after) in homes(&members, total).into_iter().zip(homes(&more, total + 1)) {
                prop_assert!(before == after || after == grown, "{} to {}", before, after);
            }
        }
    }

    #[test]
    fn a_ring_is_bounded_and_leaves_nobody_out() {
        let ring = Ring::new([(1, 65_535), (2, 1)].into_iter(), 65_536);
        assert!(ring.0.len() as u64 <= POINTS_MAX + 2, "{}", ring.0.len());
        assert!(ring.0.iter().any(|(_, position)| *position == 1));
        assert_eq!(Ring::default().from(7).count(), 0);
    }
}
