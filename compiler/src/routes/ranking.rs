//! Which of two routes is better, and an order of all routes that agrees with it.

use std::cmp::Reverse;

use super::{Finding, RouteSet};

/// The routes of a host, each set once, the better ones first.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Their positions.
    pub(super) order: Vec<usize>,
    /// Routes left out because they are equal to another.
    pub(super) findings: Vec<Finding>,
    /// Routes from outside, left out because one of the host is equal.
    pub(super) overridden: Vec<usize>,
}

/// Ranks `routes`: if one beats another, it comes first. The order does not depend on that of the declarations.
pub(super) fn rank(routes: &[RouteSet<'_>]) -> Ranking {
    let key = |position: &usize| {
        let position = *position;
        routes.get(position).map(|route| {
            let shape = (Reverse(route.priority), route.set.pattern.breadth(), route.set.methods.breadth());
            (shape, &route.set.pattern.segments, &route.set.methods, !route.own, position)
        })
    };
    let mut order: Vec<usize> = (0..routes.len()).collect();
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut ranking = Ranking { order: vec![], findings: vec![], overridden: vec![] };
    let equal = |a: &usize, b: &usize| match (routes.get(*a), routes.get(*b)) {
        (Some(a), Some(b)) => is_equal(a, b),
        _ => false,
    };
    for equals in order.chunk_by(equal) {
        ranking.order.extend(equals.first());
        let is_own = |position: &usize| routes.get(*position).is_some_and(|route| route.own);
        let (own, outside) = equals.split_at(equals.partition_point(is_own));
        for group in [own, outside] {
            let Some((&first, others)) = group.split_first() else { continue };
            ranking.findings.extend(others.iter().map(|&second| Finding::Duplicate { first, second }));
        }
        if !own.is_empty() {
            ranking.overridden.extend(outside);
        }
    }
    ranking.overridden.sort_unstable();
    ranking
}

/// Whether a request that both match goes to `better`: by priority, then because its set lies inside the other. The
/// sets are not equal.
pub(super) fn beats(better: &RouteSet<'_>, other: &RouteSet<'_>) -> bool {
    let inside = || {
        better.set.methods.is_within(&other.set.methods) && better.set.pattern.is_within(other.set.pattern)
    };
    better.priority > other.priority || (better.priority == other.priority && inside())
}

fn is_equal(a: &RouteSet<'_>, b: &RouteSet<'_>) -> bool {
    let paths =
        a.set.pattern.subtree == b.set.pattern.subtree && a.set.pattern.segments == b.set.pattern.segments;
    paths && a.set.methods == b.set.methods && a.priority == b.priority
}
