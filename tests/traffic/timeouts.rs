//! Each of the times that a part of an exchange may take, as those see it who wait.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{Backend, Client, PATIENCE, Port, Site};

/// A site before one backend.
fn site(port: &Port, url: &str, pool: &str, routes: &str) -> Site {
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "app" {{ backend "{url}"; {pool} }}
        {routes}
        "#,
        port.number()
    ))
}

/// A backend that answers the head of a request with these pieces, one every 20 ms, and then rests.
async fn saying(head: &'static str, pieces: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(head.as_bytes()).await;
                for _ in 0..pieces {
                    if stream.write_all(b"1\r\nx\r\n").await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                let _ = stream.read(&mut request).await; // until it is let go
            });
        }
    });
    address
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Whether a response breaks off, for a client of either version.
async fn breaks_off(port: &Port) {
    for mut client in [Client::connect(port.address).await, Client::connect_h2(port.address).await] {
        let answer = timeout(PATIENCE, client.send("GET", "/", &[], "")).await.expect("it is cut off");
        assert!(answer.is_err(), "it looks whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_takes_no_connection_is_given_up() {
    // Who connects when the queue is full is not answered at all.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        queue.push(stream);
    }
    let port = Port::reserve();
    let pool = r#"connections connect-timeout="200ms""#;
    let server = site(&port, &format!("http://{address}"), pool, r#"route "/**" pool="app""#).run();
    let answer = timeout(PATIENCE, Client::connect(port.address).await.send("POST", "/", &[], "")).await;
    assert_eq!(answer.expect("it is given up").unwrap().status, 504);
    server.wait_for("longer than connect-timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_end_its_handshake_is_given_up() {
    let (listener, port) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Port::reserve());
    let url = format!("https://{}", listener.local_addr().unwrap());
    let pool = r#"connections connect-timeout="200ms"; tls server-name="localhost""#;
    let server = site(&port, &url, pool, r#"route "/**" pool="app" { retry 0 }"#).run();
    let asked = tokio::spawn(async move { Client::connect(port.address).await.get("/").await.status });
    let (mut connection, _) = listener.accept().await.unwrap();
    // It hears the ClientHello and says nothing, until it is let go.
    let mut heard = Vec::new();
    timeout(PATIENCE, connection.read_to_end(&mut heard)).await.expect("it is let go").unwrap();
    assert_eq!(heard[0], 22, "a handshake");
    assert_eq!(asked.await.unwrap(), 504);
    server.wait_for("longer than connect-timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_stands_still_breaks_off() {
    let (address, port) = (saying(CHUNKED, 3).await, Port::reserve());
    let route = r#"route "/**" pool="app" { timeout { body-idle "200ms" } }"#;
    let server = site(&port, &format!("http://{address}"), "", route).run();
    breaks_off(&port).await;
    server.wait_for("the response body stands still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_goes_on_for_ever_breaks_off_where_the_exchange_ends() {
    let (address, port) = (saying(CHUNKED, usize::MAX).await, Port::reserve());
    let route = r#"route "/**" pool="app" { timeout { exchange "300ms"; body-idle "200ms" } }"#;
    let server = site(&port, &format!("http://{address}"), "", route).run();
    breaks_off(&port).await;
    server.wait_for("timeout exchange");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_has_times_of_its_own() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let routes = r#"
        policy "patient" { timeout { first-byte "30s" } }
        route "/hold/hasty" pool="app" { timeout { first-byte "200ms" } }
        route "/hold/whole" pool="app" { timeout "200ms" }
        route "/**" pool="app" { use "patient" }
    "#;
    let server = site(&port, &format!("http://{}", backend.address), "", routes).run();
    let ask = |path: &'static str| async move {
        let mut client = Client::connect(port.address).await;
        client.send("POST", path, &[], "").await.unwrap().status.as_u16()
    };
    let patient = tokio::spawn(ask("/hold"));
    crate::support::until("it waits", async || backend.holding() == 1).await;
    assert_eq!(ask("/hold/hasty").await, 504);
    server.wait_for("timeout first-byte");
    tokio::time::sleep(Duration::from_secs(1)).await; // the log tells of a backend once a second
    assert_eq!(ask("/hold/whole").await, 504);
    server.wait_for("timeout exchange");
    (0..3).for_each(|_| backend.release());
    assert_eq!(patient.await.unwrap(), 200);
}
