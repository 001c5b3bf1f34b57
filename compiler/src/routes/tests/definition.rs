//! The semantics by definition: routes as sets of requests, over an alphabet small enough to list them all. Knows patterns
//! as text only.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{EmptySegments, Finding, Request};
use super::{Outcome, Written, network, outcome_with, written};

/// Regexes for whole paths, and what they mean.
type Meaning = (&'static str, fn(&str) -> bool);
const REGEXES: [Meaning; 5] = [
    ("/.*b", |path| path.ends_with('b')),
    ("/a(/.*)?", |path| path == "/a" || path.starts_with("/a/")),
    ("/[ab]/.*", |path| path.starts_with("/a/") || path.starts_with("/b/")),
    ("(/a|/b)+", |path| {
        path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|it| it == "a" || it == "b"))
    }),
    ("/.*/", |path| path.len() > 1 && path.ends_with('/')),
];

const METHODS: [&str; 3] = ["GET", "POST", "PUT"];

fn matches_path(pattern: &str, path: &str) -> bool {
    if let Some(regex) = pattern.strip_prefix('~') {
        return REGEXES.iter().find(|(text, _)| *text == regex).is_some_and(|(_, matches)| matches(path));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    let subtree = wanted.last() == Some(&"**");
    if subtree {
        wanted.pop();
    }
    let length = if subtree { segments.len() >= wanted.len() } else { segments.len() == wanted.len() };
    length && wanted.iter().zip(&segments).all(|(w, s)| matches_segment(w, s))
}

/// Regexes are alternatives of words here, which a backtracking match would try in turn.
fn matches_segment(wanted: &str, segment: &str) -> bool {
    if let Some(words) =
        wanted.strip_prefix("{k:").or(wanted.strip_prefix("{m:")).and_then(|rest| rest.strip_suffix('}'))
    {
        return words.split('|').any(|word| word == segment);
    }
    if wanted == "*" { !segment.is_empty() } else { wanted == segment }
}

/// Whether one of the lines passes the test, as a whole or with a member of its list.
fn meets(test: &str, lines: &[(String, String)]) -> bool {
    let (kind, text) = test.split_at(test.len().min(1));
    let passes = |value: &str| match kind {
        "=" => value == text,
        "^" => value.starts_with(text),
        "~" => text.split('|').any(|word| value == word),
        _ => true,
    };
    lines.iter().any(|(_, line)| passes(line) || line.split(',').any(|member| passes(member.trim())))
}

fn matches(route: &Written, request: &Request) -> bool {
    let method = route.methods.is_empty() || route.methods.contains(&request.method.as_str());
    let client = route.client.is_none_or(|client| network(client).contains(request.client.unwrap()));
    let headers = route.headers.iter().all(|test| meets(test, &request.headers));
    method && client && headers && matches_path(&route.pattern, &request.path)
}

/// What tells generated requests apart.
#[derive(Clone, Copy)]
struct Universe {
    depth: usize,
    segments: &'static [&'static str],
    /// Values, every set of which comes with a request.
    values: &'static [&'static str],
    clients: &'static [&'static str],
}

/// Paths and methods alone.
const PLAIN: Universe =
    Universe { depth: 4, segments: &["", "a", "b", "c"], values: &[], clients: &["192.0.2.1"] };
/// Short paths over more letters.
const LETTERS: Universe =
    Universe { depth: 3, segments: &["", "a", "b", "c", "d"], values: &[], clients: &["192.0.2.1"] };
/// Short paths, with header fields and clients.
const FIELDS: Universe = Universe {
    depth: 2,
    segments: &["", "a", "b", "c"],
    values: &["0", "1", "12", "2", "3"],
    clients: &["10.0.0.0", "10.128.0.0", "192.0.2.1", "2001:db8::1"],
};

