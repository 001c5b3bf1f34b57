//! HTTP/1.1 towards backends.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};

use crate::message::ClientBody;

/// One connection to a backend, ready for one exchange at a time.
pub(crate) struct Sender(http1::SendRequest<ClientBody>);

/// Why there is no response.
pub(crate) enum SendError {
    /// The connection was already closed: not a byte was sent, here is the request.
    Unsent(Box<Request<ClientBody>>),
    /// The backend may have seen the request.
    Sent(hyper::Error),
}

/// Speaks HTTP/1.1 over `io`. The connection runs as a task of its own until it is closed by either side or the
/// sender is dropped.
///
/// # Errors
/// hyper's, if the connection is already of no use.
pub(crate) async fn handshake<IO>(io: IO) -> Result<Sender, hyper::Error>
where
    IO: Read + Write + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new().handshake(io).await?;
    tokio::task::spawn_local(async move {
        // The exchange on this connection hears of the failure through its own future.
        let _ = connection.await;
    });
    Ok(Sender(sender))
}

impl Sender {
    /// Whether an exchange can start now.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    /// Whether no exchange can ever start again.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Sends a request and waits for the head of the response.
    ///
    /// # Errors
    /// [`SendError`] tells a request that was never sent, and may be sent elsewhere, from one that was.
    pub(crate) async fn send(
        &mut self,
        request: Request<ClientBody>,
    ) -> Result<Response<Incoming>, SendError> {
        self.0.try_send_request(request).await.map_err(|mut error| match error.take_message() {
            Some(request) => SendError::Unsent(Box::new(request)),
            None => SendError::Sent(error.into_error()),
        })
    }
}
