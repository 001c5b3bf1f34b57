//! HTTP/2 from clients.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

use divisor_schema::plan::HttpSettings;
use hyper::rt::{Executor, Read, Write};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;

use crate::exchange::{self, Client};

use super::activity::Activity;
use super::response::Watched;
use super::sent::Sent;
use super::websocket;

/// Streams reset by the client that may wait to be accepted: rapid reset (CVE-2023-44487) ends here.
const PENDING_RESETS: usize = 20;
/// Streams reset by us for the client's errors before the connection ends.
const LOCAL_RESETS: usize = 256;
/// Bytes of response buffered for each stream while the client does not read.
const SEND_BUFFER: usize = 64 * 1024;
/// Bytes a client may send ahead on one stream.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Bytes a client may send ahead on all streams together: one slow stream does not starve the others.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// No connection is asked less often whether it is still there; h2 cannot count much further.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs the tasks of a connection on the thread of its worker.
#[derive(Clone, Copy)]
struct Local;

impl<F: Future<Output = ()> + 'static> Executor<F> for Local {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// Serves an HTTP/2 connection to its end.
///
/// # Errors
/// The protocol's, when the client breaks it.
pub(super) async fn serve<IO: Read + Write + Unpin + 'static>(
    io: IO,
    client: Rc<Client>,
    settings: &HttpSettings,
    last: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), hyper::Error> {
    let activity = Activity::new(settings);
    let watch = Rc::clone(&activity);
    let service = service_fn(move |mut request| {
        let (client, exchanging) = (Rc::clone(&client), activity.begin());
        async move {
            let asked = websocket::enter(&mut request);
            let response = exchange::serve(&client, request.map(Sent), None).await;
            Ok::<_, Infallible>(match asked {
                Some(asked) => asked.leave(response, exchanging),
                None => response.map(|body| Watched::new(body, exchanging)),
            })
        }
    });
    let connection = builder(settings).serve_connection(io, service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = watch.expired() => {}
        () = last => {}
    }
    connection.as_mut().graceful_shutdown();
    // What is on its way out may still be taken.
    watch.renew();
    tokio::select! {
        ended = connection => ended,
        _ = watch.expired() => Ok(()),
    }
}

fn builder(settings: &HttpSettings) -> http2::Builder<Local> {
    let mut builder = http2::Builder::new(Local);
    builder
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(settings.max_header_size)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(Some(Duration::from(settings.idle_timeout).min(DAY)))
        .keep_alive_timeout(settings.header_timeout.into());
    builder
}
