//! Which of two routes beats the other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    /// Pairs of routes of which the first has no path that the second has not, where one of them has a regex.
    within: HashSet<(u32, u32)>,
}

impl<'a> Standing<'a> {
    /// Compares `ranked`, the routes of `automaton`. It may know more sets, behind them.
    pub(super) fn new(ranked: &[&RouteSet<'a>], automaton: &Automaton<'_>) -> Self {
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
        let within = within(ranked, automaton);
        let ranked = ranked.iter().map(|route| (*route).clone()).collect();
        Self { ranked, conditions, implied, within }
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
            && self.has_paths_within(better, other)
            && implied()
    }

    fn has_paths_within(&self, inner: u32, outer: u32) -> bool {
        let plain = |rank: u32| {
            let route = self.ranked.get(rank as usize)?;
            Some(route.set.pattern).filter(|pattern| pattern.is_plain())
        };
        match (plain(inner), plain(outer)) {
            (Some(inner), Some(outer)) => inner.is_within(outer),
            _ => self.within.contains(&(inner, outer)),
        }
    }

    /// Pairs of routes with the same requests and priority that shapes could not tell to be equal, the stronger rank first.
    pub(super) fn equals(&self) -> Vec<(u32, u32)> {
        let is_equal = |&&(one, other): &&(u32, u32)| {
            let [Some(a), Some(b)] = [one, other].map(|rank| self.ranked.get(rank as usize)) else {
                return false;
            };
            let rest = a.set.methods == b.set.methods && a.set.clients == b.set.clients;
            let both_ways = self.within.contains(&(other, one)) && one < other;
            both_ways && rest && a.set.conditions == b.set.conditions && a.priority == b.priority
        };
        let mut equals: Vec<(u32, u32)> = self.within.iter().filter(is_equal).copied().collect();
        equals.sort_unstable();
        equals
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

/// Which routes have no path that another has not, of pairs with a regex: those that come in every state where it ends
/// together with it. All states are ends of some path.
fn within(ranked: &[&RouteSet<'_>], automaton: &Automaton<'_>) -> HashSet<(u32, u32)> {
    let has_regex = |rank: u32| ranked.get(rank as usize).is_some_and(|route| !route.set.pattern.is_plain());
    let mut alone: HashMap<u32, u32> = HashMap::new();
    let mut together: HashMap<(u32, u32), u32> = HashMap::new();
    for (_, state) in automaton.ends() {
        for (at, &one) in state.routes.iter().enumerate() {
            *alone.entry(one).or_default() += 1;
            for &other in state.routes.iter().skip(at + 1) {
                if has_regex(one) || has_regex(other) {
                    *together.entry((one.min(other), one.max(other))).or_default() += 1;
                }
            }
        }
    }
    let mut within = HashSet::new();
    let pairs: BTreeMap<(u32, u32), u32> = together.into_iter().collect();
    for ((one, other), count) in pairs {
        within.extend((alone.get(&one) == Some(&count)).then_some((one, other)));
        within.extend((alone.get(&other) == Some(&count)).then_some((other, one)));
    }
    within
}
