//! Heads, from bytes.

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request};
use httparse::{Header, ParserConfig};

use super::Fault;
use super::scan::Scan;
use crate::route;

/// Most heads have fewer fields than this, and so cost no allocation to read.
const USUAL: usize = 48;

/// How much a head may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes, with the empty line.
    pub(super) bytes: usize,
    /// Fields.
    pub(super) fields: usize,
}

/// Reads heads of requests from a buffer that grows.
#[derive(Debug, Default)]
pub(super) struct Reader {
    scan: Scan,
}

impl Reader {
    /// Takes a request's head out of `buffer`; `None` while more must come.
    ///
    /// # Errors
    /// What is wrong with it, as soon as that can be said.
    pub(super) fn request(
        &mut self,
        buffer: &mut BytesMut,
        limits: Limits,
    ) -> Result<Option<request::Parts>, Fault> {
        self.skip_empty_lines(buffer);
        let head = match self.take(buffer, limits) {
            Err(Fault::HeadTooLarge) if !buffer.contains(&b'\n') => return Err(Fault::TargetTooLong),
            taken => taken?,
        };
        head.map(|head| with_room(limits.fields, |fields| request(&head, fields))).transpose()
    }

    /// Takes a response's head out of `buffer`; `None` while more must come.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn response(
        &mut self,
        buffer: &mut BytesMut,
        limits: Limits,
    ) -> Result<Option<Response<()>>, Fault> {
        let head = self.take(buffer, limits)?;
        head.map(|head| with_room(limits.fields, |fields| response(&head, fields))).transpose()
    }

    /// Empty lines before a request line are a courtesy to old clients (RFC 9112, section 2.2).
    fn skip_empty_lines(&mut self, buffer: &mut BytesMut) {
        while self.scan.is_new() && buffer.starts_with(b"\r\n") {
            let _ = buffer.split_to(2);
        }
    }

    fn take(&mut self, buffer: &mut BytesMut, limits: Limits) -> Result<Option<Bytes>, Fault> {
        match self.scan.section(buffer)? {
            Some(length) if length <= limits.bytes => {
                self.scan = Scan::default();
                Ok(Some(buffer.split_to(length).freeze()))
            }
            None if buffer.len() < limits.bytes => Ok(None),
            _ => Err(Fault::HeadTooLarge),
        }
    }
}

/// Runs `parse` with room for the usual number of fields, and where that is too little, for all that are allowed.
fn with_room<'a, T>(
    allowed: usize,
    mut parse: impl FnMut(&mut [Header<'a>]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let usual = &mut [httparse::EMPTY_HEADER; USUAL][..allowed.min(USUAL)];
    match parse(usual) {
        Err(Fault::HeadTooLarge) if allowed > USUAL => parse(&mut vec![httparse::EMPTY_HEADER; allowed]),
        parsed => parsed,
    }
}

fn request<'a>(head: &'a Bytes, fields: &mut [Header<'a>]) -> Result<request::Parts, Fault> {
    let mut parsed = httparse::Request::new(fields);
    let done = parsed.parse(head).map_err(|error| match fault(error) {
        Fault::Version if !names_a_version(head) => Fault::Malformed("a first line that is none"),
        fault => fault,
    })?;
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return Err(Fault::Malformed("a head without its first line"));
    };
    if done.is_partial() {
        return Err(Fault::Malformed("a head without its end"));
    }
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|_| Fault::Malformed("a method that is none"))?;
    let target = self::target(head, target, &method)?;
    let headers = headers(head, parsed.headers)?;
    let mut request = Request::new(());
    *request.version_mut() = if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, target, headers);
    let (parts, ()) = request.into_parts();
    check_host(&parts)?;
    Ok(parts)
}

/// Whether a request line has three words, and the last is a version of HTTP in any spelling.
fn names_a_version(head: &Bytes) -> bool {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let version = (words.nth(2), words.next());
    matches!(version, (Some([http @ .., b'/', major, b'.', minor]), None)
        if http.eq_ignore_ascii_case(b"HTTP") && major.is_ascii_digit() && minor.is_ascii_digit())
}

