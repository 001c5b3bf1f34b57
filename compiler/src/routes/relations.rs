//! What the routes of a host are to each other, read off the states of their automaton.

use std::collections::{BTreeMap, BTreeSet};

use super::automaton::Automaton;
use super::methods::{Class, Methods};
use super::ranking::beats;
use super::{Finding, Request, RequestSet, RouteSet};

/// More routes than this that all meet in one place without any being the best are not compared pair by pair.
const CROSSING_MAX: usize = 64;

/// Judges the routes, and finds in every state the candidates: those that answer some request there, best first.
pub(super) fn judge(
    ranked: &[&RouteSet<'_>],
    order: &[usize],
    automaton: &mut Automaton<'_>,
) -> Vec<Finding> {
    let sets: Vec<&RequestSet<'_>> = ranked.iter().map(|route| &route.set).collect();
    let (reached, crossings) = survey(ranked, &sets, automaton);
    let cells = covered_cells(ranked, &sets, automaton, &reached);
    let position = |rank: u32| order.get(rank as usize).copied().unwrap_or_default();
    let ambiguous = crossings.into_iter().map(|((a, b), place)| {
        let (a, b) = (position(a), position(b));
        Finding::Ambiguous { first: a.min(b), second: a.max(b), witness: place.request(&sets, automaton) }
    });
    let unreachable = cells.into_iter().filter_map(|(rank, cells)| {
        let cover = cover(&cells);
        let taken =
            cells.iter().find(|cell| cover.first().is_some_and(|first| cell.better.contains(first)))?;
        Some(Finding::Unreachable {
            route: position(rank),
            covered_by: cover.iter().map(|&rank| position(rank)).collect(),
            witness: taken.place.request(&sets, automaton),
        })
    });
    let findings = ambiguous.chain(unreachable).collect();
    for state in &mut automaton.states {
        state.candidates = candidates(ranked, &state.routes);
    }
    findings
}

/// Some requests that no route tells apart: those of some methods whose path ends in a state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    state: u32,
    class: Class<'a>,
}

impl Place<'_> {
    /// One of these requests.
    pub(super) fn request(self, sets: &[&RequestSet<'_>], automaton: &Automaton<'_>) -> Request {
        let routes = automaton.states.get(self.state as usize).map_or(&[][..], |state| &state.routes);
        let classes = Class::of(of(sets, routes).map(|set| &set.methods));
        Request::new(self.class.example(&classes), automaton.path_to(self.state))
    }
}

/// All places that the automaton of `sets` tells apart, with the sets, by position, that hold their requests.
pub(super) fn places<'s, 'a>(
    sets: &'s [&RequestSet<'a>],
    automaton: &'s Automaton<'a>,
) -> impl Iterator<Item = (Place<'a>, Vec<u32>)> {
    automaton.ends().flat_map(move |(id, state)| {
        let classes = by_class(sets, &state.routes).into_iter();
        classes.map(move |(class, members)| (Place { state: id, class }, members))
    })
}

/// A place of an unreachable route, and the routes that beat it there.
struct Cell<'a> {
    place: Place<'a>,
    better: Vec<u32>,
}

/// Which routes are the best somewhere, and which meet where neither is better and nothing else is.
fn survey<'a>(
    ranked: &[&RouteSet<'a>],
    sets: &[&RequestSet<'a>],
    automaton: &Automaton<'a>,
) -> (Vec<bool>, BTreeMap<(u32, u32), Place<'a>>) {
    let mut reached = vec![false; ranked.len()];
    let mut crossings = BTreeMap::new();
    for (id, state) in automaton.ends() {
        for (class, routes) in by_class(sets, &state.routes) {
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
    sets: &[&RequestSet<'a>],
    automaton: &Automaton<'a>,
    reached: &[bool],
) -> BTreeMap<u32, Vec<Cell<'a>>> {
    let mut cells: BTreeMap<u32, Vec<Cell<'a>>> = BTreeMap::new();
    let is_covered = |rank: &u32| reached.get(*rank as usize) == Some(&false);
    for (id, state) in automaton.ends() {
        if !state.routes.iter().any(is_covered) {
            continue;
        }
        for (class, routes) in by_class(sets, &state.routes) {
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

/// The routes without those whose methods all go to better ones.
fn candidates(ranked: &[&RouteSet<'_>], routes: &[u32]) -> Vec<u32> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut all_taken = false;
    let is_left = |rank: &u32| {
        let Some(route) = ranked.get(*rank as usize).filter(|_| !all_taken) else { return false };
        match &route.set.methods {
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
    };
    routes.iter().copied().filter(is_left).collect()
}

/// The routes of each class of methods, the better ones first.
fn by_class<'a>(sets: &[&RequestSet<'a>], routes: &[u32]) -> Vec<(Class<'a>, Vec<u32>)> {
    let classes = Class::of(of(sets, routes).map(|set| &set.methods));
    let mut members: BTreeMap<Class<'a>, Vec<u32>> = classes.iter().map(|class| (*class, vec![])).collect();
    for (&rank, set) in routes.iter().zip(of(sets, routes)) {
        match &set.methods {
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

pub(super) fn is_better(ranked: &[&RouteSet<'_>], better: u32, other: u32) -> bool {
    match (ranked.get(better as usize), ranked.get(other as usize)) {
        (Some(better_set), Some(other_set)) => better != other && beats(better_set, other_set),
        _ => false,
    }
}

fn of<'s, 'a>(sets: &'s [&RequestSet<'a>], members: &'s [u32]) -> impl Iterator<Item = &'s RequestSet<'a>> {
    members.iter().filter_map(|&member| sets.get(member as usize).copied())
}
