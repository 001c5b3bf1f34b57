//! HTTP/2 on one side, HTTP/1.1 on the other.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::corpus::{self, Case, Outcome};
use super::{ADDED, Between, show, without};
use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::frames::{self, ACK, END_STREAM, GOAWAY, HEADERS, PREFACE, RESET, SETTINGS};

pub(super) const REQUESTS: &str = include_str!("http2-requests.txt");

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_or_forwarded_in_one_spelling() {
    let site = Between::start().await;
    let mut wrong = Vec::new();
    let cases = corpus::read(REQUESTS);
    assert!(cases.len() >= 90);
    for case in &cases {
        wrong.extend(request(&site, case).await.err().map(|why| format!("{}: {why}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a client sees of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Status(u16),
    Reset,
    Ended,
    /// Nothing, for too long.
    Nothing,
}

/// Sends a request, and an honest one behind it on the same connection, and says what is wrong with what comes of them.
async fn request(site: &Between, case: &Case) -> Result<(), String> {
    let seen = told(site.address, case).await?;
    let (whole, torn) = site.reached(case.name).await;
    let forwarded: Vec<_> = whole.iter().map(|request| without(request, &ADDED)).collect();
    if is_as_expected(case, seen, &forwarded, <[u8]>::to_vec) {
        return Ok(());
    }
    let arrived = forwarded.iter().chain(&torn).map(|bytes| show(bytes)).collect::<Vec<_>>().join(" + ");
    Err(format!("seen {seen:?}, forwarded {arrived}"))
}

/// Sends a request, and an honest one behind it on the same connection: what the client sees of the first.
pub(super) async fn told(address: SocketAddr, case: &Case) -> Result<Option<Seen>, String> {
    let mut client = Raw::connect(address).await;
    client.send(&frames::script(case.sent, 1, corpus::unescape)).await;
    let seen = if case.outcome == Outcome::Waits { None } else { Some(client.seen(1).await) };
    if case.outcome != Outcome::Ended {
        client.send(&frames::script("HEADERS get", 3, corpus::unescape)).await;
        let honest = client.seen(3).await;
        if honest != Seen::Status(200) {
            return Err(format!("seen {seen:?}, and the next request {honest:?}"));
        }
    }
    Ok(seen)
}

/// Whether the client saw, and the backend got, what must come of a request and the honest one behind it. `read` reads a
/// request as the backend does.
pub(super) fn is_as_expected<T: PartialEq>(
    case: &Case,
    seen: Option<Seen>,
    forwarded: &[T],
    read: impl Fn(&[u8]) -> T,
) -> bool {
    let (mut whole, told) = match &case.outcome {
        Outcome::Passed(bytes) => (vec![read(bytes)], Some(Seen::Status(200))),
        Outcome::Answered(status) | Outcome::Refused(status) => (vec![], Some(Seen::Status(*status))),
        Outcome::Cut(bytes) => {
            let arrived = Some(read(bytes)).filter(|cut| forwarded.contains(cut));
            (arrived.into_iter().collect(), Some(Seen::Reset))
        }
        Outcome::Reset | Outcome::Broken(_) => (vec![], Some(Seen::Reset)),
        Outcome::Ended => return seen == Some(Seen::Ended) && forwarded.is_empty(),
        Outcome::Waits => (vec![], None),
    };
    whole.push(read(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    // What was cut off and the honest one go by connections of their own: either may arrive first.
    let turned = matches!(case.outcome, Outcome::Cut(_)) && forwarded.iter().rev().eq(&whole);
    seen == told && (forwarded == whole || turned)
}

/// A client that says in HTTP/2 whatever it is told.
struct Raw(TcpStream);

impl Raw {
    async fn connect(address: SocketAddr) -> Self {
        let mut client = Self(TcpStream::connect(address).await.unwrap());
        client.send(&[PREFACE, &frames::frame(SETTINGS, 0, 0, &[])].concat()).await;
        client
    }

    async fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await; // what comes back says whether it was taken
    }

    /// What becomes of a stream.
    async fn seen(&mut self, stream: u32) -> Seen {
        let mut status = None;
        loop {
            let Ok(next) = timeout(PATIENCE, frames::next(&mut self.0)).await else { return Seen::Nothing };
            let Some(frame) = next else { return Seen::Ended };
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => self.send(&frames::frame(SETTINGS, ACK, 0, &[])).await,
                GOAWAY => return Seen::Ended,
                RESET if frame.stream == stream => {
                    if let Some(status) = status {
                        return Seen::Status(status); // told early, and nothing more of the request is wanted
                    }
                    return Seen::Reset;
                }
                HEADERS if frame.stream == stream => status = status.or(frames::status(&frame.payload)),
                _ => {}
            }
            if frame.stream == stream && frame.kind <= HEADERS && frame.flags & END_STREAM != 0 {
                return Seen::Status(status.expect("a status"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_mean_the_same_over_http2() {
    let site = Between::start().await;
    for case in corpus::read(super::RESPONSES) {
        site.backend.answer_next(case.bytes(), true);
        let mut client = Client::connect_h2(site.address).await;
        let answer = client.send(super::method(&case), "/", &[], "").await;
        match (&case.outcome, answer) {
            (Outcome::Passed(bytes), Ok(answer)) => {
                let last = bytes.windows(9).rposition(|window| window == b"HTTP/1.1 ").unwrap();
                let status = std::str::from_utf8(&bytes[last + 9..last + 12]).unwrap();
                assert_eq!(answer.status.as_str(), status, "{}", case.name);
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                assert!(show(bytes).contains(&show(body.as_bytes())), "{}: {body}", case.name);
                for name in ["connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection"] {
                    assert_eq!(answer.header(name), None, "{}: {name}", case.name);
                }
            }
            (Outcome::Refused(status), Ok(answer)) => assert_eq!(answer.status, *status, "{}", case.name),
            (Outcome::Broken(_), Err(_)) => {}
            (outcome, answer) => panic!("{}: {outcome:?}, but got {answer:?}", case.name),
        }
        site.reached(case.name).await;
    }
}
