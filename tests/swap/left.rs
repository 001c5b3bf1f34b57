//! What a swap leaves behind: connections to backends that are gone are closed, and clients who came to an address that
//! is gone are answered first.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{Backend, Client, PATIENCE, Port, Site, until};

/// Reads until the end of a head.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.expect("a head comes").unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Whether the other side closes within the patience of a test, without another word.
async fn closes(stream: &mut TcpStream) -> bool {
    matches!(timeout(PATIENCE / 3, stream.read(&mut [0; 1])).await, Ok(Ok(0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_backend_that_is_gone_are_closed_while_a_response_of_it_lasts() {
    let by_hand = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (other, port) = (Backend::start("other"), Port::reserve());
    let config = |backend: std::net::SocketAddr| {
        format!(
            r#"
            runtime {{ workers 1 }}
            listener "web" {{ bind "{}" }}
            pool "app" {{ backend "http://{backend}"; connections idle-timeout="1h" }}
            route "/**" pool="app"
            "#,
            port.address
        )
    };
    let site = Site::with(&config(by_hand.local_addr().unwrap()));
    let server = site.run();
    // Two requests at a time, so that there are two connections; one is answered, and its connection waits.
    let mut clients = [Client::connect(port.address).await, Client::connect(port.address).await];
    let [first, second] = clients.each_mut();
    let (mut idle, mut busy) = (None, None);
    let backend = async {
        for stream in [&mut busy, &mut idle] {
            let (mut accepted, _) = by_hand.accept().await.unwrap();
            head(&mut accepted).await;
            *stream = Some(accepted);
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        let (busy, idle) = (busy.as_mut().unwrap(), idle.as_mut().unwrap());
        idle.write_all(&[&answer[..], b"ab"].concat()).await.unwrap();
        busy.write_all(answer).await.unwrap();
    };
    let answer = {
        let both =
            async { futures_util::future::select(Box::pin(first.get("/")), Box::pin(second.get("/"))).await };
        let ((), answered) = tokio::join!(backend, both);
        let (answer, rest) = answered.factor_first();
        assert_eq!(answer.text(), "ab");
        let (mut idle, mut busy) = (idle.unwrap(), busy.unwrap());
        site.write("site.kdl", config(other.address));
        site.compile("site.kdl");
        server.wait_for("swapped");
        assert!(closes(&mut idle).await, "a connection to a backend that is gone is kept");
        busy.write_all(b"cd").await.unwrap();
        let answer = rest.await;
        assert!(closes(&mut busy).await, "a connection that was in use is kept");
        answer
    };
    assert_eq!(answer.text(), "cd");
    assert_eq!(clients[0].get("/").await.text(), "other");
}

const REQUEST: &[u8] = b"GET /queued HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A site that takes one connection at a time, so that all others wait: one at the door, the rest in the kernel.
fn narrow(port: &Port, backend: &Backend) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "{}"; max-connections 1 }}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app" {{ header-set "X-Version" "one" }}
        "#,
        port.address, backend.address
    ))
}

/// Connections that have sent a request and wait to be accepted.
async fn queued(port: &Port) -> Vec<TcpStream> {
    let mut queued = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        queued.push(stream);
    }
    // They have had the time to be accepted, if they were to be.
    tokio::time::sleep(Duration::from_millis(100)).await;
    queued
}

/// Asserts that each is answered by the plan that it came to.
async fn are_answered(queued: Vec<TcpStream>) {
    for mut stream in queued {
        let answer = head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("x-version: one\r\n") && answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_at_an_address_that_goes_is_answered_by_the_plan_that_had_it() {
    let (backend, port, next) = (Backend::start("a"), Port::reserve(), Port::reserve());
    let site = narrow(&port, &backend);
    let server = site.run();
    let mut first = Client::connect(port.address).await;
    let held = tokio::spawn(async move { first.get("/hold").await });
    until("the backend holds it", || async { backend.holding() == 1 }).await;
    let queued = queued(&port).await;
    let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    let config = config.replace(&port.address.to_string(), &next.address.to_string());
    site.write("site.kdl", config.replace("connections 1", "connections 99").replace("one", "two"));
    site.compile("site.kdl");
    server.wait_for("swapped");
    assert_eq!(Client::connect(next.address).await.get("/").await.header("x-version"), Some("two"));
    are_answered(queued).await;
    backend.release();
    assert_eq!(held.await.unwrap().header("x-version"), Some("one"));
    assert!(TcpStream::connect(port.address).await.is_err(), "the address is still open");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_when_it_stops_is_answered() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = narrow(&port, &backend);
    let mut server = site.run();
    let mut first = Client::connect(port.address).await;
    let held = tokio::spawn(async move { first.get("/hold").await });
    until("the backend holds it", || async { backend.holding() == 1 }).await;
    let queued = queued(&port).await;
    server.signal("TERM");
    are_answered(queued).await;
    backend.release();
    assert_eq!(held.await.unwrap().status, 200);
    assert!(server.wait().success());
}
