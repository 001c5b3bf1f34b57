//! The same answer from a config, from its plan, and from whoever is asked again.

use std::path::Path;

use divisor_schema::plan::Plan;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::facts::Facts;
use crate::tls::testing::Scratch;
use crate::{Options, compile};

const SHOP: &str = r#"listener "web" { bind "127.0.0.1:8080"; use "public" }
listener "old" { bind "127.0.0.1:8081" }
listener "up" { bind "127.0.0.1:8082"; redirect "web" }
pool "app" { backend "http://127.0.0.1:9000"; probe "/h" }
pool "assets" { backend "http://127.0.0.1:9001"; probe "/h" }
policy "public" { rate-limit "100/s" burst=200; header-set "X-Frame-Options" "DENY" }
policy "strict" { deny "10.66.0.0/16"; compress "br"; body-limit "4MiB"; request-header-remove "X-Debug"; header-add "X-A" "{uuid}" }
host "shop.example" "*.shop.example" listener="web" {
    use "strict"
    route "/**" pool="app"
    route "/assets/**" { timeout "5s"; split { pool "assets" weight=9; pool "app" } }
    route "/api/{version}/orders/{id}" method="GET" pool="app" { retry 2; rewrite "/{version}/{id}" }
    route "/old/{*rest}" { redirect "/new/{rest}" status=308 }
    route "/assets/**" pool="app" { header "X-Canary" equals="1"; client "10.0.0.0/8" "192.0.2.1" }
    route "/search" { query "debug" prefix="v"; header "X-Canary" regex="[a-z]+"; deny 403 }
}
host "**.shop.example" "old.example" listener="old" { route "/a" { respond 200 "old" } }
route "/healthz" { respond 200 "ok" }
route "/healthz" method="POST" { deny 405 }
"#;

/// Everything that a request can be made of here.
fn any_request() -> impl Strategy<Value = Request> {
    let host = select(&["shop.example", "www.shop.example", "a.b.shop.example", "old.example", "none"][..]);
    let segment = select(
        &["", "a", "api", "assets", "old", "orders", "healthz", "search", "%61", "..", ".", "%2f"][..],
    );
    let method = select(&["GET", "POST", "PURGE"][..]);
    let path = (prop::collection::vec(segment, 0..5), select(&["", "", "?debug=v1", "?a&debug=w"][..]));
    let canary = select(&[None, Some("X-Canary: 0, 1"), Some("x-canary: abc"), Some("X-Canary: é")][..]);
    let client = select(&[None, Some("10.1.2.3"), Some("192.0.2.2")][..]);
    (host, path, method, canary, client).prop_map(|(host, (segments, query), method, canary, client)| {
        let url = format!("{method} http://{host}/{}{query}", segments.join("/"));
        let request = Request::parse(&url).unwrap();
        let request = canary.into_iter().fold(request, |it, field| it.with_header(field).unwrap());
        Request { client: client.map(|client| client.parse().unwrap()), ..request }
    })
}

fn root(scratch: &Scratch) -> std::path::PathBuf {
    scratch.write("shop.kdl", SHOP)
}

fn plan(root: &Path) -> Plan {
    compile(root, &Options::default()).unwrap().plan.unwrap()
}

fn ask(root: &Path, request: &Request) -> (Trace, SourceMap) {
    let (compilation, trace) = crate::trace(root, &Options::default(), request).unwrap();
    (trace.unwrap(), compilation.sources)
}

/// A trace without what only a config knows.
fn essence(trace: &Trace) -> Vec<String> {
    let answer = |answer: &Answer| {
        let route = answer.route.as_ref();
        let route = route.map(|it| (&it.pattern.name, &it.methods, it.conditions.len(), &it.captures));
        let host = answer.host.as_ref().map(|host| &host.name);
        let (listener, outcome) = (&answer.listener.name, outcome_without_places(&answer.outcome));
        format!("{listener} {host:?} {:?} {route:?} {outcome:?}", answer.path)
    };
    trace.answers.iter().map(answer).collect()
}

fn outcome_without_places(outcome: &Outcome) -> Outcome {
    match outcome.clone() {
        Outcome::Proxied { pools, path } => {
            let pools = pools.into_iter().map(|(pool, weight)| (Named::nowhere(pool.name), weight));
            Outcome::Proxied { pools: pools.collect(), path }
        }
        other => other,
    }
}

/// What is behind the name and the place of a redirecting listener differs: in a plan it is a route as any other.
fn is_redirected(trace: &Trace) -> bool {
    trace.answers.iter().any(|answer| answer.listener.name == "up")
}

#[test]
fn a_config_and_its_plan_give_the_same_answer() {
    let scratch = Scratch::new();
    let root = root(&scratch);
    let syntax = crate::syntax::load(&root, &Default::default()).unwrap();
    let (model, _) = crate::model::build(&syntax);
    let patterns = crate::facts::Patterns::new(&model);
    let gaps = crate::facts::Gaps { files: false, parts: false };
    let options = crate::Options::default();
    let facts = Facts::new(&model, &syntax.sources, &patterns, gaps, &options);
    let plan = plan(&root);
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new(config)
        .run(&any_request(), |request| {
            let (one, other) = (of_config(&facts, &request), of_plan(&plan, &request));
            if !is_redirected(&one) {
                prop_assert_eq!(essence(&one), essence(&other));
            }
            for (trace, again) in
                [(&one, &|it: &Request| of_config(&facts, it)), (&other, &|it: &Request| of_plan(&plan, it))]
                    as [(&Trace, &dyn Fn(&Request) -> Trace); 2]
            {
                for answer in &trace.answers {
                    let Some(nearest) = &answer.nearest else { continue };
                    let there = again(&nearest.request);
                    let there = there.answers.iter().find(|it| it.listener == answer.listener).unwrap();
                    prop_assert_eq!(&there.outcome, &nearest.outcome);
                    let elsewhere = there.outcome != answer.outcome
                        || there.route != answer.route
                        || there.host != answer.host;
                    prop_assert!(elsewhere, "{} and {}", trace.request, nearest.request);
                }
            }
            Ok(())
        })
        .unwrap();
}

