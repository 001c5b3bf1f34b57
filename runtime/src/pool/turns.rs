//! The order in which backends take turns.

/// Turns of a weighted order, unless there are more backends. Shares are exact as long as the weights, divided by
/// their greatest common divisor, add up to no more; beyond, they are rounded to this many parts.
const TURNS_MAX: u64 = 16_384;

/// Whose turn it is, in order, by their weights: each once if they weigh the same.
pub(super) fn turns(weights: &[u64]) -> Vec<usize> {
    if weights.windows(2).all(|pair| pair[0] == pair[1]) {
        return (0..weights.len()).collect();
    }
    smooth(weights)
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
    fn equals_take_one_turn_each() {
        assert_eq!(turns(&[7, 7, 7]), [0, 1, 2]);
        assert_eq!(turns(&[3, 1]), [0, 0, 1, 0]);
        assert!(turns(&[]).is_empty());
    }

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
}
