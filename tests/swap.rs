//! Swaps: nothing is lost, nothing is answered by two plans, and a plan that cannot run never replaces one that does.

mod kept;
mod left;
mod pending;
mod strain;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::support::{Backend, Client, Port, Site, until};

/// A config that sends everything to `backend` and marks the answers with `version`.
fn config(port: u16, backend: u16, version: &str) -> String {
    format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{port}" }}
        pool "app" {{
            backend "http://127.0.0.1:{backend}"
            probe "/health" every="1s" timeout="500ms"
        }}
        route "/**" pool="app" {{ header-set "X-Version" "{version}" }}
        "#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_swaps_under_load_lose_nothing() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::new();
    let plans: Vec<Vec<u8>> = ["one", "two"]
        .iter()
        .map(|version| {
            site.write("site.kdl", config(port.number(), backend.port(), version));
            site.compile("site.kdl")
        })
        .collect();
    let server = site.start(&["run", "plan.bin"]);
    let address = port.address;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                // One connection from the first request to the last: any closed connection fails the test.
                let mut client = Client::connect(address).await;
                while !stop.load(Ordering::SeqCst) {
                    let answer = client.get("/").await;
                    assert_eq!((answer.status.as_u16(), answer.text()), (200, "a"));
                    assert!(matches!(answer.header("x-version"), Some("one" | "two")));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for swap in 0..50 {
        site.replace("plan.bin", &plans[swap % 2]);
        server.signal("HUP");
        let before = answered.load(Ordering::SeqCst);
        server.wait_for_nth("swapped", swap + 1);
        until("requests were answered since", || async { answered.load(Ordering::SeqCst) > before + 4 })
            .await;
    }
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_swapped_without_a_signal() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.header("x-version"), Some("one"));
    site.write("site.kdl", config(port.number(), backend.port(), "two"));
    site.compile("site.kdl");
    server.wait_for("swapped");
    assert_eq!(client.get("/").await.header("x-version"), Some("two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_ends_under_the_plan_it_began_with() {
    let (first, second, port) = (Backend::start("first"), Backend::start("second"), Port::reserve());
    let site = Site::with(&config(port.number(), first.port(), "one"));
    let server = site.run();
    let mut slow = Client::connect(port.address).await;
    let held = tokio::spawn(async move { slow.get("/hold").await });
    until("the backend holds a request", || async { first.holding() == 1 }).await;
    site.write("site.kdl", config(port.number(), second.port(), "two"));
    site.compile("site.kdl");
    server.wait_for("swapped");
    let mut client = Client::connect(port.address).await;
    let later = client.get("/").await;
    assert_eq!((later.text(), later.header("x-version")), ("second", Some("two")));
    first.release();
    let held = held.await.unwrap();
    assert_eq!((held.text(), held.header("x-version")), ("first", Some("one")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plan_is_refused_and_traffic_goes_on() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let server = site.run();
    let good = std::fs::read(site.path("plan.bin")).unwrap();
    let mut future = good.clone();
    future[4..8].copy_from_slice(&[9, 0, 9, 0]);
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let bad: [(&[u8], &str); 5] = [
        (&damaged, "damaged"),
        (&good[..good.len() / 2], "cut short"),
        (b"", "empty"),
        (&future, "update divisor"),
        (b"listener \"web\" { }", "not a plan"),
    ];
    let mut client = Client::connect(port.address).await;
    for (count, (bytes, reason)) in bad.into_iter().enumerate() {
        site.replace("plan.bin", bytes);
        server.signal("HUP");
        let line = server.wait_for_nth("plan refused", count + 1);
        assert!(line.contains(reason), "{line}");
        assert_eq!(client.get("/").await.header("x-version"), Some("one"));
    }
    site.replace("plan.bin", &good);
    server.signal("HUP");
    server.wait_for("swapped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_address_is_taken_is_refused() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let server = site.run();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = taken.local_addr().unwrap().port();
    site.write("site.kdl", config(other, backend.port(), "two"));
    site.compile("site.kdl");
    let line = server.wait_for("plan refused");
    assert!(line.contains(&format!("cannot listen on 127.0.0.1:{other}")), "{line}");
    assert_eq!(Client::connect(port.address).await.get("/").await.header("x-version"), Some("one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_come_and_go_with_plans() {
    let (backend, port, other) = (Backend::start("a"), Port::reserve(), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let server = site.run();
    let mut old = Client::connect(port.address).await;
    let held = tokio::spawn(async move { (old.get("/hold").await, old) });
    until("the backend holds a request", || async { backend.holding() == 1 }).await;
    site.write("site.kdl", config(other.number(), backend.port(), "two"));
    site.compile("site.kdl");
    server.wait_for("swapped");
    assert_eq!(Client::connect(other.address).await.get("/").await.header("x-version"), Some("two"));
    until("the old address is closed", || async {
        tokio::net::TcpStream::connect(port.address).await.is_err()
    })
    .await;
    backend.release();
    let (answer, _) = held.await.unwrap();
    assert_eq!((answer.text(), answer.header("x-version")), ("a", Some("one")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_missing_at_start_is_trouble_and_later_is_not() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let output = site.divisor(&["run", "plan.bin"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read plan.bin"));
    let server = site.run();
    std::fs::remove_file(site.path("plan.bin")).unwrap();
    server.signal("HUP");
    server.wait_for("cannot read the plan");
    assert_eq!(Client::connect(port.address).await.get("/").await.text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_waits_for_what_is_in_flight() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let mut server = site.run();
    let mut client = Client::connect(port.address).await;
    let held = tokio::spawn(async move { client.get("/hold").await });
    until("the backend holds a request", || async { backend.holding() == 1 }).await;
    server.signal("TERM");
    server.wait_for("draining");
    until("nobody is let in", || async { tokio::net::TcpStream::connect(port.address).await.is_err() }).await;
    backend.release();
    assert_eq!(held.await.unwrap().text(), "a");
    assert!(server.wait().success());
    server.wait_for("drained");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_drain() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port(), "one"));
    let mut server = site.run();
    let mut client = Client::connect(port.address).await;
    let held = tokio::spawn(async move { client.send("GET", "/hold", &[], "").await });
    until("the backend holds a request", || async { backend.holding() == 1 }).await;
    server.signal("TERM");
    server.wait_for("draining");
    server.signal("HUP");
    server.signal("TERM");
    assert!(server.wait().success());
    assert!(held.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_plan_and_files_are_gone_serves_on_and_rests() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "{}"; tls {{ certificate "site.pem" key="site.key" }} }}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app"
        "#,
        port.address, backend.address
    ));
    let authority = super::support::certs::Authority::new("root");
    site.pair("site", &authority.server(&["localhost"]));
    let server = site.run();
    for gone in ["plan.bin", "site.pem", "site.key"] {
        std::fs::remove_file(site.path(gone)).unwrap();
    }
    server.signal("HUP");
    server.wait_for("cannot read the plan; the live one stays");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await; // whoever looks again has looked
    let before = server.rests();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let woken = server.rests() - before;
    assert!(woken < 3, "woken {woken} times in a second in which nothing happened");
    // And it takes up what comes back.
    site.pair("site", &authority.server(&["localhost"]));
    site.compile("site.kdl");
    server.wait_for("swapped");
}
