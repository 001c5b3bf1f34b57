//! Balancers, probes and dead backends, as clients see them.

use std::collections::BTreeMap;

use super::support::{Backend, Client, Port, Site, until};

struct Balanced {
    backends: Vec<Backend>,
    port: Port,
    site: Site,
}

/// Three backends, `a` with three times the weight, behind a balancer.
fn balanced(balance: &str) -> Balanced {
    let backends: Vec<Backend> = ["a", "b", "c"].into_iter().map(Backend::start).collect();
    let port = Port::reserve();
    let weighted = balance.starts_with("weighted") || balance.starts_with("least");
    let lines: Vec<String> = backends
        .iter()
        .enumerate()
        .map(|(at, backend)| {
            let weight = if at == 0 && weighted { " weight=3" } else { "" };
            format!("backend \"http://127.0.0.1:{}\"{weight}", backend.port())
        })
        .collect();
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; trusted-proxies "127.0.0.0/8" }}
        pool "app" {{
            balance "{balance}"
            {}
            probe "/health" every="50ms" timeout="1s" rise=1 fall=1
        }}
        route "/**" pool="app"
        "#,
        port.number(),
        lines.join("\n")
    ));
    Balanced { backends, port, site }
}

/// Who answers so many requests.
async fn answers(client: &mut Client, count: usize) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for _ in 0..count {
        let answer = client.get("/").await;
        assert_eq!(answer.status, 200);
        *seen.entry(answer.text().to_owned()).or_default() += 1;
    }
    seen
}

fn counts(seen: &BTreeMap<String, usize>) -> [usize; 3] {
    ["a", "b", "c"].map(|name| seen.get(name).copied().unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_gives_each_its_turn_over_all_connections() {
    let Balanced { port, site, backends: _backends } = balanced("round-robin");
    let _server = site.run();
    let mut seen = BTreeMap::new();
    for _ in 0..30 {
        // A connection each: they end up on all workers.
        for (name, count) in answers(&mut Client::connect(port.address).await, 1).await {
            *seen.entry(name).or_default() += count;
        }
    }
    assert_eq!(counts(&seen), [10, 10, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn weighted_round_robin_is_exact_and_smooth() {
    let Balanced { port, site, backends: _backends } = balanced("weighted-round-robin");
    let _server = site.run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(counts(&answers(&mut client, 50).await), [30, 10, 10]);
    assert_eq!(counts(&answers(&mut client, 5).await), [3, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn random_leaves_nobody_out() {
    let Balanced { port, site, backends: _backends } = balanced("random");
    let _server = site.run();
    let seen = answers(&mut Client::connect(port.address).await, 300).await;
    // Each is expected 100 times; 50 is more than six standard deviations away.
    assert!(counts(&seen).iter().all(|&count| count > 50), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ip_hash_keeps_a_client_where_it_is() {
    let Balanced { port, site, mut backends } = balanced("ip-hash");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    let mut homes = BTreeMap::new();
    for last in 0..64 {
        let from = format!("192.0.2.{last}");
        for _ in 0..2 {
            let answer = client.send("GET", "/", &[("x-forwarded-for", &from)], "").await.unwrap();
            let home = homes.entry(from.clone()).or_insert_with(|| answer.text().to_owned());
            assert_eq!(home, answer.text(), "{from} moved");
        }
    }
    backends[1].kill();
    server.wait_for("backend is down");
    for (from, home) in homes {
        let answer = client.send("GET", "/", &[("x-forwarded-for", &from)], "").await.unwrap();
        assert_ne!(answer.text(), "b");
        assert!(home == "b" || home == answer.text(), "{from} moved without need");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn least_connection_avoids_the_busy() {
    let Balanced { port, site, backends } = balanced("least-connection");
    let _server = site.run();
    let holding = || backends.iter().map(Backend::holding).sum::<u64>();
    let mut held = Vec::new();
    for count in 1..=5 {
        let mut client = Client::connect(port.address).await;
        held.push(tokio::spawn(async move { client.get("/hold").await }));
        until("the request is held", || async { holding() == count }).await;
    }
    let shares: Vec<u64> = backends.iter().map(Backend::holding).collect();
    assert_eq!(shares, [3, 1, 1], "five at a time by weight");
    backends.iter().for_each(|backend| (0..backend.holding()).for_each(|_| backend.release()));
    for request in held {
        assert_eq!(request.await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn least_response_time_tries_everybody() {
    let Balanced { port, site, backends: _backends } = balanced("least-response-time");
    let _server = site.run();
    let seen = answers(&mut Client::connect(port.address).await, 100).await;
    assert!(counts(&seen).iter().all(|&count| count > 0), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backend_costs_nothing_and_comes_back() {
    let Balanced { port, site, mut backends } = balanced("round-robin");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(counts(&answers(&mut client, 9).await), [3, 3, 3]);
    backends[1].kill();
    // Before its probe knows, requests are sent again; afterwards it is not asked at all.
    assert_eq!(counts(&answers(&mut client, 30).await)[1], 0);
    server.wait_for("backend is down");
    assert_eq!(counts(&answers(&mut client, 30).await), [15, 0, 15]);
    let ups = server.count("backend is up");
    backends[1].revive();
    server.wait_for_nth("backend is up", ups + 1);
    assert_eq!(counts(&answers(&mut client, 30).await), [10, 10, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_backend_down_it_starts_and_says_503() {
    let Balanced { port, site, mut backends } = balanced("round-robin");
    backends.iter_mut().for_each(Backend::kill);
    let server = site.run();
    server.wait_for_nth("backend is down", 3);
    let mut client = Client::connect(port.address).await;
    let answer = client.get("/").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (503, "503 Service Unavailable\n"));
    backends[2].revive();
    server.wait_for("backend is up");
    assert_eq!(client.get("/").await.text(), "c");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_says_it_is_ill_is_spared() {
    let Balanced { port, site, backends } = balanced("round-robin");
    let server = site.run();
    backends[0].set_healthy(false);
    let line = server.wait_for("backend is down");
    assert!(line.contains("503"), "{line}");
    let seen = answers(&mut Client::connect(port.address).await, 10).await;
    assert_eq!(counts(&seen), [0, 5, 5]);
}
