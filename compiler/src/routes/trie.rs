//! The patterns of a host, merged where they begin alike. Not deterministic yet: a segment may lead along a literal
//! and along a parameter at once.

use std::collections::BTreeMap;

use super::pattern::{Pattern, Segment};

/// Patterns merged by their beginnings.
#[derive(Debug)]
pub(super) struct Trie<'a> {
    nodes: Vec<Node<'a>>,
}

/// A place in some patterns.
#[derive(Debug, Default)]
struct Node<'a> {
    literals: BTreeMap<&'a str, u32>,
    parameter: Option<u32>,
    /// Where a subtree begins: its node, which every segment leads back to.
    subtree: Option<u32>,
    loops: bool,
    /// Routes whose pattern ends here, by rank.
    routes: Vec<u32>,
}

impl<'a> Trie<'a> {
    /// The node where all patterns begin.
    pub(super) const ROOT: u32 = 0;

    /// Merges `patterns`; routes are named by the position of their pattern.
    pub(super) fn new(patterns: &[&'a Pattern]) -> Self {
        let mut trie = Self { nodes: vec![Node::default()] };
        for (rank, pattern) in (0..).zip(patterns) {
            let end = trie.insert(pattern);
            trie.node_mut(end).routes.push(rank);
        }
        trie
    }

    fn insert(&mut self, pattern: &'a Pattern) -> u32 {
        let mut at = Self::ROOT;
        for segment in &pattern.segments {
            let next = self.next_id();
            let node = self.node_mut(at);
            at = match segment {
                Segment::Literal(text) => *node.literals.entry(text).or_insert(next),
                Segment::Parameter => *node.parameter.get_or_insert(next),
            };
            self.grow(at, false);
        }
        if pattern.subtree {
            let next = self.next_id();
            at = *self.node_mut(at).subtree.get_or_insert(next);
            self.grow(at, true);
        }
        at
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

    /// Adds `id` and the subtree that begins there to `set`; leaves out what leads nowhere.
    pub(super) fn enter(&self, id: u32, set: &mut Vec<u32>) {
        let node = self.node(id);
        if node.loops || node.parameter.is_some() || !node.literals.is_empty() || !node.routes.is_empty() {
            set.push(id);
        }
        set.extend(node.subtree);
    }

    /// The literals that `set` tells apart from other segments, sorted. The empty segment is one of them where there
    /// is a parameter, which does not match it.
    pub(super) fn labels(&self, set: &[u32]) -> Vec<&'a str> {
        let mut labels: Vec<&str> = vec![];
        for &id in set {
            let node = self.node(id);
            labels.extend(node.literals.keys());
            labels.extend(node.parameter.map(|_| ""));
        }
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Where `set` leads with the literal `label`, or with a segment that no label names.
    pub(super) fn step(&self, set: &[u32], label: Option<&str>) -> Vec<u32> {
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
        next.sort_unstable();
        next
    }

    /// The routes whose patterns end somewhere in `set`.
    pub(super) fn routes(&self, set: &[u32]) -> impl Iterator<Item = u32> {
        set.iter().flat_map(|&id| self.node(id).routes.iter().copied())
    }

    /// The nodes that `pattern` passes after a parameter: what is built again wherever a literal stands beside it.
    pub(super) fn behind_parameter(&self, pattern: &Pattern) -> Vec<u32> {
        let mut at = Self::ROOT;
        let mut nodes = vec![];
        let mut behind = false;
        for segment in &pattern.segments {
            let node = self.node(at);
            let next = match segment {
                Segment::Literal(text) => node.literals.get(text.as_str()).copied(),
                Segment::Parameter => node.parameter,
            };
            behind |= *segment == Segment::Parameter;
            let Some(next) = next else { break };
            at = next;
            nodes.extend(behind.then_some(at));
        }
        nodes
    }
}
