//! A request over HTTP/1.1 or HTTP/2: what requests go in.

use bytes::Bytes;
use divisor_schema::plan::ProbeKind;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::{Failure, drive};
use crate::pool::Backend;
use crate::tls::Stream;

pub(super) fn request(
    backend: &Backend,
    method: &str,
    path: &str,
    host: Option<&str>,
    headers: &[(String, String)],
) -> Result<Request<Empty<Bytes>>, Failure> {
    let unsendable = |error: http::Error| Failure::Http(error.to_string());
    let host = host.map(HeaderValue::try_from).transpose().map_err(|error| unsendable(error.into()))?;
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if !headers.iter().any(|(name, _)| name == header::USER_AGENT.as_str()) {
        request = request.header(header::USER_AGENT, "divisor");
    }
    request
        .header(header::HOST, host.unwrap_or_else(|| backend.host()))
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(unsendable)
}

/// Sends the request and judges the answer by its status and by what its body holds.
pub(super) async fn ask(
    stream: Stream,
    request: Request<Empty<Bytes>>,
    statuses: &[(u16, u16)],
    body: Option<&str>,
) -> Result<(), Failure> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok((status, beginning(response.into_body()).await?))
    };
    found(drive(connection, exchange).await?, statuses, body)
}

/// The same over HTTP/2, which has the host in the target and nothing to say of the connection.
pub(super) async fn ask_h2(
    stream: Stream,
    mut request: Request<Empty<Bytes>>,
    statuses: &[(u16, u16)],
    body: Option<&str>,
) -> Result<(), Failure> {
    let unsendable = |error: ::http::Error| Failure::Http(error.to_string());
    request.headers_mut().remove(header::CONNECTION);
    let host = request.headers_mut().remove(header::HOST);
    let target = Uri::builder()
        .scheme(if stream.is_h2() { "https" } else { "http" })
        .authority(host.as_ref().map_or(&b""[..], HeaderValue::as_bytes))
        .path_and_query(request.uri().path_and_query().map_or("/", |path| path.as_str()));
    *request.uri_mut() = target.build().map_err(unsendable)?;
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok((status, beginning(response.into_body()).await?))
    };
    found(drive(connection, exchange).await?, statuses, body)
}

fn found(
    (status, begins): (StatusCode, Vec<u8>),
    statuses: &[(u16, u16)],
    body: Option<&str>,
) -> Result<(), Failure> {
    judge(status, statuses)?;
    match body {
        Some(text) if !holds(&begins, text) => Err(Failure::Body(text.to_owned())),
        _ => Ok(()),
    }
}

/// A body, or as much of it as is looked at: however much a backend sends, no more is kept.
pub(super) async fn beginning(mut body: Incoming) -> Result<Vec<u8>, Failure> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let room = ProbeKind::BODY - read.len();
            read.extend(data.iter().take(room));
            if data.len() >= room {
                break;
            }
        }
    }
    Ok(read)
}

fn judge(status: StatusCode, healthy: &[(u16, u16)]) -> Result<(), Failure> {
    let is_healthy = healthy.iter().any(|(first, last)| (*first..=*last).contains(&status.as_u16()));
    if is_healthy { Ok(()) } else { Err(Failure::Status(status)) }
}

fn holds(body: &[u8], text: &str) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_texts_are_looked_for() {
        let judged = |status: u16| judge(StatusCode::from_u16(status).unwrap(), &[(200, 299), (404, 404)]);
        assert!(judged(200).is_ok() && judged(299).is_ok() && judged(404).is_ok());
        assert!(matches!(judged(302), Err(Failure::Status(StatusCode::FOUND))));
        assert!(holds(b"all is well", "well") && holds(b"", ""));
        assert!(!holds(b"we", "well") && !holds(b"", "well"));
    }
}
