//! A connection to a backend that waited for its next request, and ends just then.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{Client, PATIENCE, Port, Site};

/// A site with one worker, and backends that the test drives by hand.
async fn site(count: usize, port: &Port, route: &str) -> (Vec<TcpListener>, Site) {
    let mut backends = Vec::new();
    for _ in 0..count {
        backends.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    let urls: Vec<String> =
        backends.iter().map(|it| format!("backend \"http://{}\"", it.local_addr().unwrap())).collect();
    let site = Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ {}; eject consecutive-errors=0 }}
        route "/**" pool="app" {{ {route} }}
        "#,
        port.number(),
        urls.join("; ")
    ));
    (backends, site)
}

async fn accept(backend: &TcpListener) -> TcpStream {
    timeout(PATIENCE, backend.accept()).await.expect("a connection comes").unwrap().0
}

/// The request line of the next request, which has no body.
async fn asked(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, connection.read_u8()).await.expect("a head comes").unwrap());
    }
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}

async fn answer(connection: &mut TcpStream) {
    connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
}

/// Sends a request; its status comes in time.
fn ask(address: SocketAddr, method: &'static str, path: &'static str) -> tokio::task::JoinHandle<u16> {
    tokio::spawn(async move {
        let mut client = Client::connect(address).await;
        client.send(method, path, &[], "").await.unwrap().status.as_u16()
    })
}

/// A connection of a backend that has served a request, and waits.
async fn waiting(backend: &TcpListener, address: SocketAddr) -> TcpStream {
    let first = ask(address, "GET", "/first");
    let mut connection = accept(backend).await;
    assert_eq!(asked(&mut connection).await, "GET /first HTTP/1.1");
    answer(&mut connection).await;
    assert_eq!(first.await.unwrap(), 204);
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotent_request_goes_on_a_new_connection_once_and_costs_no_try() {
    let port = Port::reserve();
    let (backends, site) = site(1, &port, "retry 0").await;
    let server = site.run();
    let mut used = waiting(&backends[0], port.address).await;
    let status = ask(port.address, "GET", "/crossed");
    assert_eq!(asked(&mut used).await, "GET /crossed HTTP/1.1");
    drop(used);
    let mut fresh = accept(&backends[0]).await;
    assert_eq!(asked(&mut fresh).await, "GET /crossed HTTP/1.1");
    answer(&mut fresh).await;
    assert_eq!(status.await.unwrap(), 204);
    // The new one has waited since. Now both end: that is no crossing any more.
    let status = ask(port.address, "GET", "/deadly");
    assert_eq!(asked(&mut fresh).await, "GET /deadly HTTP/1.1");
    drop(fresh);
    let mut last = accept(&backends[0]).await;
    assert_eq!(asked(&mut last).await, "GET /deadly HTTP/1.1");
    drop(last);
    assert_eq!(status.await.unwrap(), 502);
    server.wait_for("closed the connection before its response");
    drop(waiting(&backends[0], port.address).await); // no other connection was opened meanwhile
}

#[tokio::test(flavor = "multi_thread")]
async fn once_is_once_over_all_backends() {
    let port = Port::reserve();
    let (backends, site) = site(2, &port, "retry 1").await;
    let _server = site.run();
    let mut used = Vec::new();
    for _ in 0..2 {
        let first = ask(port.address, "GET", "/first");
        let mut connection = tokio::select! {
            connection = accept(&backends[0]) => connection,
            connection = accept(&backends[1]) => connection,
        };
        asked(&mut connection).await;
        answer(&mut connection).await;
        assert_eq!(first.await.unwrap(), 204);
        used.push(connection);
    }
    let status = ask(port.address, "GET", "/deadly");
    // Each backend ends all that bring it this request, and counts.
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for backend in backends {
        let tell = tell.clone();
        tokio::spawn(async move {
            loop {
                let (mut connection, _) = backend.accept().await.unwrap();
                tell.send(asked(&mut connection).await).unwrap();
            }
        });
    }
    for mut connection in used {
        let tell = tell.clone();
        tokio::spawn(async move { tell.send(asked(&mut connection).await) });
    }
    assert_eq!(status.await.unwrap(), 502);
    let mut times = 0;
    while told.try_recv().is_ok() {
        times += 1;
    }
    assert_eq!(times, 3, "the first try, the crossing, and the second try");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_has_begun_to_answer_did_not_cross() {
    for begun in ["HTTP/1.1 2", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"] {
        let port = Port::reserve();
        let (backends, site) = site(1, &port, "retry 0").await;
        let _server = site.run();
        let mut used = waiting(&backends[0], port.address).await;
        let status = ask(port.address, "GET", "/begun");
        assert_eq!(asked(&mut used).await, "GET /begun HTTP/1.1");
        used.write_all(begun.as_bytes()).await.unwrap();
        drop(used);
        assert_eq!(status.await.unwrap(), 502, "{begun}");
        drop(waiting(&backends[0], port.address).await); // no other connection was opened meanwhile
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_happen_twice_is_sent_once() {
    let port = Port::reserve();
    let (backends, site) =
        site(1, &port, r#"retry 3 { on "reset" "connect-failure" "timeout" "503" }"#).await;
    let _server = site.run();
    let mut used = waiting(&backends[0], port.address).await;
    let status = ask(port.address, "POST", "/order");
    assert_eq!(asked(&mut used).await, "POST /order HTTP/1.1");
    drop(used);
    assert_eq!(status.await.unwrap(), 502);
    // One that is closed by the time is not used at all.
    let used = waiting(&backends[0], port.address).await;
    drop(used);
    let status = ask(port.address, "POST", "/order");
    let mut fresh = accept(&backends[0]).await;
    assert_eq!(asked(&mut fresh).await, "POST /order HTTP/1.1");
    answer(&mut fresh).await;
    assert_eq!(status.await.unwrap(), 204);
}
