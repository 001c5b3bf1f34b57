//! One deterministic automaton over path segments for all patterns of a host, by subset construction.

use std::collections::{HashMap, VecDeque};

use super::classifier::{Classifier, Run};
use super::language::TooBig;
use super::trie::{Follow, Trie};
use super::{EmptySegments, Pattern};

/// The automaton. State 0 is the root; states are in the order of a breadth-first walk along sorted labels, so that
/// it depends on the patterns alone.
#[derive(Debug)]
pub(super) struct Automaton<'a> {
    /// States.
    pub(super) states: Vec<State<'a>>,
    /// What tells segments apart that no edge names, where regexes do.
    pub(super) classifiers: Vec<Classifier>,
}

/// What is known about a path after some of its segments.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    /// Where literal segments lead, sorted.
    pub(super) edges: Vec<(&'a str, Option<u32>)>,
    /// Where all other segments lead, unless a classifier says so.
    pub(super) other: Option<u32>,
    /// Which classifier says where all other segments lead.
    pub(super) sorted: Option<Sorted>,
    /// The routes, by rank, that match the paths ending here; the better ones first.
    pub(super) routes: Vec<u32>,
    /// Those of them that answer a request here.
    pub(super) candidates: Vec<u32>,
    /// The last step of a shortest path that ends here; `None` if none does.
    reached_by: Option<Step<'a>>,
    /// The last step of a shortest path that goes on from here; `None` if none does, and for the root.
    passed_by: Option<Step<'a>>,
}

/// Where the segments lead that a classifier sorts.
#[derive(Debug)]
pub(super) struct Sorted {
    /// Its number.
    pub(super) classifier: u32,
    /// Where its outcomes lead.
    pub(super) targets: Vec<Option<u32>>,
    /// A segment for each outcome that one has which no edge names.
    examples: Vec<Option<String>>,
}

/// A step of a walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    from: u32,
    label: Label<'a>,
}

/// What leads along a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label<'a> {
    /// This segment.
    Named(&'a str),
    /// A segment without an edge that has this outcome.
    Outcome(u32),
    /// Any segment without an edge.
    Other,
}

impl<'a> Automaton<'a> {
    /// Builds the automaton of `patterns`. It may cost `budget` beyond a fixed multiple of them.
    ///
    /// # Errors
    /// The positions of the patterns that cost most, when it outgrows its budget.
    pub(super) fn build(
        patterns: &[&'a Pattern],
        empty_segments: EmptySegments,
        budget: usize,
    ) -> Result<Self, Vec<u32>> {
        let trie = Trie::new(patterns);
        let budget = trie.len().saturating_mul(8).saturating_add(budget);
        let built = Subsets::new(&trie).construct(budget);
        let mut automaton = built.map_err(|excess| match excess {
            Excess::Sets(sets) => worst(patterns, &trie, &sets),
            Excess::Languages(languages) => {
                let costly = languages.get(..3).unwrap_or(&languages);
                let ranks = (0..).zip(patterns);
                ranks.filter(|(_, it)| trie.has_one_of(it, costly)).take(3).map(|(rank, _)| rank).collect()
            }
        })?;
        automaton.explore(empty_segments);
        Ok(automaton)
    }

    /// All states where the path of some request ends.
    pub(super) fn ends(&self) -> impl Iterator<Item = (u32, &State<'a>)> {
        (0..).zip(&self.states).filter(|(_, state)| state.reached_by.is_some())
    }

    /// Leaves out routes that are equal to others.
    pub(super) fn leave_out(&mut self, gone: &[u32]) {
        if gone.is_empty() {
            return;
        }
        for state in &mut self.states {
            state.routes.retain(|rank| !gone.contains(rank));
        }
    }

    /// The routes that match the paths ending in `state`.
    pub(super) fn routes_in(&self, state: u32) -> &[u32] {
        self.states.get(state as usize).map_or(&[], |state| &state.routes)
    }

    /// The state where `path`, which is normal, ends.
    pub(super) fn walk(&self, path: &str) -> Option<&State<'a>> {
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        segments.try_fold(self.states.first()?, |state, segment| {
            let edge = state.edges.binary_search_by_key(&segment, |(label, _)| *label);
            let next = match (edge.ok().and_then(|at| state.edges.get(at)), &state.sorted) {
                (Some((_, next)), _) => *next,
                (None, None) => state.other,
                (None, Some(sorted)) => {
                    let classifier = self.classifiers.get(sorted.classifier as usize)?;
                    sorted.targets.get(classifier.outcome(segment)).copied().flatten()
                }
            };
            self.states.get(next? as usize)
        })
    }