/// All requests over an alphabet that can tell all generated routes apart: one letter and one method that none names.
fn requests(empty_segments: EmptySegments, universe: Universe) -> Vec<Request> {
    let mut paths = vec![String::new()];
    let mut all = vec![];
    for _ in 0..universe.depth {
        let longer = |path: &String| {
            universe.segments.iter().map(|segment| format!("{path}/{segment}")).collect::<Vec<_>>()
        };
        paths = paths.iter().flat_map(longer).collect();
        all.extend(paths.clone());
    }
    all.retain(|path| empty_segments == EmptySegments::Kept || !path.contains("//"));
    let subsets = 0..1usize << universe.values.len();
    let lines = |subset: usize| {
        let chosen = universe.values.iter().enumerate().filter(move |(at, _)| subset & (1 << at) != 0);
        chosen.map(|(_, value)| ("x".to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let mut requests = vec![];
    for (path, method) in all.into_iter().flat_map(|path| METHODS.map(|method| (path.clone(), method))) {
        for (subset, client) in subsets.clone().flat_map(|it| universe.clients.iter().map(move |to| (it, to)))
        {
            let mut request = Request::new(method, path.clone());
            request.headers = lines(subset);
            request.client = Some(client.parse().unwrap());
            requests.push(request);
        }
    }
    requests
}

/// The semantics: the set of requests of each route, and what follows from comparing these sets.
struct Definition {
    requests: Vec<Request>,
    sets: Vec<BTreeSet<usize>>,
    /// Pairs of routes of which the first beats the second.
    better: BTreeSet<(usize, usize)>,
}

impl Definition {
    fn new(routes: &[Written], empty_segments: EmptySegments, universe: Universe) -> Self {
        let requests = requests(empty_segments, universe);
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

fn check_against_definition(
    routes: &[Written],
    empty_segments: EmptySegments,
    universe: Universe,
) -> Result<(), TestCaseError> {
    let definition = Definition::new(routes, empty_segments, universe);
    let Outcome { findings, overridden, root, tables } = outcome_with(routes, empty_segments);
    let (mut ambiguous, mut reached) = (BTreeSet::new(), BTreeSet::new());
    for (number, request) in definition.requests.iter().enumerate() {
        let best = definition.best(number);
        reached.extend(best.clone());
        let candidates = tables.walk(root, &request.path);
        let winner = candidates.iter().find(|id| matches(&routes[id.index()], request)).map(|id| id.index());
        prop_assert_eq!(winner.is_some(), !best.is_empty(), "{:?}", request);
        prop_assert!(winner.is_none_or(|winner| best.contains(&winner)), "{:?}: {:?}", request, best);
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
    let best_of = |witness: &Request| {
        let request = Request { client: witness.client.or("192.0.2.1".parse().ok()), ..witness.clone() };
        let matching: Vec<usize> =
            (0..routes.len()).filter(|&route| matches(&routes[route], &request)).collect();
        let unbeaten = |&route: &usize| !matching.iter().any(|&other| definition.beats(other, route));
        let best: Vec<usize> = matching.iter().copied().filter(unbeaten).collect();
        (matching, best)
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
                let (_, best) = best_of(witness);
                prop_assert!(best.contains(first) && best.contains(second), "{:?}: {:?}", finding, best);
                crossings.insert((*first, *second));
            }
            Finding::Unreachable { route, covered_by, witness } => {
                let (matching, best) = best_of(witness);
                prop_assert!(matching.contains(route) && matching.contains(&covered_by[0]), "{:?}", finding);
                prop_assert!(!best.contains(route), "{:?}", finding);
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
        .prop_map(|(pattern, methods, priority, own)| Written { methods, priority, own, ..written(&pattern) })
}

fn any_route_with_regex() -> impl Strategy<Value = Written> {
    let segment = prop::sample::select(vec!["a", "*", "{k:a|b}", "{k:b|c}", "{k:a|b|c}"]);
    let end = prop::sample::select(vec!["", "/", "/**"]);
    let cut = (prop::collection::vec(segment, 1..3), end).prop_map(|(segments, end)| {
        let mut segments: Vec<String> = segments.iter().map(|segment| format!("/{segment}")).collect();
        segments.iter_mut().skip(1).for_each(|segment| *segment = segment.replace("{k:", "{m:"));
        segments.concat() + end
    });
    let whole = prop::sample::select(REGEXES.map(|(text, _)| format!("~{text}")).to_vec());
    let method = prop::sample::select(vec![vec![], vec![], vec!["GET"]]);
    let priority = prop::sample::select(vec![0, 0, 0, 1]);
    (prop_oneof![cut, whole], method, priority, prop::bool::weighted(0.8))
        .prop_map(|(pattern, methods, priority, own)| Written { methods, priority, own, ..written(&pattern) })
}

fn any_route_with_fields() -> impl Strategy<Value = Written> {
    let pattern = prop::sample::select(vec!["/**", "/*", "/a", "/a/**", "/*/b"]);
    let method = prop::sample::select(vec![vec![], vec![], vec!["GET"]]);
    let header = prop::sample::select(vec!["", "=1", "=2", "^1", "~1|2", "~2|3"]);
    let headers = prop::collection::vec(header, 0..3);
    let client = prop::sample::select(vec![
        None,
        None,
        Some("10.0.0.0/8"),
        Some("10.128.0.0/9"),
        Some("10.0.0.0/9"),
        Some("0.0.0.0/0"),
    ]);
    let priority = prop::sample::select(vec![0, 0, 0, 0, 1]);
    (pattern, method, headers, client, priority, prop::bool::weighted(0.9)).prop_map(
        |(pattern, methods, headers, client, priority, own)| Written {
            methods,
            headers,
            client,
            priority,
            own,
            ..written(pattern)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn analysis_and_tables_agree_with_the_definition(
        routes in prop::collection::vec(any_route(), 0..9),
        kept in any::<bool>(),
    ) {
        check_against_definition(&routes, if kept { EmptySegments::Kept } else { EmptySegments::Merged }, PLAIN)?;
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn regexes_agree_with_the_definition(
        routes in prop::collection::vec(any_route_with_regex(), 0..6),
        kept in any::<bool>(),
    ) {
        check_against_definition(&routes, if kept { EmptySegments::Kept } else { EmptySegments::Merged }, LETTERS)?;
    }

    #[test]
    fn conditions_and_clients_agree_with_the_definition(
        routes in prop::collection::vec(any_route_with_fields(), 0..7),
    ) {
        check_against_definition(&routes, EmptySegments::Merged, FIELDS)?;
    }
}
