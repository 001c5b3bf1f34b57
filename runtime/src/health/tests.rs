use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};

use divisor_schema::plan::{self, Balance, ClientTlsId, Connections, Millis, Probe, ProbeKind, Scheme};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::pool::{ClientTls, Liveness};

fn probe_with(kind: ProbeKind) -> Probe {
    let (every, timeout) = (Millis(2), Millis(10_000));
    Probe { kind, port: None, every, timeout, rise: 2, fall: 2, starts_alive: true }
}

fn settings(address: Address, timeout: u64) -> plan::Backend {
    let probe = probe_with(ProbeKind::Http {
        method: "GET".into(),
        path: "/health?x".into(),
        host: None,
        headers: vec![],
        statuses: vec![(200, 399)],
        body: None,
    });
    let probe = Probe { timeout: Millis(timeout), ..probe };
    plan::Backend {
        scheme: Scheme::Http,
        address,
        weight: 1,
        backup: false,
        tls: None,
        probe: Some(probe),
        connections: Connections {
            per_backend: 9,
            queue: 9,
            queue_timeout: Millis(9),
            connect_timeout: Millis(9),
            idle_timeout: Millis(9),
            max_age: None,
            h2: true,
            ping: Millis(360_000),
        },
        proxy_protocol: None,
    }
}

/// A name server that nobody runs: what is not in a file is not found.
fn names() -> Arc<Names> {
    Names::new(&[SocketAddr::from(([127, 0, 0, 1], 1))]).unwrap()
}

fn pool(backend: plan::Backend, tls: &[ClientTls]) -> Arc<Pool> {
    let plan = plan::Pool {
        name: "app".into(),
        balance: Balance::RoundRobin,
        backends: vec![backend],
        eject: None,
        fail_open: 0,
        hash: None,
        sticky: None,
        slow_start: None,
    };
    Arc::new(Pool::new(&plan, tls, None).unwrap())
}

/// Accepts connections for ever and answers each with `answer`, given the request.
async fn serve(answer: impl AsyncFn(&str) -> String + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            reply(stream, &answer).await;
        }
    });
    address
}

async fn reply(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &impl AsyncFn(&str) -> String) {
    let mut request = vec![0; 1024];
    let length = stream.read(&mut request).await.unwrap_or(0);
    let answer = answer(&String::from_utf8_lossy(&request[..length])).await;
    // A prober that has given up is gone.
    _ = stream.write_all(answer.as_bytes()).await;
    _ = stream.shutdown().await;
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("{what}"));
}

fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

/// What a probe of a server that answers like this finds wrong.
async fn failure(answer: &'static str) -> Option<String> {
    let address = serve(async |_| answer.to_owned()).await;
    let pool = pool(settings(Address::Ip(address), 10_000), &[]);
    let backend = &pool.backends()[0];
    let probe = backend.settings().probe.clone().unwrap();
    probe::probe(backend, &probe).await.err().map(|failure| failure.to_string())
}

