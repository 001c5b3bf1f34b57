//! Randomness: where load goes, and what nobody may guess.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use rustls::crypto::SecureRandom;

/// Quick random numbers to spread load: splitmix64 (S. Vigna).
#[derive(Clone, Copy)]
pub(super) struct Random(u64);

impl Random {
    /// Starts somewhere else each time.
    pub(super) fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A number that nobody can guess, for identifiers that leave the process.
pub(super) fn unpredictable() -> u64 {
    static SOURCE: LazyLock<&'static dyn SecureRandom> =
        LazyLock::new(|| rustls::crypto::aws_lc_rs::default_provider().secure_random);
    let mut bytes = [0; 8];
    match SOURCE.fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => RandomState::new().hash_one(1), // seeded by the system as well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ() {
        let mut random = Random::new();
        assert_ne!(random.next(), random.next());
        assert_ne!(unpredictable(), unpredictable());
    }
}
