//! Automata over bytes, in the form in which they run: they sort a text into one of several outcomes in one pass.

use super::{Id, Tables};

/// Names a [`Dfa`] of the route tables.
pub type DfaId = Id<Dfa>;

/// An automaton. Its parts lie in [`Tables`]; state 0 is the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dfa {
    /// Where the classes of its 256 bytes begin in [`Tables::classes`].
    pub classes_start: u32,
    /// How many classes there are.
    pub width: u32,
    /// Where the next states begin in [`Tables::next`]: for each state, one for each class.
    pub next_start: u32,
    /// Where the outcomes begin in [`Tables::outcomes`]: one for each state.
    pub outcomes_start: u32,
    /// How many states there are.
    pub states: u32,
}

impl Dfa {
    /// Bytes that have a class.
    pub const BYTES: usize = 256;
}

impl Tables {
    /// What `text` is to an automaton of these tables: the outcome of the state that it ends in.
    pub fn run(&self, dfa: DfaId, text: &[u8]) -> u32 {
        let dfa = &self.dfas[dfa.index()];
        let classes = &self.classes[dfa.classes_start as usize..][..Dfa::BYTES];
        let next = &self.next[dfa.next_start as usize..];
        let state = text.iter().fold(0, |state, &byte| {
            next[state as usize * dfa.width as usize + usize::from(classes[usize::from(byte)])]
        });
        self.outcomes[dfa.outcomes_start as usize + state as usize]
    }
}
