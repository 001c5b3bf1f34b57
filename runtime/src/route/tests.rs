use divisor_schema::plan::{
    Access, Action, Cidr, Edge, Host, Meta, Methods, Millis, Policy, PolicyId, Retry, RetryOn, Route,
    Runtime, State, StateId, Tables, Test, Timeouts,
};
use http::HeaderValue;
use proptest::prelude::*;

use super::*;

/// The most specific first. An empty segment is no `*`; `**` is its own folder, with or without a slash, and all below.
const ROUTES: [(&str, Option<&str>); 6] = [
    ("/", None),
    ("/a/b", Some("GET")),
    ("/a/b", Some("POST")),
    ("/a", None),
    ("/a/*", None),
    ("/a/c/**", Some("GET")),
];

/// Builds the tables of [`ROUTES`] by hand.
fn plan() -> Plan {
    const NOWHERE: u32 = State::NOWHERE;
    let mut tables = Tables::default();
    // Candidates, edges and the way of all other segments, for each state.
    type Row = (&'static [u32], &'static [(&'static str, u32)], u32);
    let rows: [Row; 8] = [
        (&[], &[("", 1), ("a", 2)], NOWHERE),      // 0: the root
        (&[0], &[], NOWHERE),                      // 1: /
        (&[3], &[("", 3), ("b", 4), ("c", 5)], 6), // 2: /a
        (&[], &[], NOWHERE),                       // 3: /a/
        (&[1, 2, 4], &[], NOWHERE),                // 4: /a/b
        (&[5, 4], &[], 7),                         // 5: /a/c
        (&[4], &[], NOWHERE),                      // 6: /a/x
        (&[5], &[], 7),                            // 7: below /a/c
    ];
    for (candidates, edges, other) in rows {
        let (edges_start, candidates_start) = (tables.edges.len() as u32, tables.candidates.len() as u32);
        for (label, target) in edges {
            let label_start = tables.labels.len() as u32;
            tables.labels.extend_from_slice(label.as_bytes());
            tables.edges.push(Edge { label_start, label_end: tables.labels.len() as u32, target: *target });
        }
        tables.candidates.extend(candidates.iter().map(|&id| RouteId::new(id)));
        let (edges_end, candidates_end) = (tables.edges.len() as u32, tables.candidates.len() as u32);
        let (dfa, targets_start, targets_end) = (NOWHERE, 0, 0);
        tables.states.push(State {
            edges_start,
            edges_end,
            other,
            dfa,
            targets_start,
            targets_end,
            candidates_start,
            candidates_end,
        });
    }
    let route = |(pattern, method): (&str, Option<&str>)| Route {
        pattern: pattern.into(),
        methods: method.map_or(Methods::Any, |method| Methods::Only(vec![method.into()])),
        conditions: Vec::new(),
        clients: Vec::new(),
        keep_encoded_slash: false,
        action: Action::Respond { status: 204, body: String::new(), content_type: "text/plain".into() },
        policy: PolicyId::new(0),
    };
    let timeouts = Timeouts {
        first_byte: Millis(1),
        body_idle: Millis(1),
        tunnel_idle: Millis(1),
        exchange: None,
        min_rate: 0,
        min_rate_grace: Millis(1),
    };
    let plan = Plan {
        meta: Meta { compiler: String::new(), edition: String::new() },
        runtime: Runtime { workers: None, dns: vec![], drain: Millis(0), max_files: None },
        admin: None,
        listeners: Vec::new(),
        pools: Vec::new(),
        client_tls: Vec::new(),
        rate_limits: Vec::new(),
        policies: vec![Policy {
            rate_limits: Vec::new(),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            body_limit: None,
            timeouts,
            retry: Retry { attempts: 0, budget: 0, on: RetryOn::default() },
            compress: None,
            access: Access::default(),
            mirror: None,
            cors: None,
            csrf: None,
        }],
        hosts: vec![Host { names: Vec::new(), root: StateId::new(0), error_pages: Vec::new() }],
        routes: ROUTES.into_iter().map(route).collect(),
        undecided: Vec::new(),
        tables,
    };
    plan.check().unwrap();
    plan
}

/// Whether a pattern holds a path, segment by segment.
fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        match (part, segments.next()) {
            ("**", _) => return true,
            ("*", Some(segment)) if !segment.is_empty() => {}
            (literal, Some(segment)) if literal == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

fn naive(path: &str, method: &str) -> Option<RouteId> {
    let here = ROUTES.iter().enumerate().filter(|(_, (pattern, _))| matches(pattern, path));
    let rank = |(index, (pattern, _)): &(usize, &(&str, Option<&str>))| (pattern.ends_with("/*"), *index);
    let best = here.filter(|(_, (_, only))| only.is_none_or(|only| only == method)).min_by_key(rank);
    best.map(|(index, _)| RouteId::new(index as u32))
}

const NOBODY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

fn find_by_method(plan: &Plan, path: &str, method: &str) -> Option<RouteId> {
    find(plan, HostId::new(0), path, Head { method, headers: &HeaderMap::new(), query: None, client: NOBODY })
        .ok()
}

#[test]
fn conditions_and_clients_all_hold() {
    let mut plan = plan();
    let condition =
        |subject, name: &str| Condition { subject, name: name.into(), test: Test::Equals("1".into()) };
    plan.routes[3].conditions = vec![condition(Subject::Header, "x-a"), condition(Subject::Query, "b")];
    plan.routes[3].clients = vec![Cidr::new("10.0.0.0".parse().unwrap(), 8).unwrap()];
    plan.check().unwrap();
    let found = |lines: &[&'static str], query: Option<&str>, client: &str| {
        let lines =
            lines.iter().map(|line| (http::HeaderName::from_static("x-a"), HeaderValue::from_static(line)));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| _ = headers.append(name, value));
        let head = Head { method: "GET", headers: &headers, query, client: client.parse().unwrap() };
        find(&plan, HostId::new(0), "/a", head).is_ok()
    };
    assert!(found(&["1"], Some("b=1"), "10.1.2.3"));
    assert!(found(&["0", "2, 1"], Some("a=0&b=1"), "::ffff:10.1.2.3"));
    assert!(!found(&["0"], Some("b=1"), "10.1.2.3") && !found(&[], Some("b=1"), "10.1.2.3"));
    assert!(!found(&["1"], None, "10.1.2.3") && !found(&["1"], Some("b=1"), "11.0.0.1"));
}

#[test]
fn an_encoded_slash_is_refused_unless_the_best_route_keeps_it() {
    let mut plan = plan();
    let found = |plan: &Plan, path| {
        let head = Head { method: "PUT", headers: &HeaderMap::new(), query: None, client: NOBODY };
        find(plan, HostId::new(0), path, head)
    };
    assert_eq!(found(&plan, "/a/x%2Fy"), Err(NoRoute::EncodedSlash));
    assert_eq!(found(&plan, "/nowhere%2F"), Err(NoRoute::EncodedSlash));
    assert_eq!(found(&plan, "/nowhere"), Err(NoRoute::NotFound));
    plan.routes[4].keep_encoded_slash = true;
    assert_eq!(found(&plan, "/a/x%2Fy"), Ok(RouteId::new(4)));
}

#[test]
fn the_best_candidate_for_the_method_wins() {
    let plan = plan();
    let found = |path, method| find_by_method(&plan, path, method);
    assert_eq!(found("/a/b", "GET"), Some(RouteId::new(1)));
    assert_eq!(found("/a/b", "POST"), Some(RouteId::new(2)));
    assert_eq!(found("/a/b", "PUT"), Some(RouteId::new(4)));
    assert_eq!(found("/a/c/d", "PUT"), None);
    assert_eq!(found("/b", "GET"), None);
}

proptest! {
    #[test]
    fn the_walk_agrees_with_a_naive_matcher(
        segments in prop::collection::vec(prop::sample::select(vec!["", "a", "b", "c", "x"]), 1..5),
        method in prop::sample::select(vec!["GET", "POST", "PUT"]),
    ) {
        let path = format!("/{}", segments.join("/"));
        let plan = plan();
        prop_assert_eq!(find_by_method(&plan, &path, method), naive(&path, method), "{} {}", method, path);
    }
}
