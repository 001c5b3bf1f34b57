//! Regular languages over bytes: what the relations of regexes, values and segments are decided with.

mod build;
mod minimal;
mod product;
mod segments;

use std::collections::BTreeMap;

pub(crate) use self::build::{Regex, RegexError, RegexErrorKind};

/// A regular language: its minimal automaton, total, with states and classes numbered in the order in which a
/// breadth-first walk along the bytes meets them. So two languages are equal exactly when their automata are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Language {
    classes: Classes,
    /// The next state, by state and class.
    next: Vec<u32>,
    /// Whether a word may end in a state. State 0 is the start.
    accepts: Vec<bool>,
    /// The state from which no word is accepted. Equal automata have the same.
    dead: Option<u32>,
}

/// A partition of the bytes: bytes of one class are not told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Classes {
    /// The class of each byte.
    of: Vec<u8>,
    /// How many there are.
    count: usize,
}

/// An automaton outgrew its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooBig;

impl Language {
    /// The start of every walk.
    pub(crate) const START: u32 = 0;

    /// How many states its automaton has.
    pub(crate) fn len(&self) -> usize {
        self.accepts.len()
    }

    /// The bytes that it tells apart.
    pub(crate) fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Where `byte` leads.
    pub(crate) fn step(&self, state: u32, byte: u8) -> u32 {
        let at = state as usize * self.classes.count + self.classes.of(byte);
        self.next.get(at).copied().unwrap_or_default()
    }

    /// Whether a word may end in `state`.
    pub(crate) fn accepts_in(&self, state: u32) -> bool {
        self.accepts.get(state as usize).copied().unwrap_or_default()
    }

    /// Whether no word from `state` on is accepted.
    pub(crate) fn is_dead(&self, state: u32) -> bool {
        self.dead == Some(state)
    }

    /// Where `word` leads from `state`.
    pub(crate) fn walk(&self, state: u32, word: &[u8]) -> u32 {
        word.iter().fold(state, |state, &byte| self.step(state, byte))
    }

    /// Whether `word` is in the language.
    pub(crate) fn holds(&self, word: &[u8]) -> bool {
        self.accepts_in(self.walk(Self::START, word))
    }

    /// Whether there is no word in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_dead(Self::START)
    }
}

impl Classes {
    /// Numbers equal keys alike, in the order of the bytes.
    pub(super) fn by_key<K: Ord>(key: impl Fn(u8) -> K) -> Self {
        let mut known = BTreeMap::new();
        let of = (0..=u8::MAX).map(|byte| {
            let fresh = known.len() as u8; // there are 256 bytes, so the last number is 255
            *known.entry(key(byte)).or_insert(fresh)
        });
        let of = of.collect();
        Self { of, count: known.len() }
    }

    /// The coarsest partition that is as fine as all of these.
    pub(crate) fn common<'c>(all: impl Iterator<Item = &'c Self> + Clone) -> Self {
        Self::by_key(|byte| all.clone().map(|classes| classes.of(byte)).collect::<Vec<_>>())
    }

    /// The class of `byte`.
    pub(crate) fn of(&self, byte: u8) -> usize {
        self.of.get(usize::from(byte)).copied().unwrap_or_default().into()
    }

    /// How many classes there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The class of each byte.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.of
    }

    /// A byte of each class, by class: the one that reads best in an example.
    pub(crate) fn examples(&self) -> Vec<u8> {
        let mut examples = vec![0; self.count];
        for byte in (0..=u8::MAX).rev().chain(READABLE.bytes().rev()) {
            if let Some(example) = examples.get_mut(self.of(byte)) {
                *example = byte;
            }
        }
        examples
    }
}

/// Bytes in the order in which examples prefer them, before all others.
const READABLE: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~!$&'()*+,;=:@/ ";

#[cfg(test)]
mod tests;