#[test]
fn a_probe_asks_for_its_path_and_judges_the_answer() {
    local(async {
        assert_eq!(failure("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await, None);
        assert_eq!(failure("HTTP/1.1 302 Found\r\nlocation: /x\r\n\r\n").await, None);
        assert_eq!(failure("HTTP/1.0 204 No Content\r\n\r\n").await, None);
        let down = failure("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(down.as_deref(), Some("the probe was answered with 503"));
        let short = failure("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok").await.unwrap();
        assert!(short.starts_with("no valid HTTP answer: "), "{short}");
        let garbage = failure("SSH-2.0-OpenSSH\r\n").await.unwrap();
        assert!(garbage.starts_with("no valid HTTP answer: "), "{garbage}");

        let exact = serve(async |request| {
            let asked =
                request.starts_with("GET /health?x HTTP/1.1\r\n") && request.contains("host: 127.0.0.1:");
            let status = if asked { "204 No Content" } else { "400 Bad Request" };
            format!("HTTP/1.1 {status}\r\n\r\n")
        });
        let pool = pool(settings(Address::Ip(exact.await), 10_000), &[]);
        let backend = &pool.backends()[0];
        probe::probe(backend, &backend.settings().probe.clone().unwrap()).await.unwrap();
    });
}

#[test]
fn a_probe_asks_and_expects_as_it_is_told() {
    local(async {
        let address = serve(async |request| {
            let asked = request.starts_with("OPTIONS /health HTTP/1.1\r\n")
                && request.contains("host: app.internal\r\n")
                && request.contains("x-probe: yes\r\n")
                && request.contains("user-agent: mine\r\n");
            let status = if asked { "404 Not Found" } else { "400 Bad Request" };
            format!("HTTP/1.1 {status}\r\ncontent-length: 11\r\n\r\nall is well")
        });
        let address = address.await;
        let asked = async |statuses: &[(u16, u16)], body: Option<&str>, port: Option<u16>| {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let kind = ProbeKind::Http {
                method: "OPTIONS".into(),
                path: "/health".into(),
                host: Some("app.internal".into()),
                headers: vec![header("user-agent", "mine"), header("x-probe", "yes")],
                statuses: statuses.to_vec(),
                body: body.map(str::to_owned),
            };
            let probe = Probe { port, ..probe_with(kind) };
            // Nobody listens at the backend itself: only the port of the probe answers.
            let at = if port.is_some() { SocketAddr::from(([127, 0, 0, 1], 1)) } else { address };
            let pool = pool(settings(Address::Ip(at), 1), &[]);
            probe::probe(&pool.backends()[0], &probe).await.map_err(|failure| failure.to_string())
        };
        asked(&[(200, 299), (404, 404)], Some("is well"), None).await.unwrap();
        asked(&[(404, 404)], None, Some(address.port())).await.unwrap();
        let status = asked(&[(200, 399)], None, None).await.unwrap_err();
        assert_eq!(status, "the probe was answered with 404");
        let body = asked(&[(404, 404)], Some("is up"), None).await.unwrap_err();
        assert_eq!(body, "the answer to the probe does not hold `is up`");
    });
}

#[test]
fn a_tcp_probe_only_connects() {
    local(async {
        let mute = serve(async |_| std::future::pending().await).await;
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let tried = async |address| {
            let pool = pool(settings(Address::Ip(address), 1), &[]);
            probe::probe(&pool.backends()[0], &probe_with(ProbeKind::Tcp)).await
        };
        tried(mute).await.unwrap();
        assert!(tried(gone).await.unwrap_err().to_string().starts_with("cannot connect: "));
    });
}

#[test]
fn a_grpc_probe_asks_for_its_service() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tokio::spawn(answer_grpc(tcp));
            }
        });
        let asked = async |service: &str| {
            let kind = ProbeKind::Grpc { service: service.to_owned(), host: Some("rpc.internal".into()) };
            let pool = pool(settings(Address::Ip(address), 1), &[]);
            let result = probe::probe(&pool.backends()[0], &probe_with(kind)).await;
            result.map_err(|failure| failure.to_string())
        };
        asked("shop.Cart").await.unwrap();
        assert_eq!(asked("").await.unwrap_err(), "the answer to the probe says NOT_SERVING");
        let unknown = asked("shop.Other").await.unwrap_err();
        assert_eq!(unknown, "the answer to the probe has grpc-status 5: unknown service");
    });
}

/// Knows one service, which serves; as a whole it does not.
async fn answer_grpc(tcp: tokio::net::TcpStream) {
    use http_body_util::{BodyExt, Full};
    let service = hyper::service::service_fn(async |request: http::Request<hyper::body::Incoming>| {
        assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
        assert_eq!(request.uri().authority().unwrap().as_str(), "rpc.internal");
        assert_eq!(request.headers()["content-type"], "application/grpc");
        let asked = request.into_body().collect().await.unwrap().to_bytes();
        let response = http::Response::builder().header("content-type", "application/grpc");
        let end = |status: &str| {
            let mut end = http::HeaderMap::new();
            end.insert("grpc-status", status.parse().unwrap());
            std::future::ready(Some(Ok::<_, std::convert::Infallible>(end)))
        };
        let (status, message): (_, &[u8]) = match &asked[..] {
            [0, 0, 0, 0, 0] => ("0", &[0, 0, 0, 0, 2, 8, 2]),
            [_, _, _, _, 11, 0x0a, 9, b's', b'h', b'o', b'p', b'.', b'C', ..] => {
                ("0", &[0, 0, 0, 0, 2, 8, 1])
            }
            _ => ("5", &[]),
        };
        let response =
            if status == "0" { response } else { response.header("grpc-message", "unknown service") };
        response.body(Full::new(bytes::Bytes::from_static(message)).with_trailers(end(status)))
    });
    let builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
    _ = builder.serve_connection(hyper_util::rt::TokioIo::new(tcp), service).await;
}

#[test]
fn a_backend_that_cannot_be_reached_is_explained() {
    local(async {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let why = async |address, timeout| {
            let pool = pool(settings(address, timeout), &[]);
            let backend = &pool.backends()[0];
            probe::probe(backend, &backend.settings().probe.clone().unwrap()).await.unwrap_err().to_string()
        };
        let refused = why(Address::Ip(gone), 10_000).await;
        assert!(refused.starts_with("cannot connect: "), "{refused}");
        let name = Address::Name("app.invalid".into(), 80);
        assert_eq!(why(name, 10_000).await, "its name does not resolve");
        let mute = serve(async |_| std::future::pending().await).await;
        assert_eq!(why(Address::Ip(mute), 5).await, "no whole answer to the probe within 5ms");
    });
}

