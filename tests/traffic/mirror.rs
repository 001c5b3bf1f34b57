//! Copies of requests for another pool.

use super::assert_twins;
use crate::support::{Backend, Client, Port, Site, until};

/// `app` serves, `shadow` gets copies of the requests to `/**`.
fn site(port: &Port, app: u16, shadow: u16, mirror: &str) -> Site {
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "http://127.0.0.1:{app}"; probe "/health" every="5s" timeout="1s" }}
        pool "shadow" {{ backend "http://127.0.0.1:{shadow}"; connections per-backend=2 queue-timeout="1h" }}
        route "/**" pool="app" {{ mirror "shadow" {mirror}; request-header-set "X-Who" "{{method}} {{path}}" }}
        route "/plain" pool="app"
        "#,
        port.number()
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_go_to_the_other_pool_and_answers_are_dropped() {
    let (app, shadow, port) = (Backend::start("app"), Backend::start("shadow"), Port::reserve());
    let _server = site(&port, app.port(), shadow.port(), "").run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/a?b=c").await.text(), "app");
    until("the copy has arrived", || async { shadow.requests() == 1 }).await;
    let got = shadow.last();
    assert_eq!((got.method.as_str(), got.target.as_str()), ("GET", "/a?b=c"));
    assert_eq!(got.headers["x-who"], "GET /a");
    assert_eq!(got.headers["x-forwarded-for"], "127.0.0.1");
    // A body goes along.
    let body = "x".repeat(60_000);
    assert_eq!(client.send("POST", "/b", &[], &body).await.unwrap().status, 200);
    until("the copy has arrived", || async { shadow.requests() == 2 }).await;
    assert_eq!((shadow.last().body.len(), shadow.last().method.as_str()), (60_000, "POST"));
    assert_eq!(app.last().body.len(), 60_000);
    // One that is too long to be kept does not, and no route without a mirror makes copies.
    let long = "x".repeat(70_000);
    assert_eq!(client.send("POST", "/c", &[], &long).await.unwrap().status, 200);
    assert_eq!(client.get("/plain").await.status, 200);
    assert_eq!(client.get("/last").await.status, 200);
    until("the copy has arrived", || async { shadow.last().target == "/last" }).await;
    assert_eq!(shadow.requests(), 3);
    assert_eq!(app.requests(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_slow_or_dead_delays_nobody() {
    let (app, mut shadow, port) = (Backend::start("app"), Backend::start("shadow"), Port::reserve());
    let _server = site(&port, app.port(), shadow.port(), "").run();
    let mut client = Client::connect(port.address).await;
    // Copies hang at the other pool, which takes two at a time; all others are not made.
    app.release();
    (0..9).for_each(|_| app.release());
    for _ in 0..10 {
        assert_eq!(client.get("/hold").await.text(), "app");
    }
    until("two copies hang", || async { shadow.holding() == 2 }).await;
    for _ in 0..300 {
        assert_eq!(client.get("/").await.text(), "app");
    }
    assert_eq!(shadow.requests(), 2);
    shadow.kill();
    for _ in 0..10 {
        assert_eq!(client.send("POST", "/", &[], "body").await.unwrap().text(), "app");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_share_is_copied() {
    let (app, shadow, port) = (Backend::start("app"), Backend::start("shadow"), Port::reserve());
    let _server = site(&port, app.port(), shadow.port(), "percent=25").run();
    let mut client = Client::connect(port.address).await;
    for _ in 0..400 {
        assert_eq!(client.get("/").await.status, 200);
    }
    // 100 are expected, less those that found both places taken; 200 is more than eleven standard deviations away.
    assert!((1..200).contains(&shadow.requests()), "{} of 400", shadow.requests());
}

#[test]
fn both_spellings_of_a_mirror_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        pool "b" { backend "http://127.0.0.1:9002"; probe "/" }
        route "/**" pool="a" { mirror "b" percent=5 }
        route "/all" pool="a" { mirror "b" }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        pools:
          a: { backends: ["http://127.0.0.1:9001"], probe: / }
          b: { backends: ["http://127.0.0.1:9002"], probe: / }
        routes:
          - { path: /all, pool: a, mirror: b }
          - { path: "/**", pool: a, mirror: { pool: b, percent: 5 } }
        "#,
    );
}

#[test]
fn a_mirror_to_nowhere_is_refused() {
    let site = Site::with(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/**" pool="a" { mirror "b" }
        "#,
    );
    let output = site.divisor(&["lint", "site.kdl", "--output", "compact"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("pool `b` is not defined"), "{said}");
}
