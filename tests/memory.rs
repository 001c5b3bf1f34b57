//! Bodies of any size in constant memory, on both versions and both ways.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::support::site::Server;
use super::support::{Port, Site};

/// A body that would show in memory.
const MUCH: u64 = 256 * 1024 * 1024;
const PIECE: usize = 64 * 1024;
/// How much the process may grow, in KiB: the windows of HTTP/2, and what the allocator keeps.
const GROWTH: u64 = 12 * 1024;

/// A backend that sends a body for GET, and takes one otherwise. It counts what it sends and takes.
struct Bulk {
    address: SocketAddr,
    moved: Arc<AtomicU64>,
}

impl Bulk {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, moved) = (listener.local_addr().unwrap(), Arc::<AtomicU64>::default());
        let counter = Arc::clone(&moved);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(bulk(stream, Arc::clone(&counter)));
            }
        });
        Self { address, moved }
    }
}

async fn bulk(mut stream: TcpStream, moved: Arc<AtomicU64>) -> Option<()> {
    loop {
        let (head, begun) = head(&mut stream).await?;
        if head.starts_with("GET ") {
            send(&mut stream, &format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n"), &moved).await?;
        } else {
            moved.fetch_add(begun, Ordering::Relaxed);
            take(&mut stream, MUCH - begun, &moved).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.ok()?;
        }
    }
}

/// Reads a head, and says how much of a body came with it.
async fn head(stream: &mut TcpStream) -> Option<(String, u64)> {
    let mut buffer = Vec::new();
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let begun = (buffer.len() - end - 4) as u64;
            buffer.truncate(end);
            return Some((String::from_utf8(buffer).unwrap(), begun));
        }
        (stream.read_buf(&mut buffer).await.ok()? > 0).then_some(())?;
    }
}

async fn send(stream: &mut TcpStream, head: &str, moved: &AtomicU64) -> Option<()> {
    stream.write_all(head.as_bytes()).await.ok()?;
    let piece = vec![b'x'; PIECE];
    for _ in 0..MUCH / PIECE as u64 {
        stream.write_all(&piece).await.ok()?;
        moved.fetch_add(PIECE as u64, Ordering::Relaxed);
    }
    Some(())
}

async fn take(stream: &mut TcpStream, mut left: u64, moved: &AtomicU64) -> Option<()> {
    let mut buffer = vec![0; PIECE];
    while left > 0 {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)? as u64;
        moved.fetch_add(count, Ordering::Relaxed);
        left -= count;
    }
    Some(())
}

struct Between {
    address: SocketAddr,
    backend: Bulk,
    server: Server,
    _site: (Site, Port),
}

async fn between() -> Between {
    let (backend, port) = (Bulk::start().await, Port::reserve());
    let site = Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app"
        route "/here" {{ respond 200 "here" }}
        "#,
        port.number(),
        backend.address
    ));
    let server = site.run();
    Between { address: port.address, backend, server, _site: (site, port) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_any_size_takes_no_more_memory_over_http1() {
    let site = between().await;
    let mut client = TcpStream::connect(site.address).await.unwrap();
    let count = AtomicU64::new(0);
    client.write_all(b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(head(&mut client).await.unwrap().1, 4);
    let before = site.server.most_memory();

    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (_, begun) = head(&mut client).await.unwrap();
    take(&mut client, MUCH - begun, &count).await.unwrap();

    let put = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {MUCH}\r\n\r\n");
    send(&mut client, &put, &count).await.unwrap();
    assert!(head(&mut client).await.unwrap().0.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(site.backend.moved.load(Ordering::Relaxed), 2 * MUCH);
    let after = site.server.most_memory();
    assert!(after < before + GROWTH, "{before} KiB before, {after} KiB after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_any_size_takes_no_more_memory_over_http2() {
    let site = between().await;
    let stream = TcpStream::connect(site.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut ask = async |method: &str, path: &str, pieces: u64| {
        let piece = Bytes::from(vec![b'x'; PIECE]);
        let pieces = (0..pieces).map(move |_| Ok::<_, std::io::Error>(Frame::data(piece.clone())));
        let body = StreamBody::new(stream::iter(pieces));
        let mut request = Request::builder().method(method).uri(format!("http://a{path}"));
        if method == "PUT" {
            request = request.header("content-length", MUCH);
        }
        let mut body = sender.send_request(request.body(body).unwrap()).await.unwrap().into_body();
        let mut count = 0;
        while let Some(frame) = body.frame().await {
            count += frame.unwrap().into_data().map_or(0, |data| data.len() as u64);
        }
        count
    };
    assert_eq!(ask("GET", "/here", 0).await, 4);
    let before = site.server.most_memory();
    assert_eq!(ask("GET", "/", 0).await, MUCH);
    assert_eq!(ask("PUT", "/", MUCH / PIECE as u64).await, 0);
    assert_eq!(site.backend.moved.load(Ordering::Relaxed), 2 * MUCH);
    let after = site.server.most_memory();
    assert!(after < before + GROWTH, "{before} KiB before, {after} KiB after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_stops_its_backend() {
    let site = between().await;
    let before = site.server.most_memory();
    let mut client = TcpStream::connect(site.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut last, mut same) = (0, 0);
    while same < 10 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = site.backend.moved.load(Ordering::Relaxed);
        same = if now == last && now > 0 { same + 1 } else { 0 };
        last = now;
    }
    assert!(last < MUCH / 4, "{last} bytes are on their way to a client that takes none");
    let after = site.server.most_memory();
    assert!(after < before + GROWTH, "{before} KiB before, {after} KiB after");
}
