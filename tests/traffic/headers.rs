//! What header values may hold.

use crate::support::certs::Authority;
use crate::support::{Backend, Client, Port, Site};

const ROUTES: &str = r#"
route "/users/{id}/{*rest}" pool="app" {
    request-header-set "X-User" "{id}|{rest}|{host}|{path}|{query}|{method}|{scheme}"
    request-header-set "X-Json" "{\"id\": \"{id}\", \"{nothing}\": 1}"
    header-set "X-Seen" "{method} {id} {tls-version} {tls-cipher} {server-name}"
    header-add "X-Backend-Count" "{counter}"
}
route "/**" { respond 200 "ok"; header-set "X-Path" "{path}" }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn values_hold_what_was_asked_for() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="5s" timeout="1s" }}
        {ROUTES}
        "#,
        port.number(),
        backend.port()
    ));
    let _server = site.run();
    let mut client = Client::connect(port.address).await.host("Shop.example:80");
    let answer = client.get("/users/7/a/b%20c?x=1&y").await;
    let got = backend.last();
    assert_eq!(got.headers["x-user"], "7|a/b%20c|shop.example|/users/7/a/b%20c|?x=1&y|GET|http");
    assert_eq!(got.headers["x-json"], "{\"id\": \"7\", \"{nothing}\": 1}");
    assert_eq!(answer.header("x-seen"), Some("GET 7"), "nothing is known of TLS without it");
    assert_eq!(answer.header("x-backend-count"), Some("1"));
    assert_eq!(client.get("/other").await.header("x-path"), Some("/other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_hold_what_the_handshake_came_to() {
    let (authority, backend, port) = (Authority::new("test root"), Backend::start("a"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; tls {{ certificate "shop.pem" key="shop.key" trust="ca.pem" }} }}
        pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="5s" timeout="1s" }}
        host "shop.example" {{ {ROUTES} }}
        "#,
        port.number(),
        backend.port()
    ));
    site.pair("shop", &authority.server(&["shop.example"]));
    site.write("ca.pem", &authority.pem);
    let _server = site.run();
    for alpn in ["h2", "http/1.1"] {
        let mut client =
            Client::connect_tls(port.address, "shop.example", authority.trusted(&[alpn])).await.unwrap();
        let answer = client.send("POST", "/users/7", &[], "").await.unwrap();
        let seen: Vec<&str> = answer.header("x-seen").unwrap().split(' ').collect();
        assert_eq!(seen[..3], ["POST", "7", "TLSv1.3"], "{alpn}");
        assert!(seen[3].starts_with("TLS13_"), "{seen:?}");
        assert_eq!(seen[4], "shop.example");
        assert_eq!(backend.last().headers["x-user"], "7||shop.example|/users/7||POST|https");
    }
}
