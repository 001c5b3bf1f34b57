//! hyper as the oracle: what is accepted here, hyper reads the same way.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::understood;

/// Method, target, fields and body, as text.
pub(super) type Read = (String, String, Vec<(String, Vec<u8>)>, Vec<u8>);

/// What hyper makes of the first request in `bytes`.
pub(super) fn by_hyper(bytes: &[u8]) -> Option<Read> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let seen = Rc::new(RefCell::new(None));
    let keep = Rc::clone(&seen);
    let service = service_fn(move |request: Request<Incoming>| {
        let keep = Rc::clone(&keep);
        async move {
            let (head, body) = request.into_parts();
            if let Ok(body) = body.collect().await {
                keep.borrow_mut().get_or_insert(read(&head, body.to_bytes().to_vec()));
            }
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }
    });
    runtime.block_on(async {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        let served = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(far), service);
        let mut answer = Vec::new();
        let (_, _) = tokio::join!(served, near.read_to_end(&mut answer));
    });
    seen.take()
}

pub(super) fn read(head: &http::request::Parts, body: Vec<u8>) -> Read {
    let fields =
        head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    (head.method.to_string(), head.uri.to_string(), fields, body)
}

/// Status, fields and body.
pub(super) type Answer = (u16, Vec<(String, Vec<u8>)>, Vec<u8>);

/// What hyper makes of `bytes` as the response to a GET, after which the connection ends.
pub(super) fn response_by_hyper(bytes: &[u8]) -> Option<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder.max_headers(256); // as many as are taken here
        let (mut sender, connection) = builder.handshake(TokioIo::new(near)).await.ok()?;
        let request = Request::builder().uri("/").header("host", "a").body(Full::<Bytes>::default()).unwrap();
        let answer = async {
            let response = sender.send_request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let fields =
                head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
            let fields = fields.collect();
            Some((head.status.as_u16(), fields, body.collect().await.ok()?.to_bytes().to_vec()))
        };
        // It must not be there before it is asked for.
        let talk = async {
            let _ = far.read(&mut [0; 1024]).await;
            let _ = far.write_all(bytes).await;
            let _ = far.shutdown().await;
        };
        tokio::join!(connection, talk, answer).2
    })
}

/// Lines that requests are made of, good and bad.
fn field() -> impl Strategy<Value = String> {
    let known = [
        "Host: a",
        "Content-Length: 3",
        "Content-Length: 0",
        "content-length:  5 ",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Connection: close",
        "X: y",
        "X:",
        " folded",
        "X : y",
        "Expect: 100-continue",
    ];
    prop_oneof![
        8 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        1 => "[A-Za-z-]{1,8}:[ -~\t]{0,12}",
    ]
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        6 => "(GET|POST|PUT) /[a-z]{0,3}(\\?[a-z=]{0,3})? HTTP/1\\.1",
        1 => "[A-Z]{1,4} [ -~]{1,6} HTTP/1\\.[0-2]",
        1 => "GET http://a/b HTTP/1\\.1",
    ];
    let body = prop_oneof![
        Just(String::new()),
        Just("abc".to_owned()),
        Just("abcde".to_owned()),
        Just("3\r\nabc\r\n0\r\n\r\n".to_owned()),
        Just("3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n".to_owned()),
        "[0-9a-f;\r\nx]{0,12}",
    ];
    let end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n")];
    (line, proptest::collection::vec((field(), end), 0..5), body).prop_map(|(line, fields, body)| {
        let fields: String = fields.into_iter().map(|(field, end)| field + end).collect();
        format!("{line}\r\nHost: a\r\n{fields}\r\n{body}")
            .replacen("Host: a\r\nHost: a", "Host: a", 1)
            .into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_accepted_hyper_reads_the_same_way(bytes in request()) {
        if let Ok(Some((head, body))) = understood(&bytes) {
            prop_assert_eq!(Some(read(&head, body)), by_hyper(&bytes), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn no_bytes_at_all_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = understood(&bytes);
        let _ = super::framing_of(&bytes, &http::Method::GET);
    }

    #[test]
    fn mutations_are_refused_or_read_as_hyper_reads_them(
        at in 0..40_usize,
        byte in any::<u8>(),
        body in "[a-z]{0,5}",
    ) {
        let mut bytes =
            format!("POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        if let Ok(Some((head, body))) = understood(&bytes) {
            prop_assert_eq!(Some(read(&head, body)), by_hyper(&bytes), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
