//! The analysis against the semantics by definition, and its cost.

mod definition;

use divisor_schema::plan::{Cidr, RouteId, StateId, Tables};

use super::*;

/// A route as it would be written.
#[derive(Debug, Clone)]
struct Written {
    /// A regex for whole paths begins with `~`.
    pattern: String,
    methods: Vec<&'static str>,
    /// Tests of the header `x`: `=1`, `^1` for a prefix, `~1|2` for a regex, and nothing for its presence.
    headers: Vec<&'static str>,
    client: Option<&'static str>,
    priority: i32,
    own: bool,
}

fn written(pattern: &str) -> Written {
    Written {
        pattern: pattern.into(),
        methods: vec![],
        headers: vec![],
        client: None,
        priority: 0,
        own: true,
    }
}

fn with_methods(pattern: &str, methods: &[&'static str]) -> Written {
    Written { methods: methods.to_vec(), ..written(pattern) }
}

fn with_headers(pattern: &str, headers: &[&'static str]) -> Written {
    Written { headers: headers.to_vec(), ..written(pattern) }
}

fn condition(test: &&'static str) -> Condition {
    let test = match test.split_at(test.len().min(1)) {
        ("=", text) => Test::Equals(text.into()),
        ("^", text) => Test::Prefix(text.into()),
        ("~", text) => Test::Regex(language::Regex::parse(text).unwrap()),
        _ => Test::Present,
    };
    Condition::new(Subject::Header, "X", test).unwrap()
}

fn network(text: &str) -> Cidr {
    let (address, prefix) = text.split_once('/').unwrap();
    Cidr::new(address.parse().unwrap(), prefix.parse().unwrap()).unwrap()
}

/// What there is to see of an analysis.
struct Outcome {
    findings: Vec<Finding>,
    overridden: Vec<usize>,
    root: StateId,
    tables: Tables,
}

fn outcome(routes: &[Written]) -> Outcome {
    outcome_with(routes, EmptySegments::Merged)
}

fn outcome_with(routes: &[Written], empty_segments: EmptySegments) -> Outcome {
    let parse = |route: &Written| match route.pattern.strip_prefix('~') {
        Some(regex) => Pattern::parse_regex(regex).unwrap(),
        None => Pattern::parse(&route.pattern).unwrap(),
    };
    let patterns: Vec<Pattern> = routes.iter().map(parse).collect();
    let conditions: Vec<Conditions> =
        routes.iter().map(|route| Conditions::new(route.headers.iter().map(condition))).collect();
    let sets: Vec<RouteSet<'_>> = routes
        .iter()
        .zip(patterns.iter().zip(&conditions))
        .map(|(route, (pattern, conditions))| RouteSet {
            set: RequestSet::new(pattern, Methods::new(route.methods.iter().copied()))
                .with(conditions, Clients::new(route.client.map(network))),
            priority: route.priority,
            own: route.own,
        })
        .collect();
    let analysis = analyse(&sets, empty_segments).unwrap();
    let ids: Vec<RouteId> = (0..routes.len() as u32).map(RouteId::new).collect();
    let mut builder = TableBuilder::default();
    let root = builder.append(&analysis, &ids);
    Outcome { findings: analysis.findings, overridden: analysis.overridden, root, tables: builder.finish() }
}

fn findings(routes: &[Written]) -> Vec<String> {
    let name = |position: &usize| {
        let route = &routes[*position];
        let headers: String = route.headers.iter().map(|test| format!(" x{test}")).collect();
        let client = route.client.map(|client| format!(" {client}")).unwrap_or_default();
        let line = [route.methods.join("|"), route.pattern.clone()].join(" ").trim().to_owned();
        line + &headers + &client
    };
    let example = |witness: &Request| {
        let headers: String = witness.headers.iter().map(|(_, value)| format!(" x={value}")).collect();
        let client = witness.client.map(|client| format!(" {client}")).unwrap_or_default();
        format!("{} {}{headers}{client}", witness.method, witness.path)
    };
    let line = |finding: &Finding| match finding {
        Finding::Duplicate { first, second } => format!("{} = {}", name(first), name(second)),
        Finding::Ambiguous { first, second, witness } => {
            format!("{} ? {}: {}", name(first), name(second), example(witness))
        }
        Finding::Unreachable { route, covered_by, witness } => {
            let cover: Vec<String> = covered_by.iter().map(name).collect();
            format!("{} < {}: {}", name(route), cover.join(", "), example(witness))
        }
    };
    outcome(routes).findings.iter().map(line).collect()
}

#[test]
fn specific_routes_win_and_nothing_is_reported() {
    let routes = ["/**", "/healthz", "/users/{id}", "/users/me", "/assets/**", "/"].map(written);
    assert_eq!(findings(&routes), [""; 0]);
    let Outcome { root, tables, .. } = outcome(&routes);
    for (path, best) in
        [("/healthz", 1), ("/users/me", 3), ("/users/you", 2), ("/assets", 4), ("/", 5), ("/x", 0)]
    {
        assert_eq!(tables.walk(root, path).first(), Some(&RouteId::new(best)), "{path}");
    }
    assert_eq!(tables.walk(root, "/users/").first(), Some(&RouteId::new(0)), "a parameter is never empty");
}

#[test]
fn equal_sets_are_duplicates_whatever_their_captures_are_called() {
    let routes = ["/users/{id}", "/users/*", "/x/{*rest}", "/x/**"].map(written);
    assert_eq!(findings(&routes), ["/users/{id} = /users/*", "/x/{*rest} = /x/**"]);
    let methods = [with_methods("/a", &["GET", "POST"]), with_methods("/a", &["POST", "GET"])];
    assert_eq!(findings(&methods), ["GET|POST /a = POST|GET /a"]);
}

#[test]
fn an_own_route_quietly_replaces_an_equal_one_from_outside() {
    let routes = [Written { own: false, ..written("/healthz") }, written("/healthz")];
    let Outcome { findings, overridden, root, tables } = outcome(&routes);
    assert_eq!((findings, overridden), (vec![], vec![0]));
    assert_eq!(tables.walk(root, "/healthz"), [RouteId::new(1)]);
}

#[test]
fn crossing_routes_are_ambiguous_with_an_example() {
    assert_eq!(findings(&["/a/{x}", "/{y}/b"].map(written)), ["/a/{x} ? /{y}/b: GET /a/b"]);
    let methods = [with_methods("/**", &["POST"]), written("/a/{x}")];
    assert_eq!(findings(&methods), ["POST /** ? /a/{x}: POST /a/a"]);
}

#[test]
fn a_third_route_or_a_priority_decides_a_crossing() {
    assert_eq!(findings(&["/a/{x}", "/{y}/b", "/a/b"].map(written)), [""; 0]);
    let priority = [written("/a/{x}"), Written { priority: 1, ..written("/{y}/b") }];
    assert_eq!(findings(&priority), [""; 0]);
}

#[test]
fn a_conditional_twin_beats_the_plain_route() {
    assert_eq!(findings(&[written("/a"), with_headers("/a", &["=1"])]), [""; 0]);
    let network = Written { client: Some("10.0.0.0/8"), ..written("/a") };
    assert_eq!(findings(&[written("/a"), network.clone()]), [""; 0]);
    let inner = Written { client: Some("10.1.0.0/16"), ..written("/a") };
    assert_eq!(findings(&[inner, network]), [""; 0]);
    assert_eq!(findings(&[with_headers("/a", &["=1"]), with_headers("/a", &[""]), written("/a")]), [""; 0]);
}

#[test]
fn conditions_that_can_both_hold_are_ambiguous() {
    let two = [with_headers("/a", &["=1"]), with_headers("/a", &["=2"])];
    assert_eq!(findings(&two), ["/a x=1 ? /a x=2: GET /a x=1 x=2"]);
    let decided = [two.to_vec(), vec![with_headers("/a", &["=1", "=2"])]].concat();
    assert_eq!(findings(&decided), [""; 0]);
    let wider = [with_headers("/**", &["=1"]), written("/a/{x}")];
    assert_eq!(findings(&wider), ["/** x=1 ? /a/{x}: GET /a/a x=1"]);
    let networks =
        ["10.0.0.0/8", "192.168.0.0/16"].map(|client| Written { client: Some(client), ..written("/a") });
    assert_eq!(findings(&networks), [""; 0], "no client is in both");
    let client = Written { client: Some("10.0.0.0/8"), ..written("/a") };
    assert_eq!(
        findings(&[client, with_headers("/a", &["=1"])]),
        ["/a 10.0.0.0/8 ? /a x=1: GET /a x=1 10.0.0.0"]
    );
}

#[test]
fn conditions_and_clients_cover_together() {
    let covered =
        [with_headers("/a", &["=1"]), with_headers("/a", &["=2"]), with_headers("/a", &["=1", "=2"])];
    let covered = [covered.to_vec(), vec![with_headers("/a", &["~1|2"])]].concat();
    assert_eq!(findings(&covered), ["/a x~1|2 < /a x=1, /a x=2: GET /a x=1"]);
    assert_eq!(
        findings(&[with_headers("/a", &["~1|1"]), with_headers("/a", &["=1"])]),
        ["/a x~1|1 = /a x=1"]
    );
    let halves =
        ["10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/8"].map(|it| Written { client: Some(it), ..written("/a") });
    assert_eq!(findings(&halves), ["/a 10.0.0.0/8 < /a 10.0.0.0/9, /a 10.128.0.0/9: GET /a 10.0.0.0"]);
}

#[test]
fn unreachable_routes_name_what_covers_them() {
    let union = [
        written("/a/**"),
        with_methods("/a", &["GET"]),
        written("/a"),
        written("/a/"),
        written("/a/{x}/**"),
        with_methods("/a/b", &["GET"]),
    ];
    assert_eq!(findings(&union), ["/a/** < /a/{x}/**, /a, /a/: GET /a/b"]);
    let kept = outcome_with(&union, EmptySegments::Kept);
    assert_eq!(kept.findings, [], "/a//b goes to /a/**");
    let priority = [written("/a/b"), Written { priority: 5, ..written("/a/**") }];
    assert_eq!(findings(&priority), ["/a/b < /a/**: GET /a/b"]);
}

#[test]
fn a_route_whose_methods_are_all_taken_is_no_candidate() {
    let Outcome { root, tables, .. } = outcome(&[
        written("/**"),
        with_methods("/a", &["GET"]),
        with_methods("/a", &["POST"]),
        with_methods("/{x}", &["GET", "POST"]),
    ]);
    assert_eq!(tables.walk(root, "/a"), [1, 2, 0].map(RouteId::new));
    assert_eq!(tables.walk(root, "/b"), [3, 0].map(RouteId::new));
}

#[test]
fn the_tables_do_not_depend_on_the_order_of_declarations() {
    let mut routes: Vec<Written> =
        ["/**", "/a/{x}", "/a/b", "/{y}/c/**", "/a", "/z/{x}/y"].map(written).into();
    let layout = |routes: &[Written]| {
        let tables = outcome(routes).tables;
        let name = |id: &RouteId| routes[id.index()].pattern.clone();
        (tables.states, tables.edges, tables.labels, tables.candidates.iter().map(name).collect::<Vec<_>>())
    };
    let first = layout(&routes);
    for _ in 0..routes.len() {
        routes.rotate_left(1);
        assert_eq!(layout(&routes), first);
    }
}

#[test]
fn hosts_share_one_set_of_tables() {
    let mut builder = TableBuilder::default();
    let roots = ["/a", "/b/a"].map(|text| {
        let pattern = Pattern::parse(text).unwrap();
        let set = RouteSet { set: RequestSet::new(&pattern, Methods::Any), priority: 0, own: true };
        builder.append(&analyse(&[set], EmptySegments::Merged).unwrap(), &[RouteId::new(7)])
    });
    let tables = builder.finish();
    assert_eq!(tables.labels, b"ab", "a label is stored once");
    assert_eq!(tables.walk(roots[0], "/a"), [RouteId::new(7)]);
    assert_eq!(tables.walk(roots[1], "/a"), []);
    assert_eq!(tables.walk(roots[1], "/b/a"), [RouteId::new(7)]);
}

#[test]
fn a_host_without_routes_matches_nothing() {
    let Outcome { findings, root, tables, .. } = outcome(&[]);
    assert_eq!(findings, []);
    assert_eq!(tables.walk(root, "/a"), []);
}

#[test]
fn patterns_that_multiply_each_other_are_refused_with_their_names() {
    // Which of 24 segments are `a` must be remembered: 2^24 states.
    let depth = 24;
    let pattern = |at: usize| {
        let segments: Vec<&str> =
            (0..=depth).map(|position| if position == at { "a" } else { "*" }).collect();
        Pattern::parse(&format!("/{}", segments.join("/"))).unwrap()
    };
    let patterns: Vec<Pattern> = (0..depth).map(pattern).collect();
    let sets: Vec<RouteSet<'_>> = patterns
        .iter()
        .map(|pattern| RouteSet { set: RequestSet::new(pattern, Methods::Any), priority: 0, own: true })
        .collect();
    let refused = analyse_within(&sets, EmptySegments::Merged, 10_000).unwrap_err();
    assert_eq!(refused.patterns.len(), 3);
}

/// Only routes that meet in a state are compared, and states are few: ten times the routes is ten times the work.
#[test]
fn cost_grows_with_the_routes_and_not_with_their_pairs() {
    let cost = |count: usize| {
        let first = (0..count).map(|n| format!("/svc{}/r{n}/{{id}}", n % 97));
        let second = (0..count).map(|n| format!("/{{tenant}}/m{n}"));
        let texts = first.chain(second).chain(["/**".to_owned()]);
        let patterns: Vec<Pattern> = texts.map(|text| Pattern::parse(&text).unwrap()).collect();
        let ranked: Vec<&Pattern> = patterns.iter().collect();
        let automaton = Automaton::build(&ranked, EmptySegments::Merged, BUDGET).unwrap();
        let compared = automaton.states.iter().map(|state| state.routes.len().pow(2)).sum::<usize>();
        let edges = automaton.states.iter().map(|state| state.edges.len()).sum::<usize>();
        compared + edges + automaton.states.len()
    };
    // 97 services stand beside every tenant, however many routes there are.
    assert!(cost(4_000) <= 10 * cost(400), "{} → {}", cost(400), cost(4_000));
}

fn regex(text: &str) -> Written {
    written(&format!("~{text}"))
}

#[test]
fn regexes_are_compared_exactly() {
    let segments = |texts: &[&str]| findings(&texts.iter().map(|text| written(text)).collect::<Vec<_>>());
    assert_eq!(segments(&["/x/{k:a|b}", "/x/a", "/x/b"]), ["/x/{k:a|b} < /x/a, /x/b: GET /x/a"]);
    assert_eq!(segments(&["/x/{k:a|b|c}", "/x/a", "/x/b", "/x/{y}"]), [""; 0]);
    assert_eq!(segments(&["/{a:[a-m]+}", "/{b:[g-z]+}"]), ["/{a:[a-m]+} ? /{b:[g-z]+}: GET /g"]);
    assert_eq!(segments(&["/{a:[a-m]+}", "/{b:[n-z]+}", "/{x}"]), [""; 0]);
    assert_eq!(segments(&["/{a:[0-9]+}", r"/{b:\d\d*}"]), [r"/{a:[0-9]+} = /{b:\d\d*}"]);
    assert_eq!(segments(&["/{a:[0-9]{2}}/x", "/{b:[0-9]+}/x", "/{c}/x", "/**"]), [""; 0]);
    assert_eq!(
        segments(&["/{a:[a-m]+}", "/{b:[n-z]+}", "/{c:[a-m]+|[n-z]+}"]),
        ["/{c:[a-m]+|[n-z]+} < /{b:[n-z]+}, /{a:[a-m]+}: GET /n"]
    );
}

#[test]
fn regexes_for_whole_paths_are_compared_with_everything() {
    assert_eq!(findings(&[regex("/.*"), written("/**")]), ["~/.* = /**"]);
    assert_eq!(findings(&[written("/files/**"), regex("/files/[a-z]+/.*")]), [""; 0]);
    assert_eq!(findings(&[written("/files/**"), regex("/.*/x")]), ["/files/** ? ~/.*/x: GET /files/x"]);
    assert_eq!(findings(&[regex("/u/[a-z]+"), regex("/[a-z]/me")]), ["~/u/[a-z]+ ? ~/[a-z]/me: GET /u/me"]);
    assert_eq!(
        findings(&[regex("/a(/.*)?"), written("/a"), written("/a/"), written("/a/{x}/**")]),
        ["~/a(/.*)? < /a/, /a, /a/{x}/**: GET /a/"]
    );
    assert_eq!(findings(&[regex("/a(/.*)?"), written("/a/**")]), ["/a/** = ~/a(/.*)?"]);
    assert_eq!(
        findings(&[regex("(/a|/b)/c(/d)?"), regex("/(a|b)/c(/d)?")]),
        ["~/(a|b)/c(/d)? = ~(/a|/b)/c(/d)?"]
    );
}

#[test]
fn regexes_that_multiply_each_other_are_refused_with_their_names() {
    let patterns: Vec<Pattern> =
        (0..40).map(|n| Pattern::parse_regex(&format!("/.*foo{n}x.*")).unwrap()).collect();
    let sets: Vec<RouteSet<'_>> = patterns
        .iter()
        .map(|pattern| RouteSet { set: RequestSet::new(pattern, Methods::Any), priority: 0, own: true })
        .collect();
    assert!(!analyse(&sets, EmptySegments::Merged).unwrap_err().patterns.is_empty());
}
