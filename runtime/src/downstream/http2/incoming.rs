//! The body of a request.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};

/// A body, read from its stream when somebody asks for it: what is not asked for, the client does not send.
///
/// It has ended only when its stream says so. A server may stop an upload by resetting it without a reason (RFC 9113,
/// section 8.1), but from a client that is a request that broke off, and must not reach a backend as a whole one.
pub(super) struct Incoming {
    /// Nothing when there is none.
    stream: Option<RecvStream>,
    /// What is left of the bytes that it says it has; the library holds it to that.
    left: Option<u64>,
}

impl Incoming {
    pub(super) fn new(stream: RecvStream, headers: &HeaderMap) -> Self {
        if stream.is_end_stream() {
            return Self::nothing();
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Self { stream: Some(stream), left: length }
    }

    pub(super) fn nothing() -> Self {
        Self { stream: None, left: Some(0) }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let Self { stream: Some(stream), left } = &mut *self else { return Poll::Ready(None) };
        Poll::Ready(match ready!(stream.poll_data(context)) {
            Some(Ok(data)) => {
                // Whoever takes it holds it from now on: the client may send as much again.
                _ = stream.flow_control().release_capacity(data.len());
                *left = left.map(|left| left.saturating_sub(data.len() as u64));
                Some(Ok(Frame::data(data)))
            }
            Some(Err(error)) => Some(Err(Broken(error.reason()))),
            None => match ready!(stream.poll_trailers(context)) {
                Ok(Some(trailers)) => Some(Ok(Frame::trailers(trailers))),
                Ok(None) if stream.is_end_stream() => None,
                Ok(None) => Some(Err(Broken(None))),
                Err(error) => Some(Err(Broken(error.reason()))),
            },
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            _ if self.is_end_stream() => SizeHint::with_exact(0),
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}

/// The stream of a body ended before the body, for this reason if one was given.
#[derive(Debug)]
pub(super) struct Broken(Option<Reason>);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(reason) => write!(f, "the stream was reset: {reason}"),
            None => f.write_str("the connection ended"),
        }
    }
}

impl std::error::Error for Broken {}
