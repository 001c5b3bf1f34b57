//! gRPC's health checking protocol: `grpc.health.v1.Health/Check` over HTTP/2
//! (<https://github.com/grpc/grpc/blob/master/doc/health-checking.md>).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::{Failure, drive};
use crate::pool::Backend;
use crate::tls::Stream;

/// `ServingStatus` of a server that wants requests.
const SERVING: u64 = 1;
/// Bytes of an answer; the message has two.
const MOST: usize = 4096;

pub(super) fn request(
    backend: &Backend,
    service: &str,
    host: Option<&str>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let scheme = if backend.tls().is_some() { "https" } else { "http" };
    let own = backend.host();
    let own = || own.to_str().unwrap_or_default();
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(host.unwrap_or_else(own))
        .path_and_query("/grpc.health.v1.Health/Check");
    let unsendable = |error: http::Error| Failure::Http(error.to_string());
    Request::post(uri.build().map_err(unsendable)?)
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .header(header::USER_AGENT, "divisor")
        .body(Full::new(message(service)))
        .map_err(unsendable)
}

pub(super) async fn ask(stream: Stream, request: Request<Full<Bytes>>) -> Result<(), Failure> {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(Failure::Status(response.status()));
        }
        let (head, mut body) = response.into_parts();
        let (mut message, mut end) = (Vec::new(), head.headers);
        while let Some(frame) = body.frame().await {
            match frame?.into_data() {
                Ok(data) if message.len() + data.len() <= MOST => message.extend_from_slice(&data),
                Ok(_) => return Err(Failure::Grpc("is too long".to_owned())),
                Err(frame) => end.extend(frame.into_trailers().unwrap_or_default()),
            }
        }
        judge(&end, &message)
    };
    drive(connection, exchange).await
}

/// The status of the call, and that of the service.
fn judge(end: &HeaderMap, message: &[u8]) -> Result<(), Failure> {
    let text = |name| end.get(name).map(HeaderValue::to_str).and_then(Result::ok);
    match text("grpc-status") {
        Some("0") => {}
        None => return Err(Failure::Grpc("has no grpc-status: it is no gRPC".to_owned())),
        Some(status) => {
            let why = text("grpc-message").unwrap_or("no reason given");
            return Err(Failure::Grpc(format!("has grpc-status {status}: {why}")));
        }
    }
    match serving_status(message) {
        Some(SERVING) => Ok(()),
        Some(0) => Err(Failure::Grpc("says UNKNOWN".to_owned())),
        Some(2) => Err(Failure::Grpc("says NOT_SERVING".to_owned())),
        Some(3) => Err(Failure::Grpc("says SERVICE_UNKNOWN".to_owned())),
        _ => Err(Failure::Grpc("is no HealthCheckResponse".to_owned())),
    }
}

/// A `HealthCheckRequest` as gRPC frames it: not compressed, its length, the service as field 1.
fn message(service: &str) -> Bytes {
    let mut field = Vec::new();
    if !service.is_empty() {
        field.push(0x0a);
        let mut length = service.len();
        while length >= 0x80 {
            field.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        field.push(length as u8);
        field.extend_from_slice(service.as_bytes());
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&(field.len() as u32).to_be_bytes());
    framed.append(&mut field);
    framed.into()
}

/// Field 1 of a framed `HealthCheckResponse`; 0 where it is left out. `None` for anything else.
fn serving_status(framed: &[u8]) -> Option<u64> {
    let (&[0, a, b, c, d], mut rest) = framed.split_first_chunk()? else { return None };
    if rest.len() != u32::from_be_bytes([a, b, c, d]) as usize {
        return None;
    }
    let mut status = 0;
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        match (tag >> 3, tag & 7) {
            (1, 0) => status = varint(&mut rest)?,
            (_, 0) => _ = varint(&mut rest)?,
            (_, 1) => rest = rest.get(8..)?,
            (_, 2) => {
                let length = varint(&mut rest)?;
                rest = rest.get(usize::try_from(length).ok()?..)?;
            }
            (_, 5) => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

/// A number of Protocol Buffers: seven bits a byte, the least first.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_name_their_service() {
        assert_eq!(message("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(message("a.B")[..], [0, 0, 0, 0, 5, 0x0a, 3, b'a', b'.', b'B']);
        assert_eq!(message(&"x".repeat(200))[..8], [0, 0, 0, 0, 203, 0x0a, 0xc8, 1]);
    }

    #[test]
    fn answers_are_read_whatever_else_is_in_them() {
        assert_eq!(serving_status(&[0, 0, 0, 0, 2, 8, 1]), Some(SERVING));
        assert_eq!(serving_status(&[0, 0, 0, 0, 0]), Some(0));
        let more = [0, 0, 0, 0, 20, 16, 9, 25, 1, 2, 3, 4, 5, 6, 7, 8, 34, 1, b'x', 45, 1, 2, 3, 4, 8, 2];
        assert_eq!(serving_status(&more[..24]), None, "shorter than it says");
        let mut whole = more.to_vec();
        whole[4] = 21;
        assert_eq!(serving_status(&whole), Some(2));
        for broken in
            [&[][..], &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 1, 8], &[0, 0, 0, 0, 2, 34, 9], &[0, 0, 0, 0, 1, 7]]
        {
            assert_eq!(serving_status(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_call_that_fails_and_a_service_that_does_not_serve_are_told_apart() {
        let said = |status: Option<&'static str>, message: &[u8]| {
            let end = status.map(|it| ("grpc-status".parse().unwrap(), HeaderValue::from_static(it)));
            judge(&end.into_iter().collect(), message).err().map(|failure| failure.to_string())
        };
        assert_eq!(said(Some("0"), &[0, 0, 0, 0, 2, 8, 1]), None);
        let says = |text: &str| Some(format!("the answer to the probe {text}"));
        assert_eq!(said(Some("0"), &[0, 0, 0, 0, 2, 8, 2]), says("says NOT_SERVING"));
        assert_eq!(said(Some("0"), &[0, 0, 0, 0, 2, 8, 3]), says("says SERVICE_UNKNOWN"));
        assert_eq!(said(Some("0"), &[0, 0, 0, 0, 0]), says("says UNKNOWN"));
        assert_eq!(said(Some("0"), b"<html>"), says("is no HealthCheckResponse"));
        assert_eq!(said(Some("12"), &[]), says("has grpc-status 12: no reason given"));
        assert_eq!(said(None, &[]), says("has no grpc-status: it is no gRPC"));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            serving_status(&bytes);
        }
    }
}
