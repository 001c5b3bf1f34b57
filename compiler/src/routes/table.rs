//! Automata as flat tables, in the form in which the runtime walks them.

use std::collections::HashMap;

use divisor_schema::plan::{Dfa, DfaId, Edge, RouteId, State, StateId, Tables};

use super::Analysis;
use super::language::{Classes, Language};

/// Collects the automata of all hosts. A label is stored once, and so is an automaton.
#[derive(Debug, Default)]
pub(crate) struct TableBuilder {
    tables: Tables,
    labels: HashMap<String, (u32, u32)>,
    dfas: HashMap<Parts, DfaId>,
}

/// What an automaton consists of: classes of bytes, next states, outcomes.
type Parts = (Vec<u8>, Vec<u32>, Vec<u32>);

impl TableBuilder {
    /// Appends the automaton of a host and returns its root. `ids` are the routes by their position in the analysis.
    pub(crate) fn append(&mut self, analysis: &Analysis<'_>, ids: &[RouteId]) -> StateId {
        let base = self.tables.states.len() as u32;
        let target = |state: Option<u32>| state.map_or(State::NOWHERE, |state| base + state);
        let classifiers = analysis.automaton.classifiers.iter();
        let dfas: Vec<DfaId> =
            classifiers.map(|it| self.dfa(&it.classes, it.next.clone(), it.outcomes.clone())).collect();
        for state in &analysis.automaton.states {
            let targets_start = self.tables.targets.len() as u32;
            self.tables
                .targets
                .extend(state.sorted.iter().flat_map(|sorted| &sorted.targets).map(|it| target(*it)));
            let dfa = state.sorted.as_ref().and_then(|sorted| dfas.get(sorted.classifier as usize));
            let edges_start = self.tables.edges.len() as u32;
            for &(label, to) in &state.edges {
                let (label_start, label_end) = self.label(label);
                self.tables.edges.push(Edge { label_start, label_end, target: target(to) });
            }
            let candidates_start = self.tables.candidates.len() as u32;
            let positions = state.candidates.iter().filter_map(|&rank| analysis.order.get(rank as usize));
            self.tables.candidates.extend(positions.filter_map(|&position| ids.get(position)));
            self.tables.states.push(State {
                edges_start,
                edges_end: self.tables.edges.len() as u32,
                other: target(state.other),
                dfa: dfa.map_or(State::NOWHERE, |dfa| dfa.raw()),
                targets_start,
                targets_end: self.tables.targets.len() as u32,
                candidates_start,
                candidates_end: self.tables.candidates.len() as u32,
            });
        }
        StateId::new(base)
    }

    /// The automaton that has the outcome 1 for the words of `language`, and 0 for all others.
    pub(crate) fn language(&mut self, language: &Language) -> DfaId {
        let states = 0..language.len() as u32;
        let outcomes = states.clone().map(|state| u32::from(language.accepts_in(state)));
        let bytes = language.classes().examples();
        let next = states.flat_map(|state| bytes.iter().map(move |&byte| language.step(state, byte)));
        self.dfa(language.classes(), next.collect(), outcomes.collect())
    }

    /// An automaton; one that is there already is stored once.
    fn dfa(&mut self, classes: &Classes, next: Vec<u32>, outcomes: Vec<u32>) -> DfaId {
        let parts = (classes.bytes().to_vec(), next, outcomes);
        if let Some(&known) = self.dfas.get(&parts) {
            return known;
        }
        let (_, next, outcomes) = &parts;
        let id = DfaId::new(self.tables.dfas.len() as u32);
        self.tables.dfas.push(Dfa {
            classes_start: self.tables.classes.len() as u32,
            width: classes.count() as u32,
            next_start: self.tables.next.len() as u32,
            outcomes_start: self.tables.outcomes.len() as u32,
            states: outcomes.len() as u32,
        });
        self.tables.classes.extend_from_slice(classes.bytes());
        self.tables.next.extend(next);
        self.tables.outcomes.extend(outcomes);
        self.dfas.insert(parts, id);
        id
    }

    /// The tables of all hosts.
    pub(crate) fn finish(self) -> Tables {
        self.tables
    }

    fn label(&mut self, label: &str) -> (u32, u32) {
        if let Some(&range) = self.labels.get(label) {
            return range;
        }
        let start = self.tables.labels.len() as u32;
        self.tables.labels.extend_from_slice(label.as_bytes());
        let range = (start, self.tables.labels.len() as u32);
        self.labels.insert(label.to_owned(), range);
        range
    }
}
