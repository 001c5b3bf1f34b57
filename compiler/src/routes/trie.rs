//! The patterns of a host, merged where they begin alike. Not deterministic yet: a segment may lead along a literal,
//! along a parameter and along regexes at once.

use std::collections::BTreeMap;

use super::classifier::{Key, Languages, Run};
use super::language::Language;
use super::pattern::{Pattern, Segment};

/// Patterns merged by their beginnings.
#[derive(Debug)]
pub(super) struct Trie<'a> {
    nodes: Vec<Node<'a>>,
    /// The languages of all regexes.
    pub(super) languages: Languages<'a>,
    numbers: BTreeMap<&'a Language, u32>,
}

/// A place in some patterns.
#[derive(Debug, Default)]
struct Node<'a> {
    literals: BTreeMap<&'a str, u32>,
    parameter: Option<u32>,
    /// Where the segments of a language lead, by its number.
    regexes: BTreeMap<u32, u32>,
    /// Where a subtree begins: its node, which every segment leads back to.
    subtree: Option<u32>,
    loops: bool,
    /// Where the rest of the path is held to a language, by its number: a block of nodes, one for each of its states.
    tails: BTreeMap<u32, u32>,
    /// The language and its state, inside of such a block, and where the block begins.
    inside: Option<(u32, u32, u32)>,
    /// Routes whose pattern ends here, by rank.
    routes: Vec<u32>,
}

/// Where a run leads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Follow {
    /// To a node, if the segment is in the language.
    Node(u32),
    /// To the node of its state in a block.
    Block(u32),
}

impl<'a> Trie<'a> {
    /// The node where all patterns begin.
    pub(super) const ROOT: u32 = 0;

    /// Merges `patterns`; routes are named by the position of their pattern.
    pub(super) fn new(patterns: &[&'a Pattern]) -> Self {
        let mut trie =
            Self { nodes: vec![Node::default()], languages: Languages::default(), numbers: BTreeMap::new() };
        for (rank, pattern) in (0..).zip(patterns) {
            trie.insert(rank, pattern);
        }
        trie
    }

    fn insert(&mut self, rank: u32, pattern: &'a Pattern) {
        let mut at = Self::ROOT;
        for segment in &pattern.segments {
            let next = self.next_id();
            let number = match segment {
                Segment::Regex(language) => self.number(language),
                _ => 0,
            };
            let node = self.node_mut(at);
            at = match segment {
                Segment::Literal(text) => *node.literals.entry(text).or_insert(next),
                Segment::Parameter => *node.parameter.get_or_insert(next),
                Segment::Regex(_) => *node.regexes.entry(number).or_insert(next),
            };
            self.grow(at, false);
        }
        if let Some(tail) = &pattern.tail {
            return self.insert_tail(rank, at, tail);
        }
        if pattern.subtree {
            let next = self.next_id();
            at = *self.node_mut(at).subtree.get_or_insert(next);
            self.grow(at, true);
        }
        self.node_mut(at).routes.push(rank);
    }

    fn insert_tail(&mut self, rank: u32, at: u32, language: &'a Language) {
        let number = self.number(language);
        let next = self.next_id();
        let block = *self.node_mut(at).tails.entry(number).or_insert(next);
        let states = 0..language.len() as u32;
        if block == next {
            let inside = |state| Node { inside: Some((number, state, block)), ..Node::default() };
            self.nodes.extend(states.clone().map(inside));
        }
        for state in states.filter(|&state| language.accepts_in(state)) {
            self.node_mut(block + state).routes.push(rank);
        }
    }

    fn number(&mut self, language: &'a Language) -> u32 {
        if let Some(&number) = self.numbers.get(language) {
            return number;
        }
        let number = self.languages.add(language);
        self.numbers.insert(language, number);
        number
    }

    fn next_id(&self) -> u32 {
        // Patterns are read from files of less than 4 GiB.
        self.nodes.len() as u32
    }

    fn grow(&mut self, id: u32, loops: bool) {
        if id as usize == self.nodes.len() {
            self.nodes.push(Node { loops, ..Node::default() });
        }
    }

    fn node(&self, id: u32) -> &Node<'a> {
        &self.nodes[id as usize]
    }

    fn node_mut(&mut self, id: u32) -> &mut Node<'a> {
        &mut self.nodes[id as usize]
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds `id` and what begins there to `set`; leaves out what leads nowhere.
    pub(super) fn enter(&self, id: u32, set: &mut Vec<u32>) {
        let node = self.node(id);
        let leads = node.parameter.is_some() || !node.literals.is_empty() || !node.regexes.is_empty();
        if node.loops || leads || !node.routes.is_empty() {
            set.push(id);
        }
        set.extend(node.subtree);
        set.extend(node.tails.values());
    }

