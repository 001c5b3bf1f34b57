//! The semantics by definition: routes as sets of requests, over an alphabet small enough to list them all. Knows patterns
//! as text only.

use std::collections::BTreeSet;

use divisor_schema::plan::RouteId;
use proptest::prelude::*;

use super::super::{EmptySegments, Finding, Request};
use super::{Outcome, Written, outcome_with};

const METHODS: [&str; 3] = ["GET", "POST", "PUT"];

fn matches_path(pattern: &str, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    let subtree = wanted.last() == Some(&"**");
    if subtree {
        wanted.pop();
    }
    let length = if subtree { segments.len() >= wanted.len() } else { segments.len() == wanted.len() };
    length && wanted.iter().zip(&segments).all(|(w, s)| if *w == "*" { !s.is_empty() } else { w == s })
}

fn matches(route: &Written, (method, path): &(&str, String)) -> bool {
    (route.methods.is_empty() || route.methods.contains(method)) && matches_path(&route.pattern, path)
}

/// All requests over an alphabet that can tell all generated routes apart: one letter and one method that none names.
fn requests(empty_segments: EmptySegments) -> Vec<(&'static str, String)> {
    let mut paths = vec![String::new()];
    let mut all = vec![];
    for _ in 0..4 {
        let longer = |path: &String| ["", "a", "b", "c"].map(|segment| format!("{path}/{segment}"));
        paths = paths.iter().flat_map(longer).collect();
        all.extend(paths.clone());
    }
    all.retain(|path| empty_segments == EmptySegments::Kept || !path.contains("//"));
    all.into_iter().flat_map(|path| METHODS.map(|method| (method, path.clone()))).collect()
}

/// The semantics: the set of requests of each route, and what follows from comparing these sets.
struct Definition {
    requests: Vec<(&'static str, String)>,
    sets: Vec<BTreeSet<usize>>,
    /// Pairs of routes of which the first beats the second.
    better: BTreeSet<(usize, usize)>,
}

impl Definition {
    fn new(routes: &[Written], empty_segments: EmptySegments) -> Self {
        let requests = requests(empty_segments);
        let set = |route| (0..requests.len()).filter(|&index| matches(route, &requests[index])).collect();
        let sets: Vec<BTreeSet<usize>> = routes.iter().map(set).collect();
        let beats = |&(a, b): &(usize, usize)| {
            let inside = sets[a].is_subset(&sets[b]) && sets[a] != sets[b];
            let own = sets[a] == sets[b] && routes[a].own && !routes[b].own;
            routes[a].priority > routes[b].priority
                || (routes[a].priority == routes[b].priority && (inside || own))
        };
        let pairs = (0..routes.len()).flat_map(|a| (0..routes.len()).map(move |b| (a, b)));
        let better = pairs.filter(beats).collect();
        Self { requests, sets, better }
    }

    fn equal(&self, routes: &[Written], a: usize, b: usize) -> bool {
        routes[a].priority == routes[b].priority && self.sets[a] == self.sets[b]
    }

    fn beats(&self, a: usize, b: usize) -> bool {
        self.better.contains(&(a, b))
    }

