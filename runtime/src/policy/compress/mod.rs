//! Compression of responses, for clients that accept it (RFC 9110, sections 8.4 and 12.5.3).

mod accept;
mod body;
mod encoder;

use divisor_schema::plan::{Compress, Encoding};
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request, response};

pub(crate) use self::body::Compressed;

/// Digests of the content as it is sent (RFC 9530, and its forerunner RFC 1864): another coding would make them false.
const DIGESTS: [HeaderName; 2] =
    [HeaderName::from_static("content-digest"), HeaderName::from_static("content-md5")];

/// Which responses are compressed.
#[derive(Debug, Clone)]
pub(crate) struct Compression {
    encodings: Vec<Encoding>,
    types: Vec<Type>,
    min_size: u64,
}

/// A media type, or all that begin and end like this.
#[derive(Debug, Clone)]
enum Type {
    Exactly(String),
    Around(String, String),
}

impl Compression {
    /// What a plan says.
    pub(crate) fn new(plan: &Compress) -> Self {
        let kind = |text: &String| match text.split_once('*') {
            Some((before, after)) => Type::Around(before.to_owned(), after.to_owned()),
            None => Type::Exactly(text.clone()),
        };
        let types = plan.types.iter().map(kind).collect();
        Self { encodings: plan.encodings.clone(), types, min_size: plan.min_size }
    }

    /// The encoding that suits a client best; `None` is as it is.
    pub(crate) fn accepted(&self, request: &request::Parts) -> Option<Encoding> {
        if request.method == Method::HEAD || has_directive(&request.headers, "no-transform") {
            return None;
        }
        accept::choose(&request.headers.get_all(ACCEPT_ENCODING), &self.encodings)
    }

    /// Changes the head of a response that has a body, and says how the body is to be compressed, for a client that
    /// accepts this encoding. One that could have been compressed says so in `Vary` even when it is not.
    pub(crate) fn prepare(&self, head: &mut response::Parts, accepted: Option<Encoding>) -> Option<Encoding> {
        if !self.suits(head) {
            return None;
        }
        vary(&mut head.headers);
        let encoding = accepted?;
        let headers = &mut head.headers;
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name(encoding)));
        headers.remove(CONTENT_LENGTH);
        headers.remove(ACCEPT_RANGES); // of what would they be ranges?
        weaken(headers);
        Some(encoding)
    }

    fn suits(&self, head: &response::Parts) -> bool {
        let headers = &head.headers;
        let whole = ![StatusCode::NO_CONTENT, StatusCode::PARTIAL_CONTENT, StatusCode::NOT_MODIFIED]
            .contains(&head.status)
            && !headers.contains_key(CONTENT_RANGE);
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        whole
            && !headers.contains_key(CONTENT_ENCODING)
            && !DIGESTS.iter().any(|digest| headers.contains_key(digest))
            && length.is_none_or(|length| length >= self.min_size)
            && !has_directive(headers, "no-transform")
            && self.is_compressible(headers)
    }

    fn is_compressible(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        self.types.iter().any(|known| match known {
            Type::Exactly(known) => *known == media,
            // Events are small and must not wait: they are compressed only where they are named.
            Type::Around(before, after) => {
                media != "text/event-stream"
                    && media.len() >= before.len() + after.len()
                    && media.starts_with(before)
                    && media.ends_with(after)
            }
        })
    }
}

fn name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Zstd => "zstd",
        Encoding::Brotli => "br",
        Encoding::Gzip => "gzip",
    }
}

/// Whether `Cache-Control` has a directive.
fn has_directive(headers: &HeaderMap, directive: &str) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).any(|known| known.trim().eq_ignore_ascii_case(directive))
}

/// Says that another client may get another encoding.
fn vary(headers: &mut HeaderMap) {
    let values = headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok());
    let mut names = values.flat_map(|list| list.split(',')).map(str::trim);
    if !names.any(|name| name == "*" || name.eq_ignore_ascii_case("accept-encoding")) {
        _ = headers.try_append(VARY, HeaderValue::from_static("accept-encoding"));
    }
}

/// The same thing in another encoding is no longer the same byte for byte (RFC 9110, section 8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")) else { return };
    if let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        headers.insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests;
