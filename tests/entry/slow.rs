//! Clients that take their time: they are cut off at the limits, and meanwhile nothing grows.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::*;

/// A listener that loses patience soon.
const HASTY: &str = r#"http h2=#true header-timeout="300ms" idle-timeout="300ms""#;
/// Likewise a route.
const IMPATIENT: &str = r#"timeout { body-idle "300ms"; first-byte "300ms" }"#;

pub(super) type Chunks = tokio::sync::mpsc::Receiver<Bytes>;
pub(super) type Body = StreamBody<
    std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send>>,
>;

/// A body of what is sent into a channel.
pub(super) fn body(chunks: Chunks) -> Body {
    StreamBody::new(Box::pin(futures_util::stream::unfold(chunks, async |mut chunks| {
        Some((Ok(Frame::data(chunks.recv().await?)), chunks))
    })))
}

pub(super) async fn h2(address: SocketAddr) -> http2::SendRequest<Body> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, HASTY, &backend, "").run();
    assert_eq!(ask_at(port.address, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow:").await, "");
    // A HEADERS frame without END_HEADERS (RFC 9113, section 6.2), whose CONTINUATION never comes.
    let mut begun = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    begun.extend(b"\0\0\x01\x01\0\0\0\0\x01\x82");
    ask_at(port.address, begun).await; // ends: that is all that is asked of it
    // Nor does a connection live on that says nothing after its preface.
    ask_at(port.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert_eq!(backend.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_body_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, HASTY, &backend, IMPATIENT).run();
    let begun = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf";
    assert!(ask_at(port.address, begun).await.starts_with("HTTP/1.1 408"));
    let (send, chunks) = tokio::sync::mpsc::channel(1);
    send.send(Bytes::from_static(b"half")).await.unwrap();
    let request = Request::post("http://a/").body(body(chunks)).unwrap();
    let answer = h2(port.address).await.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 408);
    drop(send);
    assert_eq!(backend.requests(), 0, "no backend got a whole request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_cut_off() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, HASTY, &backend, IMPATIENT).run();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut greedy = socket.connect(port.address).await.unwrap();
    greedy.write_all(b"GET /bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (_send, chunks) = tokio::sync::mpsc::channel(1);
    drop(_send);
    let request = Request::get("http://a/bytes/50000000").body(body(chunks)).unwrap();
    let lying = h2(port.address).await.send_request(request).await.unwrap();
    // Long enough for both to be let go: then what they have not taken never comes.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let mut taken = Vec::new();
    let _ = timeout(PATIENCE, greedy.read_to_end(&mut taken)).await.expect("it ends");
    assert!(taken.len() < 50_000_000, "{} bytes", taken.len());
    assert!(lying.into_body().collect().await.is_err(), "it looks whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_none_of_our_own_pages_is_cut_off_as_well() {
    let port = Port::reserve();
    let site = Site::with(&format!(
        r#"
        runtime {{ drain "10m" }}
        listener "web" {{ bind "{}"; {HASTY} }}
        route "/**" {{ respond 200 "{}" }}
        "#,
        port.address,
        "page ".repeat(20_000)
    ));
    let mut server = site.run();
    let mut greedy = TcpStream::connect(port.address).await.unwrap();
    // More than the buffers of both sockets hold.
    greedy.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(400).as_bytes()).await.unwrap();
    let mut first = [0; 8];
    greedy.read_exact(&mut first).await.unwrap();
    server.signal("TERM");
    assert!(server.wait().success(), "a drain waits for nobody who takes nothing");
    drop(greedy);
}

/// KiB: more than all buffers may hold, and far less than what is sent.
const GROWTH: u64 = 12 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_slows_its_backend_and_nothing_grows() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let server = site(&port, "http h2=#true", &backend, "").run();
    assert_eq!(Client::connect_h2(port.address).await.get("/").await.status, 200);
    let before = server.most_memory();
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut reader = TcpStream::connect(port.address).await.unwrap();
        reader.write_all(b"GET /bytes/100000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        readers.push(reader);
    }
    let mut lying = Vec::new();
    for _ in 0..8 {
        let (_, chunks) = tokio::sync::mpsc::channel(1);
        let request = Request::get("http://a/bytes/100000000").body(body(chunks)).unwrap();
        lying.push(h2(port.address).await.send_request(request).await.unwrap());
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let grown = server.most_memory() - before;
    assert!(grown < GROWTH, "{grown} KiB more");
    drop((readers, lying));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_takes_nothing_slows_its_clients_and_nothing_grows() {
    let port = Port::reserve();
    // Accepts, and reads nothing.
    let app = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = app.local_addr().unwrap();
    let idle = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = app.accept().await {
            held.push(stream);
        }
    });
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "{}"; http h2=#true }}
        pool "app" {{ backend "http://{address}" }}
        route "/**" pool="app" {{ timeout {{ body-idle "30s"; first-byte "30s" }} }}
        "#,
        port.address
    ));
    let server = site.run();
    let before = server.most_memory();
    let mut uploads = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        uploads.push(tokio::spawn(async move {
            let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n";
            stream.write_all(head).await.unwrap();
            while stream.write_all(&[0; 65_536]).await.is_ok() {}
        }));
        let mut sender = h2(port.address).await;
        uploads.push(tokio::spawn(async move {
            let (send, chunks) = tokio::sync::mpsc::channel(1);
            let answer = sender.send_request(Request::post("http://a/").body(body(chunks)).unwrap());
            let feed = async { while send.send(Bytes::from_static(&[0; 65_536])).await.is_ok() {} };
            let _ = tokio::join!(answer, feed);
        }));
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let grown = server.most_memory() - before;
    assert!(grown < GROWTH, "{grown} KiB more");
    uploads.iter().for_each(|upload| upload.abort());
    idle.abort();
}