    /// The routes that match a request and that no other one that matches beats.
    fn best(&self, request: usize) -> Vec<usize> {
        let matching: Vec<usize> =
            (0..self.sets.len()).filter(|&route| self.sets[route].contains(&request)).collect();
        let unbeaten = |&route: &usize| !matching.iter().any(|&other| self.beats(other, route));
        matching.iter().copied().filter(unbeaten).collect()
    }
}

fn check_against_definition(routes: &[Written], empty_segments: EmptySegments) -> Result<(), TestCaseError> {
    let definition = Definition::new(routes, empty_segments);
    let Outcome { findings, overridden, root, tables } = outcome_with(routes, empty_segments);
    let (mut ambiguous, mut reached) = (BTreeSet::new(), BTreeSet::new());
    for (request, (method, path)) in definition.requests.iter().enumerate() {
        let best = definition.best(request);
        reached.extend(best.clone());
        let candidates = tables.walk(root, path);
        let takes = |id: &&RouteId| {
            let methods = &routes[id.index()].methods;
            methods.is_empty() || methods.contains(method)
        };
        let winner = candidates.iter().find(takes).map(|id| id.index());
        prop_assert_eq!(winner.is_some(), !best.is_empty(), "{} {}", method, path);
        prop_assert!(winner.is_none_or(|winner| best.contains(&winner)), "{} {}: {:?}", method, path, best);
        for (&a, &b) in best.iter().flat_map(|a| best.iter().map(move |b| (a, b))).filter(|(a, b)| a < b) {
            if !definition.equal(routes, a, b) {
                ambiguous.insert((a, b));
            }
        }
    }
    check_findings(routes, &definition, &findings, &overridden, &ambiguous, &reached)
}

fn check_findings(
    routes: &[Written],
    definition: &Definition,
    findings: &[Finding],
    overridden: &[usize],
    ambiguous: &BTreeSet<(usize, usize)>,
    reached: &BTreeSet<usize>,
) -> Result<(), TestCaseError> {
    let mut duplicates: BTreeSet<usize> = BTreeSet::new();
    let mut crossings: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut covered: BTreeSet<usize> = BTreeSet::new();
    let request = |witness: &Request| {
        let found = definition.requests.iter().position(|(m, p)| *m == witness.method && *p == witness.path);
        found.ok_or_else(|| TestCaseError::fail(format!("{witness:?} is not in the alphabet")))
    };
    for finding in findings {
        match finding {
            Finding::Duplicate { first, second } => {
                prop_assert!(
                    definition.equal(routes, *first, *second) && routes[*first].own == routes[*second].own
                );
                duplicates.insert(*second);
            }
            Finding::Ambiguous { first, second, witness } => {
                let best = definition.best(request(witness)?);
                prop_assert!(best.contains(first) && best.contains(second), "{:?}: {:?}", finding, best);
                crossings.insert((*first, *second));
            }
            Finding::Unreachable { route, covered_by, witness } => {
                let example = request(witness)?;
                prop_assert!(definition.sets[*route].contains(&example));
                prop_assert!(definition.sets[covered_by[0]].contains(&example));
                let covers = |other: &usize| definition.beats(*other, *route);
                prop_assert!(covered_by.iter().all(covers), "{:?}", finding);
                let covered_here =
                    |request: &usize| covered_by.iter().any(|by| definition.sets[*by].contains(request));
                prop_assert!(definition.sets[*route].iter().all(covered_here), "{:?}", finding);
                covered.insert(*route);
            }
        }
    }
    // Of equal routes, only the first takes part in anything else.
    let gone = |route: &usize| duplicates.contains(route) || overridden.contains(route);
    let kept = |pair: &&(usize, usize)| !gone(&pair.0) && !gone(&pair.1);
    prop_assert_eq!(&crossings, &ambiguous.iter().filter(kept).copied().collect());
    let unreached = (0..routes.len()).filter(|route| !reached.contains(route) && !gone(route));
    prop_assert_eq!(&covered, &unreached.collect());
    let replaced = (0..routes.len()).filter(|&outside| {
        !routes[outside].own
            && (0..routes.len()).any(|own| routes[own].own && definition.equal(routes, own, outside))
    });
    prop_assert_eq!(overridden, &replaced.collect::<Vec<_>>());
    Ok(())
}

fn any_route() -> impl Strategy<Value = Written> {
    let segment = prop::sample::select(vec!["a", "b", "*"]);
    let end = prop::sample::select(vec!["", "/", "/**"]);
    let path = (prop::collection::vec(segment, 0..=3), end).prop_map(|(segments, end)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        if path.is_empty() && end.is_empty() { "/".to_owned() } else { path + end }
    });
    let methods = prop::sample::select(vec![vec![], vec![], vec!["GET"], vec!["POST"], vec!["GET", "POST"]]);
    let priority = prop::sample::select(vec![0, 0, 0, 1]);
    (path, methods, priority, prop::bool::weighted(0.8))
        .prop_map(|(pattern, methods, priority, own)| Written { pattern, methods, priority, own })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn analysis_and_tables_agree_with_the_definition(
        routes in prop::collection::vec(any_route(), 0..9),
        kept in any::<bool>(),
    ) {
        check_against_definition(&routes, if kept { EmptySegments::Kept } else { EmptySegments::Merged })?;
    }
}
