//! Responses of backends that must be refused, and those beside them that must not. Each names the section of the RFC.

use http::Method;

use super::super::framing::{Decoder, Framing};
use super::{collect, framing_of};

enum Outcome {
    /// Understood, with this status and this framing.
    Framed(u16, Framing),
    /// Refused.
    Refused,
}
use Outcome::{Framed, Refused};

const LENGTH: fn(u64) -> Framing = Framing::Length;

fn cases() -> Vec<(&'static str, &'static str, Method, &'static [u8], Outcome)> {
    let get = Method::GET;
    let head = Method::HEAD;
    vec![
        (
            "9112 6.2",
            "a length",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            Framed(200, LENGTH(3)),
        ),
        (
            "9112 7.1",
            "chunks",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            Framed(200, Framing::Chunked),
        ),
        (
            "9112 6.3",
            "until the end",
            get.clone(),
            b"HTTP/1.1 200 OK\r\n\r\n",
            Framed(200, Framing::UntilClose),
        ),
        ("9112 6.3", "HTTP/1.0", get.clone(), b"HTTP/1.0 200 OK\r\n\r\n", Framed(200, Framing::UntilClose)),
        (
            "9112 6.3",
            "to HEAD",
            head.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
            Framed(200, LENGTH(0)),
        ),
        (
            "9112 6.3",
            "chunks to HEAD",
            head.clone(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            Framed(200, LENGTH(0)),
        ),
        ("9112 6.3", "204", get.clone(), b"HTTP/1.1 204 No Content\r\n\r\n", Framed(204, LENGTH(0))),
        (
            "9112 6.3",
            "304 with a length",
            get.clone(),
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
            Framed(304, LENGTH(0)),
        ),
        ("9110 15.2", "100", get.clone(), b"HTTP/1.1 100 Continue\r\n\r\n", Framed(100, LENGTH(0))),
        (
            "9110 15.2",
            "103 with fields",
            get.clone(),
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            Framed(103, LENGTH(0)),
        ),
        (
            "9110 15.2.2",
            "101",
            get.clone(),
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n",
            Framed(101, LENGTH(0)),
        ),
        (
            "9112 4",
            "no reason",
            get.clone(),
            b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
            Framed(200, LENGTH(0)),
        ),
        (
            "9112 4",
            "no reason and no space",
            get.clone(),
            b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
            Framed(200, LENGTH(0)),
        ),
        (
            "9112 4",
            "a reason with spaces",
            get.clone(),
            b"HTTP/1.1 404 Nothing of the kind\r\nContent-Length: 0\r\n\r\n",
            Framed(404, LENGTH(0)),
        ),
        (
            "9110 15",
            "an unusual status",
            get.clone(),
            b"HTTP/1.1 599 Own\r\nContent-Length: 0\r\n\r\n",
            Framed(599, LENGTH(0)),
        ),
        (
            "9110 8.6",
            "length zero",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            Framed(200, LENGTH(0)),
        ),
        (
            "9112 6.3",
            "two lengths",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.3",
            "lengths that differ",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.3",
            "a list of lengths",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n",
            Refused,
        ),
        (
            "9110 8.6",
            "a signed length",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
            Refused,
        ),
        (
            "9110 8.6",
            "a length that is none",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: three\r\n\r\n",
            Refused,
        ),
        ("9110 8.6", "an empty length", get.clone(), b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", Refused),
        (
            "9112 6.1",
            "a length beside chunks",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.1",
            "a length beside chunks to HEAD",
            head,
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.1",
            "another coding",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.1",
            "another coding before chunked",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.1",
            "identity",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.1",
            "two codings",
            get.clone(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            Refused,
        ),
        (
            "9112 6.1",
            "chunks in HTTP/1.0",
            get.clone(),
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            Refused,
        ),
        ("9112 2.2", "a bare line feed", get.clone(), b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", Refused),
        ("9112 2.2", "a bare carriage return", get.clone(), b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", Refused),
        ("9112 5.2", "a folded line", get.clone(), b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", Refused),
        ("9110 5.5", "a NUL", get.clone(), b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", Refused),
        (
            "9110 5.5",
            "a control character in the reason",
            get.clone(),
            b"HTTP/1.1 200 O\x01K\r\n\r\n",
            Refused,
        ),
        ("9112 5.1", "a space before a colon", get.clone(), b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", Refused),
        ("9112 5", "a field without a colon", get.clone(), b"HTTP/1.1 200 OK\r\nX\r\n\r\n", Refused),
        ("9112 2.3", "another version", get.clone(), b"HTTP/2.0 200 OK\r\n\r\n", Refused),
        ("9112 2.3", "no version", get.clone(), b"200 OK\r\n\r\n", Refused),
        ("9112 4", "a status of two digits", get.clone(), b"HTTP/1.1 20 OK\r\n\r\n", Refused),
        ("9112 4", "a status of four digits", get.clone(), b"HTTP/1.1 2000 OK\r\n\r\n", Refused),
        ("9112 4", "a status with letters", get.clone(), b"HTTP/1.1 2xx OK\r\n\r\n", Refused),
        ("9110 15", "a status below 100", get.clone(), b"HTTP/1.1 099 OK\r\n\r\n", Refused),
        ("9110 15", "a status above 599", get.clone(), b"HTTP/1.1 600 OK\r\n\r\n", Refused),
        ("9112 4", "two spaces before the status", get.clone(), b"HTTP/1.1  200 OK\r\n\r\n", Refused),
        ("9112 2.2", "another protocol", get, b"220 mail.example ESMTP\r\n\r\n", Refused),
    ]
}

#[test]
fn what_a_response_may_be() {
    let cases = cases();
    assert!(cases.len() >= 40);
    for (section, name, method, bytes, outcome) in cases {
        match (framing_of(bytes, &method), outcome) {
            (Ok(Some((status, framing, _))), Framed(expected, how)) => {
                assert_eq!((status, framing), (expected, how), "{name} (RFC {section})");
            }
            (Err(_), Refused) => {}
            (found, _) => panic!("{name}: {found:?} (RFC {section})"),
        }
    }
}

#[test]
fn a_body_that_ends_early_is_no_body() {
    let (_, framing, mut buffer) =
        framing_of(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", &Method::GET).unwrap().unwrap();
    let mut decoder = Decoder::new(framing);
    assert!(matches!(collect(&mut decoder, &mut buffer), Ok(None)));
    assert!(decoder.next(&mut buffer, true).is_err());
}