    /// A path that ends in `state`, of the fewest segments.
    pub(super) fn path_to(&self, state: u32) -> String {
        let mut segments: Vec<String> = vec![];
        let mut next = self.states.get(state as usize).and_then(|state| state.reached_by);
        while let Some(step) = next {
            segments.push(self.segment(step));
            next = self.states.get(step.from as usize).and_then(|state| state.passed_by);
        }
        segments.reverse();
        format!("/{}", segments.join("/"))
    }

    /// Finds the shortest paths, breadth first.
    fn explore(&mut self, empty_segments: EmptySegments) {
        const ROOT: u32 = 0;
        let mut queue = VecDeque::from([ROOT]);
        while let Some(from) = queue.pop_front() {
            let Some(state) = self.states.get(from as usize) else { continue };
            // Named segments first, so that examples prefer what was written.
            let named = state.edges.iter().map(|&(label, to)| (Label::Named(label), to));
            let sorted = state.sorted.iter().flat_map(|sorted| (0..).zip(&sorted.targets));
            let sorted = sorted.map(|(outcome, to)| (Label::Outcome(outcome), *to));
            let steps: Vec<_> = named.chain(sorted).chain([(Label::Other, state.other)]).collect();
            for (label, to) in steps {
                let Some((id, next)) = to.and_then(|id| Some((id, self.states.get_mut(id as usize)?))) else {
                    continue;
                };
                next.reached_by.get_or_insert(Step { from, label });
                let goes_on = label != Label::Named("") || empty_segments == EmptySegments::Kept;
                if goes_on && id != ROOT && next.passed_by.is_none() {
                    next.passed_by = Some(Step { from, label });
                    queue.push_back(id);
                }
            }
        }
    }

    fn segment(&self, step: Step<'a>) -> String {
        let state = self.states.get(step.from as usize);
        match step.label {
            Label::Named(label) => return label.to_owned(),
            Label::Outcome(outcome) => {
                let sorted = state.and_then(|state| state.sorted.as_ref());
                let example =
                    sorted.and_then(|sorted| sorted.examples.get(outcome as usize).cloned().flatten());
                return example.unwrap_or_default();
            }
            Label::Other => {}
        }
        let edges = state.map_or(&[][..], |state| &state.edges);
        let free = |name: &String| edges.binary_search_by_key(&name.as_str(), |(label, _)| *label).is_err();
        let letters = ('a'..='z').map(String::from);
        letters.chain((1..=edges.len() + 1).map(|number| format!("x{number}"))).find(free).unwrap_or_default()
    }
}

/// The construction: a state is a set of nodes of the trie.
struct Subsets<'t, 'a> {
    trie: &'t Trie<'a>,
    ids: HashMap<Vec<u32>, u32>,
    sets: Vec<Vec<u32>>,
    states: Vec<State<'a>>,
    classifiers: Vec<Classifier>,
    known: HashMap<Vec<Run>, u32>,
}

/// What outgrew its budget.
enum Excess {
    /// The states, each a set of nodes.
    Sets(Vec<Vec<u32>>),
    /// Languages that are told apart in one place, those that cost most first.
    Languages(Vec<u32>),
}

impl<'t, 'a> Subsets<'t, 'a> {
    fn new(trie: &'t Trie<'a>) -> Self {
        let (ids, sets, states) = (HashMap::new(), vec![], vec![]);
        Self { trie, ids, sets, states, classifiers: vec![], known: HashMap::new() }
    }

