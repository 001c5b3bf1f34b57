//! The route tables of all hosts: one deterministic automaton over path segments, as flat arrays.
//!
//! A path is the list of its segments: `/a/b` is `a`, `b`; `/a/` is `a`, empty; `/` is one empty segment. A walk
//! starts at the root of its host, takes one step for each segment, and ends in a state that lists the routes for
//! this path, best first. There is no backtracking: what could match is merged by the compiler.

use super::{Dfa, DfaId, RouteId, StateId};

/// The automaton. Arrays are `u32` little-endian in the plan and are used as they lie there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tables {
    /// States.
    pub states: Vec<State>,
    /// Edges of all states; those of a state lie together, sorted by label.
    pub edges: Vec<Edge>,
    /// Routes of all states; those of a state lie together, best first.
    pub candidates: Vec<RouteId>,
    /// The text of all labels.
    pub labels: Vec<u8>,
    /// Where the outcomes of automata lead; those of a state lie together.
    pub targets: Vec<u32>,
    /// Automata: for segments that no edge names, and for values of fields.
    pub dfas: Vec<Dfa>,
    /// The class of each byte, for each automaton.
    pub classes: Vec<u8>,
    /// The next states of all automata.
    pub next: Vec<u32>,
    /// The outcomes of the states of all automata.
    pub outcomes: Vec<u32>,
}

/// One state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// First of its edges.
    pub edges_start: u32,
    /// One past its last edge.
    pub edges_end: u32,
    /// Where a segment without an edge leads, if there is no automaton; `u32::MAX` is nowhere.
    pub other: u32,
    /// The automaton that says where a segment without an edge leads; `u32::MAX` is none.
    pub dfa: u32,
    /// Where its outcome 0 leads, in [`Tables::targets`].
    pub targets_start: u32,
    /// One past where its last outcome leads.
    pub targets_end: u32,
    /// First of its candidates.
    pub candidates_start: u32,
    /// One past its last candidate.
    pub candidates_end: u32,
}

/// A step for one literal segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Where its label begins in [`Tables::labels`].
    pub label_start: u32,
    /// One past the end of its label.
    pub label_end: u32,
    /// Where it leads; `u32::MAX` is nowhere.
    pub target: u32,
}

/// The target that is no state.
const NOWHERE: u32 = u32::MAX;

impl State {
    /// The value of [`State::other`], [`State::dfa`], [`Edge::target`] and [`Tables::targets`] that leads nowhere.
    pub const NOWHERE: u32 = NOWHERE;
}

impl Tables {
    /// The routes for `path`, best first: those whose path set holds it. `path` starts with `/` and has no query.
    pub fn walk(&self, root: StateId, path: &str) -> &[RouteId] {
        let mut at = root.index();
        for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
            let state = &self.states[at];
            let next = self.step(state, segment.as_bytes());
            if next == NOWHERE {
                return &[];
            }
            let next = next as usize;
            if next == at && state.edges_start == state.edges_end && state.dfa == NOWHERE {
                break; // a subtree: nothing below can differ
            }
            at = next;
        }
        let state = &self.states[at];
        &self.candidates[state.candidates_start as usize..state.candidates_end as usize]
    }

    fn step(&self, state: &State, segment: &[u8]) -> u32 {
        let edges = &self.edges[state.edges_start as usize..state.edges_end as usize];
        match edges.binary_search_by(|edge| self.label(edge).cmp(segment)) {
            Ok(found) => edges[found].target,
            Err(_) if state.dfa == NOWHERE => state.other,
            Err(_) => {
                let outcome = self.run(DfaId::new(state.dfa), segment);
                self.targets[state.targets_start as usize + outcome as usize]
            }
        }
    }

    /// The text of an edge.
    pub fn label(&self, edge: &Edge) -> &[u8] {
        &self.labels[edge.label_start as usize..edge.label_end as usize]
    }
}
