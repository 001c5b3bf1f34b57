//! Requests that must be refused, and those beside them that must not. Each names the section of the RFC.

use super::understood;

/// What must come of bytes.
enum Outcome {
    /// Understood, with this body.
    Body(&'static str),
    /// Refused with this status.
    Refused(u16),
    /// More must come.
    Unfinished,
}
use Outcome::{Body, Refused, Unfinished};

type Case = (&'static str, &'static str, &'static [u8], Outcome);

const LENGTHS: &[Case] = &[
    ("9112 6.2", "a length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", Body("abc")),
    ("9112 6.3", "no body", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Body("")),
    ("9112 6.3", "a post without a length has no body", b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", Body("")),
    ("9112 6.3", "length zero", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", Body("")),
    (
        "9110 8.6",
        "leading zeros are digits",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc",
        Body("abc"),
    ),
    (
        "9110 8.6",
        "spaces around a length",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \t3 \r\n\r\nabc",
        Body("abc"),
    ),
    (
        "9112 6.2",
        "an unfinished body",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc",
        Unfinished,
    ),
    (
        "9112 6.3",
        "two lengths",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9112 6.3",
        "two lengths that differ",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9112 6.3",
        "a list of lengths",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "a signed length",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "a negative length",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "a length in hexadecimal",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "a length with a fraction",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3.0\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "an empty length",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "a length with a space inside",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 3\r\n\r\nabc",
        Refused(400),
    ),
    (
        "9110 8.6",
        "a length beyond numbers",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n",
        Refused(400),
    ),
    (
        "9112 6.1",
        "a length beside chunks",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        Refused(400),
    ),
    (
        "9112 6.1",
        "chunks beside a length",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        Refused(400),
    ),
    (
        "9112 6.1",
        "length zero beside chunks",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
        Refused(400),
    ),
];

const CODINGS: &[Case] = &[
    ("9112 7.1", "chunks", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Body("abc")),
    ("9112 7.1", "a coding in capitals", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Body("abc")),
    ("9112 6.1", "another coding before chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "chunked twice", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "two fields", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", Refused(400)),
    ("9112 6.1", "an unknown coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "chunked not last", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "a quoted coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "an empty coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "a coding with a parameter", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "a coding behind a comma", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "a coding behind a vertical tab", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", Refused(400)),
    ("9112 6.1", "chunks in HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Refused(400)),
];

const CHUNKS: &[Case] = &[
    ("9112 7.1", "two chunks", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", Body("abc")),
    ("9112 7.1", "a size in capitals with zeros", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n000A\r\n0123456789\r\n0\r\n\r\n", Body("0123456789")),
    ("9112 7.1.1", "an extension is not read", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\n\r\n", Body("abc")),
    ("9112 7.1.2", "a trailer field", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", Body("abc")),
    ("9112 7.1", "no last chunk yet", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Unfinished),
    ("9112 7.1", "no size", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a size that is none", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nG\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a signed size", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a size with a prefix", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a space before the size", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a space behind the size", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a size beyond 64 bits", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a chunk longer than it says", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1", "a chunk shorter than it says", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 2.2", "a chunk line that ends in a bare line feed", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 2.2", "a chunk that ends in a bare line feed", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", Refused(400)),
    ("9112 7.1.1", "a bare carriage return in an extension", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\rb\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1.1", "a line feed in an extension", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9112 7.1.1", "a NUL in an extension", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;\0\r\nabc\r\n0\r\n\r\n", Refused(400)),
    ("9110 6.5.1", "a length as trailer", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n", Refused(400)),
    ("9110 6.5.1", "a host as trailer", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n", Refused(400)),
    ("9110 6.5.1", "a coding as trailer", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", Refused(400)),
    ("9110 6.5.1", "credentials as trailer", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\n\r\n", Refused(400)),
    ("9112 5.2", "a folded trailer", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n c\r\n\r\n", Refused(400)),
];

const LINES: &[Case] = &[
    ("9112 2.2", "an empty line before the request", b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Body("")),
    ("9110 5.5", "an empty value", b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", Body("")),
    (
        "9110 5.5",
        "bytes above ASCII in a value",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\r\n\r\n",
        Body(""),
    ),
    ("9110 5.5", "a tab in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n", Body("")),
    ("9112 2.2", "an unfinished head", b"GET / HTTP/1.1\r\nHost: a\r\n", Unfinished),
    ("9112 2.2", "a bare line feed", b"GET / HTTP/1.1\nHost: a\n\n", Refused(400)),
    ("9112 2.2", "a bare line feed between fields", b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", Refused(400)),
    ("9112 2.2", "a bare line feed at the end", b"GET / HTTP/1.1\r\nHost: a\r\n\n", Refused(400)),
    (
        "9112 2.2",
        "a bare carriage return in a value",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        Refused(400),
    ),
    ("9112 2.2", "a carriage return twice", b"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 5.2", "a folded line", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", Refused(400)),
    (
        "9112 5.2",
        "a line folded with a tab",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n",
        Refused(400),
    ),
    ("9112 2.2", "a space before the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", Refused(400)),
    ("9110 5.5", "a NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", Refused(400)),
    (
        "9110 5.5",
        "a control character in a value",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n",
        Refused(400),
    ),
    ("9110 5.5", "a DEL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", Refused(400)),
    ("9112 5.1", "a space before a colon", b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", Refused(400)),
    (
        "9112 5.1",
        "a tab before a colon",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 3\r\n\r\nabc",
        Refused(400),
    ),
    ("9112 5", "a field without a colon", b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", Refused(400)),
    ("9112 5", "a field without a name", b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", Refused(400)),
    ("9110 5.1", "a name that is no token", b"GET / HTTP/1.1\r\nHost: a\r\nX(y): b\r\n\r\n", Refused(400)),
    (
        "9110 5.1",
        "a name with bytes above ASCII",
        b"GET / HTTP/1.1\r\nHost: a\r\nX\xc3\xa4: b\r\n\r\n",
        Refused(400),
    ),
];

const TARGETS: &[Case] = &[
    ("9112 3.2.2", "a whole URI", b"GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", Body("")),
    ("9112 3.2.4", "an asterisk", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Body("")),
    ("9112 3.2.3", "an authority", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Body("")),
    ("9110 7.2", "a port in Host", b"GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", Body("")),
    ("9112 3.2", "no Host in HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", Body("")),
    ("9112 3.2", "an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", Body("")),
    ("9112 3.2", "no Host", b"GET / HTTP/1.1\r\n\r\n", Refused(400)),
    ("9112 3.2", "two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Refused(400)),
    ("9112 3.2", "the same Host twice", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2", "two Hosts in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Refused(400)),
    ("9110 7.2", "a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Refused(400)),
    ("9110 7.2", "a Host with a list", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Refused(400)),
    ("9110 7.2", "a Host with user information", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", Refused(400)),
    ("9110 7.2", "a Host whose port is none", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", Refused(400)),
    ("9110 7.2", "a Host with bytes above ASCII", b"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", Refused(400)),
    (
        "9112 3.2.2",
        "a URI with another authority",
        b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        Refused(400),
    ),
    (
        "9110 4.2.4",
        "a URI with user information",
        b"GET http://u@a/ HTTP/1.1\r\nHost: u@a\r\n\r\n",
        Refused(400),
    ),
    ("9112 3.2", "a fragment", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2", "bytes above ASCII", b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2", "a control character", b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2", "a backslash", b"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2", "a quotation mark", b"GET /\"a HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2", "a target without slash", b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3.2.4", "an asterisk for GET", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3", "a space in the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3", "two spaces before the target", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3", "a tab before the target", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3", "a space behind the version", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3", "no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 3", "no version", b"GET /\r\nHost: a\r\n\r\n", Refused(400)),
    ("9110 9.1", "a method that is no token", b"GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 2.3", "a version in small letters", b"GET / http/1.1\r\nHost: a\r\n\r\n", Refused(505)),
    ("9112 2.3", "version 1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", Refused(505)),
    ("9112 2.3", "version 2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", Refused(505)),
    ("9112 2.3", "version 1.1 with more digits", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", Refused(400)),
    ("9112 2.2", "a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Refused(400)),
];

fn check(cases: &[Case]) {
    for (section, name, bytes, outcome) in cases {
        let found = understood(bytes);
        match outcome {
            Body(expected) => {
                let (_, body) =
                    found.unwrap_or_else(|fault| panic!("{name}: {fault} (RFC {section})")).expect(name);
                assert_eq!(body, expected.as_bytes(), "{name} (RFC {section})");
            }
            Unfinished => assert!(matches!(found, Ok(None)), "{name} (RFC {section})"),
            Refused(status) => {
                let fault = found.expect_err(name);
                let told = fault.status().map(|status| status.as_u16());
                assert_eq!(told, Some(*status), "{name}: {fault} (RFC {section})");
            }
        }
    }
}

#[test]
fn what_a_length_may_be() {
    check(LENGTHS);
}

#[test]
fn what_a_coding_may_be() {
    check(CODINGS);
}

#[test]
fn what_chunks_may_be() {
    check(CHUNKS);
}

#[test]
fn what_lines_may_be() {
    check(LINES);
}

#[test]
fn what_a_target_may_be() {
    check(TARGETS);
}

#[test]
fn the_corpus_is_large_enough_to_mean_something() {
    let cases = [LENGTHS, CODINGS, CHUNKS, LINES, TARGETS];
    assert!(cases.iter().map(|cases| cases.len()).sum::<usize>() >= 110);
}

/// However the bytes arrive, the outcome is the same.
#[test]
fn pieces_change_nothing() {
    use bytes::BytesMut;

    use crate::h1::head::Reader;
    use crate::h1::tests::LIMITS;
    for (_, name, bytes, outcome) in [LENGTHS, CODINGS, CHUNKS, LINES, TARGETS].into_iter().flatten() {
        let (mut reader, mut buffer) = (Reader::default(), BytesMut::new());
        let mut head = Ok(None);
        for byte in *bytes {
            buffer.extend_from_slice(&[*byte]);
            head = reader.request(&mut buffer, LIMITS);
            if !matches!(head, Ok(None)) {
                break;
            }
        }
        match (head, outcome) {
            (Ok(Some(_)), Body(_) | Unfinished) | (Ok(None), Unfinished) | (Err(_), Refused(_)) => {}
            // refused for its body
            (Ok(Some(_)), Refused(_)) => assert!(understood(bytes).is_err(), "{name}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}
