//! Whole conversations.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::message::{ClientBody, Interim, Patience, Reserved};

use super::super::client::{Connection, Reached};
use super::super::near::Incoming;
use super::{converse, echo, with_server};

async fn reads_nothing(_: Request<Incoming>, _: Interim) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(b"no need")))
}

/// The statuses of the responses in a conversation.
fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|response| &response[..3]).collect()
}

fn answered(request: &'static [u8]) -> String {
    with_server(echo, |stream| converse(stream, request)).1.unwrap()
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let answer = answered(
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\
          GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    let order: Vec<_> =
        ["GET /1", "POST /2 x", "GET /3"].iter().map(|text| answer.find(text).unwrap()).collect();
    assert!(order.is_sorted(), "{answer}");
    assert_eq!(statuses(&answer), ["200", "200", "200"]);
}

#[test]
fn a_malformed_request_is_refused_and_nothing_behind_it_is_read() {
    let answer =
        answered(b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(statuses(&answer), ["400"]);
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

#[test]
fn a_broken_body_closes_the_connection() {
    let answer = answered(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert_eq!(statuses(&answer), ["400"]);
}

#[test]
fn a_body_that_nobody_reads_is_dropped_and_the_next_request_is_served() {
    let answer = with_server(reads_nothing, |stream| {
        converse(
            stream,
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcPOST / HTTP/1.1\r\nHost: a\r\n\
              Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        )
    });
    assert_eq!(statuses(&answer.1.unwrap()), ["200", "200", "200"]);
}

#[test]
fn a_client_that_waits_for_a_word_is_not_waited_for() {
    let answer = with_server(reads_nothing, |stream| {
        converse(stream, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    });
    let answer = answer.1.unwrap();
    assert_eq!(statuses(&answer), ["200"]);
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

#[test]
fn http_1_0_closes_unless_asked_not_to() {
    assert!(answered(b"GET / HTTP/1.0\r\n\r\n").contains("connection: close\r\n"));
    let kept = answered(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    assert!(kept.contains("connection: keep-alive\r\n"), "{kept}");
    assert_eq!(statuses(&kept), ["200", "200"]);
}

#[test]
fn interim_responses_are_kept_from_http_1_0_and_do_not_pile_up() {
    let informs = |_: Request<Incoming>, interim: Interim| async move {
        for _ in 0..100 {
            let mut hint = Response::new(());
            *hint.status_mut() = StatusCode::EARLY_HINTS;
            assert!(interim.put(hint), "nobody takes them");
            tokio::task::yield_now().await;
        }
        Response::new(Full::<Bytes>::default())
    };
    let old = with_server(informs, |stream| converse(stream, b"GET / HTTP/1.0\r\n\r\n"));
    assert_eq!(statuses(&old.1.unwrap()), ["200"]);
    let new = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let new = with_server(informs, |stream| converse(stream, new)).1.unwrap();
    assert_eq!(statuses(&new).iter().filter(|status| **status == "103").count(), 100);
    assert_eq!(statuses(&new).last(), Some(&"200"));
}

#[test]
fn a_head_brings_no_body() {
    let answer = answered(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn an_idle_connection_and_a_slow_head_are_closed_in_their_time() {
    let idle = with_server(echo, |stream| async move {
        let start = tokio::time::Instant::now();
        let answer = converse(stream, b"").await.unwrap();
        (start.elapsed().as_secs(), answer)
    });
    assert_eq!(idle.1, (60, String::new()));
    let slow = with_server(echo, |stream| async move {
        let start = tokio::time::Instant::now();
        let answer = converse(stream, b"GET / HT").await.unwrap();
        (start.elapsed().as_secs(), answer)
    });
    assert_eq!(slow.1, (10, String::new()));
}

#[test]
fn heads_beyond_the_limits_are_told_so() {
    let request =
        |head: String| with_server(echo, |stream| async move { converse(stream, head.as_bytes()).await });
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(9000));
    assert_eq!(statuses(&request(long).1.unwrap()), ["414"]);
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(9000));
    assert_eq!(statuses(&request(large).1.unwrap()), ["431"]);
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(50));
    assert_eq!(statuses(&request(many).1.unwrap()), ["431"]);
    let some = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n", "X: y\r\n".repeat(48));
    assert_eq!(statuses(&request(some).1.unwrap()), ["200"]);
}

/// Runs one exchange, of a request without body, with a backend that answers `answer`, and closes.
pub(super) async fn asked(method: &str, answer: &[u8]) -> (Vec<u8>, Result<Answered, (Reached, String)>) {
    let mut request = get();
    *request.method_mut() = method.parse().unwrap();
    exchanged(request, answer).await
}

/// Runs one exchange with a backend that answers `answer` to whatever it is sent, and closes.
async fn exchanged(
    request: Request<ClientBody>,
    answer: &[u8],
) -> (Vec<u8>, Result<Answered, (Reached, String)>) {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    far.write_all(answer).await.unwrap();
    far.shutdown().await.unwrap();
    let sent = Connection::new(near).send(request).await;
    let result = match sent {
        Err(failed) => Err((failed.reached, failed.fault.map(|fault| fault.to_string()).unwrap_or_default())),
        Ok(response) => {
            let (head, mut body) = response.into_parts();
            let mut data = Vec::new();
            let mut trailers = HeaderMap::new();
            let mut broken = false;
            while let Some(frame) = body.frame().await {
                match frame.map(Frame::into_data) {
                    Ok(Ok(bytes)) => data.extend_from_slice(&bytes),
                    Ok(Err(frame)) => trailers = frame.into_trailers().unwrap(),
                    Err(_) => {
                        broken = true;
                        break;
                    }
                }
            }
            let again = body.into_connection().is_some_and(|mut connection| !connection.is_stale());
            Ok(Answered { status: head.status, headers: head.headers, data, trailers, broken, again })
        }
    };
    let mut seen = vec![0; 4096];
    let count = far.read(&mut seen).await.unwrap();
    seen.truncate(count);
    (seen, result)
}

#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) data: Vec<u8>,
    pub(super) trailers: HeaderMap,
    pub(super) broken: bool,
    again: bool,
}

fn get() -> Request<ClientBody> {
    let mut request = Request::new(ClientBody::copy(Bytes::new()));
    request.headers_mut().insert("host", HeaderValue::from_static("a"));
    request
}

#[tokio::test]
async fn a_request_is_written_anew() {
    let (seen, answer) = asked("GET", b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX: y\r\n\r\nok").await;
    assert_eq!(String::from_utf8(seen).unwrap(), "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let answer = answer.unwrap_or_else(|failed| panic!("{failed:?}"));
    assert_eq!((answer.status, answer.data.as_slice()), (StatusCode::OK, &b"ok"[..]));
    assert_eq!(answer.headers["x"], "y");
    assert_eq!(answer.headers[CONTENT_LENGTH], "2");
    assert!(!answer.again, "the backend has closed");
}

#[tokio::test]
async fn trailers_and_interim_responses_arrive() {
    let interim = Interim::default();
    let mut request = get();
    *request.body_mut() = ClientBody::new(
        Full::<Bytes>::default(),
        None,
        Patience::endless(),
        Some(interim.clone()),
        Reserved::default(),
    );
    let answer = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n";
    let answer = exchanged(request, answer).await.1.unwrap_or_else(|failed| panic!("{failed:?}"));
    assert_eq!(
        (answer.data.as_slice(), &answer.trailers["x-sum"]),
        (&b"ok"[..], &HeaderValue::from_static("7"))
    );
    let told = interim.take();
    assert_eq!(
        (told.len(), told[0].status().as_u16(), &told[0].headers()["link"]),
        (1, 103, &HeaderValue::from_static("</a>"))
    );
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole() {
    let answer = asked("GET", b"HTTP/1.0 200 OK\r\n\r\nall of it")
        .await
        .1
        .unwrap_or_else(|failed| panic!("{failed:?}"));
    assert_eq!(answer.data, b"all of it");
    assert!(!answer.again);
}

#[tokio::test]
async fn nonsense_is_no_response_and_says_why() {
    let refused = |answer| async move { asked("GET", answer).await.1.err().unwrap() };
    assert!(refused(b"SSH-2.0-x\r\n\r\n").await.1.contains("neither HTTP/1.0 nor HTTP/1.1"));
    assert_eq!(
        refused(b"").await,
        (Reached::Silence, "the connection ended in the middle of a message".to_owned())
    );
    assert!(
        refused(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").await.1.contains("nobody asked")
    );
    let flood = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
    let mut request = get();
    *request.body_mut() = ClientBody::new(
        Full::<Bytes>::default(),
        None,
        Patience::endless(),
        Some(Interim::default()),
        Reserved::default(),
    );
    assert!(exchanged(request, &flood).await.1.err().unwrap().1.contains("without end"));
}

#[tokio::test]
async fn a_connection_that_brought_something_unasked_is_stale() {
    let (near, mut far): (DuplexStream, DuplexStream) = tokio::io::duplex(1024);
    let mut connection = Connection::new(near);
    assert!(!connection.is_stale());
    far.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
    assert!(connection.is_stale());
}

/// A body that does not say how long it is.
struct Unsized(Full<Bytes>);

impl Body for Unsized {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }
}

#[tokio::test]
async fn a_body_is_sent_with_its_length_or_in_chunks() {
    let mut request = get();
    *request.method_mut() = http::Method::POST;
    let body = Full::new(Bytes::from_static(b"abc"));
    *request.body_mut() = ClientBody::new(body.clone(), None, Patience::endless(), None, Reserved::default());
    let (seen, _) = exchanged(request, b"HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(
        String::from_utf8(seen).unwrap(),
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"
    );

    let mut request = get();
    *request.method_mut() = http::Method::POST;
    *request.body_mut() =
        ClientBody::new(Unsized(body), None, Patience::endless(), None, Reserved::default());
    let (seen, _) = exchanged(request, b"HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(
        String::from_utf8(seen).unwrap(),
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    );
}
