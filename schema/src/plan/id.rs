//! Typed indexes into the arenas of a plan.

use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An index into the arena of `T`s of one plan. Means nothing in another plan.
pub struct Id<T> {
    index: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// The id of the thing at `index` of its arena.
    pub const fn new(index: u32) -> Self {
        Self { index, of: PhantomData }
    }

    /// The position in the arena.
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// The position as it is stored.
    pub const fn raw(self) -> u32 {
        self.index
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.index.cmp(&other.index)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.index.hash(state);
    }
}
impl<T> std::fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.index)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.index.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::new)
    }
}

/// Names a [`super::Listener`].
pub type ListenerId = Id<super::Listener>;
/// Names a [`super::Pool`].
pub type PoolId = Id<super::Pool>;
/// Names a [`super::ClientTls`].
pub type ClientTlsId = Id<super::ClientTls>;
/// Names a [`super::RateLimit`].
pub type RateLimitId = Id<super::RateLimit>;
/// Names a [`super::Policy`].
pub type PolicyId = Id<super::Policy>;
/// Names a [`super::Host`].
pub type HostId = Id<super::Host>;
/// Names a [`super::Route`].
pub type RouteId = Id<super::Route>;
/// Names a [`super::State`] of the route tables.
pub type StateId = Id<super::State>;
