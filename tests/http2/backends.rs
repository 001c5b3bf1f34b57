//! Backends that speak HTTP/2: by choice, and where TLS settles it.

use std::sync::Arc;

use bytes::Bytes;
use http::Version;

use super::super::support::certs::Authority;
use super::super::support::{Backend, Client, Port, Site, until};
use super::peer::{self, Peer};
use super::site;

#[tokio::test(flavor = "multi_thread")]
async fn any_client_meets_a_backend_in_http2() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &format!("h2c://{}", backend.address), "http h2=#true", "", "").run();
    let old = Client::connect(port.address).await.host("shop.example");
    let new = Client::connect_h2(port.address).await.host("shop.example");
    for mut client in [old, new] {
        let headers = [("cookie", "a=1"), ("cookie", "b=2"), ("x-kept", "yes")];
        let answer = client.send("POST", "/x?y", &headers, "body").await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "a"));
        let got = backend.last();
        assert_eq!(
            (got.version, got.method.as_str(), &got.body[..]),
            (Version::HTTP_2, "POST", &b"body"[..])
        );
        assert_eq!((got.target.as_str(), got.authority.as_deref()), ("/x?y", Some("shop.example")));
        assert!(!got.headers.contains_key("host"));
        let fields =
            ["cookie", "x-kept", "content-length", "x-forwarded-host"].map(|name| &got.headers[name]);
        assert_eq!(fields, ["a=1; b=2", "yes", "4", "shop.example"]);
        assert_eq!(client.get("/bytes/3000000").await.body.len(), 3_000_000);
        let body = "x".repeat(3_000_000);
        assert_eq!(client.send("POST", "/", &[], &body).await.unwrap().text(), "a");
        assert_eq!(backend.last().body.len(), 3_000_000);
        let head = client.send("HEAD", "/text/9", &[], "").await.unwrap();
        assert_eq!((head.status.as_u16(), head.header("content-length")), (200, Some("9")));
        assert_eq!(client.get("/status/304").await.status, 304);
        assert!(client.send("GET", "/break", &[], "").await.is_err(), "never looks whole");
    }
    assert_eq!(backend.connections(), 1, "all of it on one connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_one_hop_of_http1_ends_before_http2() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &format!("h2c://{}", backend.address), "", "", "").run();
    let mut client = Client::connect(port.address).await;
    let headers = [
        ("connection", "x-secret, keep-alive, te"),
        ("x-secret", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("te", "gzip, trailers"),
        ("upgrade", "other"),
    ];
    assert_eq!(client.send("GET", "/", &headers, "").await.unwrap().text(), "a");
    let got = backend.last();
    for gone in ["connection", "x-secret", "keep-alive", "proxy-connection", "upgrade"] {
        assert!(!got.headers.contains_key(gone), "{gone} was forwarded");
    }
    assert_eq!(got.headers["te"], "trailers");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_settles_the_version() {
    let authority = Authority::new("test root");
    for (backend_speaks, connections, version) in [
        (&["h2", "http/1.1"][..], "", Version::HTTP_2),
        (&["http/1.1"], "", Version::HTTP_11),
        (&[], "", Version::HTTP_11),
        (&["h2", "http/1.1"], "connections h2=#false", Version::HTTP_11),
    ] {
        let mut config = Authority::serving(&authority.server(&["localhost"]), None);
        Arc::get_mut(&mut config).unwrap().alpn_protocols =
            backend_speaks.iter().map(|it| it.as_bytes().to_vec()).collect();
        let (backend, port) = (Backend::start_tls("a", config), Port::reserve());
        let pool = format!("tls ca=\"ca.pem\" server-name=\"localhost\"; {connections}");
        let site = site(&port, &format!("https://{}", backend.address), "", &pool, "");
        site.write("ca.pem", &authority.pem);
        let _server = site.run();
        let mut client = Client::connect(port.address).await;
        for _ in 0..3 {
            assert_eq!(client.get("/").await.text(), "a");
        }
        assert_eq!(backend.last().version, version, "{backend_speaks:?} {connections}");
        assert_eq!(backend.connections(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_connection_is_opened_when_the_streams_are_used_up() {
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let peer = Peer::start(
        |settings| _ = settings.max_concurrent_streams(2),
        move |_, mut respond| {
            let gate = Arc::clone(&opened);
            async move {
                gate.acquire().await.unwrap().forget();
                respond.send_response(peer::head(204), true).unwrap();
            }
        },
    )
    .await;
    let port = Port::reserve();
    let _server = site(&port, &peer.url(), "http h2=#true", "", "").run();
    let client = peer::client(port.address).await;
    let ask = || {
        let (response, _) = client.clone().send_request(peer::request("GET", "/"), true).unwrap();
        tokio::spawn(async move { response.await.unwrap().status().as_u16() })
    };
    let waiting: Vec<_> = (0..5).map(|_| ask()).collect();
    until("five streams need three connections", async || peer.connections() == 3).await;
    gate.add_permits(5);
    for response in waiting {
        assert_eq!(response.await.unwrap(), 204);
    }
    gate.add_permits(20);
    for _ in 0..20 {
        assert_eq!(ask().await.unwrap(), 204);
    }
    assert_eq!(peer.connections(), 3, "they are used again");
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_speak_what_requests_speak() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let probe = "probe \"/health\" every=\"50ms\" timeout=\"40ms\" rise=1 fall=1";
    let server = site(&port, &format!("h2c://{}", backend.address), "", probe, "").run();
    server.wait_for("backend is up");
    assert_eq!(Client::connect(port.address).await.get("/").await.text(), "a");
    backend.set_healthy(false);
    server.wait_for("backend is down");
}

#[test]
fn both_spellings_say_how_backends_are_spoken_to() {
    let site = Site::new();
    site.write(
        "site.kdl",
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "app" {
            backend "h2c://10.0.0.1"
            backend "https://app.internal:8443" { connections h2=#false }
            connections ping="30s"
        }
        route "/**" pool="app"
        "#,
    );
    site.write(
        "site.yaml",
        "
listeners: { web: { bind: 127.0.0.1:8080 } }
pools:
  app:
    backends:
      - h2c://10.0.0.1
      - url: https://app.internal:8443
        connections: { h2: false }
    connections: { ping: 30s }
routes: [{ path: /**, pool: app }]
",
    );
    let plans = ["site.kdl", "site.yaml"].map(|config| site.compile(config));
    assert_eq!(plans[0], plans[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_grow_old() {
    let peer = Peer::start(
        |_| {},
        |_, mut respond| async move {
            respond.send_response(peer::head(204), true).unwrap();
        },
    );
    let (peer, port) = (peer.await, Port::reserve());
    let _server = site(
        &port,
        &peer.url(),
        "",
        "connections max-age=\"200ms\" queue-timeout=\"20ms\" idle-timeout=\"200ms\"",
        "",
    )
    .run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.status, 204);
    until("another connection", async || client.get("/").await.status == 204 && peer.connections() > 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_speak_http2_is_502_and_the_log_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, port) = (listener.local_addr().unwrap(), Port::reserve());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        }
    });
    let server = site(&port, &format!("h2c://{address}"), "", "", "").run();
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 502);
    server.wait_for("does not speak HTTP/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_that_break_the_rules_are_502() {
    let peer = Peer::start(
        |_| {},
        |request, mut respond| async move {
            let response = http::Response::builder().status(200);
            let response = match request.uri().path() {
                "/two-lengths" => response.header("content-length", "1").header("content-length", "2"),
                "/padded" => response.header("x", " y"),
                _ => response.header("content-length", "5"),
            };
            if let Ok(mut stream) = respond.send_response(response.body(()).unwrap(), false) {
                _ = stream.send_data(Bytes::from_static(b"xy"), true);
            }
        },
    );
    let (peer, port) = (peer.await, Port::reserve());
    let _server = site(&port, &peer.url(), "", "", "").run();
    for path in ["/two-lengths", "/padded"] {
        assert_eq!(Client::connect(port.address).await.get(path).await.status, 502, "{path}");
    }
    let short = Client::connect(port.address).await.send("GET", "/short", &[], "").await;
    assert!(short.is_err() || short.unwrap().status == 502, "two bytes are no five");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_in_http2_has_the_same_times() {
    let peer = Peer::start(
        |_| {},
        |request, mut respond| async move {
            let mut stream = match request.uri().path() {
                "/late" => return std::future::pending().await,
                _ => respond.send_response(peer::head(200), false).unwrap(),
            };
            let pieces = if request.uri().path() == "/half" { 3 } else { usize::MAX };
            for _ in 0..pieces {
                if stream.send_data(Bytes::from_static(b"x"), false).is_err() {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            std::future::pending().await
        },
    );
    let (peer, port) = (peer.await, Port::reserve());
    let times = r#"timeout { first-byte "300ms"; body-idle "300ms"; exchange "2s" }; retry 0"#;
    let server = site(&port, &peer.url(), "http h2=#true", "eject consecutive-errors=0", times).run();
    let patience = super::super::support::PATIENCE;
    for mut client in [Client::connect(port.address).await, Client::connect_h2(port.address).await] {
        assert_eq!(client.get("/late").await.status, 504);
        let half = tokio::time::timeout(patience, client.send("GET", "/half", &[], "")).await;
        assert!(half.expect("it is cut off").is_err(), "it looks whole");
    }
    server.wait_for("timeout first-byte");
    let mut client = Client::connect_h2(port.address).await;
    let endless = tokio::time::timeout(patience, client.send("GET", "/endless", &[], "")).await;
    assert!(endless.expect("it is cut off").is_err(), "it looks whole");
}
