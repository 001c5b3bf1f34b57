//! Heads and chunks, to bytes.

use bytes::{BufMut, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, Response, StatusCode, Version, request};

use super::date;
use super::framing::Framing;

/// Fields of a connection, not of a message: written from what is done, never copied.
static OURS: [HeaderName; 5] = [
    CONNECTION,
    TE,
    TRANSFER_ENCODING,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Bytes that most heads fit in, so that the buffer need not grow under them.
const USUAL: usize = 512;

/// Writes the head of a request that goes to a backend. `upgrade` says that it asks for the protocol in `Upgrade`.
pub(super) fn request(out: &mut BytesMut, head: &request::Parts, framing: Framing, upgrade: bool) {
    out.reserve(USUAL);
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    for part in [head.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
        out.put_slice(part.as_bytes());
    }
    fields(out, &head.headers, |name| *name == CONTENT_LENGTH || (*name == UPGRADE && !upgrade));
    match framing {
        Framing::Length(0) if !expects_length(&head.method) => {}
        framing => self::framing(out, framing),
    }
    if upgrade {
        out.put_slice(b"connection: upgrade\r\n");
    }
    out.put_slice(b"\r\n");
}

/// Whether a request with this method is written with a length even when it has no body (RFC 9110, section 8.6).
fn expects_length(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// What decides how the head of a response is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    /// How its body ends; `None` where it has none and no field may speak of one.
    pub(super) framing: Option<Framing>,
    /// Whether the connection goes on afterwards.
    pub(super) keep_alive: bool,
    /// What the client speaks.
    pub(super) version: Version,
}

/// Writes the head of a response to a client.
pub(super) fn response(out: &mut BytesMut, head: &Response<()>, reply: Reply) {
    status_line(out, head.status());
    // Where nothing is framed, a length is a fact about what GET would bring (RFC 9110, section 8.6).
    let told = reply.framing.is_none() && head.status() != StatusCode::NO_CONTENT;
    fields(out, head.headers(), |name| (*name == CONTENT_LENGTH && !told) || *name == UPGRADE);
    if !head.headers().contains_key(DATE) {
        field(out, &DATE, date::now().as_bytes());
    }
    if let Some(framing) = reply.framing {
        self::framing(out, framing);
    }
    match (reply.keep_alive, reply.version) {
        (false, _) => out.put_slice(b"connection: close\r\n"),
        (true, Version::HTTP_10) => out.put_slice(b"connection: keep-alive\r\n"),
        (true, _) => {}
    }
    out.put_slice(b"\r\n");
}

/// Writes an interim response: one that another follows.
pub(super) fn interim(out: &mut BytesMut, head: &Response<()>) {
    status_line(out, head.status());
    fields(out, head.headers(), |name| *name == CONTENT_LENGTH || *name == UPGRADE);
    out.put_slice(b"\r\n");
}

/// Writes the response after which the connection speaks another protocol.
pub(super) fn switching(out: &mut BytesMut, head: &Response<()>) {
    status_line(out, StatusCode::SWITCHING_PROTOCOLS);
    fields(out, head.headers(), |name| *name == CONTENT_LENGTH);
    out.put_slice(b"connection: upgrade\r\n\r\n");
}

fn status_line(out: &mut BytesMut, status: StatusCode) {
    out.reserve(USUAL);
    for part in ["HTTP/1.1 ", status.as_str(), " ", status.canonical_reason().unwrap_or_default(), "\r\n"] {
        out.put_slice(part.as_bytes());
    }
}

fn framing(out: &mut BytesMut, framing: Framing) {
    match framing {
        Framing::Length(length) => {
            let _ = std::fmt::Write::write_fmt(out, format_args!("content-length: {length}\r\n"));
        }
        Framing::Chunked => out.put_slice(b"transfer-encoding: chunked\r\n"),
        Framing::UntilClose => {}
    }
}

fn fields(out: &mut BytesMut, headers: &HeaderMap, left_out: impl Fn(&HeaderName) -> bool) {
    for (name, value) in headers {
        if !OURS.contains(name) && !left_out(name) {
            field(out, name, value.as_bytes());
        }
    }
}

fn field(out: &mut BytesMut, name: &HeaderName, value: &[u8]) {
    out.reserve(name.as_str().len() + value.len() + 4);
    out.put_slice(name.as_str().as_bytes());
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

/// Writes the line that a chunk begins with.
pub(super) fn chunk_line(out: &mut BytesMut, size: usize) {
    let _ = std::fmt::Write::write_fmt(out, format_args!("{size:x}\r\n"));
}

/// Writes the last chunk and the trailer section.
pub(super) fn last_chunk(out: &mut BytesMut, trailers: Option<&HeaderMap>) {
    out.put_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        fields(out, trailers, |_| false);
    }
    out.put_slice(b"\r\n");
}
