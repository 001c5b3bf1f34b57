//! The body of a request in HTTP/2.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// A body that has ended only when its stream says so. hyper takes a stream that is reset without a reason for one that has
/// ended: so a server may stop an upload (RFC 9113, section 8.1), but from a client it is a request that broke off, and must
/// not reach a backend as a whole one.
pub(super) struct Sent(pub(super) Incoming);

/// Why a body is none.
#[derive(Debug)]
pub(super) enum Broken {
    /// Its stream was reset without a reason.
    Reset,
    /// What hyper says.
    Stream(hyper::Error),
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll_frame(context)) {
            None if !self.0.is_end_stream() => Some(Err(Broken::Reset)),
            frame => frame.map(|frame| frame.map_err(Broken::Stream)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("the stream was reset"),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Broken {}
