//! What the routes of a host are to each other, read off the places where their automaton ends.

use std::collections::BTreeMap;

use super::automaton::Automaton;
use super::language::TooBig;
use super::places::{Map, Place};
use super::standing::Standing;
use super::{Finding, Request};

/// More routes than this that all meet in one place without any being the best are not compared pair by pair.
const CROSSING_MAX: usize = 64;

/// What came of the places.
pub(super) struct Judgement {
    /// What is wrong. Routes are named by rank.
    pub(super) findings: Vec<Finding<u32>>,
    /// The routes that answer some request in a state, best first, by state.
    pub(super) candidates: Vec<Vec<u32>>,
}

/// Judges the routes.
///
/// # Errors
/// The ranks of routes whose conditions are too much to compare.
pub(super) fn judge<'a>(map: &mut Map<'_, 'a>, standing: &Standing<'a>) -> Result<Judgement, Vec<u32>> {
    let mut survey = Survey {
        standing,
        reached: vec![false; map.sets.len()],
        crossings: BTreeMap::new(),
        candidates: vec![vec![]; map.automaton.states.len()],
    };
    let automaton: &Automaton<'a> = map.automaton;
    for (id, state) in automaton.ends() {
        for (place, members) in map.places(id, &state.routes) {
            survey.place(map, place, &members)?;
        }
    }
    let Survey { reached, crossings, candidates, .. } = survey;
    let mut findings = vec![];
    for ((first, second), crossing) in crossings {
        let witness = map.request(crossing.place, &[first, second], &crossing.deciding);
        let witness = witness.map_err(|TooBig| vec![first, second])?;
        findings.extend(witness.map(|witness| Finding::Ambiguous { first, second, witness }));
    }
    for (route, cells) in covered_cells(map, standing, &reached) {
        findings.extend(unreachable(map, route, &cells).map_err(|TooBig| vec![route])?);
    }
    Ok(Judgement { findings, candidates })
}

/// A place where two routes meet, and the routes that would decide between them.
struct Crossing<'a> {
    place: Place<'a>,
    deciding: Vec<u32>,
}

/// Which routes are the best somewhere, and which meet where neither is better and nothing else is.
struct Survey<'s, 'a> {
    standing: &'s Standing<'a>,
    reached: Vec<bool>,
    crossings: BTreeMap<(u32, u32), Crossing<'a>>,
    candidates: Vec<Vec<u32>>,
}

impl<'a> Survey<'_, 'a> {
    fn place(&mut self, map: &mut Map<'_, 'a>, place: Place<'a>, members: &[u32]) -> Result<(), Vec<u32>> {
        let mut best = vec![];
        for (at, &rank) in members.iter().enumerate() {
            // What beats a route comes before it.
            let before = members.get(..at).unwrap_or_default().iter().copied();
            let better: Vec<u32> = before.filter(|&other| self.standing.beats(other, rank)).collect();
            if better.is_empty() || map.is_some(&[rank], &better).map_err(|TooBig| vec![rank])? {
                best.push(rank);
            }
        }
        self.reach(map, place, &best);
        let crossing = best.get(..CROSSING_MAX).unwrap_or(&best);
        for (index, &one) in crossing.iter().enumerate() {
            for &other in crossing.iter().skip(index + 1) {
                self.meet(map, place, members, one, other).map_err(|TooBig| vec![one, other])?;
            }
        }
        Ok(())
    }

    fn reach(&mut self, map: &Map<'_, 'a>, place: Place<'a>, best: &[u32]) {
        for &rank in best {
            if let Some(reached) = self.reached.get_mut(rank as usize) {
                *reached = true;
            }
        }
        let Some(candidates) = self.candidates.get_mut(place.state as usize) else { return };
        if candidates.is_empty() {
            candidates.extend(best);
        } else if best.iter().any(|rank| !candidates.contains(rank)) {
            let known = |rank: &u32| candidates.contains(rank) || best.contains(rank);
            *candidates = map.automaton.routes_in(place.state).iter().copied().filter(known).collect();
        }
    }

    fn meet(
        &mut self,
        map: &mut Map<'_, 'a>,
        place: Place<'a>,
        members: &[u32],
        one: u32,
        other: u32,
    ) -> Result<(), TooBig> {
        let pair = (one.min(other), one.max(other));
        let beats = |a, b| self.standing.beats(a, b);
        if beats(one, other) || beats(other, one) || self.crossings.contains_key(&pair) {
            return Ok(());
        }
        let decides = |member: &u32| beats(*member, one) || beats(*member, other);
        let deciding: Vec<u32> = members.iter().copied().filter(decides).collect();
        if map.is_some(&[one, other], &deciding)? {
            self.crossings.insert(pair, Crossing { place, deciding });
        }
        Ok(())
    }
}

