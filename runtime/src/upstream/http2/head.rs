//! Heads as HTTP/2 has them, and as the exchange knows them: in the terms of HTTP/1.

use h2::ext::Protocol;
use http::header::{CONTENT_LENGTH, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use crate::h1::Fault;
use crate::message::websocket;

/// Fields that the head of a response may have.
const FIELDS: usize = 256;

/// The head of a request with a body of so many bytes, if that is known. `tunnel` asks for the protocol in `Upgrade` on
/// the stream (RFC 8441, section 4).
pub(super) fn request(
    head: &Parts,
    secure: bool,
    length: Option<u64>,
    tunnel: bool,
) -> Result<Request<()>, Fault> {
    let mut request = Request::new(());
    *request.version_mut() = Version::HTTP_2;
    request.method_mut().clone_from(&head.method);
    request.headers_mut().clone_from(&head.headers);
    let headers = request.headers_mut();
    let host = headers.remove(HOST);
    let authority = host.and_then(|host| Authority::from_maybe_shared(host).ok());
    let protocol = headers.remove(UPGRADE);
    headers.remove(CONTENT_LENGTH);
    if let Some(length) = length.filter(|length| *length > 0 || expects_length(&head.method)) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Some(protocol) = protocol.as_ref().and_then(|it| it.to_str().ok()).filter(|_| tunnel) {
        headers.remove(SEC_WEBSOCKET_KEY);
        *request.method_mut() = Method::CONNECT;
        request.extensions_mut().insert(Protocol::from(protocol));
    }
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(if secure { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Some(authority.ok_or(Fault::Malformed("a request without a host"))?);
    let path = head.uri.path_and_query().cloned();
    parts.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Fault::Malformed("a target that is none"))?;
    Ok(request)
}

/// Whether a request with this method is sent with a length even when it has no body (RFC 9110, section 8.6).
fn expects_length(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// Refuses a response that breaks a rule which the library leaves to others.
pub(super) fn check<B>(response: &Response<B>) -> Result<(), Fault> {
    let headers = response.headers();
    if response.status().as_u16() >= 600 {
        return Err(Fault::Malformed("a status that is none"));
    }
    let padded = |value: &HeaderValue| matches!(value.as_bytes(), [b' ' | b'\t', ..] | [.., b' ' | b'\t']);
    if headers.len() > FIELDS {
        return Err(Fault::HeadTooLarge);
    }
    if headers.get_all(CONTENT_LENGTH).iter().nth(1).is_some() {
        return Err(Fault::Malformed("two Content-Length fields"));
    }
    if headers.values().any(padded) {
        return Err(Fault::Malformed("a field value with a space at its edge"));
    }
    Ok(())
}

/// Whether a response has no body, whatever comes behind its head (RFC 9110, section 6.4.1).
pub(super) fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    *method == Method::HEAD || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status)
}

/// How many bytes a response says it has.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The answer to a request for a tunnel, as HTTP/1 spells it. `asked` is the head of the request.
pub(super) fn switched(mut response: Response<()>, asked: &Parts) -> Response<()> {
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    if let Some(protocol) = asked.headers.get(UPGRADE) {
        headers.insert(UPGRADE, protocol.clone());
    }
    if let Some(key) = asked.headers.get(SEC_WEBSOCKET_KEY) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, websocket::accept(key));
    }
    response
}
