//! Connections that pass as they are: plain TCP, and TLS by the name that a client asks for.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::support::certs::Authority;
use super::support::site::Server;
use super::support::{Backend, Client, PATIENCE, Port, Site, until};

/// A server that says its name, then sends back whatever it gets, and `.` when its client has said all.
async fn echo(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(name.as_bytes()).await?;
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await?;
                write.write_all(b".").await?;
                write.shutdown().await
            });
        }
    });
    address
}

/// A listener that forwards to `db`, with what is behind the word; and that pool, with what is in it.
fn forwarding(port: &Port, forward: &str, pool: &str) -> Site {
    Site::with(&format!(
        r#"
        listener "db" {{ bind "127.0.0.1:{}"; forward "db" {forward}; }}
        pool "db" {{ {pool}; eject consecutive-errors=0 }}
        "#,
        port.number()
    ))
}

fn backend(address: SocketAddr) -> String {
    format!("backend \"tcp://{address}\"")
}

async fn connect(port: &Port) -> TcpStream {
    TcpStream::connect(port.address).await.unwrap()
}

/// The next bytes, as many as `text` has, are `text`.
async fn says(stream: &mut (impl AsyncRead + Unpin), text: &str) {
    let mut bytes = vec![0; text.len()];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), text);
}

/// Everything up to the end, however it comes.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = vec![];
    // A connection that is broken off has ended, too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection ends");
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_both_ways_and_so_does_the_end_of_either() {
    let (port, server) = (Port::reserve(), echo("a:").await);
    let _divisor = forwarding(&port, "", &backend(server)).run();
    let mut stream = connect(&port).await;
    says(&mut stream, "a:").await;
    stream.write_all(b"hello").await.unwrap();
    says(&mut stream, "hello").await;
    let much = "0123456789abcdef".repeat(64 * 1024);
    let (mut read, mut write) = stream.split();
    tokio::join!(says(&mut read, &much), async { write.write_all(much.as_bytes()).await.unwrap() });
    write.shutdown().await.unwrap();
    assert_eq!(rest(&mut read).await, ".", "the backend still speaks after the client has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_cannot_be_reached_is_passed_over() {
    let (port, dead, alive) = (Port::reserve(), Port::reserve(), echo("alive").await);
    let pool = format!("{}; {}", backend(dead.address), backend(alive));
    let divisor = forwarding(&port, "", &pool).run();
    for _ in 0..4 {
        says(&mut connect(&port).await, "alive").await;
    }
    let line = divisor.wait_for("backend failed");
    assert!(line.contains(&format!("tcp://{}", dead.address)), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_before_a_client_does() {
    let (port, dead, alive) = (Port::reserve(), Port::reserve(), echo("alive").await);
    let pool = format!("{}; {}; probe type=\"tcp\" every=\"100ms\"", backend(dead.address), backend(alive));
    let divisor = forwarding(&port, "", &pool).run();
    divisor.wait_for("backend is down");
    for _ in 0..4 {
        says(&mut connect(&port).await, "alive").await;
    }
    assert_eq!(divisor.count("backend failed"), 0, "nobody was sent there");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_backend_the_connection_ends() {
    let (port, dead) = (Port::reserve(), Port::reserve());
    let _divisor = forwarding(&port, "", &backend(dead.address)).run();
    assert_eq!(rest(&mut connect(&port).await).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_lives_on_over_a_swap_and_ends_with_the_drain() {
    let (port, old, new) = (Port::reserve(), echo("old").await, echo("new").await);
    let site = forwarding(&port, "", &backend(old));
    let divisor = site.run();
    let mut tunnel = connect(&port).await;
    says(&mut tunnel, "old").await;
    let config = forwarding(&port, "", &backend(new));
    let config = std::fs::read_to_string(config.path("site.kdl")).unwrap();
    site.write("site.kdl", format!("runtime {{ drain \"300ms\" }}\n{config}"));
    site.compile("site.kdl");
    divisor.wait_for("swapped");
    says(&mut connect(&port).await, "new").await;
    tunnel.write_all(b"still there").await.unwrap();
    says(&mut tunnel, "still there").await;
    assert!(divisor.stop().success());
    assert_eq!(rest(&mut tunnel).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_in_which_nothing_moves_ends() {
    let (port, server) = (Port::reserve(), echo("a").await);
    let _divisor = forwarding(&port, "tunnel-idle=\"200ms\"", &backend(server)).run();
    assert_eq!(rest(&mut connect(&port).await).await, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_count_against_the_limit_of_a_backend() {
    let (port, server) = (Port::reserve(), echo("a").await);
    let pool = format!("{}; connections per-backend=1 queue-timeout=\"100ms\"", backend(server));
    let _divisor = forwarding(&port, "", &pool).run();
    let mut first = connect(&port).await;
    says(&mut first, "a").await;
    assert_eq!(rest(&mut connect(&port).await).await, "", "there is no place for it");
    drop(first);
    until("the place is free", async || {
        let mut next = connect(&port).await;
        let mut byte = [0];
        matches!(next.read(&mut byte).await, Ok(1))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_can_be_taken_off_first() {
    let (authority, port, server) = (Authority::new("root"), Port::reserve(), echo("a").await);
    let site = Site::with(&format!(
        r#"
        listener "db" {{
            bind "127.0.0.1:{}"
            tls {{ certificate "db.pem" key="db.key" trust="ca.pem" }}
            forward "db"
        }}
        pool "db" {{ {} }}
        "#,
        port.number(),
        backend(server)
    ));
    site.pair("db", &authority.server(&["db.example"]));
    site.write("ca.pem", &authority.pem);
    let _divisor = site.run();
    // What is spoken inside is nobody's business.
    let connector = TlsConnector::from(authority.trusted(&["postgresql"]));
    let name = "db.example".try_into().unwrap();
    let mut stream = connector.connect(name, connect(&port).await).await.unwrap();
    says(&mut stream, "a").await;
    stream.write_all(b"select 1").await.unwrap();
    stream.flush().await.unwrap();
    says(&mut stream, "select 1").await;
}

/// A listener that ends TLS for shop.example and passes that for other names through.
struct Edge {
    here: Authority,
    there: Authority,
    port: Port,
    legacy: Backend,
    _site: Site,
    _server: Server,
}

impl Edge {
    fn start() -> Self {
        let (here, there, port) = (Authority::new("here"), Authority::new("there"), Port::reserve());
        let names = there.server(&["legacy.example", "a.mail.example"]);
        let legacy = Backend::start_tls("legacy", Authority::serving(&names, None));
        let site = Site::with(&format!(
            r#"
            listener "edge" {{
                bind "127.0.0.1:{}"
                tls {{ certificate "shop.pem" key="shop.key" trust="ca.pem" }}
                passthrough "legacy.example" "**.mail.example" pool="legacy"
            }}
            pool "legacy" {{ backend "tcp://127.0.0.1:{}" }}
            host "shop.example" "www.mail.example" {{ route "/**" {{ respond 200 "here" }} }}
            expect "https://a.mail.example/" pool="legacy"
            expect "https://www.mail.example/" status=200
            "#,
            port.number(),
            legacy.port()
        ));
        site.pair("shop", &here.server(&["shop.example", "www.mail.example"]));
        site.write("ca.pem", &here.pem);
        let server = site.run();
        Self { here, there, port, legacy, _site: site, _server: server }
    }

    /// What a client gets that trusts `authority`; `None` when the handshake fails.
    async fn get(&self, name: &str, authority: &Authority) -> Option<String> {
        let config = authority.trusted(&["h2", "http/1.1"]);
        let mut client = Client::connect_tls(self.port.address, name, config).await.ok()?;
        Some(client.get("/").await.text().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_passed_through_or_served_by_the_most_specific_pattern() {
    let edge = Edge::start();
    let legacy = Some("legacy".to_owned());
    assert_eq!(edge.get("legacy.example", &edge.there).await, legacy, "its own certificate");
    assert_eq!(edge.get("a.mail.example", &edge.there).await, legacy);
    assert_eq!(edge.legacy.requests(), 2);
    for name in ["shop.example", "www.mail.example"] {
        assert_eq!(edge.get(name, &edge.here).await.as_deref(), Some("here"), "{name}");
    }
    assert_eq!(edge.get("legacy.example", &edge.here).await, None, "nobody here has that certificate");
}

/// Writes one byte at a time.
struct Trickle(TcpStream);

impl AsyncRead for Trickle {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Trickle {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, &bytes[..bytes.len().min(1)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_in_many_records_and_segments_is_read() {
    let edge = Edge::start();
    for (name, authority) in [("legacy.example", &edge.there), ("shop.example", &edge.here)] {
        let mut config = rustls::ClientConfig::clone(&authority.trusted(&[]));
        config.max_fragment_size = Some(64);
        let stream = connect(&edge.port).await;
        stream.set_nodelay(true).unwrap();
        let connector = TlsConnector::from(std::sync::Arc::new(config));
        let mut stream = connector.connect(name.try_into().unwrap(), Trickle(stream)).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{name}: {answer}");
    }
}

/// A listener that only passes through.
fn only_passing(port: &Port, address: SocketAddr) -> Site {
    Site::with(&format!(
        r#"
        listener "edge" {{
            bind "127.0.0.1:{}"
            http handshake-timeout="500ms"
            passthrough "legacy.example" pool="legacy"
        }}
        pool "legacy" {{ backend "tcp://{address}" }}
        "#,
        port.number()
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_without_certificates_passes_through_and_refuses_other_names() {
    let (authority, port) = (Authority::new("there"), Port::reserve());
    let config = Authority::serving(&authority.server(&["legacy.example", "evil.example"]), None);
    let legacy = Backend::start_tls("legacy", config);
    let _divisor = only_passing(&port, legacy.address).run();
    let client = |name| Client::connect_tls(port.address, name, authority.trusted(&[]));
    assert_eq!(client("legacy.example").await.unwrap().get("/").await.text(), "legacy");
    let refused = client("evil.example").await.err().unwrap().to_string();
    assert!(refused.contains("UnrecognisedName"), "{refused}");
    let mut plain = connect(&port).await;
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut alert = vec![];
    timeout(PATIENCE, plain.read_to_end(&mut alert)).await.unwrap().unwrap();
    assert_eq!(alert, [21, 3, 3, 0, 2, 2, 112]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_says_nothing_is_cut() {
    let (port, server) = (Port::reserve(), echo("a").await);
    let _divisor = only_passing(&port, server).run();
    let mut silent = connect(&port).await;
    silent.write_all(&[22, 3, 1]).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
}

#[test]
fn both_spellings_of_connections_that_pass_give_the_same_plan() {
    let site = Site::with(
        r#"
        listener "db" { bind "127.0.0.1:5432"; tcp-keepalive "30s"; forward "db" tunnel-idle="2h"; }
        listener "mail" { bind "127.0.0.1:993"; passthrough "*.mail.example" "mail.example" pool="mail" { tunnel-idle "30m"; }; }
        pool "db" { backend "tcp://10.0.0.1:5432"; }
        pool "mail" { backend "tcp://mail.internal:993"; }
        "#,
    );
    site.write(
        "site.yaml",
        r#"
listeners:
  db: { bind: "127.0.0.1:5432", tcp-keepalive: 30s, forward: { pool: db, tunnel-idle: 2h } }
  mail:
    bind: "127.0.0.1:993"
    passthrough: [{ names: ["mail.example", "*.mail.example"], pool: mail, tunnel-idle: 30m }]
pools:
  db: { backends: ["tcp://10.0.0.1:5432"] }
  mail: { backends: ["tcp://mail.internal:993"] }
"#,
    );
    assert_eq!(site.compile("site.kdl"), site.compile("site.yaml"));
}

#[test]
fn a_trace_says_what_passes() {
    let site = only_passing(&Port::reserve(), SocketAddr::from(([127, 0, 0, 1], 9)));
    site.compile("site.kdl");
    for from in ["site.kdl", "plan.bin"] {
        let output = site.divisor(&["trace", from, "https://legacy.example/any"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("gets the connection as it is"), "{from}: {said}");
    }
}
