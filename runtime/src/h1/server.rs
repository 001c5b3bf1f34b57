//! HTTP/1.1 towards clients.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;

use bytes::Bytes;
use divisor_schema::plan::HttpSettings;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

/// More fields than this are beyond what [`http::HeaderMap`] holds.
const FIELDS_MAX: usize = 16_384;

/// Serves one client connection until it ends. When `last` completes, the exchange in flight is the last one.
///
/// # Errors
/// hyper's, when the client breaks the protocol or goes away in the middle.
pub(crate) async fn serve<IO, S, F, B>(
    io: IO,
    settings: &HttpSettings,
    last: impl Future<Output = ()>,
    service: S,
) -> Result<(), hyper::Error>
where
    IO: Read + Write + Unpin + 'static,
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(|request| {
        let response = service(request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let connection = http1::Builder::new()
        // the caller watches the time: hyper cannot tell an idle connection from a slow head
        .header_read_timeout(None)
        .keep_alive(settings.keep_alive)
        .max_header_size(settings.max_header_size as usize)
        .max_headers(usize::from(settings.max_headers).min(FIELDS_MAX))
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = last => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