    /// The literals that `set` tells apart from other segments, sorted. The empty segment is one of them where there
    /// is a parameter, which does not match it, or a regex, which may.
    pub(super) fn labels(&self, set: &[u32]) -> Vec<&'a str> {
        let mut labels: Vec<&str> = vec![];
        for &id in set {
            let node = self.node(id);
            labels.extend(node.literals.keys());
            let tells = node.parameter.is_some() || !node.regexes.is_empty() || node.inside.is_some();
            labels.extend(tells.then_some(""));
        }
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// The walks through languages that a segment takes from `set`, each once, and where they lead.
    pub(super) fn runs(&self, set: &[u32]) -> (Vec<Run>, Vec<(usize, Follow)>) {
        let mut all: Vec<(Run, Follow)> = vec![];
        for &id in set {
            let node = self.node(id);
            for (&language, &next) in &node.regexes {
                all.push((Run { language, start: Language::START, goes_on: false }, Follow::Node(next)));
            }
            if let Some((language, state, block)) = node.inside
                && let Some(known) = self.languages.get(language)
            {
                let start = known.step(state, b'/');
                if !known.is_dead(start) {
                    all.push((Run { language, start, goes_on: true }, Follow::Block(block)));
                }
            }
        }
        let mut runs: Vec<Run> = all.iter().map(|(run, _)| *run).collect();
        runs.sort_unstable();
        runs.dedup();
        let number = |run: &Run| runs.binary_search(run).unwrap_or_default();
        let follows = all.iter().map(|(run, follow)| (number(run), *follow)).collect();
        (runs, follows)
    }

    /// Where `set` leads with the literal `label`, or with a segment that no label names; `key` is what the segment is to
    /// the runs of `set`.
    pub(super) fn step(
        &self,
        set: &[u32],
        label: Option<&str>,
        follows: &[(usize, Follow)],
        key: &Key,
    ) -> Vec<u32> {
        let mut next = vec![];
        for &id in set {
            let node = self.node(id);
            if node.loops {
                next.push(id);
            }
            if let Some(&literal) = label.and_then(|label| node.literals.get(label)) {
                self.enter(literal, &mut next);
            }
            if let Some(parameter) = node.parameter.filter(|_| label != Some("")) {
                self.enter(parameter, &mut next);
            }
        }
        for (run, follow) in follows {
            match (follow, key.get(*run).copied().unwrap_or_default().checked_sub(1)) {
                (_, None) => {}
                (Follow::Node(node), Some(_)) => self.enter(*node, &mut next),
                (Follow::Block(block), Some(state)) => next.push(block + state),
            }
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// The routes whose patterns end somewhere in `set`.
    pub(super) fn routes(&self, set: &[u32]) -> impl Iterator<Item = u32> {
        set.iter().flat_map(|&id| self.node(id).routes.iter().copied())
    }

    /// Whether `pattern` has one of these languages.
    pub(super) fn has_one_of(&self, pattern: &Pattern, languages: &[u32]) -> bool {
        let is_one =
            |language: &Language| self.numbers.get(language).is_some_and(|it| languages.contains(it));
        let segments = pattern.segments.iter().any(|segment| match segment {
            Segment::Regex(language) => is_one(language),
            _ => false,
        });
        segments || pattern.tail.as_ref().is_some_and(|tail| is_one(tail))
    }

    /// The nodes that `pattern` passes after a parameter or regex: what is built again wherever something else stands
    /// beside it.
    pub(super) fn behind_parameter(&self, pattern: &Pattern) -> Vec<u32> {
        let mut at = Self::ROOT;
        let mut nodes = vec![];
        let mut behind = false;
        for segment in &pattern.segments {
            let node = self.node(at);
            let next = match segment {
                Segment::Literal(text) => node.literals.get(text.as_str()).copied(),
                Segment::Parameter => node.parameter,
                Segment::Regex(language) => {
                    let number = self.numbers.get(&**language);
                    number.and_then(|number| node.regexes.get(number)).copied()
                }
            };
            behind |= !matches!(segment, Segment::Literal(_));
            let Some(next) = next else { break };
            at = next;
            nodes.extend(behind.then_some(at));
        }
        if let Some(tail) = &pattern.tail {
            let block = self.numbers.get(&**tail).and_then(|number| self.node(at).tails.get(number));
            nodes.extend(block.into_iter().flat_map(|&block| block..block + tail.len() as u32));
        }
        nodes
    }
}
