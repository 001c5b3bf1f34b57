//! Both ends of a conversation in HTTP/1, byte for byte: a backend that records what it is sent, and what a client reads.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::PATIENCE;

/// What an honest request is answered with.
pub(crate) const CLEAN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nclean";

/// A backend that records requests, and answers them with [`CLEAN`], or for once with what it is told.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    whole: Vec<Vec<u8>>,
    torn: Vec<Vec<u8>>,
    /// Requests of which more must come.
    begun: usize,
    next: Option<(Vec<u8>, bool)>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::<Mutex<Shared>>::default());
        let recorder = Self { address, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(record(stream, Arc::clone(&shared)));
            }
        });
        recorder
    }

    /// Answers the next request with these bytes, and closes the connection behind them if asked to.
    pub(crate) fn answer_next(&self, bytes: Vec<u8>, close: bool) {
        self.shared.lock().unwrap().next = Some((bytes, close));
    }

    /// The whole requests since the last call, and those that broke off. Waits until none is under way.
    pub(crate) async fn take(&self) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        super::until("no request is under way", async || self.shared.lock().unwrap().begun == 0).await;
        let mut shared = self.shared.lock().unwrap();
        (std::mem::take(&mut shared.whole), std::mem::take(&mut shared.torn))
    }
}

async fn record(mut stream: TcpStream, shared: Arc<Mutex<Shared>>) {
    let mut buffer = Vec::new();
    loop {
        let mut begun = false;
        let length = loop {
            if let Some(length) = message(&buffer) {
                break length;
            }
            if !begun && !buffer.is_empty() {
                begun = true;
                shared.lock().unwrap().begun += 1;
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                let mut shared = shared.lock().unwrap();
                shared.begun -= usize::from(begun);
                shared.torn.extend((!buffer.is_empty()).then_some(buffer));
                return;
            }
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        let (answer, close) = {
            let mut shared = shared.lock().unwrap();
            shared.begun -= usize::from(begun);
            shared.whole.push(request);
            shared.next.take().unwrap_or((CLEAN.to_vec(), false))
        };
        if stream.write_all(&answer).await.is_err() || close {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// The length of the whole message that bytes begin with, if they do. Only the spelling that the proxy itself uses is
/// understood, and a message without length has no body.
pub(crate) fn message(bytes: &[u8]) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok();
    let value = |name: &str| text?.lines().find_map(|line| line.strip_prefix(name));
    if let Some(length) = value("content-length: ") {
        let end = head + length.parse::<usize>().ok()?;
        return (bytes.len() >= end).then_some(end);
    }
    if value("transfer-encoding: ") != Some("chunked") {
        return Some(head);
    }
    let mut at = head;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(at + find(&bytes[at..], b"\r\n\r\n")? + 4);
        }
        at += line + 2 + size + 2;
        bytes.get(at..)?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The statuses of the responses in what a client got.
pub(crate) fn statuses(mut bytes: &[u8]) -> Vec<u16> {
    let mut statuses = Vec::new();
    while let Some(length) = message(bytes) {
        statuses.push(std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap());
        bytes = &bytes[length..];
    }
    assert!(bytes.is_empty(), "more than responses: {}", show(bytes));
    statuses
}

/// Sends bytes, and reads until the connection ends.
pub(crate) async fn converse(address: SocketAddr, bytes: &[u8], then_close: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    if then_close {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection does not end: {}", show(&answer));
    answer
}

/// The same bytes without the lines that begin so.
pub(crate) fn without(bytes: &[u8], beginnings: &[&str]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .filter(|line| !beginnings.iter().any(|start| line.starts_with(start.as_bytes())))
        .flatten()
        .copied()
        .collect()
}

/// Bytes as a corpus spells them.
pub(crate) fn show(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            0 => text.push_str("\\0"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}
