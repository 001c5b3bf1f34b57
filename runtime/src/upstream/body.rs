//! The body of a backend's response.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::h1::Fault;
use crate::message::{IdleTimer, Patience, without_forbidden_trailers};

use super::{Incoming, Lease};

/// Why a backend's body ended before its end. The client sees its connection break, never a body that looks whole.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// The backend went away or broke the protocol.
    Broken(Fault),
    /// It stood still for longer than the route allows.
    Stalled,
    /// The exchange as a whole took too long.
    Overdue,
    /// It could not be compressed.
    Encoding(std::io::Error),
}

impl From<std::io::Error> for BodyError {
    fn from(error: std::io::Error) -> Self {
        Self::Encoding(error)
    }
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(error) => write!(f, "the backend broke off its response: {error}"),
            Self::Stalled => f.write_str("the response body stands still"),
            Self::Overdue => f.write_str("the exchange took too long (timeout exchange)"),
            Self::Encoding(error) => write!(f, "the response cannot be compressed: {error}"),
        }
    }
}

impl std::error::Error for BodyError {}

/// What is held while a response is on its way, and hears when it breaks off.
pub(crate) trait Held: Unpin {
    /// The body ended before its end.
    fn broke_off(&self, error: &BodyError);

    /// How many pieces of the request came so far.
    fn pieces(&self) -> u64;
}

/// The body of a backend's response on its way to the client: streamed and watched. When it has ended well, the
/// connection goes back to the others; `T` is held until then.
pub(crate) struct BackendBody<T> {
    /// Nothing once it has ended.
    inner: Option<Incoming>,
    lease: Option<Lease>,
    idle: IdleTimer,
    /// With the client.
    patience: Patience,
    /// Pieces of the request when the time last began.
    pieces: u64,
    deadline: Option<Pin<Box<Sleep>>>,
    held: Option<T>,
}

impl<T: Held> BackendBody<T> {
    /// `patience` with the client, whose idle time is the backend's too; `deadline` for the whole.
    pub(crate) fn new(
        inner: Incoming,
        lease: Lease,
        held: T,
        patience: Patience,
        deadline: Option<Instant>,
    ) -> Self {
        let deadline = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        let (ended, idle) = (inner.is_end_stream(), IdleTimer::new(patience.longest()));
        let mut body = Self {
            inner: Some(inner),
            lease: Some(lease),
            idle,
            patience,
            pieces: held.pieces(),
            deadline,
            held: Some(held),
        };
        if ended {
            body.end();
        }
        body
    }

    /// How long the client is waited for to take it.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Ready when for too long neither the response has moved nor what is left of the request.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.idle.poll_expired(context));
            let pieces = self.held.as_ref().map_or(0, Held::pieces);
            if std::mem::replace(&mut self.pieces, pieces) == pieces {
                return Poll::Ready(());
            }
            self.idle.moved();
        }
    }

    fn end(&mut self) {
        self.held = None;
        if let (Some(lease), Some(inner)) = (self.lease.take(), self.inner.take()) {
            lease.give_back(inner);
        }
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.inner = None; // a connection in the middle of a response is of no use
        if let Some(held) = self.held.take() {
            held.broke_off(&error);
        }
        Poll::Ready(Some(Err(error)))
    }
}

impl<T: Held> Body for BackendBody<T> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(deadline) = &mut this.deadline
            && deadline.as_mut().poll(context).is_ready()
        {
            return this.fail(BodyError::Overdue);
        }
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        let Poll::Ready(frame) = Pin::new(&mut *inner).poll_frame(context) else {
            ready!(this.poll_stalled(context));
            return this.fail(BodyError::Stalled);
        };
        this.idle.moved();
        this.pieces = this.held.as_ref().map_or(0, Held::pieces);
        match frame {
            None => {
                this.end();
                Poll::Ready(None)
            }
            Some(Err(error)) => this.fail(BodyError::Broken(error)),
            Some(Ok(frame)) => {
                if inner.is_end_stream() {
                    this.end(); // nobody asks again after the last byte of a known length
                }
                Poll::Ready(Some(Ok(without_forbidden_trailers(frame))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
