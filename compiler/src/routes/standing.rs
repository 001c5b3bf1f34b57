//! Which of two routes beats the other.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::Automaton;
use super::conditions::Conditions;
use super::{RouteSet, ranking};

/// The routes of a host, by rank, and what they are to each other.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    ranked: Vec<RouteSet<'a>>,
    /// The conditions of each route, by number; equal ones have the same, and 0 is none.
    conditions: Vec<usize>,
    /// Pairs of numbers of which the first implies the second.
    implied: BTreeSet<(usize, usize)>,
}

impl<'a> Standing<'a> {
    /// Compares `ranked`.
    pub(super) fn new(ranked: &[&RouteSet<'a>]) -> Self {
        let mut distinct: BTreeMap<&Conditions, usize> = BTreeMap::from([(Conditions::NONE, 0)]);
        let number = |route: &&RouteSet<'a>| {
            if route.set.conditions.is_empty() {
                return 0;
            }
            let fresh = distinct.len();
            *distinct.entry(route.set.conditions).or_insert(fresh)
        };
        let conditions = ranked.iter().map(number).collect();
        let mut implied = BTreeSet::new();
        for (one, &first) in &distinct {
            let within = distinct.iter().filter(|(other, _)| one.is_within(other));
            implied.extend(within.map(|(_, &second)| (first, second)));
        }
        let ranked = ranked.iter().map(|route| (*route).clone()).collect();
        Self { ranked, conditions, implied }
    }

    /// Whether a request that both match goes to `better`: by priority, then because its set lies inside the other. The
    /// sets are not equal.
    pub(super) fn beats(&self, better: u32, other: u32) -> bool {
        let [Some(one), Some(two)] = [better, other].map(|rank| self.ranked.get(rank as usize)) else {
            return false;
        };
        if better == other || one.priority != two.priority {
            return better != other && one.priority > two.priority;
        }
        let number = |rank: u32| self.conditions.get(rank as usize).copied().unwrap_or_default();
        let implied = || {
            let (first, second) = (number(better), number(other));
            second == 0 || first == second || self.implied.contains(&(first, second))
        };
        one.set.methods.is_within(&two.set.methods)
            && one.set.clients.is_within(&two.set.clients)
            && one.set.pattern.is_within(two.set.pattern)
            && implied()
    }

    /// Brings the routes of every state into an order in which what beats another comes before it.
    pub(super) fn sort(&self, automaton: &mut Automaton<'_>) {
        // Ranks do for the others.
        let is_special = |rank: &u32| {
            self.ranked.get(*rank as usize).is_some_and(|route| !ranking::is_ranked_by_shape(&route.set))
        };
        for state in automaton.states.iter_mut().filter(|state| state.routes.iter().any(is_special)) {
            let mut sorted: Vec<u32> = Vec::with_capacity(state.routes.len());
            for &rank in &state.routes {
                // What beats this one stands before everything that this one beats.
                let at = sorted.iter().position(|&other| self.beats(rank, other)).unwrap_or(sorted.len());
                sorted.insert(at, rank);
            }
            state.routes = sorted;
        }
    }
}
