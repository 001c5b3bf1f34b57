//! The request as it is routed, and as it is forwarded.

use std::borrow::Cow;

use divisor_schema::plan::Timeouts;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::h1;
use crate::message::Patience;
use crate::policy::Asked;
use crate::route::{self, Source};
use crate::tls;

use super::failure::Failure;

/// What a request asks for: all that routing looks at.
pub(super) struct Target {
    /// The method.
    pub(super) method: Method,
    /// Host name: lower case, without port.
    pub(super) host: String,
    /// `Host` as it is forwarded.
    pub(super) authority: HeaderValue,
    /// Normal path.
    pub(super) path: String,
    /// Query without `?`.
    pub(super) query: Option<String>,
}

impl Target {
    /// What headers may say of it.
    pub(super) fn asked<'a>(&'a self, tls: Option<&'a tls::Session>) -> Asked<'a> {
        Asked { target: self.source(), method: self.method.as_str(), tls }
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source { host: &self.host, path: &self.path, query: self.query.as_deref() }
    }
}

/// Reads host and path of a request. Whatever could mean one thing here and another at the backend is refused.
pub(super) fn target(head: &Parts, keep_empty_segments: bool) -> Result<Target, Failure> {
    if head.version == Version::HTTP_2 && !is_well_formed(&head.headers) {
        return Err(Failure::BadRequest);
    }
    let authority = authority(head)?;
    let text = authority.to_str().map_err(|_| Failure::BadRequest)?;
    let host = route::host_name(text).map_err(|_| Failure::BadRequest)?.into_owned();
    let path = route::normalise(head.uri.path(), keep_empty_segments).map_err(|_| Failure::BadRequest)?;
    let query = head.uri.query().map(str::to_owned);
    Ok(Target { method: head.method.clone(), host, path: path.into_owned(), query, authority })
}

/// Whether a request that came in over TLS says nothing else of itself: HTTP/2 names the scheme (RFC 9113, section 8.3.1).
/// Where TLS ended before, plain text may carry either.
pub(super) fn is_secure(head: &Parts) -> bool {
    head.version != Version::HTTP_2 || head.uri.scheme() == Some(&Scheme::HTTPS)
}

/// Whether fields obey what the library of HTTP/2 does not look at: one `content-length` (RFC 9110, section 8.6), and no
/// value with a space at its edge (RFC 9113, section 8.2.1).
fn is_well_formed(headers: &HeaderMap) -> bool {
    let padded = |value: &HeaderValue| matches!(value.as_bytes(), [b' ' | b'\t', ..] | [.., b' ' | b'\t']);
    headers.get_all(CONTENT_LENGTH).iter().nth(1).is_none() && !headers.values().any(padded)
}

/// The one host that the request names (RFC 9112, section 3.2; RFC 9113, section 8.3.1).
fn authority(head: &Parts) -> Result<HeaderValue, Failure> {
    let mut fields = head.headers.get_all(HOST).iter();
    let (field, second) = (fields.next(), fields.next());
    if second.is_some() {
        return Err(Failure::BadRequest);
    }
    match (head.uri.authority(), field) {
        (None, Some(field)) => Ok(field.clone()),
        (Some(authority), field) => {
            let agrees = field
                .is_none_or(|field| field.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()));
            let named = agrees && !authority.as_str().contains('@');
            let value = named.then(|| HeaderValue::try_from(authority.as_str()).ok()).flatten();
            value.ok_or(Failure::BadRequest)
        }
        // HTTP/1.0 knows no Host: only a listener that serves every name answers.
        (None, None) if head.version == Version::HTTP_10 => Ok(HeaderValue::from_static("")),
        (None, None) => Err(Failure::BadRequest),
    }
}

/// Refuses a body that says it is over the limit before a byte of it is read.
pub(super) fn admit_length(headers: &HeaderMap, limit: Option<u64>) -> Result<(), Failure> {
    let Some(limit) = limit else { return Ok(()) };
    let Some(length) = headers.get(CONTENT_LENGTH) else { return Ok(()) };
    match length.to_str().ok().and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > limit => Err(Failure::TooLarge),
        Some(_) => Ok(()),
        None => Err(Failure::BadRequest),
    }
}

/// Fields that end at the next hop (RFC 9110, section 7.6.1), besides those that `Connection` names.
static HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// How long the client of a request is waited for. A call of gRPC may be one half of a conversation from its first message
/// on, so it is slow only when nothing comes at all.
pub(super) fn patience(timeouts: &Timeouts, headers: &HeaderMap) -> Patience {
    let patience = Patience::new(timeouts);
    let is_call = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    let calls = !headers.contains_key(CONTENT_LENGTH) && headers.get(CONTENT_TYPE).is_some_and(is_call);
    if calls { patience.at_any_rate() } else { patience }
}

/// Takes out what is meant for this hop only.
pub(super) fn end_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        // nobody may use Connection to take out what routing and framing rest on
        .filter(|name| ![HOST, CONTENT_LENGTH].contains(name))
        .collect();
    named.into_iter().for_each(|name| drop(headers.remove(name)));
    // Nearly all heads hold none of them, and looking is cheaper than taking out.
    if headers.keys().any(|name| HOP_BY_HOP.contains(name)) {
        HOP_BY_HOP.iter().for_each(|name| drop(headers.remove(name)));
    }
}

/// Turns the head of a client's request into that of the request to a backend, but for what the proxy adds.
pub(super) fn forwardable(mut head: Parts, target: &Target, path: Option<String>) -> Result<Parts, Failure> {
    let upgrade =
        h1::upgrade(&head.headers, head.version).filter(|protocol| is_forwardable(protocol)).cloned();
    let trailers = accepts_trailers(&head.headers);
    end_hop(&mut head.headers);
    if trailers {
        head.headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    head.headers.extend(upgrade.map(|protocol| (UPGRADE, protocol)));
    join_cookies(&mut head.headers);
    head.headers.insert(HOST, target.authority.clone());
    let path = path.map_or(Cow::Borrowed(target.path.as_str()), Cow::Owned);
    let path_and_query = match &target.query {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    };
    head.uri = Uri::try_from(path_and_query).map_err(|_| Failure::BadRequest)?;
    head.version = Version::HTTP_11;
    Ok(head)
}

/// Whether the client wants trailers, as every one of gRPC does. So do we, and tell backends in HTTP/2.
fn accepts_trailers(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(TE).iter().flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    lists.into_iter().any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// HTTP/2 is spoken hop by hop: through an upgrade to it, requests would pass that nobody routes.
fn is_forwardable(protocol: &HeaderValue) -> bool {
    !protocol
        .as_bytes()
        .split(|byte| *byte == b',')
        .any(|name| name.trim_ascii().eq_ignore_ascii_case(b"h2c"))
}

/// HTTP/2 may split a cookie over several fields, HTTP/1.1 may not (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(COOKIE, cookie);
    }
}
