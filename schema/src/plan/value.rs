//! Small values with a meaning of their own.

use std::num::NonZeroU16;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A duration in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub u64);

impl From<Millis> for Duration {
    fn from(value: Millis) -> Self {
        Self::from_millis(value.0)
    }
}

/// The share of a pool in a split: 1 to 65,535. A pool without a share is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Weight(NonZeroU16);

impl Weight {
    /// The weight of a pool that names none.
    pub const ONE: Self = Self(NonZeroU16::MIN);

    /// `None` when `weight` is 0.
    pub fn new(weight: u16) -> Option<Self> {
        NonZeroU16::new(weight).map(Self)
    }

    /// The share as a number.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

/// Where a secret is read when a plan becomes live. No plan holds one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Secret {
    /// A file. A relative path starts at the folder of the plan.
    File(String),
    /// An environment variable of the process that serves.
    Env(String),
}