/// The target of a request: visible ASCII without fragment, in a form that goes with the method (RFC 9112, section 3.2).
fn target(head: &Bytes, target: &str, method: &Method) -> Result<Uri, Fault> {
    let unfit = |byte: u8| {
        !byte.is_ascii_graphic() || matches!(byte, b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`')
    };
    if target.bytes().any(unfit) {
        return Err(Fault::Malformed("a target with a character that no target has"));
    }
    let bad = Fault::Malformed("a target that is none");
    let uri = Uri::from_maybe_shared(head.slice_ref(target.as_bytes())).map_err(|_| bad)?;
    let absolute = uri.scheme().is_some();
    let fits = match target.as_bytes() {
        b"*" => *method == Method::OPTIONS,
        [b'/', ..] => true,
        _ if *method == Method::CONNECT => !absolute && uri.authority().is_some(),
        _ => absolute,
    };
    if fits { Ok(uri) } else { Err(Fault::Malformed("a target whose form does not go with its method")) }
}

/// A request names one host, once (RFC 9112, sections 3.2 and 3.2.2).
fn check_host(head: &request::Parts) -> Result<(), Fault> {
    let mut fields = head.headers.get_all(HOST).iter();
    let host = match (fields.next(), fields.next()) {
        (_, Some(_)) => return Err(Fault::Malformed("two Host fields")),
        (None, None) if head.version == Version::HTTP_10 => return Ok(()),
        (None, None) => return Err(Fault::Malformed("no Host field")),
        (Some(host), None) => host.as_bytes(),
    };
    if let Some(authority) = head.uri.authority() {
        if authority.as_str().contains('@') {
            return Err(Fault::Malformed("a target with user information"));
        }
        if !authority.as_str().as_bytes().eq_ignore_ascii_case(host) {
            return Err(Fault::Malformed("a Host field that differs from the target"));
        }
    }
    let valid = std::str::from_utf8(host).is_ok_and(|host| host.is_empty() || route::host_name(host).is_ok());
    if valid { Ok(()) } else { Err(Fault::Malformed("a Host field that is no host")) }
}

fn response<'a>(head: &'a Bytes, fields: &mut [Header<'a>]) -> Result<Response<()>, Fault> {
    let mut parsed = httparse::Response::new(fields);
    let done = ParserConfig::default().parse_response(&mut parsed, head).map_err(fault)?;
    let (Some(code), Some(version), false) = (parsed.code, parsed.version, done.is_partial()) else {
        return Err(Fault::Malformed("a head without its end"));
    };
    let status = match StatusCode::from_u16(code) {
        Ok(status) if code < 600 => status,
        _ => return Err(Fault::Malformed("a status that is none")),
    };
    let mut response = Response::new(());
    *response.version_mut() = if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    *response.status_mut() = status;
    *response.headers_mut() = headers(head, parsed.headers)?;
    Ok(response)
}

fn headers(head: &Bytes, parsed: &[Header<'_>]) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(parsed.len());
    for field in parsed {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| Fault::Malformed("a field name that is none"))?;
        // An empty value may lie outside the head.
        let value = if field.value.is_empty() { Bytes::new() } else { head.slice_ref(field.value) };
        let value = HeaderValue::from_maybe_shared(value)
            .map_err(|_| Fault::Malformed("a field value with a character that no value has"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The fields of a trailer section, which ends in its empty line.
///
/// # Errors
/// What is wrong with them.
pub(super) fn trailers(section: &Bytes, fields: usize) -> Result<HeaderMap, Fault> {
    with_room(fields, |fields| match httparse::parse_headers(section, fields).map_err(fault)? {
        httparse::Status::Complete((_, parsed)) => headers(section, parsed),
        httparse::Status::Partial => Err(Fault::Malformed("a trailer section without its end")),
    })
}

fn fault(error: httparse::Error) -> Fault {
    match error {
        httparse::Error::TooManyHeaders => Fault::HeadTooLarge,
        httparse::Error::Version => Fault::Version,
        httparse::Error::HeaderName => Fault::Malformed("a field name that is none"),
        httparse::Error::HeaderValue => Fault::Malformed("a field value with a character that no value has"),
        httparse::Error::Status => Fault::Malformed("a status that is none"),
        httparse::Error::NewLine => Fault::Malformed("a line that does not end as lines do"),
        httparse::Error::Token => Fault::Malformed("a first line that is none"),
    }
}
