//! What clients can send without end, byte for byte. Memory does not grow, others are served, and where no honest client
//! does such a thing, the connection ends.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::support::frames::{
    self, ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, PREFACE, RESET, SETTINGS,
    field, frame,
};
use super::super::support::site::Server;
use super::super::support::{Backend, Client, PATIENCE, Port, until};
use super::site;

const PING: u8 = 6;
/// More than any limit lets through.
const MANY: u32 = 40_000;
/// KiB that the process may grow by, whatever comes in.
const GROWTH: u64 = 24 * 1024;

/// A raw client, of which both sides know the settings.
async fn connect(port: &Port, settings: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let begin = [PREFACE, &frame(SETTINGS, 0, 0, settings), &frame(SETTINGS, ACK, 0, &[])].concat();
    stream.write_all(&begin).await.unwrap();
    stream
}

/// A head; `path` is the last field, and any others stand behind it.
fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let honest = [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)];
    let all = honest.iter().chain(more);
    all.flat_map(|(name, value)| field(name.as_bytes(), value.as_bytes())).collect()
}

/// Sends pieces, as far as the other side takes them, and reads until the connection ends.
async fn fight(stream: TcpStream, pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Vec<Frame> {
    let (mut read, mut write) = stream.into_split();
    let sending = tokio::spawn(async move {
        for piece in pieces {
            if write.write_all(&piece).await.is_err() {
                return;
            }
        }
        std::future::pending().await // it is not we who end
    });
    let mut seen = Vec::new();
    let all = async {
        while let Some(frame) = frames::next(&mut read).await {
            seen.push(frame);
        }
    };
    timeout(PATIENCE, all).await.expect("the server ends the connection");
    sending.abort();
    seen
}

/// A site in front of a backend, and what of its memory is in use.
fn guarded(port: &Port, backend: &Backend, listener: &str) -> (Server, u64) {
    let url = format!("http://{}", backend.address);
    let server = site(port, &url, listener, "", "timeout { body-idle \"500ms\" }").run();
    let memory = server.most_memory();
    (server, memory)
}

/// Others are served, and nothing has grown.
async fn unharmed(server: &Server, before: u64, port: &Port) {
    assert_eq!(Client::connect_h2(port.address).await.get("/").await.status, 200);
    let now = server.most_memory();
    assert!(now < before + GROWTH, "{before} KiB before, {now} now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rapid_reset_ends_the_connection() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (server, before) = guarded(&port, &backend, "http h2=#true");
    let requests = (0..MANY).map(|at| {
        let id = 2 * at + 1;
        let head = frame(HEADERS, END_HEADERS | END_STREAM, id, &head("GET", "/hold", &[]));
        [head, frame(RESET, 0, id, &8_u32.to_be_bytes())].concat()
    });
    fight(connect(&port, &[]).await, requests).await;
    assert!(backend.requests() < u64::from(MANY) / 10, "{} reached the backend", backend.requests());
    unharmed(&server, before, &port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_ends_the_connection() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (server, before) = guarded(&port, &backend, "http h2=#true");
    for piece in [Vec::new(), field(b"x", b"y"), field(b"x", &[b'y'; 8_000])] {
        let begin = frame(HEADERS, END_STREAM, 1, &head("GET", "/", &[]));
        let more = (0..MANY).map(move |_| frame(CONTINUATION, 0, 1, &piece));
        fight(connect(&port, &[]).await, std::iter::once(begin).chain(more)).await;
    }
    assert_eq!(backend.requests(), 0);
    unharmed(&server, before, &port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (server, before) = guarded(&port, &backend, "http h2=#true max-header-size=\"16KiB\" max-headers=50");
    // Without a table of its own, the server spells every status out.
    let mut stream = connect(&port, &[0, 1, 0, 0, 0, 0]).await;
    let large = head("GET", "/", &[("x", &"y".repeat(12_000)), ("z", &"y".repeat(8_000))]);
    let (first, rest) = large.split_at(16_000);
    let many = head("GET", "/", &[("x", "y"); 60]);
    // One field of 4,000 bytes in the table, and then one byte for each time it is there again (RFC 7541, section 6.1).
    let mut bomb = head("GET", "/", &[]);
    bomb.extend([&[0x40, 1, b'x'][..], &[0x7f, 0xa1, 0x1e], &[b'y'; 4_000]].concat());
    bomb.extend([0xbe; 8_000]);
    let heads = [
        frame(HEADERS, END_STREAM, 1, first),
        frame(CONTINUATION, END_HEADERS, 1, rest),
        frame(HEADERS, END_STREAM | END_HEADERS, 3, &many),
        frame(HEADERS, END_STREAM | END_HEADERS, 5, &head("GET", "/", &[])),
    ];
    stream.write_all(&heads.concat()).await.unwrap();
    let mut told = std::collections::BTreeMap::new();
    while told.len() < 3 {
        let frame = timeout(PATIENCE, frames::next(&mut stream)).await.unwrap().expect("it goes on");
        if frame.kind == HEADERS {
            told.insert(frame.stream, frames::status(&frame.payload));
        }
    }
    assert_eq!(told.into_values().collect::<Vec<_>>(), [Some(431), Some(431), Some(200)]);
    let bomb = std::iter::once(frame(HEADERS, END_STREAM | END_HEADERS, 1, &bomb));
    fight(connect(&port, &[]).await, bomb).await;
    assert_eq!(backend.requests(), 1);
    unharmed(&server, before, &port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_in_crumbs_ends_the_connection() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (server, before) = guarded(&port, &backend, "http h2=#true");
    for crumb in [&b""[..], b"x"] {
        let begin = frame(HEADERS, END_HEADERS, 1, &head("POST", "/", &[]));
        // Many at a time, or the test spends its time on system calls.
        let crumbs = (0..MANY).map(move |_| frame(DATA, 0, 1, crumb).repeat(100));
        let seen = fight(connect(&port, &[]).await, std::iter::once(begin).chain(crumbs)).await;
        let calm = seen.iter().find(|frame| frame.kind == GOAWAY).map(|frame| frame.payload[4..8].to_vec());
        assert!(calm.is_none_or(|reason| reason == 11_u32.to_be_bytes()), "ENHANCE_YOUR_CALM");
    }
    unharmed(&server, before, &port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_and_settings_are_answered_one_at_a_time() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (server, before) = guarded(&port, &backend, "http h2=#true idle-timeout=\"2s\"");
    for (kind, payload) in [(PING, &[7; 8][..]), (SETTINGS, &[0, 4, 0, 1, 0, 0])] {
        let flood = (0..MANY).map(move |_| frame(kind, 0, 0, payload));
        let seen = fight(connect(&port, &[]).await, flood).await;
        let answers = seen.iter().filter(|frame| frame.kind == kind && frame.flags & ACK != 0).count();
        assert!(answers <= MANY as usize + 1);
        unharmed(&server, before, &port).await; // and it ended, for nothing of it is an exchange
    }
    // Who does not read the answers is not read from.
    let mut stream = connect(&port, &[]).await;
    let flood = frame(PING, 0, 0, &[7; 8]).repeat(10_000);
    let all = async {
        for _ in 0..1_000 {
            stream.write_all(&flood).await?;
        }
        std::io::Result::Ok(())
    };
    assert!(!matches!(timeout(PATIENCE, all).await, Ok(Ok(()))), "170 MB of pings went in");
    unharmed(&server, before, &port).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_never_opens_lets_go_of_the_backend() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (server, before) = guarded(&port, &backend, "http h2=#true");
    // SETTINGS_INITIAL_WINDOW_SIZE of 0, and then of 1.
    for window in [0, 1] {
        let mut stream = connect(&port, &[0, 4, 0, 0, 0, window]).await;
        let requests = (0..50).flat_map(|at| {
            frame(HEADERS, END_HEADERS | END_STREAM, 2 * at + 1, &head("GET", "/bytes/20000000", &[]))
        });
        stream.write_all(&requests.collect::<Vec<u8>>()).await.unwrap();
        let want = 50 * u64::from(window + 1);
        until("the backend has them all", async || backend.requests() >= want).await;
        // A gigabyte is asked for, and nothing is taken.
        until("the backend is let go", async || backend.sending() == 0).await;
        unharmed(&server, before, &port).await;
        drop(stream);
    }
}
