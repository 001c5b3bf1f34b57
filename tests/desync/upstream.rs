//! HTTP/1.1 on the side of the client, HTTP/2 on that of the backend.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::corpus::{self, Outcome};
use super::{HIDDEN, REQUESTS, Route, http2, response, show};
use crate::support::frames::{self, ACK, END_STREAM, HEADERS, PREFACE, SETTINGS};
use crate::support::raw::{converse, statuses};

const RESPONSES: &str = include_str!("http2-responses.txt");

/// A request as hyper understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    method: String,
    authority: String,
    path: String,
    fields: BTreeSet<(String, Vec<u8>)>,
    /// Nothing where it broke off.
    body: Option<Vec<u8>>,
}

impl Got {
    fn new(head: &http::request::Parts, body: Option<Vec<u8>>) -> Self {
        let authority = head.uri.authority().map(ToString::to_string).unwrap_or_default();
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        Self { method: head.method.to_string(), authority, path, fields: fields(&head.headers), body }
    }

    /// What a request in HTTP/1.1, in the spelling of the proxy, is in HTTP/2.
    fn of(text: &[u8]) -> Self {
        let end = text.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let (head, mut rest) = (String::from_utf8_lossy(&text[..end]).into_owned(), &text[end + 4..]);
        let mut lines = head.split("\r\n");
        let words: Vec<&str> = lines.next().unwrap().split(' ').collect();
        let (mut headers, mut body) = (HeaderMap::new(), rest.to_vec());
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let name: http::HeaderName = name.parse().unwrap();
            headers.append(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        if headers.contains_key("transfer-encoding") {
            body.clear();
            while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
                let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&rest[line + 2..][..size]);
                rest = &rest[line + 2 + size + 2..];
            }
        }
        let authority = headers.get("host").map(|host| host.to_str().unwrap().to_owned()).unwrap_or_default();
        let (method, path) = (words[0].to_owned(), words[1].to_owned());
        Self { method, authority, path, fields: fields(&headers), body: Some(body) }
    }
}

/// All that is the client's own to say, and not said elsewhere.
fn fields(headers: &HeaderMap) -> BTreeSet<(String, Vec<u8>)> {
    let framing = ["host", "content-length", "transfer-encoding", "te"];
    let own = |name: &str| !name.starts_with("x-forwarded-") && !framing.contains(&name);
    let fields = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    fields.filter(|(name, _)| own(name)).collect()
}

/// A backend that speaks HTTP/2 and records what it understands.
async fn recorder() -> (SocketAddr, Arc<Mutex<Vec<Got>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, got) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Got>>>::default());
    let record = Arc::clone(&got);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let record = Arc::clone(&record);
            let service = service_fn(move |request: Request<Incoming>| {
                let record = Arc::clone(&record);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.ok().map(|body| body.to_bytes().to_vec());
                    record.lock().unwrap().push(Got::new(&head, body));
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"clean"))))
                }
            });
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(async move { connection.serve_connection(TokioIo::new(stream), service).await });
        }
    });
    (address, got)
}