    /// The automaton, or what there is too much of.
    fn construct(mut self, budget: usize) -> Result<Automaton<'a>, Excess> {
        let mut root = vec![];
        self.trie.enter(Trie::ROOT, &mut root);
        self.add(root);
        let mut size = 0;
        let mut at = 0;
        while let Some(set) = self.sets.get(at).cloned() {
            let labels = self.trie.labels(&set);
            size += set.len() + labels.len() + 1;
            if size > budget {
                return Err(Excess::Sets(self.sets));
            }
            let (runs, follows) = self.trie.runs(&set);
            if runs.is_empty() {
                self.expand(at as u32, &set, &labels);
            } else {
                let before = self.classifiers.len();
                let classifier = self.classifier(runs)?;
                self.expand_sorted(at as u32, &set, &labels, classifier, &follows)?;
                let built = self.classifiers.get(before..).unwrap_or_default();
                size += built.iter().map(|classifier| classifier.next.len()).sum::<usize>();
            }
            at += 1;
        }
        Ok(Automaton { states: self.states, classifiers: self.classifiers })
    }

    fn expand(&mut self, from: u32, set: &[u32], labels: &[&'a str]) {
        let none = vec![];
        let others = self.trie.step(set, None, &[], &none);
        let mut edges = Vec::with_capacity(labels.len());
        for &label in labels {
            let next = self.trie.step(set, Some(label), &[], &none);
            // A label that leads where all others lead is no edge.
            if next != others {
                edges.push((label, self.enter(next)));
            }
        }
        let other = self.enter(others);
        if let Some(state) = self.states.get_mut(from as usize) {
            state.edges = edges;
            state.other = other;
        }
    }

    /// Expands a state in which regexes tell segments apart.
    fn expand_sorted(
        &mut self,
        from: u32,
        set: &[u32],
        labels: &[&'a str],
        number: u32,
        follows: &[(usize, Follow)],
    ) -> Result<(), Excess> {
        let Some(classifier) = self.classifiers.get(number as usize) else { return Ok(()) };
        let by_outcome: Vec<Vec<u32>> =
            classifier.keys.iter().map(|key| self.trie.step(set, None, follows, key)).collect();
        let mut named = vec![];
        for &label in labels {
            let outcome = classifier.outcome(label);
            let Some(key) = classifier.keys.get(outcome) else { continue };
            let next = self.trie.step(set, Some(label), follows, key);
            // The empty segment stays: examples of outcomes are not empty.
            if label.is_empty() || by_outcome.get(outcome) != Some(&next) {
                named.push((label, next));
            }
        }
        let names: Vec<&str> = named.iter().map(|(label, _)| *label).collect();
        let examples = classifier.examples(&names);
        let examples = examples.map_err(|TooBig| Excess::Sets(self.sets.clone()))?;
        let edges = named.into_iter().map(|(label, next)| (label, self.enter(next))).collect();
        // What no segment leads to is no state.
        let lead =
            |(next, example): (Vec<u32>, &Option<String>)| example.as_ref().and_then(|_| self.enter(next));
        let targets = by_outcome.into_iter().zip(&examples).map(lead).collect();
        if let Some(state) = self.states.get_mut(from as usize) {
            state.edges = edges;
            state.sorted = Some(Sorted { classifier: number, targets, examples });
        }
        Ok(())
    }

    /// The number of the classifier of `runs`.
    fn classifier(&mut self, runs: Vec<Run>) -> Result<u32, Excess> {
        if let Some(&known) = self.known.get(&runs) {
            return Ok(known);
        }
        let classifier = Classifier::new(&runs, &self.trie.languages).map_err(Excess::Languages)?;
        let number = self.classifiers.len() as u32;
        self.classifiers.push(classifier);
        self.known.insert(runs, number);
        Ok(number)
    }

    /// The state of `set`; none for the empty set, which leads nowhere.
    fn enter(&mut self, set: Vec<u32>) -> Option<u32> {
        if set.is_empty() {
            return None;
        }
        let known = self.ids.get(&set).copied();
        Some(known.unwrap_or_else(|| self.add(set)))
    }

    fn add(&mut self, set: Vec<u32>) -> u32 {
        let id = self.states.len() as u32;
        let mut routes: Vec<u32> = self.trie.routes(&set).collect();
        routes.sort_unstable();
        self.states.push(State { routes, ..State::default() });
        self.sets.push(set.clone());
        self.ids.insert(set, id);
        id
    }
}

/// The three patterns whose parts were built most often.
fn worst(patterns: &[&Pattern], trie: &Trie<'_>, sets: &[Vec<u32>]) -> Vec<u32> {
    let mut built = vec![0u64; trie.len()];
    for &node in sets.iter().flatten() {
        if let Some(count) = built.get_mut(node as usize) {
            *count += 1;
        }
    }
    let cost = |pattern: &Pattern| -> u64 {
        trie.behind_parameter(pattern).iter().filter_map(|&node| built.get(node as usize)).sum()
    };
    let mut costs: Vec<(u64, u32)> =
        (0..).zip(patterns).map(|(rank, pattern)| (cost(pattern), rank)).collect();
    costs.sort_unstable_by_key(|&(cost, rank)| (std::cmp::Reverse(cost), rank));
    costs.into_iter().take(3).map(|(_, rank)| rank).collect()
}
