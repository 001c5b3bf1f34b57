//! The body of a client's request.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderName;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    COOKIE, EXPECT, HOST, MAX_FORWARDS, PROXY_AUTHORIZATION, RANGE, SET_COOKIE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use tokio::sync::oneshot;

use super::{IdleTimer, Interim, Patience, Reserved, Turn};

/// What decides about routing, framing or who somebody is must not come after the body (RFC 9110, section 6.5.1).
pub(crate) const FORBIDDEN_TRAILERS: [HeaderName; 24] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    COOKIE,
    EXPECT,
    HOST,
    MAX_FORWARDS,
    PROXY_AUTHORIZATION,
    RANGE,
    SET_COOKIE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// Why a client's body ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientFault {
    /// It went over the body limit of its route.
    TooLarge,
    /// It stood still for longer than the route allows.
    Stalled,
    /// The client went away or broke the protocol.
    Broken,
}

impl std::fmt::Display for ClientFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the request body is over the limit",
            Self::Stalled => "the request body stands still",
            Self::Broken => "the client broke off its request body",
        })
    }
}

impl std::error::Error for ClientFault {}

/// How a request body fares, seen from outside: the body itself is with the backend's connection.
pub(crate) struct Progress {
    fault: Cell<Option<ClientFault>>,
    /// Whether its response has begun.
    answered: Cell<bool>,
    /// How many pieces came.
    pieces: Cell<u64>,
    /// The backend's turn: to take the next piece, or, when it has all, to answer.
    pub(crate) backend: Turn,
}

impl Progress {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            fault: Cell::new(None),
            answered: Cell::new(false),
            pieces: Cell::new(0),
            backend: Turn::began(),
        })
    }

    /// The response has begun. A body of no known length may be one half of a conversation: from now on both directions have
    /// one time together, and it is the response's.
    pub(crate) fn answered(&self) {
        self.answered.set(true);
    }

    /// How many pieces came so far.
    pub(crate) fn pieces(&self) -> u64 {
        self.pieces.get()
    }

    /// Why the body failed, if it did.
    pub(crate) fn fault(&self) -> Option<ClientFault> {
        self.fault.get()
    }
}

/// The body of a client's request on its way to a backend: streamed, counted against the limit, and watched.
pub(crate) struct ClientBody {
    inner: Option<Pin<Box<dyn Body<Data = Bytes, Error = ClientFault>>>>,
    interim: Option<Interim>,
    reserved: Reserved,
    left: u64,
    touched: bool,
    patience: Patience,
    idle: IdleTimer,
    progress: Rc<Progress>,
    /// Boxed because it is large and rare.
    recorder: Option<Box<Recorder>>,
}

/// Keeps what a body brings, until it is more than `max` bytes.
struct Recorder {
    kept: BytesMut,
    max: usize,
    whole: oneshot::Sender<Bytes>,
}

impl Recorder {
    /// Keeps a piece, if there is room for it.
    fn keep(mut self: Box<Self>, piece: &[u8]) -> Option<Box<Self>> {
        let fits = self.kept.len() + piece.len() <= self.max;
        fits.then(|| {
            self.kept.extend_from_slice(piece);
            self
        })
    }

    fn finish(self) {
        _ = self.whole.send(self.kept.freeze()); // whoever asked for it may be gone
    }
}

impl ClientBody {
    /// `limit` in bytes, `patience` with who sends it; `interim` is the way back for interim responses; `reserved` must
    /// not stand in the trailer section either.
    pub(crate) fn new<B>(
        inner: B,
        limit: Option<u64>,
        patience: Patience,
        interim: Option<Interim>,
        reserved: Reserved,
    ) -> Self
    where
        B: Body<Data = Bytes> + 'static,
    {
        let none = inner.is_end_stream();
        let inner = (!none).then(|| Box::pin(inner.map_err(|_| ClientFault::Broken)) as Pin<Box<_>>);
        let (left, idle) = (limit.unwrap_or(u64::MAX), IdleTimer::new(patience.longest()));
        let progress = Progress::new();
        Self { inner, interim, reserved, left, touched: false, patience, idle, progress, recorder: None }
    }

    /// No body, with the same way back for interim responses.
    pub(crate) fn nothing(&self) -> Self {
        Self::new(Empty::new(), None, Patience::endless(), self.interim.clone(), Reserved::default())
    }

    /// What another body brought; nobody is told of interim responses.
    pub(crate) fn copy(bytes: Bytes) -> Self {
        Self::new(Full::new(bytes), None, Patience::endless(), None, Reserved::default())
    }