/// A place of a route that is nowhere the best, and the routes that beat it there.
struct Cell<'a> {
    place: Place<'a>,
    better: Vec<u32>,
}

/// The places of all routes that are the best nowhere.
fn covered_cells<'a>(
    map: &Map<'_, 'a>,
    standing: &Standing<'a>,
    reached: &[bool],
) -> BTreeMap<u32, Vec<Cell<'a>>> {
    let mut cells: BTreeMap<u32, Vec<Cell<'a>>> = BTreeMap::new();
    let is_covered = |rank: &u32| reached.get(*rank as usize) == Some(&false);
    for (id, state) in map.automaton.ends().filter(|(_, state)| state.routes.iter().any(is_covered)) {
        for (place, members) in map.places(id, &state.routes) {
            for &rank in members.iter().filter(|rank| is_covered(rank)) {
                let better = members.iter().copied().filter(|&other| standing.beats(other, rank)).collect();
                cells.entry(rank).or_default().push(Cell { place, better });
            }
        }
    }
    cells
}

fn unreachable<'a>(
    map: &mut Map<'_, 'a>,
    route: u32,
    cells: &[Cell<'a>],
) -> Result<Option<Finding<u32>>, TooBig> {
    let covered_by = cover(map, route, cells)?;
    let Some(&first) = covered_by.first() else { return Ok(None) };
    let mut witness: Option<Request> = None;
    for cell in cells.iter().filter(|cell| cell.better.contains(&first)) {
        witness = map.request(cell.place, &[route, first], &[])?;
        if witness.is_some() {
            break;
        }
    }
    Ok(witness.map(|witness| Finding::Unreachable { route, covered_by, witness }))
}

/// Few routes that beat it in all cells: those that only cover a cell together, then always the one that takes most of
/// what is left.
fn cover(map: &mut Map<'_, '_>, route: u32, cells: &[Cell<'_>]) -> Result<Vec<u32>, TooBig> {
    let mut cover: Vec<u32> = vec![];
    let mut left: Vec<Vec<u32>> = vec![];
    for cell in cells {
        let mut alone = vec![];
        for &better in &cell.better {
            if !map.is_some(&[route], &[better])? {
                alone.push(better);
            }
        }
        if alone.is_empty() {
            cover.extend(fewest(map, route, &cell.better)?);
        } else {
            left.push(alone);
        }
    }
    cover.sort_unstable();
    cover.dedup();
    left.retain(|alone| !alone.iter().any(|rank| cover.contains(rank)));
    while !left.is_empty() {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for &rank in left.iter().flatten() {
            *counts.entry(rank).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|&(rank, count)| (count, std::cmp::Reverse(rank)));
        let Some((rank, _)) = most else { break };
        left.retain(|alone| !alone.contains(&rank));
        cover.push(rank);
    }
    Ok(cover)
}

/// Those of `better` that are needed to cover the route.
fn fewest(map: &mut Map<'_, '_>, route: u32, better: &[u32]) -> Result<Vec<u32>, TooBig> {
    let mut needed = better.to_vec();
    for &rank in better {
        let without: Vec<u32> = needed.iter().copied().filter(|&other| other != rank).collect();
        if !map.is_some(&[route], &without)? {
            needed = without;
        }
    }
    Ok(needed)
}
