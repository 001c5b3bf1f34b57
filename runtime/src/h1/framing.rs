//! Where a body ends (RFC 9112, section 6).

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Response, StatusCode, Version, request};

use super::Fault;
use super::chunked::Chunked;

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// How the body of a request ends.
///
/// # Errors
/// When two readers could disagree about it.
pub(super) fn of_request(head: &request::Parts) -> Result<Framing, Fault> {
    Ok(declared(&head.headers, head.version)?.unwrap_or(Framing::Length(0)))
}

/// How the body of a response to a request with this method ends.
///
/// # Errors
/// When two readers could disagree about it.
pub(super) fn of_response(head: &Response<()>, method: &Method) -> Result<Framing, Fault> {
    let declared = declared(head.headers(), head.version())?;
    let status = head.status();
    let bodiless = *method == Method::HEAD
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    Ok(if bodiless { Framing::Length(0) } else { declared.unwrap_or(Framing::UntilClose) })
}

/// What the fields say, if they say anything.
fn declared(headers: &HeaderMap, version: Version) -> Result<Option<Framing>, Fault> {
    let length = length(headers)?;
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(length.map(Framing::Length)) };
    if version == Version::HTTP_10 {
        return Err(Fault::Malformed("a Transfer-Encoding in HTTP/1.0"));
    }
    if length.is_some() {
        return Err(Fault::Malformed("a Content-Length beside a Transfer-Encoding"));
    }
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return Err(Fault::Malformed("a Transfer-Encoding other than chunked"));
    }
    Ok(Some(Framing::Chunked))
}

fn length(headers: &HeaderMap) -> Result<Option<u64>, Fault> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else { return Ok(None) };
    if lengths.next().is_some() {
        return Err(Fault::Malformed("two Content-Length fields"));
    }
    let digits = length.as_bytes();
    let number = if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        length.to_str().ok().and_then(|digits| digits.parse().ok())
    } else {
        None
    };
    number.map(Some).ok_or(Fault::Malformed("a Content-Length that is no number"))
}

/// Whether the connection goes on after this message (RFC 9112, section 9.3).
pub(super) fn keeps_alive(headers: &HeaderMap, version: Version) -> bool {
    if version == Version::HTTP_10 {
        names(headers, "keep-alive") && !names(headers, "close")
    } else {
        !names(headers, "close")
    }
}

/// Whether the sender wants another protocol, and which (RFC 9110, section 7.8). A request in HTTP/2 has such a field only
/// where its extended CONNECT was put in these terms.
pub(crate) fn upgrade(headers: &HeaderMap, version: Version) -> Option<&HeaderValue> {
    let asked = version != Version::HTTP_10 && names(headers, "upgrade");
    headers.get(HeaderName::from_static("upgrade")).filter(|_| asked)
}

/// Whether `Connection` lists an option.
fn names(headers: &HeaderMap, option: &str) -> bool {
    let lists = headers.get_all(CONNECTION).iter();
    let mut options = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    options.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
}

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes of it; never none.
    Data(Bytes),
    /// Its trailer fields; nothing follows.
    Trailers(HeaderMap),
    /// Nothing follows.
    End,
}

/// Takes a body out of a buffer.
#[derive(Debug)]
pub(super) enum Decoder {
    /// So many bytes are left.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// All that comes.
    UntilClose,
}

impl Decoder {
    /// A decoder for a body that ends so.
    pub(super) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunked::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Whether nothing is left of the body, as far as that is known without reading on.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_done(),
            Self::UntilClose => false,
        }
    }

    /// How many bytes are left, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(chunked) if chunked.is_done() => Some(0),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// The next piece that `buffer` holds; `None` while more must come. `ended` says that nothing will.
    ///
    /// # Errors
    /// When the body is broken, or ended early.
    pub(super) fn next(&mut self, buffer: &mut BytesMut, ended: bool) -> Result<Option<Piece>, Fault> {
        let piece = match self {
            Self::Length(0) => Some(Piece::End),
            Self::Length(left) => {
                let length = buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= length as u64;
                (length > 0).then(|| Piece::Data(buffer.split_to(length).freeze()))
            }
            Self::Chunked(chunked) => chunked.next(buffer)?,
            Self::UntilClose if buffer.is_empty() => ended.then_some(Piece::End),
            Self::UntilClose => Some(Piece::Data(buffer.split().freeze())),
        };
        if piece.is_none() && ended { Err(Fault::Truncated) } else { Ok(piece) }
    }
}
