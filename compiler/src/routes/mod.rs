//! Routes as sets of requests, and what they are to each other: duplicates, ambiguities, routes that nothing reaches.
//!
//! All patterns of a host become one deterministic automaton over path segments ([`automaton`]). In each of its
//! states, the routes that match are known exactly, so every question is answered state by state ([`relations`]),
//! and the same automaton, written flat, is what the runtime walks ([`Analysis::append`]).

mod automaton;
mod classifier;
mod clients;
mod conditions;
mod hosts;
pub(crate) mod language;
mod methods;
mod normal;
mod pattern;
mod places;
mod questions;
mod ranking;
mod regex;
mod relations;
mod set;
mod standing;
mod table;
mod template;
#[cfg(test)]
mod tests;
mod trie;

pub(crate) use self::clients::Clients;
pub(crate) use self::conditions::{Condition, Conditions, Subject, Test};
pub(crate) use self::hosts::{HostError, HostPattern};
pub(crate) use self::methods::Methods;
pub(crate) use self::pattern::{Capture, Pattern, PatternError, PatternErrorKind, Segment};
pub(crate) use self::questions::example;
pub(crate) use self::set::{Request, RequestSet};
pub(crate) use self::table::TableBuilder;
pub(crate) use self::template::{TemplateError, TemplateErrorKind, location, rewrite};

use self::automaton::Automaton;
use self::places::Map;
use self::ranking::Ranking;
use self::standing::Standing;

/// A route, seen as a set of requests.
#[derive(Debug, Clone)]
pub(crate) struct RouteSet<'a> {
    /// What it is for.
    pub(crate) set: RequestSet<'a>,
    /// Compared before containment: the higher one wins.
    pub(crate) priority: i32,
    /// Written inside the host, not outside of all hosts: quietly beats an equal one that was.
    pub(crate) own: bool,
}

/// What there is to know about the routes of a host. Routes are named by their position.
#[derive(Debug)]
pub(crate) struct Analysis<'a> {
    /// What is wrong, sorted.
    pub(crate) findings: Vec<Finding>,
    /// Routes from outside that an equal one of the host replaces, sorted.
    pub(crate) overridden: Vec<usize>,
    /// The routes, by position.
    routes: Vec<RouteSet<'a>>,
    /// Positions by rank, the strongest first.
    order: Vec<usize>,
    standing: Standing<'a>,
    automaton: Automaton<'a>,
}

/// What the listeners of a host do with empty segments inside a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmptySegments {
    /// Merged before routing: only the last segment can be empty. Tables are right for kept ones, too.
    Merged,
    /// Kept by one of them.
    Kept,
}

/// The patterns of a host multiply each other beyond all bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TooComplex {
    /// The routes that cost most.
    pub(crate) patterns: Vec<usize>,
}

/// Something wrong with one route, or between two. `R` names routes: by their position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Finding<R = usize> {
    /// Two routes are the same set of requests.
    Duplicate {
        /// The one that comes first.
        first: R,
        /// The other.
        second: R,
    },
    /// Two routes meet, neither lies inside the other, and nothing decides.
    Ambiguous {
        /// The one that comes first.
        first: R,
        /// The other.
        second: R,
        /// A request that both match, and nothing better does.
        witness: Request,
    },
    /// Every request of a route goes to a better one.
    Unreachable {
        /// The route.
        route: R,
        /// Better routes that take all its requests together; few of them.
        covered_by: Vec<R>,
        /// A request of the route that the first of these takes.
        witness: Request,
    },
}

impl Finding<u32> {
    /// With ranks turned into positions.
    fn by_position(self, position: impl Fn(u32) -> usize) -> Finding {
        match self {
            Self::Duplicate { first, second } => {
                Finding::Duplicate { first: position(first), second: position(second) }
            }
            Self::Ambiguous { first, second, witness } => {
                let (first, second) = (position(first), position(second));
                Finding::Ambiguous { first: first.min(second), second: first.max(second), witness }
            }
            Self::Unreachable { route, covered_by, witness } => {
                let covered_by = covered_by.into_iter().map(&position).collect();
                Finding::Unreachable { route: position(route), covered_by, witness }
            }
        }
    }
}

