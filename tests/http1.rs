//! HTTP/1 from the outside, byte for byte, with a client and a backend that are driven by hand.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::support::site::Server;
use super::support::{PATIENCE, Port, Site};

/// A running Divisor between a client and a backend.
struct Between {
    client: SocketAddr,
    backend: TcpListener,
    _server: Server,
    _site: (Site, Port),
}

impl Between {
    async fn start(route: &str) -> Self {
        let (backend, port) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Port::reserve());
        let site = Site::with(&format!(
            r#"
            runtime {{ workers 1 }}
            listener "web" {{ bind "127.0.0.1:{}" }}
            pool "app" {{ backend "http://{}" }}
            route "/**" pool="app" {{ {route} }}
            route "/here" {{ respond 200 "here" }}
            "#,
            port.number(),
            backend.local_addr().unwrap(),
        ));
        let server = site.run();
        Self { client: port.address, backend, _server: server, _site: (site, port) }
    }

    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.client).await.unwrap()
    }

    /// The next connection that is made to the backend.
    async fn accept(&self) -> TcpStream {
        timeout(PATIENCE, self.backend.accept()).await.expect("a connection comes").unwrap().0
    }

    /// Sends a request and passes it to the backend: both ends, and what the backend was sent of it up to `end`.
    async fn pass(&self, request: &str, end: &str) -> (TcpStream, TcpStream, String) {
        let mut client = self.client().await;
        client.write_all(request.as_bytes()).await.unwrap();
        let mut backend = self.accept().await;
        let seen = until(&mut backend, end).await;
        (client, backend, seen)
    }
}

/// Reads until what came ends with `end`, or nothing more comes.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        match timeout(PATIENCE, stream.read_u8()).await.unwrap_or_else(|_| panic!("no end: {text:?}")) {
            Ok(byte) => text.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(text).unwrap()
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("it closes");
    String::from_utf8_lossy(&text).into_owned()
}

