//! What a swap keeps: who is there is counted by the limits of the new plan as well.

use std::time::Duration;

use tokio::time::timeout;

use crate::support::{Backend, Client, PATIENCE, Port, Site, until};

fn config(port: &Port, backend: &Backend, listener: &str, connections: &str) -> String {
    format!(
        r#"
        runtime {{ workers 2 }}
        listener "web" {{ bind "127.0.0.1:{}"; {listener} }}
        pool "app" {{ backend "http://127.0.0.1:{}"; connections {connections} queue-timeout="200ms" }}
        route "/**" pool="app"
        "#,
        port.number(),
        backend.port()
    )
}

/// Holds a request at the backend.
async fn hold(port: &Port, backend: &Backend) -> tokio::task::JoinHandle<u16> {
    let (mut client, before) = (Client::connect(port.address).await, backend.holding());
    let held = tokio::spawn(async move { client.get("/hold").await.status.as_u16() });
    until("the backend holds it", || async { backend.holding() == before + 1 }).await;
    held
}

fn swap(site: &Site, config: &str) {
    site.write("site.kdl", config);
    site.compile("site.kdl");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_limit_of_a_backend_counts_what_is_in_flight_already() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(&port, &backend, "", "per-backend=2"));
    let server = site.run();
    let held = [hold(&port, &backend).await, hold(&port, &backend).await];
    swap(&site, &config(&port, &backend, "", "per-backend=1"));
    server.wait_for("swapped");
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.status, 503, "a third beside two where one may be");
    let mut held = futures_util::future::select_all(held);
    backend.release();
    let (status, _, rest) = (&mut held).await;
    assert_eq!(status.unwrap(), 200);
    assert_eq!(client.get("/").await.status, 503, "a second beside the first");
    backend.release();
    for held in rest {
        assert_eq!(held.await.unwrap(), 200);
    }
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_higher_limit_of_a_backend_admits_who_waits_already() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let waiting =
        |limit: u32| config(&port, &backend, "", &format!("per-backend={limit}")).replace("200ms", "60s");
    let site = Site::with(&waiting(1));
    let server = site.run();
    let held = hold(&port, &backend).await;
    let mut second = Client::connect(port.address).await;
    let mut second = tokio::spawn(async move { second.get("/").await.status });
    assert!(timeout(Duration::from_millis(200), &mut second).await.is_err(), "it went beside the first");
    swap(&site, &waiting(2));
    server.wait_for("swapped");
    assert_eq!(timeout(PATIENCE, second).await.expect("it is admitted").unwrap(), 200);
    backend.release();
    assert_eq!(held.await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_limit_of_a_listener_counts_the_connections_that_are_open_already() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(&port, &backend, "", "per-backend=9"));
    let server = site.run();
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(port.address).await;
        assert_eq!(client.get("/").await.status, 200);
        open.push(client);
    }
    swap(&site, &config(&port, &backend, "max-connections 1", "per-backend=9"));
    server.wait_for("swapped");
    let mut third = Client::connect(port.address).await;
    let mut third = tokio::spawn(async move { third.get("/").await.status });
    let mut is_served = async || timeout(Duration::from_millis(300), &mut third).await.is_ok();
    assert!(!is_served().await, "a third beside two where one may be");
    drop(open.pop());
    assert!(!is_served().await, "a second beside the first");
    drop(open.pop());
    assert_eq!(timeout(PATIENCE, third).await.expect("it is served").unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_stands_twice_is_two_before_a_swap_and_after() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let twice = |header: &str| {
        let one = config(&port, &backend, "", "per-backend=1");
        let backend = format!("backend \"http://{}\"", backend.address);
        one.replacen(&backend, &format!("{backend}; {backend}"), 1)
            .replace("pool=\"app\"", &format!("pool=\"app\" {{ header-set \"X-Version\" \"{header}\" }}"))
    };
    let site = Site::with(&twice("one"));
    let server = site.run();
    for version in ["one", "two", "three"] {
        let held = [hold(&port, &backend).await, hold(&port, &backend).await];
        let mut client = Client::connect(port.address).await;
        assert_eq!(client.get("/").await.status, 503, "{version}: both have their one exchange");
        held.iter().for_each(|_| backend.release());
        for held in held {
            assert_eq!(held.await.unwrap(), 200);
        }
        swap(&site, &twice(&format!("{version} and on")));
        let swaps = ["one", "two", "three"].iter().position(|it| *it == version).unwrap() + 1;
        server.wait_for_nth("swapped", swaps);
    }
}
