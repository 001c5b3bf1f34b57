//! How streams of clients end, and how connections do that nobody is at.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::support::frames::{
    self, ACK, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PREFACE, RESET, SETTINGS, frame,
};
use super::super::support::{Backend, PATIENCE, Port, Site, until};
use super::peer::{self, Peer};
use super::site;

const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;

/// A client that begins with this request, and has not ended it yet.
async fn begin(port: &Port, method: &str, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let fields = [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)]
        .map(|(name, value)| frames::field(name.as_bytes(), value.as_bytes()));
    let settings = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frame(SETTINGS, ACK, 0, &[])].concat();
    let head = frame(HEADERS, END_HEADERS, 1, &fields.concat());
    stream.write_all(&[settings, head].concat()).await.unwrap();
    stream
}

/// The next frame of this kind; nothing at the end of the connection.
async fn next(stream: &mut TcpStream, kind: u8) -> Option<Frame> {
    loop {
        let frame = timeout(PATIENCE, frames::next(stream)).await.expect("a frame, or the end")?;
        if frame.kind == kind && (kind <= HEADERS || frame.flags & ACK == 0) {
            return Some(frame);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_breaks_off_never_looks_whole() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &format!("http://{}", backend.address), "http h2=#true", "", "").run();
    let mut client = begin(&port, "GET", "/break").await;
    client.write_all(&frame(DATA, END_STREAM, 1, &[])).await.unwrap();
    loop {
        let frame = timeout(PATIENCE, frames::next(&mut client)).await.unwrap().expect("it goes on");
        match frame.kind {
            RESET => break assert_eq!(frame.payload, 2_u32.to_be_bytes(), "INTERNAL_ERROR"),
            DATA | HEADERS => assert_eq!(frame.flags & END_STREAM, 0),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_response_is_whole_and_stops_the_upload() {
    let port = Port::reserve();
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        route "/**" {{ respond 200 "here" }}
        "#,
        port.number(),
    ));
    let _server = site.run();
    let mut client = begin(&port, "POST", "/").await;
    let head = next(&mut client, HEADERS).await.unwrap();
    assert_eq!((frames::status(&head.payload), head.flags & END_STREAM), (Some(200), 0));
    let body = next(&mut client, DATA).await.unwrap();
    assert_eq!((&body.payload[..], body.flags & END_STREAM), (&b"here"[..], END_STREAM));
    let reset = next(&mut client, RESET).await.unwrap();
    assert_eq!((reset.stream, &reset.payload[..]), (1, &[0; 4][..]), "NO_ERROR");
}

/// A backend in HTTP/2 that counts the requests that it has read to their end, and those that were taken back.
struct Patient {
    url: String,
    read: Arc<AtomicU64>,
    taken_back: Arc<AtomicU64>,
}

impl Patient {
    /// It answers at once if `early`, and never ends its answer.
    async fn start(early: bool) -> Self {
        let (read, taken_back) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let counts = (Arc::clone(&read), Arc::clone(&taken_back));
        let peer = Peer::start(
            |_| {},
            move |mut request, mut respond| {
                let (read, taken_back) = counts.clone();
                async move {
                    let stream = early.then(|| respond.send_response(peer::head(200), false).unwrap());
                    while peer::piece(request.body_mut()).await.is_some() {}
                    read.fetch_add(1, Ordering::SeqCst);
                    _ = match stream {
                        Some(mut stream) => poll_fn(|context| stream.poll_reset(context)).await,
                        None => poll_fn(|context| respond.poll_reset(context)).await,
                    };
                    taken_back.fetch_add(1, Ordering::SeqCst);
                }
            },
        );
        Self { url: peer.await.url(), read, taken_back }
    }

    async fn has_read(&self, count: u64) {
        until("the request is read", async || self.read.load(Ordering::SeqCst) == count).await;
    }

    async fn is_let_go(&self, count: u64) {
        until("the backend is let go", async || self.taken_back.load(Ordering::SeqCst) == count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_taken_back_is_taken_back_from_the_backend() {
    for early in [false, true] {
        let (backend, port) = (Patient::start(early).await, Port::reserve());
        let _server = site(&port, &backend.url, "http h2=#true", "", "").run();
        let mut client = begin(&port, "POST", "/").await;
        client.write_all(&frame(DATA, END_STREAM, 1, b"body")).await.unwrap();
        backend.has_read(1).await;
        client.write_all(&frame(RESET, 0, 1, &8_u32.to_be_bytes())).await.unwrap();
        backend.is_let_go(1).await;
        drop(client);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_after_a_late_upload_is_missed_at_once() {
    let (backend, port) = (Patient::start(true).await, Port::reserve());
    let _server = site(&port, &backend.url, "http h2=#true", "", "").run();
    let mut new = begin(&port, "POST", "/").await;
    next(&mut new, HEADERS).await.expect("the answer begins before the request has ended");
    new.write_all(&frame(DATA, END_STREAM, 1, b"body")).await.unwrap();
    backend.has_read(1).await;
    drop(new);
    backend.is_let_go(1).await;

    let mut old = TcpStream::connect(port.address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    old.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(timeout(PATIENCE, old.read_u8()).await.unwrap().unwrap());
    }
    old.write_all(b"4\r\nbody\r\n0\r\n\r\n").await.unwrap();
    backend.has_read(2).await;
    drop(old);
    backend.is_let_go(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_is_asked_whether_it_is_there() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = "http h2=#true idle-timeout=\"200ms\" header-timeout=\"1s\"";
    let _server = site(&port, &format!("http://{}", backend.address), listener, "", "").run();
    let hold = async || {
        let mut client = begin(&port, "GET", "/hold").await;
        client.write_all(&frame(DATA, END_STREAM, 1, &[])).await.unwrap();
        client
    };
    let mut awake = hold().await;
    for _ in 0..3 {
        let ping = next(&mut awake, PING).await.expect("longer than an idle one would last");
        awake.write_all(&frame(PING, ACK, 0, &ping.payload)).await.unwrap();
    }
    backend.release();
    let head = next(&mut awake, HEADERS).await.unwrap();
    assert_eq!(frames::status(&head.payload), Some(200));

    let mut asleep = hold().await;
    next(&mut asleep, PING).await.expect("it is asked");
    assert!(next(&mut asleep, HEADERS).await.is_none(), "and not waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn small_frames_within_the_window_are_no_flood() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &format!("http://{}", backend.address), "http h2=#true", "", "").run();
    let mut client = begin(&port, "POST", "/echo").await;
    next(&mut client, WINDOW_UPDATE).await.expect("room for all that follows");
    let mut small = frame(DATA, 0, 1, &[b'x'; 50]).repeat(5_000);
    small.extend(frame(DATA, END_STREAM, 1, &[]));
    client.write_all(&small).await.unwrap();
    let head = next(&mut client, HEADERS).await.expect("it goes on");
    assert_eq!(frames::status(&head.payload), Some(200));
    assert_eq!(backend.last().body.len(), 250_000);
}