const EMPTY: &str = "\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn interim_responses_pass() {
    let site = Between::start("").await;
    let (mut client, mut backend, _) = site.pass("GET / HTTP/1.1\r\nHost: a\r\n\r\n", EMPTY).await;
    backend.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n").await.unwrap();
    let hints = until(&mut client, EMPTY).await;
    assert_eq!(hints, "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
    backend.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
    assert!(until(&mut client, "ok").await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_is_the_backends_to_answer() {
    let site = Between::start("").await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    let (mut client, mut backend, seen) = site.pass(request, EMPTY).await;
    assert!(seen.contains("expect: 100-continue\r\n"), "{seen}");
    backend.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    assert_eq!(until(&mut client, EMPTY).await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"body").await.unwrap();
    assert_eq!(until(&mut backend, "body").await, "body");
    backend.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert!(until(&mut client, EMPTY).await.starts_with("HTTP/1.1 200 OK\r\n"));

    let site = Between::start("").await;
    let (mut client, mut backend, _) = site.pass(request, EMPTY).await;
    backend.write_all(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let refused = rest(&mut client).await;
    assert!(refused.starts_with("HTTP/1.1 417 ") && refused.contains("connection: close\r\n"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_pass_both_ways() {
    let site = Between::start("").await;
    let request =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n";
    let (mut client, mut backend, seen) = site.pass(request, "x-sum: 1\r\n\r\n").await;
    assert!(seen.ends_with("3\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n"), "{seen}");
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX-Time: 2\r\n\r\n";
    backend.write_all(answer).await.unwrap();
    let answer = until(&mut client, "x-time: 2\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n2\r\nok\r\n0\r\nx-time: 2\r\n\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let site = Between::start("").await;
    let mut client = site.client().await;
    let requests =
        "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /here HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    client.write_all(requests.as_bytes()).await.unwrap();
    let mut backend = site.accept().await;
    assert!(until(&mut backend, EMPTY).await.starts_with("GET /slow "));
    backend.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow").await.unwrap();
    let answers = rest(&mut client).await;
    assert!(answers.find("slow").unwrap() < answers.find("here").unwrap(), "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgraded_connection_is_a_tunnel() {
    let site = Between::start("").await;
    let request = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let (mut client, mut backend, seen) = site.pass(request, EMPTY).await;
    for field in ["upgrade: websocket\r\n", "connection: upgrade\r\n", "sec-websocket-key: x\r\n"] {
        assert!(seen.contains(field), "{seen}");
    }
    // The first words of the new protocol may come with the response.
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello";
    backend.write_all(switch.as_bytes()).await.unwrap();
    let switched = until(&mut client, "hello").await;
    assert!(switched.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{switched}");
    assert!(
        switched.contains("upgrade: websocket\r\n") && switched.contains("connection: upgrade\r\n"),
        "{switched}"
    );
    client.write_all(b"\x00\xff not HTTP\n").await.unwrap();
    let mut word = [0; 12];
    backend.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"\x00\xff not HTTP\n");
    // One side may end and still listen.
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut backend).await, "");
    backend.write_all(b"goodbye").await.unwrap();
    drop(backend);
    assert_eq!(rest(&mut client).await, "goodbye");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_in_which_nothing_moves_ends() {
    let site = Between::start(r#"timeout { tunnel-idle "100ms" }"#).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let (mut client, mut backend, _) = site.pass(request, EMPTY).await;
    backend.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 101 "));
    assert_eq!(rest(&mut backend).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_not_upgraded_to_past_the_routes() {
    let site = Between::start("").await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n";
    let (_client, _backend, seen) = site.pass(request, EMPTY).await;
    assert!(!seen.contains("upgrade") && !seen.contains("http2-settings"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_smuggled_never_arrives() {
    let site = Between::start("").await;
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for head in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: x\r\n chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 0\r\nContent-Length: 30\r\n\r\n",
        "Content-Length: 0,0\r\n\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut client = site.client().await;
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{head}{hidden}");
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = rest(&mut client).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.1").count() == 1,
            "{head:?}: {answer}"
        );
    }
    let (_client, _backend, seen) = site.pass("GET /honest HTTP/1.1\r\nHost: a\r\n\r\n", EMPTY).await;
    assert!(seen.starts_with("GET /honest "), "the backend heard of nothing before: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_answers_nonsense_is_a_bad_gateway_and_its_connection_is_not_used_again() {
    let site = Between::start("").await;
    for nonsense in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ] {
        let (mut client, mut backend, _) =
            site.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", EMPTY).await;
        backend.write_all(nonsense.as_bytes()).await.unwrap();
        let answer = until(&mut client, EMPTY).await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{nonsense:?}: {answer}");
        assert_eq!(rest(&mut backend).await, "", "closed, not used again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_response_is_no_second_response() {
    let site = Between::start("").await;
    let (mut client, mut backend, _) = site.pass("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", EMPTY).await;
    let poisoned =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    backend.write_all(poisoned.as_bytes()).await.unwrap();
    until(&mut client, "ok").await;
    assert_eq!(rest(&mut backend).await, "", "closed, not used again");
    client.write_all(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut second = site.accept().await;
    assert!(until(&mut second, EMPTY).await.starts_with("GET /2 "));
    second.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean").await.unwrap();
    assert!(!until(&mut client, "clean").await.contains("poison"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_before_the_end_of_an_upload_arrives() {
    let site = Between::start("").await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin";
    let (mut client, mut backend, _) = site.pass(request, "begin").await;
    backend.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!").await.unwrap();
    let answer = until(&mut client, "no!").await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_the_backend_closes_is_told_from_one_that_broke_off() {
    let site = Between::start("").await;
    let (mut client, mut backend, _) = site.pass("GET / HTTP/1.1\r\nHost: a\r\n\r\n", EMPTY).await;
    backend.write_all(b"HTTP/1.0 200 OK\r\n\r\nto the end").await.unwrap();
    drop(backend);
    let whole = until(&mut client, "0\r\n\r\n").await;
    assert!(whole.contains("transfer-encoding: chunked\r\n") && whole.contains("to the end"), "{whole}");

    let (mut client, mut backend, _) = site.pass("GET / HTTP/1.1\r\nHost: a\r\n\r\n", EMPTY).await;
    backend.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly").await.unwrap();
    drop(backend);
    let broken = rest(&mut client).await;
    assert!(!broken.ends_with("0\r\n\r\n"), "{broken}");
}
