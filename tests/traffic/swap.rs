//! Swaps under load with everything on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::support::{Backend, Client, Port, Site, until};

fn config(port: u16, ports: [u16; 4], version: usize) -> String {
    let [a, b, next, shadow] = ports;
    format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{port}"; http h2=#true }}
        pool "app" {{
            backend "http://127.0.0.1:{a}"
            backend "http://127.0.0.1:{b}"
            probe "/health" every="1s" timeout="500ms"
            eject consecutive-errors={version} for="10s"
        }}
        pool "next" {{ backend "http://127.0.0.1:{next}"; probe "/health" every="1s" timeout="500ms" }}
        pool "shadow" {{ backend "http://127.0.0.1:{shadow}"; probe "/health" every="1s" timeout="500ms" }}
        policy "all" {{
            allow "127.0.0.0/8"
            compress "zstd" "br" "gzip"
            retry {version} {{ on "connect-failure" "reset" "502" "503" }}
            cors "https://app.example"
            csrf
            header-set "X-Version" "{version} {{path}}"
        }}
        route "/**" {{ split {{ pool "app" weight=9; pool "next" weight={version} }}; mirror "shadow" percent=50; use "all" }}
        "#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_swaps_lose_nothing_whatever_is_on() {
    let backends = ["a", "b", "next", "shadow"].map(Backend::start);
    let port = Port::reserve();
    let ports = std::array::from_fn(|at| backends[at].port());
    let site = Site::new();
    let plans = [1, 2].map(|version| {
        site.write("site.kdl", config(port.number(), ports, version));
        site.compile("site.kdl")
    });
    let server = site.run();
    let (over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients = (0..4).map(|number| {
        let (over, count, address) = (Arc::clone(&over), Arc::clone(&count), port.address);
        tokio::spawn(async move {
            let mut client = match number % 2 {
                0 => Client::connect(address).await,
                _ => Client::connect_h2(address).await,
            };
            let accept = [("accept-encoding", ["zstd", "br", "gzip", "identity"][number])];
            while !over.load(Ordering::Relaxed) {
                let answer = client.send("GET", "/text/3000", &accept, "").await.unwrap();
                assert_eq!(answer.status, 200);
                assert!(answer.header("x-version").is_some_and(|it| it.ends_with(" /text/3000")));
                let answer = client.send("POST", "/b", &[], "body").await.unwrap();
                assert_eq!(answer.status, 200);
                count.fetch_add(2, Ordering::Relaxed);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    for swap in 1..=50 {
        site.replace("plan.bin", &plans[swap % 2]);
        server.signal("HUP");
        server.wait_for_nth("swapped", swap);
        // However slow this machine is, each plan has had its requests.
        let before = count.load(Ordering::Relaxed);
        until("requests go on", async || count.load(Ordering::Relaxed) > before).await;
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
}