#[test]
fn a_probe_speaks_tls_to_a_backend_that_does() {
    local(async {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
        let server =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let server = server.unwrap().with_no_client_auth();
        let server = server.with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                if let Ok(stream) = acceptor.accept(tcp).await {
                    reply(stream, &async |_: &str| "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned())
                        .await;
                }
            }
        });
        let probe = async |roots: RootCertStore| {
            let client = ClientConfig::builder_with_provider(Arc::clone(&provider));
            let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
            let tls = [(Arc::new(client.with_no_client_auth()), None)];
            let plain = settings(Address::Ip(address), 10_000);
            let backend = plan::Backend { scheme: Scheme::Https, tls: Some(ClientTlsId::new(0)), ..plain };
            let pool = pool(backend, &tls);
            let backend = &pool.backends()[0];
            probe::probe(backend, &backend.settings().probe.clone().unwrap()).await
        };
        let mut trusting = RootCertStore::empty();
        trusting.add(certificate.der().clone()).unwrap();
        probe(trusting).await.unwrap();
        let mistrust = probe(RootCertStore::empty()).await.unwrap_err().to_string();
        assert!(
            mistrust.starts_with("TLS handshake failed: its certificate is signed by an authority"),
            "{mistrust}"
        );
    });
}

#[test]
fn a_backend_falls_and_rises_with_its_answers_until_the_watch_is_dropped() {
    local(async {
        let status = Arc::new(AtomicU16::new(500));
        let answered = Arc::clone(&status);
        let address = serve(async move |_| {
            let status = answered.load(Ordering::Relaxed);
            format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n")
        });
        let pool = pool(settings(Address::Ip(address.await), 10_000), &[]);
        let watch = Watch::start(std::slice::from_ref(&pool), &names(), || u64::MAX);
        assert_eq!(pool.alive(), 1);
        until("a failing backend is taken out", || pool.alive() == 0).await;
        status.store(200, Ordering::Relaxed);
        until("a recovered backend comes back", || pool.alive() == 1).await;
        status.store(503, Ordering::Relaxed);
        until("it is taken out again", || pool.backends()[0].liveness() == Liveness::Dead).await;
        drop(watch);
        until("no task holds the pool", || Arc::strong_count(&pool) == 1).await;
    });
}

#[test]
fn whoever_comes_into_a_slot_after_the_start_warms_up() {
    local(async {
        let slot = plan::Backend { probe: None, ..settings(Address::Service("api.internal".into(), 1), 1) };
        let slow_start = Some(Millis(3_600_000));
        let plan = plan::Pool { backends: vec![slot], slow_start, ..eject::tests::plan(0, 50) };
        let pool = Arc::new(Pool::new(&plan, &[], None).unwrap());
        drop(Watch::start(std::slice::from_ref(&pool), &names(), || 0));
        let target = crate::pool::Target { name: "a.internal".into(), port: 80, weight: 1, rank: 0 };
        pool.fill(vec![(0, Some(target), vec![SocketAddr::from(([127, 0, 0, 1], 80))])]);
        assert!(pool.is_warming_up(std::time::Instant::now()));
    });
}

#[test]
fn names_are_resolved_before_and_while_running() {
    local(async {
        // An address as a name: resolves without a name server.
        let named = |name: &str| plan::Backend { probe: None, ..settings(Address::Name(name.into(), 81), 1) };
        let expected = [SocketAddr::from(([127, 0, 0, 1], 81))];
        let first = pool(named("127.0.0.1"), &[]);
        resolve(std::slice::from_ref(&first), &names()).await;
        assert_eq!(first.backends()[0].place().addresses.as_slice(), expected);
        let second = pool(named("127.0.0.1"), &[]);
        let _watch = Watch::start(std::slice::from_ref(&second), &names(), || 0);
        until("the watch resolves", || second.alive() == 1).await;
        assert_eq!(second.backends()[0].place().addresses.as_slice(), expected);
        // An empty label: refused without asking a name server.
        let nowhere = pool(named("a..invalid"), &[]);
        resolve(std::slice::from_ref(&nowhere), &names()).await;
        assert_eq!(nowhere.alive(), 0);
    });
}

#[test]
fn probes_are_spread_by_a_tenth() {
    let every = Duration::from_secs(10);
    assert_eq!(around(every, 0), Duration::from_secs(9));
    assert_eq!(around(every, u64::MAX), Duration::from_secs(11));
}
