//! Claims that hold, that do not, and that cover everything.

use super::*;
use crate::syntax::Spelling;
use crate::tls::testing::Scratch;
use crate::{Compilation, Options};

const SITE: &str = r#"
listener "web" { bind "127.0.0.1:8080" }
listener "other" { bind "127.0.0.1:8081" }
listener "up" { bind "127.0.0.1:8082"; redirect "web" }
pool "app" { backend "http://127.0.0.1:9000"; probe "/h" }
pool "next" { backend "http://127.0.0.1:9001"; probe "/h" }
host "shop.example" "*.shop.example" listener="web" {
    route "/**" pool="app"
    route "/cart/**" method="POST" pool="next"
    route "/beta" { split { pool "app" weight=9; pool "next" } }
    route "/inner/**" pool="app" { allow "10.0.0.0/8" "2001:db8::/32"; }
    route "/beta" pool="next" { header "X-Beta" regex="[0-9]+"; query "v" equals="2 x"; client "10.0.0.0/8" }
    route "/old/{*rest}" { redirect "https://new.example:8443/{rest}" }
}
host "shop.example" listener="other" { route "/only" { respond 200 "other" } }
route "/healthz" { respond 200 "ok" }
"#;

fn run(name: &str, config: &str, spelling: Spelling) -> (Compilation, Tests) {
    let scratch = Scratch::new();
    let root = scratch.write(name, config);
    let (compilation, tests) = crate::test(&root, &Options::default(), spelling).unwrap();
    (compilation, tests.unwrap())
}

/// What is found about claims, without their snippets.
fn found(claims: &str) -> String {
    let (compilation, _) = run("site.kdl", &format!("{SITE}{claims}"), Spelling::Kdl);
    let line = |found: &crate::diagnostic::Diagnostic| {
        let label = found.labels.iter().find(|label| label.primary).map_or("", |label| &label.text);
        let (witness, help) = (found.witness.iter(), found.help.iter());
        let more: String = witness.chain(help).map(|it| format!("  -> {it}\n")).collect();
        format!("{} {}: {label}\n{more}", found.code, found.message)
    };
    compilation.diagnostics.iter().map(line).collect()
}

#[test]
fn claims_that_hold() {
    let claims = r#"
        expect "GET http://shop.example/x" pool="app" listener="web"
        expect "POST http://a.shop.example:8080/cart/1?x=1" pool="next" route="/cart/**" listener="web"
        expect "http://a.shop.example/cart/1" listener="web" { method "GET" "PUT"; pool "app" }
        expect "GET http://www.shop.example/beta" pool="app" listener="web"
        expect "GET http://www.shop.example/beta" pool="next" listener="web"
        expect "GET http://shop.example/inner" pool="app" client="10.0.0.1" listener="web"
        expect "GET http://shop.example/inner" status=403 route="/inner/**" client="192.0.2.9" listener="web"
        expect "* http://*/inner/**" for-all=#true pool="app" client="10.0.0.0/9" listener="web"
        expect "* http://*/inner/**" for-all=#true status=403 client="192.0.2.0/24" listener="web"
        expect "GET http://shop.example/beta?v=2+x" route="/beta" pool="next" client="10.0.0.1" listener="web" { header "X-Beta" equals="0, 7" }
        expect "GET http://shop.example/beta" pool="next" client="10.0.0.0/8" listener="web" { header "x-beta" prefix="7"; query "v" equals="2 x" }
        expect "GET http://*/beta" for-all=#true pool="next" client="10.0.0.0/9" listener="web" { header "x-beta" regex="7+"; query "v" equals="2 x" }
        expect "GET http://www.shop.example/old/a/b" redirect="https://new.example/a/b" status=307 listener="web"
        expect "GET http://shop.example/%2e%2e" status=400
        expect "GET http://shop.example/./only" status=200 listener="other"
        expect "GET http://shop.example/none" status=404 listener="other"
        expect "GET http://none.example/" status=421
        expect "GET http://shop.example/a?b" redirect="http://shop.example/a?b" listener="up"
        expect "GET http://*/healthz" status=200 listener="web"
        expect "* http://**.shop.example/healthz" for-all=#true status=200 listener="web"
        expect "* http://*/**" for-all=#true redirect="http://{host}{path}{query}" listener="up"
        expect "* http://*/old/**" for-all=#true redirect="https://new.example/{rest}" listener="web"
        expect "POST http://*/cart/{id}" for-all=#true pool="next" listener="web"
        expect "* http://none.example/**" for-all=#true status=421
    "#;
    assert_eq!(found(claims), "");
}

#[test]
fn claims_that_do_not_hold() {
    insta::assert_snapshot!(found(
        r#"
        expect "GET http://shop.example/x" pool="app"
        expect "GET http://shop.example/cart/1" pool="next" listener="web"
        expect "GET http://shop.example/beat" route="/beta" listener="web"
        expect "GET http://shop.example/old/a" redirect="https://new.example:443/a" listener="web"
        expect "GET http://shop.example/x" status=200 listener="web"
        expect "GET https://shop.example/" pool="app"
        expect "GET http://shop.example/" pool="app" listener="up"
        expect "* http://*/cart/**" for-all=#true pool="next" listener="web"
        expect "* http://*/**" for-all=#true pool="app" listener="web"
        expect "GET http://shop.example/inner" pool="app" client="192.0.2.9" listener="web"
        expect "* http://*/inner/**" for-all=#true pool="app" client="10.0.0.0/7" listener="web"
        expect "GET http://shop.example/beta?v=2+x" status=404 client="10.0.0.1" listener="web" { header "X-Beta" equals="7" }
        expect "GET http://*/beta" for-all=#true route="/**" client="10.0.0.0/7" listener="web" { header "x-beta" prefix="7" }
        expect "* http://*.other.example/**" for-all=#true pool="app"
    "#
    ));
}

