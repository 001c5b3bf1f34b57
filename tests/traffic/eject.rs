//! Backends that fail requests are taken out for a while.

use super::{assert_twins, site};
use crate::support::{Backend, Client, Port};

/// Statuses of so many requests.
async fn statuses(client: &mut Client, count: usize) -> Vec<u16> {
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.push(client.get("/").await.status.as_u16());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_in_a_row_take_a_backend_out_and_time_brings_it_back() {
    let (bad, good, port) = (Backend::start("bad"), Backend::start("good"), Port::reserve());
    bad.set_status(503);
    let site = site(&port, &[&bad, &good], r#"eject consecutive-errors=3 for="300ms""#, "");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    let seen = statuses(&mut client, 6).await;
    assert_eq!(seen.iter().filter(|&&status| status == 503).count(), 3, "{seen:?}");
    let line = server.wait_for("backend is taken out");
    assert!(line.contains("errors=3") && line.contains("alive=1"), "{line}");
    bad.set_status(0);
    let asked = bad.requests();
    server.wait_for("backend is taken back");
    assert_eq!(bad.requests(), asked, "nobody asked it meanwhile");
    statuses(&mut client, 4).await;
    assert_eq!(bad.requests(), asked + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_backend_is_out_without_a_probe_and_the_last_one_stays_in() {
    let (mut dead, other, port) = (Backend::start("dead"), Backend::start("other"), Port::reserve());
    dead.kill();
    let site = site(&port, &[&dead, &other], r#"eject consecutive-errors=2 for="1h""#, "retry 0");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    statuses(&mut client, 4).await;
    server.wait_for("backend is taken out");
    assert_eq!(statuses(&mut client, 10).await, [200; 10]);
    // Half of them is one: the other stays in, whatever it answers.
    other.set_status(502);
    assert_eq!(statuses(&mut client, 10).await, [502; 10]);
    other.set_status(0);
    assert_eq!(statuses(&mut client, 10).await, [200; 10]);
    assert_eq!(server.count("backend is taken out"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_ceiling_are_out_at_a_time() {
    let (backends, port) = (["a", "b", "c", "d"].map(Backend::start), Port::reserve());
    backends.iter().for_each(|backend| backend.set_status(503));
    let eject = r#"eject consecutive-errors=1 for="1h" max-percent="50%""#;
    let server = site(&port, &backends.each_ref(), eject, "").run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(statuses(&mut client, 8).await, [503; 8]);
    server.wait_for_nth("backend is taken out", 2);
    let before = backends.each_ref().map(Backend::requests);
    assert_eq!(statuses(&mut client, 20).await, [503; 20]);
    let more: Vec<u64> = backends.iter().zip(before).map(|(it, before)| it.requests() - before).collect();
    let mut sorted = more.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [0, 0, 10, 10], "{more:?}");
    assert_eq!(server.count("backend is taken out"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_do_wrong_takes_nobody_out() {
    let (a, b, port) = (Backend::start("a"), Backend::start("b"), Port::reserve());
    a.set_status(500);
    b.set_status(404);
    let site = site(&port, &[&a, &b], r#"eject consecutive-errors=1 for="1h""#, "");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    statuses(&mut client, 20).await;
    assert_eq!((a.requests(), b.requests()), (10, 10));
    assert_eq!(server.count("backend is taken out"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn swaps_bring_nobody_back_before_its_time() {
    let (mut dead, other, port) = (Backend::start("dead"), Backend::start("other"), Port::reserve());
    dead.kill();
    let site = site(&port, &[&dead, &other], r#"eject consecutive-errors=1 for="1h""#, "retry 0");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    statuses(&mut client, 2).await;
    server.wait_for("backend is taken out");
    for swap in 1..=20 {
        server.signal("HUP");
        server.wait_for_nth("swapped", swap);
        assert_eq!(statuses(&mut client, 4).await, [200; 4], "after swap {swap}");
    }
}

#[test]
fn both_spellings_of_ejection_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" {
            backend "http://127.0.0.1:9001"
            probe "/"
            eject consecutive-errors=7 for="10s" max-percent="30%"
        }
        pool "b" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/**" pool="a"
        route "/b" pool="b"
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        pools:
          a: { backends: ["http://127.0.0.1:9001"], probe: /, eject: { consecutive-errors: 7, for: 10s, max-percent: 30% } }
          b: { backends: ["http://127.0.0.1:9001"], probe: /, eject: { for: 30s } }
        routes: [{ path: "/**", pool: a }, { path: /b, pool: b }]
        "#,
    );
}