/// The whole requests since the last call.
fn take(got: &Mutex<Vec<Got>>) -> Vec<Got> {
    std::mem::take(&mut *got.lock().unwrap()).into_iter().filter(|got| got.body.is_some()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_mean_the_same_in_http2() {
    let (backend, got) = recorder().await;
    let route = Route::start(&format!("h2c://{backend}")).await;
    let mut wrong = Vec::new();
    for case in corpus::read(REQUESTS) {
        let waits = case.outcome == Outcome::Waits;
        let mut sent = case.bytes();
        sent.extend_from_slice(if waits { b"" } else { HIDDEN });
        let answer = converse(route.address, &sent, waits).await;
        let whole = take(&got);
        let hidden = Got::of(b"GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n");
        let told = statuses(&answer);
        let good = match &case.outcome {
            // HTTP/2 has no request without a host (RFC 9113, section 8.3.1).
            Outcome::Passed(bytes) if Got::of(bytes).authority.is_empty() => {
                whole.iter().all(|got| *got == hidden) && told[0] == 400
            }
            Outcome::Passed(bytes) if case.sent.contains("HTTP/1.0") => {
                whole == [Got::of(bytes)] && told == [200]
            }
            Outcome::Passed(bytes) => whole == [Got::of(bytes), hidden] && told == [200, 200],
            Outcome::Answered(status) => whole == [hidden] && told == [*status, 200],
            Outcome::Refused(status) | Outcome::Broken(status) => whole.is_empty() && told == [*status],
            Outcome::Waits => whole.is_empty() && told.iter().all(|status| *status == 400),
            Outcome::Reset | Outcome::Cut(_) | Outcome::Ended => false,
        };
        if !good {
            wrong.push(format!("{}: told {told:?}, forwarded {whole:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_mean_the_same_from_http2_to_http2() {
    let (backend, got) = recorder().await;
    let route = Route::start(&format!("h2c://{backend}")).await;
    let mut wrong = Vec::new();
    for case in corpus::read(http2::REQUESTS) {
        match http2::told(route.address, &case).await {
            Err(why) => wrong.push(format!("{}: {why}", case.name)),
            Ok(seen) => {
                let whole = take(&got);
                if !http2::is_as_expected(&case, seen, &whole, Got::of) {
                    wrong.push(format!("{}: seen {seen:?}, forwarded {whole:?}", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A backend that answers in HTTP/2 what it is told, for once, and `clean` otherwise.
struct Liar {
    address: SocketAddr,
    next: Arc<Mutex<Option<&'static str>>>,
}

impl Liar {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, next) = (listener.local_addr().unwrap(), Arc::<Mutex<Option<&'static str>>>::default());
        let told = Arc::clone(&next);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(lie(stream, Arc::clone(&told)));
            }
        });
        Self { address, next }
    }
}

async fn lie(mut stream: TcpStream, next: Arc<Mutex<Option<&'static str>>>) -> Option<()> {
    stream.read_exact(&mut [0; PREFACE.len()]).await.ok()?;
    stream.write_all(&frames::frame(SETTINGS, 0, 0, &[])).await.ok()?;
    loop {
        let frame = frames::next(&mut stream).await?;
        if frame.kind == SETTINGS && frame.flags & ACK == 0 {
            stream.write_all(&frames::frame(SETTINGS, ACK, 0, &[])).await.ok()?;
        }
        if frame.kind <= HEADERS && frame.flags & END_STREAM != 0 {
            let clean = "HEADERS :status: 200 | content-length: 5 ; DATA clean";
            let told = next.lock().unwrap().take().unwrap_or(clean);
            let (told, ends) = told.strip_suffix("CLOSE").map_or((told, false), |told| (told, true));
            let told = told.strip_suffix(" ; ").map_or(told.to_owned(), |told| format!("{told} ; ..."));
            if !told.is_empty() {
                stream.write_all(&frames::script(&told, frame.stream, corpus::unescape)).await.ok()?;
            }
            if ends {
                return stream.shutdown().await.ok();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_are_refused_or_forwarded_in_one_spelling() {
    let backend = Liar::start().await;
    let route = Route::start(&format!("h2c://{}", backend.address)).await;
    let mut wrong = Vec::new();
    let cases = corpus::read(RESPONSES);
    assert!(cases.len() >= 50);
    for case in &cases {
        *backend.next.lock().unwrap() = Some(case.sent);
        wrong.extend(response(route.address, case).await.err().map(|why| format!("{}: {why}", case.name)));
        let honest = honest(&route).await;
        if !honest.ends_with(b"\r\n\r\nclean") {
            wrong.push(format!("{}: then {}", case.name, show(&honest)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn honest(route: &Route) -> Vec<u8> {
    converse(route.address, b"GET /honest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false).await
}
