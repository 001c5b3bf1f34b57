//! HTTP/2 from clients (RFC 9113): a connection, and the exchanges on its streams.

mod activity;
mod exchange;
mod gauge;
mod incoming;
mod outgoing;
mod websocket;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use divisor_schema::plan::HttpSettings;
use h2::server::{self, Builder};
use tokio::time::timeout;

use crate::exchange::Client;
use crate::tls::Stream;

use self::activity::Activity;
use self::exchange::Near;
use self::gauge::Gauge;

/// Streams reset by the client that may wait to be accepted: rapid reset (CVE-2023-44487) ends here.
const PENDING_RESETS: usize = 20;
/// Streams reset by us for the client's errors before the connection ends.
const LOCAL_RESETS: usize = 256;
/// Bytes of response buffered for each stream while the client does not read.
const SEND_BUFFER: usize = 64 * 1024;
/// Bytes a client may send ahead on one stream.
const STREAM_WINDOW: u32 = 256 * 1024;
/// Bytes a client may send ahead on all streams together. Uploads that nobody takes yet keep theirs, so it is enough for
/// many of them: who may not send is not to be taken for slow.
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// Bytes of overhead that a client may cause by data in crumbs which nobody has taken yet: the library counts what a frame
/// lacks of 256 bytes. All of a stream's window may come in frames of 32.
const CRUMBS: usize = 2 * 1024 * 1024;

/// Serves an HTTP/2 connection to its end. When `last` completes, the exchanges in flight are the last ones.
///
/// # Errors
/// The protocol's, when the client breaks it.
pub(super) async fn serve(
    stream: Stream,
    client: Rc<Client>,
    settings: &HttpSettings,
    last: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), h2::Error> {
    let (io, moves) = Gauge::new(stream);
    let opening = builder(settings).handshake(io);
    let Ok(opened) = timeout(settings.header_timeout.into(), opening).await else { return Ok(()) };
    let mut connection = opened?;
    let mut pings = connection.ping_pong();
    let activity = Activity::new(settings, moves.clone());
    let near = Near { client, moves, idle: settings.idle_timeout.into() };
    tokio::select! {
        biased;
        ended = accept(&mut connection, &near, &activity) => return ended,
        over = activity.over(&mut pings) => if over.is_gone() { return Ok(()) },
        () = last => {}
    }
    connection.graceful_shutdown();
    // What is on its way out may still be taken.
    activity.renew();
    tokio::select! {
        biased;
        ended = accept(&mut connection, &near, &activity) => ended,
        _ = activity.over(&mut pings) => Ok(()),
    }
}

/// Accepts streams until there are no more. Each is served by a task of its own, which ends with the connection: its
/// stream is then closed.
async fn accept(
    connection: &mut server::Connection<Gauge, Bytes>,
    near: &Near,
    activity: &Rc<Activity>,
) -> Result<(), h2::Error> {
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        tokio::task::spawn_local(exchange::serve(near.clone(), request, respond, activity.begin()));
    }
    Ok(())
}

fn builder(settings: &HttpSettings) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_connect_protocol()
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(settings.max_header_size)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(Some(LOCAL_RESETS))
        .max_send_buffer_size(SEND_BUFFER)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .data_frame_budget(CRUMBS);
    builder
}
