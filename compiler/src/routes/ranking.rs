//! An order of all routes that agrees with what beats what, as far as shapes can tell.

use std::cmp::Reverse;

use super::{Clients, Finding, RequestSet, RouteSet};

/// The routes of a host, each set once.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Their positions.
    pub(super) order: Vec<usize>,
    /// Routes left out because they are equal to another.
    pub(super) findings: Vec<Finding>,
    /// Routes from outside, left out because one of the host is equal.
    pub(super) overridden: Vec<usize>,
}

/// Ranks `routes`: if one beats another, it comes first, as long as both are [ranked by shape](is_ranked_by_shape).
/// The order does not depend on that of the declarations.
pub(super) fn rank(routes: &[RouteSet<'_>]) -> Ranking {
    let key = |position: &usize| {
        let position = *position;
        routes.get(position).map(|route| {
            let set = &route.set;
            let shape = (Reverse(route.priority), set.pattern.breadth(), set.methods.breadth());
            let rest = (
                &set.pattern.segments,
                &set.pattern.tail,
                &set.methods,
                &set.clients,
                Reverse(set.conditions),
            );
            (shape, rest, !route.own, position)
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

/// Whether the order of ranks agrees with what beats what, for two sets of which this is true of both.
pub(super) fn is_ranked_by_shape(set: &RequestSet<'_>) -> bool {
    set.pattern.is_plain() && set.conditions.is_empty() && set.clients == Clients::Any
}

fn is_equal(a: &RouteSet<'_>, b: &RouteSet<'_>) -> bool {
    let (one, other) = (&a.set, &b.set);
    let paths = one.pattern.subtree == other.pattern.subtree
        && one.pattern.segments == other.pattern.segments
        && one.pattern.tail == other.pattern.tail;
    let rest = one.methods == other.methods && one.clients == other.clients;
    paths && rest && one.conditions == other.conditions && a.priority == b.priority
}
