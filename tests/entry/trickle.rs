//! Clients that never stand still and never get on: they are cut off at the lowest rate. Who waits for the backend is not.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;

use super::slow::{self, body};
use super::*;

/// A route with a lowest rate so high that everybody is too slow who is waited for longer than the grace.
fn route(rate: &str) -> String {
    format!(r#"timeout {{ body-idle "30s"; first-byte "30s"; min-rate "{rate}"; min-rate-grace "300ms" }}"#)
}

const H2: &str = "http h2=#true";

/// So long no wait may be in these tests without being one too many.
const LONGER: Duration = Duration::from_millis(900);

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"http h2=#true header-timeout="300ms" idle-timeout="600ms""#;
    let _server = site(&port, listener, &backend, "").run();
    let old = b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ".to_vec();
    // HEADERS without END_HEADERS, and then an empty CONTINUATION every now and then.
    let mut new = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    new.extend(b"\0\0\x01\x01\0\0\0\0\x01\x82");
    let more: [&[u8]; 2] = [b"x", b"\0\0\x01\x09\0\0\0\0\x01\x84"];
    for (begun, more) in [old, new].into_iter().zip(more) {
        let (mut answer, mut rest) = TcpStream::connect(port.address).await.unwrap().into_split();
        rest.write_all(&begun).await.unwrap();
        let trickle = tokio::spawn(async move {
            while rest.write_all(more).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let mut heard = Vec::new();
        let ended = timeout(PATIENCE, answer.read_to_end(&mut heard)).await;
        let _ = ended.expect("it is cut off"); // a reset is an end, too
        trickle.abort();
    }
    assert_eq!(backend.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_trickles_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, H2, &backend, &route("1KiB")).run();
    for head in ["Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let stream = TcpStream::connect(port.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut answer, mut upload) = stream.into_split();
        upload.write_all(format!("POST / HTTP/1.1\r\nHost: a\r\n{head}").as_bytes()).await.unwrap();
        let piece = if head.contains("chunked") { "1\r\nx\r\n" } else { "x" };
        let upload = tokio::spawn(async move {
            while upload.write_all(piece.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut status = [0; 12];
        timeout(PATIENCE, answer.read_exact(&mut status)).await.expect("it is cut off").unwrap();
        assert_eq!(&status, b"HTTP/1.1 408", "{head}");
        upload.abort();
    }
    let (send, chunks) = tokio::sync::mpsc::channel(1);
    let upload = tokio::spawn(async move {
        while send.send(Bytes::from_static(b"x")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let request = Request::post("http://a/").body(body(chunks)).unwrap();
    let answer = timeout(PATIENCE, slow::h2(port.address).await.send_request(request)).await;
    assert_eq!(answer.expect("it is cut off").unwrap().status(), 408);
    upload.abort();
    assert_eq!(backend.requests(), 0, "no backend got a whole request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_trickles_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, H2, &backend, &route("64MiB")).run();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut reader = socket.connect(port.address).await.unwrap();
    reader.write_all(b"GET /bytes/100000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut piece, mut taken) = ([0; 1024], 0);
    // Until it is let go, it takes a little every now and then.
    loop {
        match timeout(PATIENCE, reader.read(&mut piece)).await.expect("it ends") {
            Ok(count @ 1..) => taken += count,
            Ok(0) | Err(_) => break,
        }
        if backend.sending() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert!(taken < 100_000_000, "{taken} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_opens_by_crumbs_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, H2, &backend, &route("64MiB")).run();
    let stream = TcpStream::connect(port.address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://a/bytes/100000000").body(()).unwrap();
    let (response, _) = sender.ready().await.unwrap().send_request(request, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    // As soon as a little has come, room for as much again is given.
    let cut_off = async {
        while let Some(data) = body.data().await {
            let Ok(data) = data else { return true };
            body.flow_control().release_capacity(data.len()).unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    };
    assert!(timeout(PATIENCE, cut_off).await.expect("it is cut off"), "it looks whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_backend_is_not_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, H2, &backend, &route("1GiB")).run();
    for mut client in [Client::connect(port.address).await, Client::connect_h2(port.address).await] {
        // A response that rests in the middle, as events do.
        let events = tokio::spawn(async move { client.get("/drip").await });
        until("the backend has begun", async || backend.requests() > 0).await;
        tokio::time::sleep(LONGER).await;
        backend.release();
        assert_eq!(events.await.unwrap().text(), "first\nsecond\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_backend_does_not_take_is_not_cut_off() {
    let (app, port) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Port::reserve());
    let backend = app.local_addr().unwrap();
    let _server = Site::with(&format!(
        r#"
        listener "web" {{ bind "{}" }}
        pool "app" {{ backend "http://{backend}" }}
        route "/**" pool="app" {{ {} }}
        "#,
        port.address,
        route("1MiB")
    ))
    .run();
    const SIZE: usize = 20_000_000; // more than all buffers hold
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let client = tokio::spawn(async move {
        let head =
            format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![0; SIZE]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let (mut connection, _) = app.accept().await.unwrap();
    tokio::time::sleep(LONGER).await; // it takes nothing
    let (mut taken, mut piece) = (0, vec![0; 65_536]);
    while taken < SIZE {
        taken += timeout(PATIENCE, connection.read(&mut piece)).await.expect("more comes").unwrap();
    }
    connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    assert!(client.await.unwrap().starts_with("HTTP/1.1 204"));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_nobody_takes_leave_room_for_others_of_their_connection() {
    let (mute, backend, port) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), Backend::start("a"), Port::reserve());
    let _server = Site::with(&format!(
        r#"
        listener "web" {{ bind "{}"; {H2} }}
        pool "mute" {{ backend "http://{}" }}
        pool "app" {{ backend "http://{}" }}
        route "/mute" pool="mute"
        route "/**" pool="app" {{ {} }}
        "#,
        port.address,
        mute.local_addr().unwrap(),
        backend.address,
        route("1MiB")
    ))
    .run();
    let stream = TcpStream::connect(port.address).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let post = |path: &str| Request::post(format!("http://a{path}")).body(()).unwrap();
    let mut untaken = Vec::new();
    for _ in 0..8 {
        sender = sender.ready().await.unwrap();
        let (answer, mut upload) = sender.send_request(post("/mute"), false).unwrap();
        upload.send_data(vec![0; 10_000_000].into(), false).unwrap();
        untaken.push((answer, upload, timeout(PATIENCE, mute.accept()).await.unwrap().unwrap()));
    }
    sender = sender.ready().await.unwrap();
    let (answer, mut upload) = sender.send_request(post("/echo"), false).unwrap();
    upload.send_data(vec![b'x'; 500_000].into(), true).unwrap();
    let answer = timeout(PATIENCE, answer).await.expect("it is answered").unwrap();
    assert_eq!((answer.status().as_u16(), backend.last().body.len()), (200, 500_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rests_between_its_messages_is_not_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, H2, &backend, &route("1GiB")).run();
    for (kind, status) in [("application/grpc+proto", 200), ("text/plain", 408)] {
        let (send, chunks) = tokio::sync::mpsc::channel(1);
        let request = Request::post("http://a/").header("content-type", kind).body(body(chunks)).unwrap();
        let mut sender = slow::h2(port.address).await;
        let answer = tokio::spawn(async move { sender.send_request(request).await.unwrap() });
        for message in ["one", "two", "three"] {
            let _ = send.send(Bytes::from(message)).await; // one of them is cut off
            tokio::time::sleep(LONGER).await;
        }
        drop(send);
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), status, "{kind}");
        answer.into_body().collect().await.unwrap();
    }
    assert_eq!(backend.last().body, "onetwothree");
}

#[test]
fn both_spellings_of_a_lowest_rate_are_one() {
    let site = Site::with(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "app" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/**" pool="app" { timeout { min-rate "1KiB"; min-rate-grace "10s" } }
        route "/any" pool="app" { timeout min-rate="0B" }
        route "/usual" pool="app" { timeout min-rate="240B" min-rate-grace="5s" }
        route "/default" pool="app"
        "#,
    );
    site.write(
        "site.yaml",
        r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
pools: { app: { backends: ["http://127.0.0.1:9001"], probe: / } }
routes:
  - { path: /default, pool: app, timeout: { min-rate: 240B } }
  - { path: /usual, pool: app }
  - { path: /any, pool: app, timeout: { min-rate: 0B } }
  - { path: "/**", pool: app, timeout: { min-rate: 1KiB, min-rate-grace: 10s } }
"#,
    );
    assert_eq!(site.compile("site.kdl"), site.compile("site.yaml"));
}
