//! One of several pools, by weight.

use divisor_schema::plan::{PoolId, Share};

/// The pool that a uniformly random number falls on.
pub(super) fn choose(shares: &[Share], random: u64) -> PoolId {
    let total: u64 = shares.iter().map(|share| u64::from(share.weight.get())).sum();
    // The high half of the product is uniform in 0..total, but for a bias of total / 2^64.
    let mut at = ((u128::from(random) * u128::from(total)) >> 64) as u64;
    let chosen = shares.iter().find(|share| {
        let weight = u64::from(share.weight.get());
        let here = at < weight;
        at = at.saturating_sub(weight);
        here
    });
    // The loader has seen at least one share, and `at` is below the sum of all.
    chosen.map_or(PoolId::new(0), |share| share.pool)
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Weight;

    use super::*;

    fn shares(weights: &[u16]) -> Vec<Share> {
        let share = |(pool, &weight)| Share { pool: PoolId::new(pool), weight: Weight::new(weight).unwrap() };
        (0..).zip(weights).map(share).collect()
    }

    #[test]
    fn the_same_number_chooses_the_same_pool() {
        let shares = shares(&[1, 2, 1]);
        let quarter = u64::MAX / 4 + 1;
        let chosen = |random| choose(&shares, random).index();
        assert_eq!([0, quarter - 1].map(chosen), [0, 0]);
        assert_eq!([quarter, 2 * quarter, 3 * quarter - 1].map(chosen), [1, 1, 1]);
        assert_eq!([3 * quarter, u64::MAX].map(chosen), [2, 2]);
    }

    #[test]
    fn every_pool_gets_its_share() {
        let shares = shares(&[95, 5]);
        let step = u64::MAX / 1_000;
        let second = (0..1_000).filter(|at| choose(&shares, at * step + step / 2).index() == 1).count();
        assert_eq!(second, 50);
    }

    #[test]
    fn the_largest_weights_do_not_overflow() {
        let shares = shares(&[u16::MAX; 300]);
        assert_eq!(choose(&shares, u64::MAX).index(), 299);
    }
}
