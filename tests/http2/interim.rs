//! Interim responses, which a backend sends before its response, whatever either side speaks.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::ResponseFuture;
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::super::support::frames::{self, ACK, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, frame};
use super::super::support::{PATIENCE, Port};
use super::peer::{self, Peer};
use super::site;

/// The head of the next message.
async fn head(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(timeout(PATIENCE, stream.read_u8()).await.expect("no end").unwrap());
    }
    String::from_utf8(text).unwrap()
}

/// A backend in HTTP/1.1 that hints, and answers when it may.
async fn hints_in_http1(gate: Arc<Semaphore>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            head(&mut stream).await;
            let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nkeep-alive: no\r\n\r\n";
            stream.write_all(hints.as_bytes()).await.unwrap();
            gate.acquire().await.unwrap().forget();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        }
    });
    url
}

/// The same in HTTP/2.
async fn hints_in_http2(gate: Arc<Semaphore>) -> String {
    let peer = Peer::start(
        |_| {},
        move |_, mut respond| {
            let gate = Arc::clone(&gate);
            async move {
                let hints = Response::builder().status(103).header("link", "</a.css>").body(()).unwrap();
                respond.send_informational(hints).unwrap();
                gate.acquire().await.unwrap().forget();
                let mut stream = respond.send_response(peer::head(200), false).unwrap();
                stream.send_data("ok".into(), true).unwrap();
            }
        },
    );
    peer.await.url()
}

async fn interim(response: &mut ResponseFuture) -> Response<()> {
    timeout(PATIENCE, poll_fn(|context| response.poll_informational(context)))
        .await
        .expect("an interim response")
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_come_before_the_response_on_either_version() {
    let gate = Arc::new(Semaphore::new(0));
    for url in [hints_in_http1(Arc::clone(&gate)).await, hints_in_http2(Arc::clone(&gate)).await] {
        let port = Port::reserve();
        let _server = site(&port, &url, "http h2=#true", "", "").run();

        let mut old = TcpStream::connect(port.address).await.unwrap();
        old.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        assert_eq!(head(&mut old).await, "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n", "{url}");
        gate.add_permits(1);
        assert!(head(&mut old).await.starts_with("HTTP/1.1 200 OK\r\n"));

        let mut new = peer::client(port.address).await;
        let (mut response, _) = new.send_request(peer::request("GET", "/"), true).unwrap();
        let hints = interim(&mut response).await;
        assert_eq!((hints.status().as_u16(), hints.headers()["link"].as_bytes()), (103, &b"</a.css>"[..]));
        assert_eq!(hints.headers().len(), 1, "{hints:?}");
        gate.add_permits(1);
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(peer::all(&mut response.into_body()).await.0, b"ok");
    }
}

/// A backend in HTTP/1.1 that says this to an expectation.
async fn answering(word: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            assert!(head(&mut stream).await.contains("expect: 100-continue\r\n"));
            stream.write_all(word.as_bytes()).await.unwrap();
            let mut body = [0; 4];
            if stream.read_exact(&mut body).await.is_ok() {
                assert_eq!(&body, b"body");
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            }
        }
    });
    url
}

/// A backend in HTTP/2 that wants the body.
async fn welcoming() -> String {
    let peer = Peer::start(
        |_| {},
        |mut request, mut respond| async move {
            assert_eq!(request.headers()["expect"], "100-continue");
            respond.send_informational(peer::head(100)).unwrap();
            assert_eq!(peer::all(request.body_mut()).await.0, b"body");
            respond.send_response(peer::head(204), true).unwrap();
        },
    );
    peer.await.url()
}

fn expecting() -> Request<()> {
    let mut request = peer::request("POST", "/");
    request.headers_mut().insert("expect", "100-continue".parse().unwrap());
    request.headers_mut().insert("content-length", "4".parse().unwrap());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_over_http2_is_the_backends_to_answer() {
    for url in [answering("HTTP/1.1 100 Continue\r\n\r\n").await, welcoming().await] {
        let port = Port::reserve();
        let _server = site(&port, &url, "http h2=#true", "", "").run();
        let mut client = peer::client(port.address).await;
        let (mut response, mut stream) = client.send_request(expecting(), false).unwrap();
        assert_eq!(interim(&mut response).await.status(), 100);
        stream.send_data(Bytes::from_static(b"body"), true).unwrap();
        assert_eq!(timeout(PATIENCE, response).await.unwrap().unwrap().status(), 204, "{url}");
    }
    let port = Port::reserve();
    let refusing = answering("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n").await;
    let _server = site(&port, &refusing, "http h2=#true", "", "").run();
    let mut client = peer::client(port.address).await;
    let (mut response, _stream) = client.send_request(expecting(), false).unwrap();
    let interim = timeout(PATIENCE, poll_fn(|context| response.poll_informational(context))).await.unwrap();
    assert!(interim.is_none(), "none is made up: {interim:?}");
    assert_eq!(response.await.unwrap().status(), 417);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_told_only_so_much() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, port) = (format!("http://{}", listener.local_addr().unwrap()), Port::reserve());
    let server = site(&port, &url, "http h2=#true", "", "").run();
    let mut client = TcpStream::connect(port.address).await.unwrap();
    let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
        .map(|(name, value)| frames::field(name.as_bytes(), value.as_bytes()));
    let begin = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frame(SETTINGS, ACK, 0, &[])].concat();
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields.concat());
    client.write_all(&[begin, request].concat()).await.unwrap();
    let (mut backend, _) = listener.accept().await.unwrap();
    head(&mut backend).await;
    let before = server.most_memory();
    let hint = format!("HTTP/1.1 103 Early Hints\r\nlink: <{}>\r\n\r\n", "x".repeat(32_000));
    let mut told = 0;
    // One at a time, as a backend would that has something to say every now and then.
    while told < 5_000 && backend.write_all(hint.as_bytes()).await.is_ok() {
        told += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(told < 5_000, "160 MB of hints went in");
    let now = server.most_memory();
    assert!(now < before + 24 * 1024, "{before} KiB before, {now} now");
}
