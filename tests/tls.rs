//! TLS on both sides.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::support::certs::Authority;
use super::support::{Backend, Client, PATIENCE, Port, Site};

/// A site with TLS for shop.example and *.shop.example, answered here.
fn secured(port: &Port, authority: &Authority, more: &str) -> Site {
    let site = Site::with(&format!(
        r#"
        listener "web" {{
            bind "127.0.0.1:{}"
            tls {{
                certificate "certs/shop.pem" key="certs/shop.key" trust="certs/ca.pem"
                certificate "certs/wild.pem" key="certs/wild.key" trust="certs/ca.pem"
                hsts max-age="365d" include-subdomains=#true
                {more}
            }}
        }}
        host "shop.example" "*.shop.example" {{ route "/**" {{ respond 200 "ok" }} }}
        "#,
        port.number()
    ));
    site.pair("certs/shop", &authority.server(&["shop.example"]));
    site.pair("certs/wild", &authority.server(&["*.shop.example"]));
    site.write("certs/ca.pem", &authority.pem);
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_chosen_by_name_and_unknown_names_refused() {
    let (authority, port) = (Authority::new("test root"), Port::reserve());
    let _server = secured(&port, &authority, "").run();
    for (name, h2) in [("shop.example", true), ("www.shop.example", false)] {
        let alpn: &[&str] = if h2 { &["h2", "http/1.1"] } else { &["http/1.1"] };
        let mut client = Client::connect_tls(port.address, name, authority.trusted(alpn)).await.unwrap();
        assert_eq!(client.is_h2(), h2);
        let answer = client.get("/").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "ok"));
        let hsts = answer.header("strict-transport-security");
        assert_eq!(hsts, Some("max-age=31536000; includeSubDomains"));
    }
    let refused = Client::connect_tls(port.address, "evil.example", authority.trusted(&[])).await;
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_finds_no_common_ground() {
    let (authority, port) = (Authority::new("test root"), Port::reserve());
    let _server = secured(&port, &authority, r#"min-version "1.3""#).run();
    let old = authority.trusted_in(&TLS12);
    assert!(Client::connect_tls(port.address, "shop.example", old).await.is_err());
    assert!(Client::connect_tls(port.address, "shop.example", authority.trusted(&[])).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let (authority, other, port) = (Authority::new("test root"), Authority::new("new root"), Port::reserve());
    let site = secured(&port, &authority, "");
    let server = site.run();
    let connect = async |authority: &Authority| {
        Client::connect_tls(port.address, "shop.example", authority.trusted(&[])).await.is_ok()
    };
    assert!(connect(&authority).await);
    site.write("certs/shop.key", "nonsense");
    server.signal("HUP");
    let line = server.wait_for("plan refused");
    assert!(line.contains("certs/shop.key"), "{line}");
    assert!(connect(&authority).await);
    // Nobody has to say so, and half a pair on the way is no harm.
    site.pair("certs/shop", &other.server(&["shop.example"]));
    server.wait_for("swapped");
    assert!(connect(&other).await && !connect(&authority).await);
}

/// A site that forwards to TLS backends with what `tls` says.
fn forwarding(port: &Port, backends: &[&Backend], tls: &str) -> Site {
    let lines: Vec<String> =
        backends.iter().map(|backend| format!("backend \"https://127.0.0.1:{}\"", backend.port())).collect();
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ {}; {tls} }}
        route "/**" pool="app"
        "#,
        port.number(),
        lines.join("; ")
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn https_backends_are_verified_and_shown_a_client_certificate() {
    let (authority, clients, stranger) =
        (Authority::new("backend root"), Authority::new("client root"), Authority::new("stranger"));
    let config = Authority::serving(&authority.server(&["app.internal"]), Some(&clients));
    let backends = [Backend::start_tls("a", config.clone()), Backend::start_tls("b", config)];
    let port = Port::reserve();
    let good = r#"tls ca="ca.pem" certificate="lb.pem" key="lb.key" server-name="app.internal""#;
    let site = forwarding(&port, &[&backends[0], &backends[1]], good);
    site.write("ca.pem", &authority.pem);
    site.write("stranger.pem", &stranger.pem);
    site.pair("lb", &clients.client("lb"));
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.status, 200);
    }
    assert_eq!([backends[0].requests(), backends[1].requests()], [5, 5]);

    let bad = [
        (
            r#"tls ca="stranger.pem" certificate="lb.pem" key="lb.key" server-name="app.internal""#,
            "not trusted",
        ),
        (r#"tls ca="ca.pem" server-name="app.internal""#, "demands a client certificate"),
        (
            r#"tls ca="ca.pem" certificate="lb.pem" key="lb.key" server-name="other.internal""#,
            "not for other.internal",
        ),
    ];
    for (count, (tls, reason)) in bad.into_iter().enumerate() {
        let config = forwarding(&port, &[&backends[0]], tls);
        std::fs::copy(config.path("site.kdl"), site.path("site.kdl")).unwrap();
        site.compile("site.kdl");
        server.wait_for_nth("swapped", count + 1);
        let answer = client.get("/").await;
        assert_eq!((answer.status.as_u16(), answer.text()), (502, "502 Bad Gateway\n"), "{tls}");
        server.wait_for(reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_backend_is_reached_only_when_the_config_says_so() {
    let authority = Authority::new("nobody's root");
    let backend = Backend::start_tls("a", Authority::serving(&authority.server(&["x"]), None));
    let port = Port::reserve();
    let site = forwarding(&port, &[&backend], "tls verify=#false");
    let output = site.divisor(&["lint", "site.kdl"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("TLS017"));
    let _server = site.run();
    assert_eq!(Client::connect(port.address).await.get("/").await.text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_backend_behind_https_is_named_as_such() {
    let (authority, backend, port) = (Authority::new("root"), Backend::start("plain"), Port::reserve());
    let site = forwarding(&port, &[&backend], r#"tls ca="ca.pem""#);
    site.write("ca.pem", &authority.pem);
    let server = site.run();
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 502);
    server.wait_for("does not speak TLS");
}

#[test]
fn a_config_is_checked_without_its_production_keys() {
    let (authority, port) = (Authority::new("test root"), Port::reserve());
    let site = secured(&port, &authority, "");
    std::fs::remove_file(site.path("certs/shop.key")).unwrap();
    let lint = |arguments: &[&str]| {
        let output = site.divisor(&[&["lint", "site.kdl", "--output", "compact"], arguments].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, found) = lint(&[]);
    assert!(code == Some(1) && found.contains("error[CRT001]"), "{found}");
    let (code, found) = lint(&["--defer-files", "certs/*.key"]);
    assert!(code == Some(0) && found.is_empty(), "{found}");
    let (code, _) = lint(&["--defer-files", "certs/*.key", "--deny-deferred"]);
    assert_eq!(code, Some(3));
    let said = site.divisor(&["lint", "site.kdl", "--defer-files", "certs/*.key"]).stdout;
    let said = String::from_utf8(said).unwrap();
    let gap =
        "5 checks not decided: `certs/shop.key` is only where the plan runs (divisor preflight decides)";
    assert!(said.contains(gap), "{said}");
    let (code, found) = lint(&["--defer-files", "other/**"]);
    assert_eq!(code, Some(1), "{found}");
    let output = site.divisor(&["lint", "site.kdl", "--defer-files", "***"]);
    assert_eq!(output.status.code(), Some(2));
}

/// What a handshake agreed on.
type Agreed = (HandshakeKind, ProtocolVersion, CipherSuite);

/// Connects, asks for `/`, reads to the end, and says what was agreed on.
async fn agreed(port: &Port, config: &Arc<rustls::ClientConfig>) -> Agreed {
    let tcp = TcpStream::connect(port.address).await.unwrap();
    let connector = TlsConnector::from(Arc::clone(config));
    let mut stream = connector.connect("shop.example".try_into().unwrap(), tcp).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap(); // tickets come before it
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    facts(stream.get_ref().1)
}

fn facts<T>(connection: &rustls::ConnectionCommon<T>) -> Agreed {
    let suite = connection.negotiated_cipher_suite().unwrap().suite();
    (connection.handshake_kind().unwrap(), connection.protocol_version().unwrap(), suite)
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_go_on_at_any_worker_and_over_a_renewed_certificate() {
    for (tickets, version) in [(true, &TLS13), (true, &TLS12), (false, &TLS13), (false, &TLS12)] {
        let (authority, port) = (Authority::new("test root"), Port::reserve());
        let site = secured(&port, &authority, &format!("session-tickets #{tickets}"));
        let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
        site.write("site.kdl", format!("runtime {{ workers 4 }}\n{config}"));
        let server = site.run();
        let config = authority.trusted_in(version);
        assert_eq!(agreed(&port, &config).await.0, HandshakeKind::Full);
        // The kernel spreads connections over the workers.
        for _ in 0..12 {
            assert_eq!(agreed(&port, &config).await.0, HandshakeKind::Resumed, "{tickets} {version:?}");
        }
        site.pair("certs/shop", &authority.server(&["shop.example"]));
        server.wait_for("swapped");
        assert_eq!(agreed(&port, &config).await.0, HandshakeKind::Resumed, "{tickets} {version:?}");
    }
}

/// A backend that ends each connection after one answer, and keeps what was agreed on.
async fn telling(config: Arc<rustls::ServerConfig>) -> (SocketAddr, Arc<Mutex<Vec<Agreed>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, told) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Agreed>>>::default());
    let (acceptor, notes) = (TlsAcceptor::from(config), Arc::clone(&told));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            notes.lock().unwrap().push(facts(stream.get_ref().1));
            let mut head = vec![];
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (address, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_with_backends_go_on() {
    let authority = Authority::new("backend root");
    let (address, told) = telling(Authority::serving(&authority.server(&["app.internal"]), None)).await;
    let port = Port::reserve();
    let site = towards(&port, address, "");
    site.write("ca.pem", &authority.pem);
    let _server = site.run();
    for _ in 0..4 {
        assert_eq!(Client::connect(port.address).await.get("/").await.status, 200);
    }
    let kinds: Vec<HandshakeKind> = told.lock().unwrap().iter().map(|it| it.0).collect();
    let resumed = HandshakeKind::Resumed;
    assert_eq!(kinds, [HandshakeKind::Full, resumed, resumed, resumed]);
}

/// A site that forwards to one TLS backend at `address`, with more in its `tls`.
fn towards(port: &Port, address: SocketAddr, tls: &str) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 2 }}
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "https://{address}"; tls ca="ca.pem" server-name="app.internal" {{ {tls} }} }}
        route "/**" pool="app"
        "#,
        port.number()
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_suites_towards_backends_are_those_of_the_config() {
    let authority = Authority::new("backend root");
    let (address, told) = telling(Authority::serving(&authority.server(&["app.internal"]), None)).await;
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    for (tls, agreed) in [
        (r#"min-version "1.3""#.to_owned(), (ProtocolVersion::TLSv1_3, None)),
        (
            format!(r#"max-version "1.2"; cipher-suites "{suite}""#),
            (ProtocolVersion::TLSv1_2, Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)),
        ),
    ] {
        let port = Port::reserve();
        let site = towards(&port, address, &tls);
        site.write("ca.pem", &authority.pem);
        let _server = site.run();
        assert_eq!(Client::connect(port.address).await.get("/").await.status, 200);
        let (_, version, suite) = told.lock().unwrap().pop().unwrap();
        assert_eq!(version, agreed.0);
        assert!(agreed.1.is_none_or(|agreed| agreed == suite), "{suite:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_go_on_is_cut() {
    let (authority, port) = (Authority::new("test root"), Port::reserve());
    let site = secured(&port, &authority, "");
    let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    let bind = "bind \"127.0.0.1";
    site.write("site.kdl", config.replace(bind, &format!("http handshake-timeout=\"200ms\"; {bind}")));
    let _server = site.run();
    let mut silent = TcpStream::connect(port.address).await.unwrap();
    silent.write_all(&[22, 3, 1, 0, 100]).await.unwrap();
    let mut nothing = vec![];
    let _ = timeout(PATIENCE, silent.read_to_end(&mut nothing)).await.expect("the connection is cut");
    assert!(nothing.is_empty());
}
