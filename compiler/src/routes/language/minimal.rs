//! The one smallest automaton of a language.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::{Classes, Language, TooBig};

/// An automaton as it was found: total, every state reached, state 0 the start.
struct Raw {
    classes: Classes,
    next: Vec<u32>,
    accepts: Vec<bool>,
}

impl Language {
    /// The language of an automaton that is given by its steps.
    ///
    /// # Errors
    /// [`TooBig`] when it has more than `limit` states before it is minimised.
    pub(super) fn explore<S: Clone + Eq + Hash>(
        start: S,
        classes: Classes,
        limit: usize,
        step: impl Fn(&S, u8) -> S,
        accepts: impl Fn(&S) -> bool,
    ) -> Result<Self, TooBig> {
        let bytes = classes.examples();
        let mut known = HashMap::from([(start.clone(), 0u32)]);
        let mut states = vec![start];
        let mut next = vec![];
        let mut at = 0;
        while let Some(state) = states.get(at).cloned() {
            for &byte in &bytes {
                let to = step(&state, byte);
                let fresh = states.len() as u32; // bounded by `limit`
                let id = *known.entry(to.clone()).or_insert(fresh);
                if id == fresh {
                    states.push(to);
                }
                next.push(id);
            }
            if states.len() > limit {
                return Err(TooBig);
            }
            at += 1;
        }
        let accepts = states.iter().map(accepts).collect();
        Ok(Raw { classes, next, accepts }.minimal())
    }
}

impl Raw {
    fn minimal(self) -> Language {
        let blocks = self.blocks();
        let width = self.classes.count();
        // One member speaks for its block.
        let mut members: HashMap<u32, u32> = HashMap::new();
        for (state, &block) in (0..).zip(&blocks) {
            members.entry(block).or_insert(state);
        }
        let block_of = |state: u32| blocks.get(state as usize).copied().unwrap_or_default();
        let row = |state: u32| {
            let row =
                self.next.get(state as usize * width..).and_then(|rows| rows.get(..width)).unwrap_or(&[]);
            row.iter().map(|&next| block_of(next)).collect::<Vec<u32>>()
        };
        let mut order = vec![block_of(0)];
        let mut numbers = HashMap::from([(block_of(0), 0u32)]);
        let mut queue = VecDeque::from([block_of(0)]);
        let mut rows: Vec<Vec<u32>> = vec![];
        let mut accepts = vec![];
        while let Some(block) = queue.pop_front() {
            let member = members.get(&block).copied().unwrap_or_default();
            let row: Vec<u32> = row(member)
                .into_iter()
                .map(|next| {
                    let fresh = order.len() as u32;
                    let number = *numbers.entry(next).or_insert(fresh);
                    if number == fresh {
                        order.push(next);
                        queue.push_back(next);
                    }
                    number
                })
                .collect();
            rows.push(row);
            accepts.push(self.accepts.get(member as usize).copied().unwrap_or_default());
        }
        Self::with_fewest_classes(&self.classes, &rows, accepts)
    }

    /// Bytes that lead to the same states everywhere are one class.
    fn with_fewest_classes(classes: &Classes, rows: &[Vec<u32>], accepts: Vec<bool>) -> Language {
        let column = |byte: u8| -> Vec<u32> {
            let class = classes.of(byte);
            rows.iter().map(|row| row.get(class).copied().unwrap_or_default()).collect()
        };
        let columns: Vec<Vec<u32>> = classes.examples().into_iter().map(column).collect();
        let fewest = Classes::by_key(|byte| columns.get(classes.of(byte)));
        let mut next = vec![0; rows.len() * fewest.count()];
        for byte in 0..=u8::MAX {
            for (state, row) in rows.iter().enumerate() {
                let to = row.get(classes.of(byte)).copied().unwrap_or_default();
                if let Some(slot) = next.get_mut(state * fewest.count() + fewest.of(byte)) {
                    *slot = to;
                }
            }
        }
        let is_dead = |(state, row): &(u32, &Vec<u32>)| {
            let accepts = accepts.get(*state as usize).copied().unwrap_or_default();
            !accepts && row.iter().all(|next| next == state)
        };
        let dead = (0..).zip(rows).find(is_dead).map(|(state, _)| state);
        Language { classes: fewest, next, accepts, dead }
    }

    /// States that no word tells apart have the same number: refined round by round (Moore).
    fn blocks(&self) -> Vec<u32> {
        let width = self.classes.count().max(1);
        let mut blocks: Vec<u32> = self.accepts.iter().map(|&accepts| u32::from(accepts)).collect();
        let mut count = 0;
        loop {
            let mut known: HashMap<(u32, Vec<u32>), u32> = HashMap::new();
            let refined = blocks.iter().zip(self.next.chunks(width)).map(|(&block, row)| {
                let row = row.iter().map(|&next| blocks.get(next as usize).copied().unwrap_or_default());
                let fresh = known.len() as u32;
                *known.entry((block, row.collect())).or_insert(fresh)
            });
            let refined: Vec<u32> = refined.collect();
            if known.len() == count {
                return refined;
            }
            count = known.len();
            blocks = refined;
        }
    }
}
