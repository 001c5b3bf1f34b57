//! The clients of the demo: they keep their connections, never rest, and count everything.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: demo.example\r\n\r\n";

/// What the clients saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Answers by the name of the backend.
    pub(super) answers: BTreeMap<String, u64>,
    /// Requests that failed: no answer, or not a good one.
    pub(super) failed: u64,
    /// The first failure, in words.
    pub(super) failure: Option<String>,
}

/// Clients at work.
pub(super) struct Load {
    seen: Arc<Mutex<Seen>>,
    clients: JoinSet<()>,
}

impl Load {
    /// Starts `clients` connections to `address`.
    pub(super) fn start(address: SocketAddr, clients: usize) -> Self {
        let mut load = Self { seen: Arc::default(), clients: JoinSet::new() };
        for _ in 0..clients {
            load.clients.spawn(work(address, Arc::clone(&load.seen)));
        }
        load
    }

    /// What was seen since the last time.
    pub(super) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn work(address: SocketAddr, seen: Arc<Mutex<Seen>>) {
    loop {
        let failure = match TcpStream::connect(address).await {
            Ok(stream) => exchange(stream, &seen).await,
            Err(error) => error,
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.failed += 1;
        seen.failure.get_or_insert_with(|| failure.to_string());
    }
}

/// Asks over and over on one connection, until something fails.
async fn exchange(mut stream: TcpStream, seen: &Mutex<Seen>) -> io::Error {
    let mut buffer = Vec::new();
    loop {
        match ask(&mut stream, &mut buffer).await {
            Ok(name) => {
                let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                *seen.answers.entry(name).or_default() += 1;
            }
            Err(error) => return error,
        }
        tokio::task::yield_now().await;
    }
}

/// One request, one answer: the name of the backend.
async fn ask(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<String> {
    stream.write_all(REQUEST).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::Error::other("the connection was closed without an answer"));
        }
        let text = String::from_utf8_lossy(buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
        });
        if length.is_some_and(|length| body.len() < length) {
            continue;
        }
        let status = head.lines().next().unwrap_or_default();
        if status != "HTTP/1.1 200 OK" {
            return Err(io::Error::other(status.to_owned()));
        }
        return Ok(body.to_owned());
    }
}
