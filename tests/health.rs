//! Who is alive: probes of all sorts, what is done with the dead, and when nobody believes it.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::support::certs::Authority;
use super::support::{Backend, Client, Port, Site, until};

/// One listener, one pool, one route that takes everything.
fn site(port: &Port, pool: &str) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "127.0.0.1:{}"; }}
        pool "app" {{ {pool} }}
        route "/**" pool="app"
        "#,
        port.number()
    ))
}

fn at(backend: &Backend) -> String {
    format!(r#"backend "http://{}";"#, backend.address)
}

/// A server on a port of its own that answers every request with what it was told last.
fn saying(answer: &'static str) -> (SocketAddr, watch::Sender<&'static str>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (say, said) = watch::channel(answer);
    tokio::spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        while let Ok((mut tcp, _)) = listener.accept().await {
            let answer = *said.borrow();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                _ = tcp.read(&mut request).await;
                _ = tcp.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, say)
}

const WELL: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 11\r\n\r\nall is well";
const ILL: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 10\r\n\r\nall is ill";

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_can_expect_a_status_and_a_text_at_a_port_of_its_own() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (health, say) = saying(ILL);
    let probe = format!(
        r#"probe "/ready" every="50ms" fall=1 rise=1 port={} status="404" body="is well" initial="dead""#,
        health.port()
    );
    let server = site(&port, &format!("{} {probe}", at(&backend))).run();
    server.wait_for("the answer to the probe does not hold `is well`");
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.status, 503);
    say.send_replace(WELL);
    server.wait_for("backend is up");
    assert_eq!(client.get("/").await.text(), "a");
    say.send_replace("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 11\r\n\r\nall is well");
    server.wait_for("the probe was answered with 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_answers_in_a_row_decide_and_the_first_one_alone() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let health = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let probe =
        format!(r#"probe "/" every="20ms" fall=3 rise=2 port={}"#, health.local_addr().unwrap().port());
    let server = site(&port, &format!("{} {probe}", at(&backend))).run();
    // The first answer, what takes nobody out, what does, and what brings nobody back.
    let script = "+ -- + -- + --- + --- + - ++";
    for answer in script.chars().filter(|it| *it != ' ') {
        let (mut tcp, _) = health.accept().await.unwrap();
        let mut request = [0; 4096];
        assert_ne!(tcp.read(&mut request).await.unwrap(), 0);
        let status = if answer == '+' { "204 No Content" } else { "500 Internal Server Error" };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
    }
    server.wait_for_nth("backend is up", 2);
    assert_eq!((server.count("backend is up"), server.count("backend is down")), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_first_answer_a_backend_is_what_its_probe_says() {
    for (initial, status) in [("", 200), (r#"initial="alive""#, 200), (r#"initial="dead""#, 503)] {
        let (backend, port) = (Backend::start("a"), Port::reserve());
        let health = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let probe = format!(
            r#"probe "/" every="30s" timeout="20s" port={} {initial}"#,
            health.local_addr().unwrap().port()
        );
        let server = site(&port, &format!("{} {probe}", at(&backend))).run();
        // While nobody answers the probe.
        let mut client = Client::connect(port.address).await;
        assert_eq!(client.get("/").await.status, status, "{initial}");
        let (mut tcp, _) = health.accept().await.unwrap();
        tcp.write_all(b"HTTP/1.1 500 Ill\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        if status == 200 {
            server.wait_for("backend is down"); // the first one decides alone
        }
        until("it is down", async || client.get("/").await.status == 503).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_is_not_answered_in_its_own_time_has_failed() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let health = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let probe =
        format!(r#"probe "/" every="30s" timeout="100ms" port={}"#, health.local_addr().unwrap().port());
    let server = site(&port, &format!("{} {probe}", at(&backend))).run();
    let (mut tcp, _) = health.accept().await.unwrap();
    tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    let line = server.wait_for("backend is down");
    assert!(line.contains("no whole answer to the probe within 100ms"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tcp_probe_needs_nobody_who_speaks_http() {
    let (mut backend, port) = (Backend::start("a"), Port::reserve());
    backend.set_healthy(false);
    let probe = r#"probe type="tcp" every="50ms" fall=1 rise=1 initial="dead""#;
    let server = site(&port, &format!("{} {probe}", at(&backend))).run();
    server.wait_for("backend is up");
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.text(), "a");
    backend.kill();
    server.wait_for("cannot connect");
    backend.revive();
    server.wait_for_nth("backend is up", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tcp_probe_of_a_backend_with_tls_sees_the_handshake_fail() {
    let (authority, port) = (Authority::new("ours"), Port::reserve());
    let pair = authority.server(&["localhost"]);
    let backend = Backend::start_tls("a", Authority::serving(&pair, None));
    let pool = |ca: &str| {
        format!(
            r#"backend "https://127.0.0.1:{}"; tls server-name="localhost" {ca}; probe type="tcp" every="50ms" fall=1"#,
            backend.port()
        )
    };
    let trusting = site(&port, &pool(r#"ca="a.pem""#));
    trusting.write("a.pem", &authority.pem);
    let server = trusting.run();
    server.wait_for("backend is up");
    drop(server);
    let port = Port::reserve();
    let other = site(&port, &pool(r#"ca="b.pem""#));
    other.write("b.pem", &Authority::new("theirs").pem);
    other.run().wait_for("TLS handshake failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_too_few_are_alive_all_are_used_and_it_is_said() {
    let (first, second, port) = (Backend::start("first"), Backend::start("second"), Port::reserve());
    let probe = r#"probe "/health" every="50ms" fall=1 rise=1; fail-open "100%""#;
    let server = site(&port, &format!("{}{} {probe}", at(&first), at(&second))).run();
    server.wait_for_nth("backend is up", 2);
    first.set_healthy(false);
    server.wait_for("too few backends are alive: all are used");
    let mut client = Client::connect(port.address).await;
    let mut both = vec![client.get("/").await.text().to_owned(), client.get("/").await.text().to_owned()];
    both.sort();
    assert_eq!(both, ["first", "second"]);
    first.set_healthy(true);
    server.wait_for("enough backends are alive again");
    second.set_healthy(false);
    server.wait_for_nth("too few backends are alive: all are used", 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_again_soon_stays_out_for_longer() {
    let (bad, good, port) = (Backend::start("bad"), Backend::start("good"), Port::reserve());
    bad.set_status(503);
    let eject = r#"eject consecutive-errors=1 for="1s" max-for="1500ms""#;
    let server = site(&port, &format!("{}{} {eject}", at(&bad), at(&good))).run();
    let mut client = Client::connect(port.address).await;
    for (nth, term) in [(1, "term=1s"), (2, "term=1.5s")] {
        until("the bad one is taken out", async || {
            client.get("/").await;
            server.count("backend is taken out") >= nth
        })
        .await;
        let line = server.wait_for_nth("backend is taken out", nth);
        assert!(line.contains(term), "{line}");
    }
}

#[test]
fn both_spellings_of_probes_are_one() {
    let site = Site::with(
        r#"
        listener "web" { bind "127.0.0.1:8080"; }
        pool "app" {
            fail-open "40%"
            eject for="10s" max-for="1m"
            backend "http://10.0.0.1:80" {
                probe "/health" method="OPTIONS" host="app.internal" port=9000 body="ok" initial="dead" {
                    status "200-299" "404"
                    header { "X-Probe" "1"; }
                }
            }
            backend "http://10.0.0.2:80" { probe type="tcp" every="2s"; }
            backend "https://10.0.0.3:443" {
                probe type="grpc" service="shop.Cart" host="rpc.internal"
                tls server-name="rpc.internal"
            }
            backend "http://10.0.0.4:80" { probe "/"; }
        }
        route "/**" pool="app"
        "#,
    );
    let kdl = site.compile("site.kdl");
    site.write(
        "site.yaml",
        r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
pools:
  app:
    fail-open: 40%
    eject: { for: 10s, max-for: 1m }
    backends:
      - url: http://10.0.0.1:80
        probe:
          path: /health
          method: OPTIONS
          host: app.internal
          port: 9000
          body: ok
          initial: dead
          status: [200-299, 404]
          headers: { X-Probe: "1" }
      - url: http://10.0.0.2:80
        probe: { type: tcp, every: 2s }
      - url: https://10.0.0.3:443
        probe: { type: grpc, service: shop.Cart, host: rpc.internal }
        tls: { server-name: rpc.internal }
      - url: http://10.0.0.4:80
        probe: /
routes: [{ path: "/**", pool: app }]
"#,
    );
    assert_eq!(kdl, site.compile("site.yaml"));
    let shown = String::from_utf8(site.divisor(&["inspect", "plan.bin"]).stdout).unwrap();
    for probe in
        ["probe /health every 5s", "probe tcp every 2s", "probe grpc shop.Cart every", "probe / every"]
    {
        assert!(shown.contains(probe), "{probe}: {shown}");
    }
}

#[test]
fn probes_that_cannot_be_sent_are_refused() {
    let lint = |probe: &str| {
        let config = format!(
            r#"
            listener "web" {{ bind "127.0.0.1:8080"; }}
            pool "app" {{ backend "http://10.0.0.1:80"; probe {probe}; }}
            route "/**" pool="app"
            "#
        );
        let output = Site::with(&config).divisor(&["lint", "--output", "compact", "site.kdl"]);
        assert!(!output.status.success(), "{probe}");
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    for (probe, finding) in [
        (r#""/" status="600""#, "not a status such as `200`, or a range such as `200-299`"),
        (r#""/" status="299-200""#, "not a status"),
        (r#"type="http""#, "SYN006"),
        (r#"type="udp""#, "`udp` is not known here"),
        (r#""/" host="a b""#, "SEC005"),
        (r#""/" { header { "Host" "a"; }; }"#, "SEC005"),
        (r#""/" { header { "X Y" "a"; }; }"#, "SEC005"),
        (r#""health""#, "UPS011"),
    ] {
        let said = lint(probe);
        assert!(said.contains(finding), "{probe}: {said}");
    }
}
