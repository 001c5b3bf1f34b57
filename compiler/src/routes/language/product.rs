//! Questions about several languages at once, by a walk through the product of their automata.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Classes, Language, TooBig};

/// States that a product may have.
const PRODUCT_MAX: usize = 100_000;

impl Language {
    /// Whether every word is in `other`, too.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let classes = Classes::common([self.classes(), other.classes()].into_iter());
        let bytes = classes.examples();
        let mut seen = std::collections::HashSet::from([(Self::START, Self::START)]);
        let mut left = vec![(Self::START, Self::START)];
        while let Some((mine, theirs)) = left.pop() {
            if self.accepts_in(mine) && !other.accepts_in(theirs) {
                return false;
            }
            for &byte in &bytes {
                let next = (self.step(mine, byte), other.step(theirs, byte));
                if !self.is_dead(next.0) && seen.insert(next) {
                    left.push(next);
                }
            }
        }
        true
    }

    /// The words of both.
    ///
    /// # Errors
    /// [`TooBig`].
    pub(crate) fn and(&self, other: &Self) -> Result<Self, TooBig> {
        let classes = Classes::common([self.classes(), other.classes()].into_iter());
        let step = |&(mine, theirs): &(u32, u32), byte| (self.step(mine, byte), other.step(theirs, byte));
        let accepts = |&(mine, theirs): &(u32, u32)| self.accepts_in(mine) && other.accepts_in(theirs);
        Self::explore((Self::START, Self::START), classes, PRODUCT_MAX, step, accepts)
    }

    /// A shortest word.
    pub(crate) fn example(&self) -> Option<Vec<u8>> {
        self.parts(&[]).ok()?.into_values().next()
    }

    /// The words of this language by which of `others` hold them: for each combination that there is, a shortest word.
    ///
    /// # Errors
    /// [`TooBig`].
    pub(crate) fn parts(&self, others: &[&Self]) -> Result<BTreeMap<Vec<bool>, Vec<u8>>, TooBig> {
        let all: Vec<&Self> = std::iter::once(self).chain(others.iter().copied()).collect();
        let bytes = Classes::common(all.iter().map(|language| language.classes())).examples();
        let start = vec![Self::START; all.len()];
        let mut words: HashMap<Vec<u32>, Vec<u8>> = HashMap::from([(start.clone(), vec![])]);
        let mut queue = VecDeque::from([start]);
        let mut parts = BTreeMap::new();
        while let Some(states) = queue.pop_front() {
            let word = words.get(&states).cloned().unwrap_or_default();
            let mut held = all.iter().zip(&states).map(|(language, &state)| language.accepts_in(state));
            if held.next() == Some(true) {
                parts.entry(held.collect()).or_insert_with(|| word.clone());
            }
            for &byte in &bytes {
                let step = |(language, &state): (&&Self, &u32)| language.step(state, byte);
                let next: Vec<u32> = all.iter().zip(&states).map(step).collect();
                if next.first().is_some_and(|&state| self.is_dead(state)) || words.contains_key(&next) {
                    continue;
                }
                if words.len() >= PRODUCT_MAX {
                    return Err(TooBig);
                }
                words.insert(next.clone(), [word.as_slice(), &[byte]].concat());
                queue.push_back(next);
            }
        }
        Ok(parts)
    }
}
