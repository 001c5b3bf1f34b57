//! The body of a response: a backend's or our own.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::h1::Tunnel;
use crate::message::Patience;
use crate::policy::Compressed;
use crate::upstream::{BackendBody, BodyError};

use super::proxy::InFlight;

/// The body of a response.
pub(crate) enum ResponseBody {
    /// Our own words.
    Local(Option<Bytes>),
    /// A backend's, as it comes.
    Backend(BackendBody<InFlight>),
    /// A backend's, compressed.
    Compressed(Box<Compressed<BackendBody<InFlight>>>),
    /// None: what follows is another protocol.
    Tunnel { far: Option<Tunnel>, _held: InFlight },
}

impl ResponseBody {
    /// Our own words.
    pub(crate) fn local(text: impl Into<Bytes>) -> Self {
        let bytes = text.into();
        Self::Local((!bytes.is_empty()).then_some(bytes))
    }

    /// How long the client is waited for to take it.
    pub(crate) fn patience(&self) -> Patience {
        match self {
            Self::Backend(body) => body.patience(),
            Self::Compressed(body) => body.inner().patience(),
            // Nobody waits for our own words, and a tunnel has a time of its own.
            Self::Local(_) | Self::Tunnel { .. } => Patience::endless(),
        }
    }

    /// The far end of the tunnel that the response opens, if it opens one.
    pub(crate) fn tunnel(&mut self) -> Option<Tunnel> {
        match self {
            Self::Tunnel { far, .. } => far.take(),
            Self::Local(_) | Self::Backend(_) | Self::Compressed(_) => None,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Local(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Backend(body) => Pin::new(body).poll_frame(context),
            Self::Compressed(body) => Pin::new(body.as_mut()).poll_frame(context),
            Self::Tunnel { .. } => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Local(bytes) => bytes.is_none(),
            Self::Backend(body) => body.is_end_stream(),
            Self::Compressed(body) => body.is_end_stream(),
            Self::Tunnel { .. } => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Local(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Backend(body) => body.size_hint(),
            Self::Compressed(body) => body.size_hint(),
            Self::Tunnel { .. } => SizeHint::with_exact(0),
        }
    }
}
