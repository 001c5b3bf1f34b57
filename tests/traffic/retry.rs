//! When requests are sent again.

use super::{assert_twins, site};
use crate::support::{Backend, Client, Port, until};

const NO_EJECTION: &str = "eject consecutive-errors=0";

#[tokio::test(flavor = "multi_thread")]
async fn a_status_sends_a_request_to_another_backend() {
    let (bad, good, port) = (Backend::start("bad"), Backend::start("good"), Port::reserve());
    bad.set_status(503);
    let site = site(&port, &[&bad, &good], NO_EJECTION, r#"retry 1 { on "503" "504" }"#);
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    for _ in 0..10 {
        let answer = client.send("GET", "/a?b", &[("x-it", "1")], "").await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "good"));
    }
    assert_eq!((bad.requests(), good.requests()), (5, 10), "each in turn, and again elsewhere");
    let got = good.last();
    assert_eq!((got.target.as_str(), got.headers["x-it"].to_str().unwrap()), ("/a?b", "1"));
    server.wait_for("answered with 503");
    // What a backend may have acted on is not repeated.
    let mut refused = 0;
    for _ in 0..10 {
        refused += u64::from(client.send("POST", "/", &[], "body").await.unwrap().status == 503);
        refused += u64::from(client.send("PUT", "/", &[], "body").await.unwrap().status == 503);
    }
    assert_eq!((refused, bad.requests(), good.requests()), (10, 15, 20));
    // A status that is not named is an answer like any other.
    bad.set_status(502);
    let statuses = [client.get("/").await.status.as_u16(), client.get("/").await.status.as_u16()];
    assert!(statuses.contains(&502) && statuses.contains(&200), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_answer_stands_when_no_try_is_left() {
    let (one, other, port) = (Backend::start("one"), Backend::start("other"), Port::reserve());
    one.set_status(503);
    other.set_status(503);
    let site = site(&port, &[&one, &other], NO_EJECTION, r#"retry 3 { on "503" }"#);
    let _server = site.run();
    let answer = Client::connect(port.address).await.get("/").await;
    assert_eq!(answer.status, 503);
    assert!(["one", "other"].contains(&answer.text()), "the backend's own words");
    assert_eq!((one.requests(), other.requests()), (2, 2), "each of them again when both were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_late_is_left_for_another_where_the_route_says_so() {
    let (late, quick, port) = (Backend::start("late"), Backend::start("quick"), Port::reserve());
    let route = r#"timeout { first-byte "200ms" }; retry 1 { on "timeout" }"#;
    let site = site(&port, &[&late, &quick], NO_EJECTION, route);
    let server = site.run();
    // Each lets one request through, and no more.
    quick.release();
    late.release();
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/hold").await.status, 200);
    assert_eq!(client.get("/hold").await.status, 200);
    let answer = client.get("/hold").await;
    assert_eq!(answer.status, 504, "both are late");
    assert_eq!((late.holding(), quick.holding()), (2, 2));
    server.wait_for("first-byte");
    assert_eq!(client.send("POST", "/hold", &[], "").await.unwrap().status, 504);
    assert_eq!(late.holding() + quick.holding(), 5, "a POST is tried once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_left_goes_to_another_backend_with_its_body() {
    let (mut dead, alive, port) = (Backend::start("dead"), Backend::start("alive"), Port::reserve());
    let site = site(&port, &[&dead, &alive], NO_EJECTION, r#"retry 1 { on "connect-failure" }"#);
    dead.kill();
    let server = site.run();
    let body = "0123456789".repeat(50_000);
    for mut client in [Client::connect(port.address).await, Client::connect_h2(port.address).await] {
        for _ in 0..4 {
            let answer = client.send("POST", "/", &[], &body).await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.text()), (200, "alive"));
            assert_eq!(alive.last().body, body);
        }
    }
    assert_eq!(alive.requests(), 8);
    server.wait_for("cannot connect");
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_do_not_become_a_storm() {
    let (mut dead, alive, port) = (Backend::start("dead"), Backend::start("alive"), Port::reserve());
    let site = site(&port, &[&dead, &alive], NO_EJECTION, r#"retry 1 budget="20%""#);
    dead.kill();
    let _server = site.run();
    let mut asked = Vec::new();
    for count in 1..=12u64 {
        let mut client = Client::connect(port.address).await;
        asked.push(tokio::spawn(async move { client.get("/hold").await.status.as_u16() }));
        // One after the other, so that each backend is chosen six times.
        let asked = &asked;
        until("the request is held or refused", || async {
            let refused = asked.iter().filter(|it| it.is_finished()).count() as u64;
            alive.holding() + refused == count
        })
        .await;
    }
    // Six are for the living one. Of the six for the dead one, three may be sent again at a time.
    assert_eq!(alive.holding(), 9);
    (0..9).for_each(|_| alive.release());
    let mut statuses = Vec::new();
    for answer in asked {
        statuses.push(answer.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|&&it| it == status).count();
    assert_eq!((count(200), count(502)), (9, 3), "{statuses:?}");
    // Those are over, so there is room again.
    let mut client = Client::connect(port.address).await;
    for _ in 0..4 {
        assert_eq!(client.get("/").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_budget_nothing_is_sent_again() {
    let (mut dead, alive, port) = (Backend::start("dead"), Backend::start("alive"), Port::reserve());
    let site = site(&port, &[&dead, &alive], NO_EJECTION, r#"retry 5 budget="0%""#);
    dead.kill();
    let _server = site.run();
    let mut client = Client::connect(port.address).await;
    let statuses = [client.get("/").await.status.as_u16(), client.get("/").await.status.as_u16()];
    assert!(statuses.contains(&502) && statuses.contains(&200), "{statuses:?}");
}

#[test]
fn both_spellings_of_a_retry_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/**" pool="a" { retry 2 budget="10%" { on "connect-failure" "timeout" "503" } }
        route "/default" pool="a"
        route "/usual" pool="a" { retry 1 }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        pools: { a: { backends: ["http://127.0.0.1:9001"], probe: / } }
        routes:
          - { path: /usual, pool: a, retry: { attempts: 1, budget: 20%, on: [reset, connect-failure] } }
          - { path: /default, pool: a }
          - path: "/**"
            pool: a
            retry: { attempts: 2, budget: 10%, on: ["503", timeout, connect-failure] }
        "#,
    );
}
