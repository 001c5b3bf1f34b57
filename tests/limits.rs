//! Limits: rates, sizes, times, connections.

use std::time::{Duration, Instant};

use super::support::{Backend, Client, Port, Site, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn site(port: &Port, backend: &Backend, listener: &str, pool: &str, route: &str) -> Site {
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; {listener} }}
        pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="1s" timeout="500ms"; {pool} }}
        route "/**" pool="app" {{ {route} }}
        "#,
        port.number(),
        backend.port()
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_admits_burst_and_rate_and_no_more() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"trusted-proxies "127.0.0.0/8""#;
    let _server = site(&port, &backend, listener, "", r#"rate-limit "50/s" burst=100 key="client-ip""#).run();
    let mut client = Client::connect(port.address).await;
    let ask = async |client: &mut Client, from: &str| {
        client.send("GET", "/", &[("x-forwarded-for", from)], "").await.unwrap()
    };
    let start = Instant::now();
    let (mut admitted, mut refused) = (0u64, 0u64);
    while start.elapsed() < Duration::from_secs(2) {
        match ask(&mut client, "192.0.2.1").await {
            answer if answer.status == 200 => admitted += 1,
            answer => {
                assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("1")));
                refused += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // However long the loop really took: burst and rate, give or take one.
    let expected = 100 + (start.elapsed().as_secs_f64() * 50.0) as u64;
    assert!(admitted.abs_diff(expected) <= expected / 50 + 1, "{admitted} admitted, {expected} expected");
    assert!(refused > 0);
    assert_eq!(ask(&mut client, "192.0.2.2").await.status, 200, "another client is untouched");
    assert_eq!(backend.requests(), admitted + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_client_stays_blocked_and_a_swap_does_not_free_it() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let limit = r#"rate-limit "1/s" burst=1 key="client-ip" block="1h""#;
    let site = site(&port, &backend, "", "", limit);
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    let statuses = [client.get("/").await.status.as_u16(), client.get("/").await.status.as_u16()];
    assert_eq!(statuses, [200, 429]);
    server.signal("HUP");
    server.wait_for("swapped");
    let answer = client.get("/").await;
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_413() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "", "", r#"body-limit "1KiB""#).run();
    let fits = "x".repeat(1024);
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.send("POST", "/", &[], &fits).await.unwrap().status, 200);
    let too_large = "x".repeat(1025);
    assert_eq!(client.send("POST", "/", &[], &too_large).await.unwrap().status, 413);
    assert_eq!(backend.requests(), 1, "not a byte of it went to the backend");
    // Without a declared length the limit counts what really comes.
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let request =
        format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_answer_in_time_is_504() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let server = site(&port, &backend, "", "", r#"timeout { first-byte "100ms" }"#).run();
    let answer = Client::connect(port.address).await.get("/hold").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (504, "504 Gateway Timeout\n"));
    let line = server.wait_for("backend failed");
    assert!(line.contains("first-byte"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_takes_too_long_is_504() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "", "", r#"timeout "100ms""#).run();
    assert_eq!(Client::connect(port.address).await.get("/hold").await.status, 504);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_backend_is_503_after_the_queue_timeout() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let pool = r#"connections per-backend=1 queue-timeout="100ms""#;
    let server = site(&port, &backend, "", pool, "").run();
    let mut first = Client::connect(port.address).await;
    let held = tokio::spawn(async move { first.get("/hold").await });
    until("the backend holds a request", || async { backend.holding() == 1 }).await;
    let mut second = Client::connect(port.address).await;
    assert_eq!(second.get("/").await.status, 503);
    server.wait_for("1 exchanges in flight");
    backend.release();
    assert_eq!(held.await.unwrap().status, 200);
    assert_eq!(second.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_idle_connections_are_closed() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let http = r#"http header-timeout="100ms" idle-timeout="200ms""#;
    let _server = site(&port, &backend, http, "", "").run();
    for sent in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"] {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(super::support::PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{sent:?} keeps the connection open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_large_are_431() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let http = r#"http max-header-size="8KiB" max-headers=20"#;
    let _server = site(&port, &backend, http, "", "").run();
    let long = "x".repeat(9000);
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.send("GET", "/", &[("x-long", &long)], "").await.unwrap().status, 431);
    let mut client = Client::connect(port.address).await;
    let names: Vec<String> = (0..30).map(|number| format!("x-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(client.send("GET", "/", &many, "").await.unwrap().status, 431);
    assert_eq!(backend.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_than_allowed_are_served_at_a_time() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "max-connections 1", "", "").run();
    let mut first = Client::connect(port.address).await;
    assert_eq!(first.get("/").await.status, 200);
    // The second waits in the kernel until the first is gone.
    let mut second = Client::connect(port.address).await;
    let mut waiting = tokio::spawn(async move { second.get("/").await });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err(), "served beside the first");
    drop(first);
    assert_eq!(waiting.await.unwrap().status, 200);
}
