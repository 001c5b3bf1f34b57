//! What the routes of a host are to each other, read off the states of their automaton.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::{Automaton, State};
use super::methods::{Class, Methods};
use super::ranking::beats;
use super::{Finding, RouteSet, Witness};

/// More routes than this that all meet in one place without any being the best are not compared pair by pair.
const CROSSING_MAX: usize = 64;

/// Judges the routes, and leaves in every state only those that some request reaches there, best first.
pub(super) fn judge(
    ranked: &[&RouteSet<'_>],
    order: &[usize],
    automaton: &mut Automaton<'_>,
) -> Vec<Finding> {
    let (reached, crossings) = survey(ranked, automaton);
    let cells = covered_cells(ranked, automaton, &reached);
    let position = |rank: u32| order.get(rank as usize).copied().unwrap_or_default();
    let ambiguous = crossings.into_iter().map(|((a, b), place)| {
        let (a, b) = (position(a), position(b));
        Finding::Ambiguous { first: a.min(b), second: a.max(b), witness: place.witness(ranked, automaton) }
    });
    let unreachable = cells.into_iter().filter_map(|(rank, cells)| {
        let cover = cover(&cells);
        let taken =
            cells.iter().find(|cell| cover.first().is_some_and(|first| cell.better.contains(first)))?;
        Some(Finding::Unreachable {
            route: position(rank),
            covered_by: cover.iter().map(|&rank| position(rank)).collect(),
            witness: taken.place.witness(ranked, automaton),
        })
    });
    let findings = ambiguous.chain(unreachable).collect();
    for state in &mut automaton.states {
        prune(ranked, state);
    }
    findings
}

/// Some requests that no route tells apart: those of some methods whose path ends in a state.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    state: u32,
    class: Class<'a>,
}

impl Place<'_> {
    fn witness(self, ranked: &[&RouteSet<'_>], automaton: &Automaton<'_>) -> Witness {
        let routes = automaton.states.get(self.state as usize).map_or(&[][..], |state| &state.routes);
        let classes = Class::of(sets(ranked, routes).map(|route| &route.methods));
        Witness { method: self.class.example(&classes), path: automaton.path_to(self.state) }
    }
}

/// A place of an unreachable route, and the routes that beat it there.
struct Cell<'a> {
    place: Place<'a>,
    better: Vec<u32>,
}

/// Which routes are the best somewhere, and which meet where neither is better and nothing else is.
fn survey<'a>(
    ranked: &[&RouteSet<'a>],
    automaton: &Automaton<'a>,
) -> (Vec<bool>, BTreeMap<(u32, u32), Place<'a>>) {
    let mut reached = vec![false; ranked.len()];
    let mut crossings = BTreeMap::new();
    for (id, state) in automaton.ends() {
        for (class, routes) in by_class(ranked, &state.routes) {
            let best = best(ranked, &routes);
            for &rank in &best {
                if let Some(reached) = reached.get_mut(rank as usize) {
                    *reached = true;
                }
            }
            let crossing = best.get(..CROSSING_MAX).unwrap_or(&best);
            for (index, &a) in crossing.iter().enumerate() {
                for &b in crossing.iter().skip(index + 1) {
                    crossings.entry((a, b)).or_insert(Place { state: id, class });
                }
            }
        }
    }
    (reached, crossings)
}

/// The places of all routes that are the best nowhere.
fn covered_cells<'a>(
    ranked: &[&RouteSet<'a>],
    automaton: &Automaton<'a>,
    reached: &[bool],
) -> BTreeMap<u32, Vec<Cell<'a>>> {
    let mut cells: BTreeMap<u32, Vec<Cell<'a>>> = BTreeMap::new();
    let is_covered = |rank: &u32| reached.get(*rank as usize) == Some(&false);
    for (id, state) in automaton.ends() {
        if !state.routes.iter().any(is_covered) {
            continue;
        }
        for (class, routes) in by_class(ranked, &state.routes) {
            for &rank in routes.iter().filter(|rank| is_covered(rank)) {
                let better = routes.iter().copied().filter(|&other| is_better(ranked, other, rank)).collect();
                cells.entry(rank).or_default().push(Cell { place: Place { state: id, class }, better });
            }
        }
    }
    cells
}

/// Few routes that beat it in all cells: always the one that takes most of what is left.
fn cover(cells: &[Cell<'_>]) -> Vec<u32> {
    let mut left: Vec<&Cell<'_>> = cells.iter().collect();
    let mut cover = vec![];
    while !left.is_empty() {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for &rank in left.iter().flat_map(|cell| &cell.better) {
            *counts.entry(rank).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|&(rank, count)| (count, std::cmp::Reverse(rank)));
        let Some((rank, _)) = most else { break };
        left.retain(|cell| !cell.better.contains(&rank));
        cover.push(rank);
    }
    cover
}

/// Leaves out the routes whose methods all go to better ones here.
fn prune(ranked: &[&RouteSet<'_>], state: &mut State<'_>) {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut all_taken = false;
    state.routes.retain(|&rank| {
        let Some(route) = ranked.get(rank as usize).filter(|_| !all_taken) else { return false };
        match &route.methods {
            Methods::Any => {
                all_taken = true;
                true
            }
            Methods::Only(methods) => {
                let free = taken.len();
                taken.extend(methods);
                taken.len() > free
            }
        }
    });
}

/// The routes of each class of methods, the better ones first.
fn by_class<'a>(ranked: &[&RouteSet<'a>], routes: &[u32]) -> Vec<(Class<'a>, Vec<u32>)> {
    let classes = Class::of(sets(ranked, routes).map(|route| &route.methods));
    let mut members: BTreeMap<Class<'a>, Vec<u32>> = classes.iter().map(|class| (*class, vec![])).collect();
    for (&rank, route) in routes.iter().zip(sets(ranked, routes)) {
        match &route.methods {
            Methods::Any => members.values_mut().for_each(|members| members.push(rank)),
            Methods::Only(methods) => methods.iter().for_each(|method| {
                members.entry(Class::Named(method)).or_default().push(rank);
            }),
        }
    }
    classes.into_iter().filter_map(|class| Some((class, members.remove(&class)?))).collect()
}

/// Those that none of the others beats. What beats a route comes before it, and what beats that, beats it too.
fn best(ranked: &[&RouteSet<'_>], routes: &[u32]) -> Vec<u32> {
    let mut best: Vec<u32> = vec![];
    for &rank in routes {
        if !best.iter().any(|&other| is_better(ranked, other, rank)) {
            best.push(rank);
        }
    }
    best
}

fn is_better(ranked: &[&RouteSet<'_>], better: u32, other: u32) -> bool {
    match (ranked.get(better as usize), ranked.get(other as usize)) {
        (Some(better_set), Some(other_set)) => better != other && beats(better_set, other_set),
        _ => false,
    }
}

fn sets<'r, 'a>(ranked: &'r [&RouteSet<'a>], routes: &'r [u32]) -> impl Iterator<Item = &'r RouteSet<'a>> {
    routes.iter().filter_map(|&rank| ranked.get(rank as usize).copied())
}