/// What the automaton of a host may cost beyond a fixed multiple of its patterns: edges, and places in patterns that its
/// states stand for.
const BUDGET: usize = 3_000_000;

/// Analyses the routes of one host.
///
/// # Errors
/// [`TooComplex`] when the automaton outgrows its budget.
pub(crate) fn analyse<'a>(
    routes: &[RouteSet<'a>],
    empty_segments: EmptySegments,
) -> Result<Analysis<'a>, TooComplex> {
    analyse_within(routes, empty_segments, BUDGET)
}

fn analyse_within<'a>(
    routes: &[RouteSet<'a>],
    empty_segments: EmptySegments,
    budget: usize,
) -> Result<Analysis<'a>, TooComplex> {
    let Ranking { order, mut findings, mut overridden } = ranking::rank(routes);
    let ranked: Vec<&RouteSet<'a>> = order.iter().filter_map(|&position| routes.get(position)).collect();
    let sets: Vec<&RequestSet<'a>> = ranked.iter().map(|route| &route.set).collect();
    let patterns: Vec<&Pattern> = sets.iter().map(|set| set.pattern).collect();
    let position = |rank: u32| order.get(rank as usize).copied().unwrap_or_default();
    let too_complex = |ranks: Vec<u32>| TooComplex { patterns: ranks.into_iter().map(position).collect() };
    let mut automaton = Automaton::build(&patterns, empty_segments, budget).map_err(too_complex)?;
    let standing = Standing::new(&ranked, &automaton);
    let mut gone = vec![];
    for (one, other) in standing.equals() {
        if gone.contains(&one) || gone.contains(&other) {
            continue;
        }
        let is_own = |rank: u32| ranked.get(rank as usize).is_some_and(|route| route.own);
        let (kept, left) = if is_own(other) && !is_own(one) { (other, one) } else { (one, other) };
        gone.push(left);
        if is_own(kept) == is_own(left) {
            findings.push(Finding::Duplicate { first: position(kept), second: position(left) });
        } else {
            overridden.push(position(left));
        }
    }
    automaton.leave_out(&gone);
    standing.sort(&mut automaton);
    let judgement = relations::judge(&mut Map::new(&sets, &automaton), &standing).map_err(too_complex)?;
    for (state, candidates) in automaton.states.iter_mut().zip(judgement.candidates) {
        state.candidates = candidates;
    }
    findings.extend(judgement.findings.into_iter().map(|finding| finding.by_position(position)));
    findings.sort_unstable();
    overridden.sort_unstable();
    let analysis = Analysis { findings, overridden, routes: routes.to_vec(), order, standing, automaton };
    debug_assert!(
        analysis.findings.iter().all(|finding| analysis.bears_out(finding)),
        "{:?}",
        analysis.findings
    );
    Ok(analysis)
}

impl Analysis<'_> {
    /// The route that answers `request`, whose path is normal; `None` when there is none.
    pub(crate) fn winner(&self, request: &Request) -> Option<usize> {
        self.matching(request).next()
    }

    /// All routes that match `request`, whose path is normal: what beats another comes before it, so the first one
    /// answers. Of equal routes, only one is there.
    pub(crate) fn matching<'s>(&'s self, request: &'s Request) -> impl Iterator<Item = usize> + 's {
        let state = self.automaton.walk(&request.path);
        let positions = state.into_iter().flat_map(|state| &state.routes);
        let positions = positions.filter_map(|&rank| self.order.get(rank as usize).copied());
        positions.filter(|&position| self.routes.get(position).is_some_and(|it| it.set.contains(request)))
    }

    /// Whether the example of a finding shows what it is for.
    fn bears_out(&self, finding: &Finding) -> bool {
        let set = |position: &usize| self.routes.get(*position).map(|route| &route.set);
        let holds = |position: &usize, request| set(position).is_some_and(|set| set.contains(request));
        match finding {
            Finding::Duplicate { .. } => true,
            Finding::Ambiguous { first, second, witness } => holds(first, witness) && holds(second, witness),
            Finding::Unreachable { route, covered_by, witness } => {
                let taken = covered_by.first().is_some_and(|better| holds(better, witness));
                holds(route, witness) && taken && self.winner(witness) != Some(*route)
            }
        }
    }
}
