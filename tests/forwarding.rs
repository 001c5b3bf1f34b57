//! What backends get and what clients get back.

use super::support::{Backend, Client, Port, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A site with one backend behind `/**`, more lines for its listener and more routes.
fn site(port: &Port, backend: &Backend, listener: &str, more: &str) -> Site {
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; {listener} }}
        pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="1s" timeout="500ms" }}
        route "/**" pool="app"
        {more}
        "#,
        port.number(),
        backend.port()
    ))
}

/// A site whose backend counts as alive whatever happens to it: no probe can come in between.
fn unprobed(port: &Port, backend: &Backend) -> Site {
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "http://127.0.0.1:{}" }}
        route "/**" pool="app"
        "#,
        port.number(),
        backend.port()
    ))
}

/// Sends bytes as they are and gives all that comes back until the server closes.
async fn raw(port: &Port, request: &str) -> String {
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(super::support::PATIENCE, reading).await.expect("the server closes").unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn hop_by_hop_fields_end_here_and_the_client_is_named() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "", "").run();
    let mut client = Client::connect(port.address).await;
    let headers = [
        ("connection", "x-secret, keep-alive"),
        ("x-secret", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic eDp5"),
        ("upgrade", "websocket"),
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "https"),
        ("x-kept", "yes"),
    ];
    let answer = client.send("POST", "/a/%7Eb/../c?q=1&r=%2F", &headers, "hello").await.unwrap();
    assert_eq!(answer.text(), "a");
    let got = backend.last();
    assert_eq!((got.method.as_str(), got.target.as_str()), ("POST", "/a/c?q=1&r=%2F"));
    assert_eq!(&got.body[..], b"hello");
    for gone in ["connection", "x-secret", "keep-alive", "te", "proxy-authorization", "upgrade"] {
        assert!(!got.headers.contains_key(gone), "{gone} was forwarded");
    }
    assert_eq!(got.headers["x-kept"], "yes");
    assert_eq!(got.headers["host"], "localhost");
    assert_eq!(got.headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(got.headers["x-forwarded-proto"], "http");
    assert_eq!(got.headers["x-forwarded-host"], "localhost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_is_believed() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, r#"trusted-proxies "127.0.0.0/8""#, "").run();
    let mut client = Client::connect(port.address).await;
    let headers = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")];
    client.send("GET", "/", &headers, "").await.unwrap();
    let got = backend.last();
    assert_eq!(got.headers["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
    assert_eq!(got.headers["x-forwarded-proto"], "https");
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_comes_in_and_http1_goes_out() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "http h2=#true", "").run();
    let mut client = Client::connect_h2(port.address).await.host("shop.example");
    let headers = [("cookie", "a=1"), ("cookie", "b=2")];
    let answer = client.send("POST", "/x?y", &headers, "body").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "a"));
    let got = backend.last();
    assert_eq!((got.target.as_str(), &got.body[..]), ("/x?y", &b"body"[..]));
    assert_eq!(got.headers["host"], "shop.example");
    assert_eq!(got.headers["cookie"], "a=1; b=2");
    // The same port still speaks HTTP/1.1.
    assert_eq!(Client::connect(port.address).await.get("/").await.text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_pass_in_both_directions() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "", "").run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/bytes/3000000").await.body.len(), 3_000_000);
    let body = "x".repeat(3_000_000);
    assert_eq!(client.send("POST", "/", &[], &body).await.unwrap().text(), "a");
    assert_eq!(backend.last().body.len(), 3_000_000);
    assert_eq!(client.send("HEAD", "/", &[], "").await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_breaks_off_never_looks_whole() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let server = site(&port, &backend, "", "").run();
    let mut client = Client::connect(port.address).await;
    assert!(client.send("GET", "/break", &[], "").await.is_err());
    server.wait_for("backend failed");
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_redirect_respond_deny_and_rewrite() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let more = r#"
        route "/old/{*rest}" { redirect "/new/{rest}" status=308 }
        route "/healthz" { respond 200 "ok" }
        route "/private/**" { deny 403 }
        route "/api/{version}/{id}" pool="app" { rewrite "/{id}/{version}" }
        route "/read" method="GET" pool="app"
    "#;
    let _server = site(&port, &backend, "", more).run();
    let mut client = Client::connect(port.address).await;
    let moved = client.get("/old/a/b?q=1").await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (308, Some("/new/a/b")));
    let ok = client.get("/healthz").await;
    assert_eq!((ok.status.as_u16(), ok.text()), (200, "ok"));
    assert_eq!(client.get("/private/x").await.status, 403);
    client.get("/api/v1/42?q=1").await;
    assert_eq!(backend.last().target, "/42/v1?q=1");
    assert_eq!(client.get("/read").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_told_apart_and_unknown_ones_refused() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="1s" timeout="500ms" }}
        host "shop.example" {{ route "/**" pool="app"; route "/who" {{ respond 200 "exact" }} }}
        host "*.shop.example" {{ route "/**" {{ respond 200 "label" }} }}
        host "**.shop.example" {{ route "/only" {{ respond 200 "labels" }} }}
        "#,
        port.number(),
        backend.port()
    ));
    let _server = site.run();
    for (host, path, status, text) in [
        ("shop.example", "/who", 200, "exact"),
        ("SHOP.example:8080", "/who", 200, "exact"),
        ("shop.example.", "/", 200, "a"),
        ("www.shop.example", "/who", 200, "label"),
        ("a.b.shop.example", "/only", 200, "labels"),
        ("a.b.shop.example", "/other", 404, "404 Not Found\n"),
        ("evil.example", "/", 421, "421 Misdirected Request\n"),
    ] {
        let answer = Client::connect(port.address).await.host(host).get(path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (status, text), "{host}{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_mean_two_things_is_refused() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &backend, "", "").run();
    for request in [
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /a%2Fb HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /../x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
    ] {
        let answer = raw(&port, request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request:?}: {answer}");
    }
    let answer = raw(&port, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    assert_eq!(backend.requests(), 0, "nothing of it went to the backend");
    let answer = raw(&port, "GET /plain HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn header_values_are_filled_in() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let more = r#"
        route "/filled" pool="app" {
            request-header-set "X-Client" "{client-address}"
            request-header-set "X-Time" "{time}"
            request-header-set "X-Id" "{uuid}"
            request-header-set "X-Count" "n{counter}"
            request-header-add "X-Many" "two"
            request-header-remove "X-Gone"
            header-set "X-Frame-Options" "DENY"
            header-remove "Date"
        }
    "#;
    let _server = site(&port, &backend, "", more).run();
    let mut client = Client::connect(port.address).await;
    let mut ids = Vec::new();
    for count in 1..=2 {
        let headers = [("x-many", "one"), ("x-gone", "1"), ("x-client", "spoofed")];
        let answer = client.send("GET", "/filled", &headers, "").await.unwrap();
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        let got = backend.last();
        assert_eq!(got.headers["x-client"], "127.0.0.1");
        assert_eq!(got.headers["x-count"], format!("n{count}"));
        assert!(got.headers["x-time"].to_str().unwrap().ends_with('Z'));
        assert_eq!(got.headers.get_all("x-many").iter().collect::<Vec<_>>(), ["one", "two"]);
        assert!(!got.headers.contains_key("x-gone"));
        ids.push(got.headers["x-id"].clone());
    }
    assert_eq!(ids[0].len(), 36);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_cannot_be_reached_is_502_and_the_log_says_why() {
    let (mut backend, port) = (Backend::start("a"), Port::reserve());
    let server = unprobed(&port, &backend).run();
    backend.kill();
    let answer = Client::connect(port.address).await.get("/").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (502, "502 Bad Gateway\n"));
    let line = server.wait_for("backend failed");
    assert!(line.contains("Connection refused"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_backend_closed_meanwhile_is_no_failure() {
    let (mut backend, port) = (Backend::start("a"), Port::reserve());
    let _server = unprobed(&port, &backend).run();
    let mut client = Client::connect(port.address).await;
    for _ in 0..5 {
        assert_eq!(client.get("/").await.status, 200);
        backend.kill();
        backend.revive();
        assert_eq!(client.get("/").await.status, 200);
        assert_eq!(client.send("POST", "/", &[], "x").await.unwrap().status, 200);
    }
}
