//! Automata as flat tables, in the form in which the runtime walks them.

use std::collections::HashMap;

use divisor_schema::plan::{Edge, RouteId, State, StateId, Tables};

use super::Analysis;

/// Collects the automata of all hosts. A label is stored once.
#[derive(Debug, Default)]
pub(crate) struct TableBuilder {
    tables: Tables,
    labels: HashMap<String, (u32, u32)>,
}

impl TableBuilder {
    /// Appends the automaton of a host and returns its root. `ids` are the routes by their position in the analysis.
    pub(crate) fn append(&mut self, analysis: &Analysis<'_>, ids: &[RouteId]) -> StateId {
        let base = self.tables.states.len() as u32;
        let target = |state: Option<u32>| state.map_or(State::NOWHERE, |state| base + state);
        for state in &analysis.automaton.states {
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
                candidates_start,
                candidates_end: self.tables.candidates.len() as u32,
            });
        }
        StateId::new(base)
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
