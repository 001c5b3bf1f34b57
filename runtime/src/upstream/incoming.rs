//! The body of a response, as it comes.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::h1::{Fault, Tunnel, client};
use crate::message::ClientBody;
use crate::tls::Stream;

use super::http2;

/// The body of a response from a backend.
pub(crate) enum Incoming {
    /// With its connection.
    Http1(client::Incoming<Stream, ClientBody>),
    /// With its place on a connection.
    Http2(http2::Incoming),
}

impl Incoming {
    /// The connection, if it is one that waits for the next request, and good for it.
    pub(super) fn into_connection(self) -> Option<client::Connection<Stream>> {
        match self {
            Self::Http1(body) => body.into_connection(),
            Self::Http2(_) => None,
        }
    }

    /// What a switch of protocols opened, to end when for `idle` nothing moves.
    pub(crate) fn into_tunnel(self, idle: Duration) -> Option<Tunnel> {
        match self {
            Self::Http1(body) => Some(body.into_tunnel(idle)),
            Self::Http2(body) => body.into_tunnel(idle),
        }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        match self.get_mut() {
            Self::Http1(body) => Pin::new(body).poll_frame(context),
            Self::Http2(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
        }
    }
}