#[test]
fn claims_that_cannot_be_read() {
    insta::assert_snapshot!(all_found(
        r#"
        expect "GET /x" pool="app"
        expect "get http://shop.example/x" pool="app"
        expect "GET http://shop.example/x"
        expect "* http://shop.example/x" pool="app"
        expect "GET http://shop.example/x" method="GET" pool="app"
        expect "http://shop.example/x" method="get" pool="app"
        expect "GET http://shop.example/a*" for-all=#true pool="app"
        expect "GET http://shop.example/a?b" for-all=#true pool="app"
        expect "GET http://shop.example/a" pool="nothing"
        expect "GET http://shop.example/a" pool="app" listener="web" { header "x" regex="(" }
    "#
    ));
}

fn all_found(claims: &str) -> String {
    let scratch = Scratch::new();
    let root = scratch.write("site.kdl", &format!("{SITE}{claims}"));
    let compilation = crate::compile(&root, &Options::default()).unwrap();
    let line = |found: &crate::diagnostic::Diagnostic| {
        format!("{} {}\n  -> {}\n", found.code, found.message, found.help.as_deref().unwrap_or_default())
    };
    compilation.diagnostics.iter().map(line).collect()
}

/// A claim must not be blamed for what another rule reports.
#[test]
fn what_is_in_error_is_not_judged() {
    let crossing = r#"
        route "/a/*" { deny 403 }
        route "/*/b" { deny 404 }
        expect "GET http://shop.example/a/b" status=403 listener="web"
        expect "* http://shop.example/a/*" for-all=#true status=500 listener="nothing"
    "#;
    let codes: Vec<String> = all_found(crossing)
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert!(codes.contains(&"RTE002".to_owned()) && !codes.contains(&"INV001".to_owned()), "{codes:?}");
}

const YAML: &str = r#"
expect:
  - { request: "GET http://shop.example/x", pool: app, listener: web }
  - { request: "http://a.shop.example/cart/1", method: [GET, PUT], pool: app, listener: web }
  - { request: "* http://*/old/**", for-all: true, redirect: "https://new.example/{rest}", listener: web }
  - { request: "GET http://none.example/", status: 421, client: 10.0.0.1 }
"#;

#[test]
fn both_spellings_say_the_same_and_neither_is_in_the_plan() {
    let scratch = Scratch::new();
    let kdl = r#"
        expect "GET http://none.example/" status=421 client="10.0.0.1"
        expect "* http://*/old/**" for-all=#true redirect="https://new.example/{rest}" listener="web"
        expect "http://a.shop.example/cart/1" { method "GET" "PUT"; pool "app"; listener "web" }
        expect "GET http://shop.example/x" pool="app" listener="web"
    "#;
    scratch.write("claims.yaml", YAML);
    let model = |name: &str, text: &str| {
        let root = scratch.write(name, text);
        let syntax = crate::syntax::load(&root, &Default::default()).unwrap();
        let (model, found) = crate::model::build(&syntax);
        assert_eq!(found, []);
        (model, crate::compile(&root, &Options::default()).unwrap().plan.unwrap().encode())
    };
    let (in_kdl, plan) = model("kdl.kdl", &format!("{SITE}{kdl}"));
    let (in_yaml, same_plan) = model("yaml.kdl", &format!("{SITE}include \"claims.yaml\""));
    let (_, plan_without) = model("none.kdl", SITE);
    assert_eq!(in_kdl.expects, in_yaml.expects);
    assert_eq!(in_kdl.expects.len(), 4);
    assert!(plan == same_plan && plan == plan_without);
}

#[test]
fn generated_claims_cover_everything() {
    let (_, tests) = run("site.kdl", SITE, Spelling::Kdl);
    assert_eq!((tests.covered(), tests.percent()), (0, 0));
    let generated = tests.generated(Spelling::Kdl);
    insta::assert_snapshot!(generated);
    let (compilation, tests) = run("site.kdl", &format!("{SITE}{generated}"), Spelling::Kdl);
    assert_eq!(compilation.diagnostics, []);
    assert_eq!((tests.percent(), tests.generated(Spelling::Kdl).as_str()), (100, ""));
    assert!(tests.tests.iter().all(|test| test.status == Status::Passed && test.finding.is_none()));
}

#[test]
fn generated_claims_cover_everything_in_yaml() {
    let config = r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
routes:
  - { path: "/**", respond: 200 }
  - { path: "/a\"b\\c/{id}", method: [PUT], deny: 403 }
"#;
    let config = config.replace(r#"\"b\\c"#, "%22b%5Cc");
    let (_, tests) = run("site.yaml", &config, Spelling::Yaml);
    let generated = tests.generated(Spelling::Yaml);
    let (compilation, tests) = run("site.yaml", &format!("{config}{generated}"), Spelling::Yaml);
    assert_eq!((compilation.diagnostics, tests.percent()), (vec![], 100), "{generated}");
}

#[test]
fn what_no_request_reaches_is_not_counted() {
    let config = r#"
        listener "web" { bind "127.0.0.1:8080" }
        host "a.example" { route "/**" { respond 200 "a" } }
        route "/**" { respond 200 "outside" }
    "#;
    let (_, tests) = run("site.kdl", config, Spelling::Kdl);
    assert_eq!(tests.routes.len(), 1);
    let none = Tests { tests: vec![], routes: vec![] };
    assert_eq!(none.percent(), 100);
}