fn both(request: &str) -> String {
    let scratch = Scratch::new();
    let root = root(&scratch);
    let request = Request::parse(request).unwrap();
    let (trace, sources) = ask(&root, &request);
    let planned = text(&of_plan(&plan(&root), &request), &SourceMap::default());
    format!("{}--\n{planned}", text(&trace, &sources))
}

#[test]
fn a_route_with_all_that_belongs_to_it() {
    insta::assert_snapshot!(both("GET http://www.shop.example/api/v1/../v2/orders/7?x=1"));
    insta::assert_snapshot!(both("PUT http://shop.example/assets/app.js"));
    insta::assert_snapshot!(both("PUT http://shop.example/search?debug=v1"));
}

#[test]
fn answers_without_a_backend() {
    insta::assert_snapshot!(both("GET http://shop.example/old/a/b"));
    insta::assert_snapshot!(both("POST http://old.example/healthz"));
    insta::assert_snapshot!(both("GET http://old.example/b"));
    insta::assert_snapshot!(both("GET http://old.exampel/"));
    insta::assert_snapshot!(both("GET http://shop.example/a%2Fb"));
    insta::assert_snapshot!(both("GET https://shop.example/"));
}

#[test]
fn a_client_that_may_not_is_denied_by_both() {
    let scratch = Scratch::new();
    let root = root(&scratch);
    let request = Request::parse("GET http://shop.example/").unwrap();
    let outcomes = |client: &str| {
        let request = Request { client: client.parse().ok(), ..request.clone() };
        let (trace, planned) = (ask(&root, &request).0, of_plan(&plan(&root), &request));
        let denied = |trace: &Trace| trace.answers.iter().filter(|it| it.outcome == Outcome::Denied).count();
        let text = text(&planned, &SourceMap::default());
        assert_eq!(text.contains("status   403: the client may not"), denied(&planned) > 0, "{text}");
        (denied(&trace), denied(&planned))
    };
    assert_eq!((outcomes("10.66.0.1"), outcomes("10.67.0.1"), outcomes("nobody")), ((1, 1), (0, 0), (0, 0)));
}

#[test]
fn json_has_everything() {
    let scratch = Scratch::new();
    let root = root(&scratch);
    let request = Request::parse("GET http://shop.example/api/v1/orders/7").unwrap();
    let request = request.with_header("X-Debug: 1").unwrap();
    let (trace, sources) = ask(&root, &request);
    insta::assert_snapshot!(json(&trace, &sources));
}

#[test]
fn a_request_is_one_request() {
    for (text, why) in [
        ("GET http://*/", "is a set of requests"),
        ("* http://a/", "is a set of requests"),
        ("GET a/", "has no scheme and host"),
        ("GET http://a b", "is not a method and a URL"),
    ] {
        let error = Request::parse(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
    let request = Request::parse("http://a.example").unwrap();
    assert_eq!(request.to_string(), "GET http://a.example/");
    let mut request = request.with_header("X-A:  b ").unwrap();
    request.client = "10.0.0.1".parse().ok();
    assert_eq!(request.to_string(), "GET http://a.example/ -H 'x-a: b' --client 10.0.0.1");
    assert!(request.clone().with_header("X A: b").is_err() && request.with_header("X-A").is_err());
}

#[test]
fn queries_are_decoded_and_encoded() {
    let request = Request::parse("http://a.example/?a=%41+b&c&&d=%zz").unwrap();
    let subject = request.subject();
    let pairs: Vec<(&str, &str)> = subject.query.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(pairs, [("a", "A b"), ("c", ""), ("d", "%zz")]);
    assert_eq!(request.like(subject.clone()).query, request.query);
    let more = crate::routes::Request { query: vec![("x y".into(), "1&2".into())], ..subject };
    assert_eq!(request.like(more).query.as_deref(), Some("x%20y=1%262"));
    let letters = Request::parse("http://a.example/?a=%C3%A9").unwrap().subject();
    assert_eq!(letters.query[0].1, "\u{c3}\u{a9}", "characters are bytes");
    let query = vec![("b".into(), "\u{e9}".into())];
    assert_eq!(request.like(crate::routes::Request { query, ..letters }).query.as_deref(), Some("b=%E9"));
}

#[test]
fn a_config_that_cannot_be_read_is_not_traced() {
    let scratch = Scratch::new();
    let root =
        scratch.write("shop.kdl", "listener \"web\" { bind \"127.0.0.1:8080\"; }\nroute \"/\" respnd=200");
    let request = Request::parse("http://a.example/").unwrap();
    let (compilation, trace) = crate::trace(&root, &Options::default(), &request).unwrap();
    assert!(trace.is_none() && !compilation.diagnostics.is_empty());
    let crossing = "listener \"web\" { bind \"127.0.0.1:8080\"; }\nroute \"/a/*\" { deny 403 }\nroute \"/*/b\" { deny 404 }";
    let root = scratch.write("shop.kdl", crossing);
    let outcome = |request: &str| {
        let (trace, _) = ask(&root, &Request::parse(request).unwrap());
        trace.answers[0].outcome.clone()
    };
    assert_eq!(outcome("http://a.example/a/b"), Outcome::Undecided);
    assert_eq!(outcome("http://a.example/a/c"), Outcome::Responded { status: 403 });
}
