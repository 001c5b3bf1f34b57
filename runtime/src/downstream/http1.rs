//! HTTP/1.1 from clients.

use std::future::Future;
use std::rc::Rc;

use divisor_schema::plan::HttpSettings;
use hyper::rt::{Read, Write};
use tokio::sync::Notify;

use crate::exchange::{self, Client};
use crate::h1;

use super::activity::{Activity, Expired, Listening};
use super::response::Watched;

/// Serves an HTTP/1.1 connection to its end.
///
/// # Errors
/// The protocol's, when the client breaks it.
pub(super) async fn serve<IO: Read + Write + Unpin + 'static>(
    io: IO,
    client: Rc<Client>,
    settings: &HttpSettings,
    last: impl Future<Output = ()>,
) -> Result<(), hyper::Error> {
    let activity = Activity::new(settings);
    let io = Listening::new(io, Rc::clone(&activity));
    let service = |request| {
        let (client, exchanging) = (Rc::clone(&client), activity.begin());
        async move { exchange::serve(&client, request).await.map(|body| Watched::new(body, exchanging)) }
    };
    let closing = Notify::new();
    let served = h1::server::serve(io, settings, closing.notified(), service);
    let expired = async {
        tokio::select! {
            () = last => {}
            expired = activity.expired() => if expired == Expired::Head { return },
        }
        closing.notify_one();
        // Nobody waits for the rest of a head, but what is on its way out may still be taken.
        activity.renew();
        activity.expired().await;
    };
    tokio::select! {
        ended = served => ended,
        () = expired => Ok(()),
    }
}
