#[path = "../../../../tests/desync/corpus.rs"]
mod corpus;
mod fuzz;
mod messages;
mod oracle;
mod requests;
mod responses;

use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use divisor_schema::plan::{HttpSettings, Millis};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::LocalSet;

use crate::message::{Interim, Patience};

use super::Fault;
use super::framing::{self, Decoder, Framing, Piece};
use super::head::{Limits, Reader};
use super::near::Incoming;
use super::server::{self, Answer};
use super::tunnel::Tunnel;

pub(super) const LIMITS: Limits = Limits { bytes: 8192, fields: 50 };

pub(super) fn settings() -> HttpSettings {
    HttpSettings {
        h2: false,
        keep_alive: true,
        max_header_size: 8192,
        max_target_size: 8192,
        max_headers: 50,
        max_streams: 1,
        handshake_timeout: Millis(1_000),
        header_timeout: Millis(10_000),
        idle_timeout: Millis(60_000),
        keep_empty_segments: false,
    }
}

/// One request as it was understood: its first line, its fields and its body.
pub(super) fn understood(bytes: &[u8]) -> Result<Option<(http::request::Parts, Vec<u8>)>, Fault> {
    let mut buffer = BytesMut::from(bytes);
    let Some(head) = Reader::default().request(&mut buffer, LIMITS)? else { return Ok(None) };
    let mut decoder = Decoder::new(framing::of_request(&head)?);
    let body = collect(&mut decoder, &mut buffer)?;
    Ok(body.map(|body| (head, body)))
}

/// All of a body; `None` while more must come.
pub(super) fn collect(decoder: &mut Decoder, buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, Fault> {
    let mut body = Vec::new();
    loop {
        match decoder.next(buffer, false)? {
            Some(Piece::Data(data)) => body.extend_from_slice(&data),
            Some(Piece::Trailers(_) | Piece::End) => return Ok(Some(body)),
            None => return Ok(None),
        }
    }
}

impl Answer for Full<Bytes> {
    fn patience(&self) -> Patience {
        Patience::idle(Duration::from_secs(5))
    }

    fn tunnel(&mut self) -> Option<Tunnel> {
        None
    }
}

/// Serves one end of a pipe with `service` while `client` runs with the other end.
pub(super) fn with_server<S, F, C, T>(
    service: S,
    client: impl FnOnce(DuplexStream) -> C,
) -> (Result<(), Fault>, T)
where
    S: Fn(Request<Incoming>, Interim) -> F + 'static,
    F: Future<Output = Response<Full<Bytes>>>,
    C: Future<Output = T>,
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (near, far) = tokio::io::duplex(1024);
    LocalSet::new().block_on(&runtime, async move {
        let settings = settings();
        let never = std::pin::pin!(std::future::pending());
        let served = server::serve(far, &settings, never, service);
        tokio::join!(served, client(near))
    })
}

/// Sends `request` and reads until the server closes.
pub(super) async fn converse(mut stream: DuplexStream, request: &[u8]) -> io::Result<String> {
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Answers with what it got: method, target and body.
pub(super) async fn echo(request: Request<Incoming>, _: Interim) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    match body.collect().await {
        Ok(body) => {
            let text = format!("{} {} {}", head.method, head.uri, String::from_utf8_lossy(&body.to_bytes()));
            Response::new(Full::new(Bytes::from(text)))
        }
        Err(_) => {
            let mut refused = Response::new(Full::default());
            *refused.status_mut() = http::StatusCode::BAD_REQUEST;
            refused
        }
    }
}

/// What a response to a request with this method is framed as.
pub(super) fn framing_of(
    response: &[u8],
    method: &http::Method,
) -> Result<Option<(u16, Framing, BytesMut)>, Fault> {
    let mut buffer = BytesMut::from(response);
    let Some(head) = Reader::default().response(&mut buffer, LIMITS)? else { return Ok(None) };
    let framing = framing::of_response(&head, method)?;
    Ok(Some((head.status().as_u16(), framing, buffer)))
}