    /// Gives what this body will have brought when it has come to its end: nothing, if it breaks off or brings more than
    /// `max` bytes. `None` when it says that it will.
    pub(crate) fn record(&mut self, max: usize) -> Option<impl Future<Output = Option<Bytes>> + 'static> {
        if self.size_hint().lower() > max as u64 {
            return None;
        }
        let (whole, brought) = oneshot::channel();
        let recorder = Box::new(Recorder { kept: BytesMut::new(), max, whole });
        match self.is_empty() {
            true => recorder.finish(),
            false => self.recorder = Some(recorder),
        }
        Some(async { brought.await.ok() })
    }

    /// Whether nothing of it was read yet.
    pub(crate) fn is_untouched(&self) -> bool {
        !self.touched
    }

    /// Whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.inner.is_none()
    }

    /// The way back for interim responses, if the client understands them.
    pub(crate) fn interim(&self) -> Option<&Interim> {
        self.interim.as_ref()
    }

    /// How this body fares.
    pub(crate) fn progress(&self) -> Rc<Progress> {
        Rc::clone(&self.progress)
    }

    fn record_frame(&mut self, frame: &Frame<Bytes>) {
        let Some(recorder) = self.recorder.take() else { return };
        self.recorder = recorder.keep(frame.data_ref().map_or(&[], |data| data));
        if self.is_end_stream() {
            // Nobody asks again after the last byte of a known length.
            self.recorder.take().into_iter().for_each(|it| it.finish());
        }
    }

    fn fail(&mut self, fault: ClientFault) -> Poll<Option<Result<Frame<Bytes>, ClientFault>>> {
        self.progress.fault.set(Some(fault));
        self.inner = None;
        self.recorder = None;
        Poll::Ready(Some(Err(fault)))
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = ClientFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientFault>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        let Poll::Ready(frame) = inner.as_mut().poll_frame(context) else {
            this.progress.backend.end();
            if this.progress.answered.get() && inner.size_hint().exact().is_none() {
                return Poll::Pending;
            }
            // Before its first byte a client may wait for a word itself (RFC 9110, section 10.1.1).
            let limit = if this.touched { this.patience.wait() } else { this.patience.longest() };
            ready!(this.idle.poll_after(limit, context));
            return this.fail(ClientFault::Stalled);
        };
        this.progress.backend.begin();
        this.progress.pieces.set(this.progress.pieces.get().wrapping_add(1));
        this.idle.moved();
        match frame {
            None => {
                this.recorder.take().into_iter().for_each(|it| it.finish());
                Poll::Ready(None)
            }
            Some(Err(_)) => this.fail(ClientFault::Broken),
            Some(Ok(frame)) => {
                this.touched = true;
                let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                this.patience.moved(length);
                match this.left.checked_sub(length) {
                    None => this.fail(ClientFault::TooLarge),
                    Some(left) => {
                        this.left = left;
                        this.record_frame(&frame);
                        let mut frame = without_forbidden_trailers(frame);
                        frame.trailers_mut().into_iter().for_each(|it| this.reserved.take_out(it));
                        Poll::Ready(Some(Ok(frame)))
                    }
                }
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

/// Takes out of a trailer section what must not stand there (RFC 9110, section 6.5.1): framing, routing and
/// authentication, which whoever merges trailers into the head would believe.
pub(crate) fn without_forbidden_trailers(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            for name in FORBIDDEN_TRAILERS {
                trailers.remove(name);
            }
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn trailers_lose_what_must_not_stand_there() {
        let mut trailers = HeaderMap::new();
        trailers.insert(HOST, HeaderValue::from_static("evil.example"));
        trailers.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        let frame = without_forbidden_trailers(Frame::trailers(trailers));
        let kept = frame.into_trailers().ok().unwrap();
        assert_eq!(kept.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["grpc-status"]);
    }

    #[tokio::test]
    async fn no_body_ends_at_once() {
        let body = ClientBody::copy(Bytes::new());
        assert!(body.is_empty() && body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.collect().await.unwrap().to_bytes().is_empty());
    }

    #[tokio::test]
    async fn what_a_body_brings_can_be_kept() {
        let mut nothing = ClientBody::copy(Bytes::new());
        assert_eq!(nothing.record(9).unwrap().await, Some(Bytes::new()));
        let mut body = ClientBody::copy(Bytes::from_static(b"0123456789"));
        assert!(body.record(9).is_none(), "it says that it is longer");
        let kept = body.record(10).unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "0123456789");
        assert_eq!(kept.await, Some(Bytes::from_static(b"0123456789")));
        let (whole, brought) = oneshot::channel();
        let recorder = Box::new(Recorder { kept: BytesMut::new(), max: 4, whole });
        assert!(recorder.keep(b"abc").and_then(|it| it.keep(b"de")).is_none());
        assert!(brought.await.is_err(), "too long");
    }

    #[test]
    fn faults_read_as_sentences() {
        assert!(ClientFault::TooLarge.to_string().contains("limit"));
        assert!(ClientFault::Stalled.to_string().contains("still"));
        assert!(ClientFault::Broken.to_string().contains("broke"));
    }
}
