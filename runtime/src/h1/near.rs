//! The client's end of a connection, shared between its loop and the body of the request under way.

use std::cell::{RefCell, RefMut};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::timeout;

use super::Fault;
use super::framing::{Decoder, Framing, Piece};
use super::tunnel::Tunnel;
use super::wire::{Duplex, Wire};

/// A rest of a request up to this is read and dropped so that the connection can go on.
const DRAINED: u64 = 64 * 1024;
/// Requests sent ahead are read up to this while one is answered.
const AHEAD: usize = 16 * 1024;

/// The stream of a client. Nobody keeps it borrowed while he waits.
pub(super) struct Near<IO>(RefCell<State<IO>>);

pub(super) struct State<IO> {
    pub(super) wire: Wire<IO>,
    /// What is left of the request's body.
    decoder: Decoder,
    /// Counts the requests.
    current: u64,
    /// Whether somebody may still read the body.
    wanted: bool,
}

impl<IO: Duplex + 'static> Near<IO> {
    pub(super) fn new(io: IO) -> Rc<Self> {
        let decoder = Decoder::new(Framing::Length(0));
        Rc::new(Self(RefCell::new(State { wire: Wire::new(io), decoder, current: 0, wanted: false })))
    }

    pub(super) fn borrow_mut(&self) -> RefMut<'_, State<IO>> {
        self.0.borrow_mut()
    }

    /// The body of the request that begins.
    pub(super) fn begin(near: &Rc<Self>, framing: Framing) -> Incoming {
        let mut state = near.borrow_mut();
        state.current += 1;
        state.decoder = Decoder::new(framing);
        let none = framing == Framing::Length(0);
        state.wanted = !none;
        let from = (!none).then(|| (Rc::clone(near) as Rc<dyn Source>, state.current));
        Incoming { from }
    }

    /// Drops what has arrived of a body that nobody reads.
    pub(super) fn discard_what_is_there(&self) {
        let state = &mut *self.borrow_mut();
        while !state.wanted && !state.decoder.is_done() {
            match state.decoder.next(&mut state.wire.input, state.wire.ended) {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Whether the connection can go on after this response: the request is through, or what is left is little and
    /// will come (a client that `expects` a word first may never send it).
    pub(super) fn is_drainable(&self, expects: bool) -> bool {
        let state = self.borrow_mut();
        state.decoder.is_done() || (!expects && state.decoder.left().is_some_and(|left| left <= DRAINED))
    }

    /// Reads what is left of the request, and drops it.
    pub(super) async fn drain(&self) -> Result<(), Fault> {
        poll_fn(|context| {
            let state = &mut *self.borrow_mut();
            while !state.decoder.is_done() {
                match state.poll_piece(context) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(fault)) => return Poll::Ready(Err(fault)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Writes all that is to be written.
    pub(super) async fn flush(&self) -> io::Result<()> {
        poll_fn(|context| self.borrow_mut().wire.poll_flush(context)).await
    }

    /// Ends the connection so that the client still gets what was sent: a stream that is closed while data arrives is
    /// reset, and what the client has not read by then is lost (RFC 9112, section 9.6).
    pub(super) async fn close(&self, patience: Duration) {
        let goodbye = poll_fn(|context| {
            let wire = &mut self.borrow_mut().wire;
            ready!(wire.poll_shutdown(context))?;
            loop {
                wire.input.clear();
                if !ready!(wire.poll_fill(context))? {
                    return Poll::Ready(io::Result::Ok(()));
                }
            }
        });
        let _ = timeout(patience, goodbye).await; // the stream ends either way
    }

    /// Joins the stream to the far end of a tunnel.
    pub(super) async fn join(&self, mut tunnel: Tunnel) -> io::Result<()> {
        poll_fn(|context| tunnel.poll(&mut self.borrow_mut().wire, context)).await
    }
}

impl<IO: Duplex> State<IO> {
    /// The next piece of the request's body.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, Fault>> {
        loop {
            if let Some(piece) = self.decoder.next(&mut self.wire.input, self.wire.ended)? {
                return Poll::Ready(Ok(piece));
            }
            ready!(self.wire.poll_fill(context))?;
        }
    }

    /// Whether the client has gone, or closed its side, while its request is answered.
    pub(super) fn has_gone(&mut self, context: &mut Context<'_>) -> bool {
        while self.decoder.is_done() && self.wire.input.len() < AHEAD {
            match self.wire.poll_fill(context) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(_) => return true,
                Poll::Pending => return false,
            }
        }
        false
    }
}

/// Where the body of a request comes from, whatever the stream.
trait Source {
    fn poll_body(&self, request: u64, context: &mut Context<'_>) -> Poll<Result<Piece, Fault>>;
    fn left(&self, request: u64) -> Option<u64>;
    fn abandon(&self, request: u64);
}

impl<IO: Duplex> Source for Near<IO> {
    fn poll_body(&self, request: u64, context: &mut Context<'_>) -> Poll<Result<Piece, Fault>> {
        let state = &mut *self.0.borrow_mut();
        if state.current != request {
            return Poll::Ready(Err(Fault::Truncated));
        }
        state.poll_piece(context)
    }

    fn left(&self, request: u64) -> Option<u64> {
        let state = self.0.borrow();
        if state.current == request { state.decoder.left() } else { Some(0) }
    }

    fn abandon(&self, request: u64) {
        let state = &mut *self.0.borrow_mut();
        state.wanted &= state.current != request;
    }
}

/// The body of a request, read from the client's stream when somebody asks for it.
pub(crate) struct Incoming {
    /// The stream, and which of its requests this is the body of. Nothing when there is none.
    from: Option<(Rc<dyn Source>, u64)>,
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let Some((source, request)) = &self.from else { return Poll::Ready(None) };
        Poll::Ready(match ready!(source.poll_body(*request, context)) {
            Ok(Piece::Data(data)) => Some(Ok(Frame::data(data))),
            Ok(Piece::Trailers(fields)) => Some(Ok(Frame::trailers(fields))),
            Ok(Piece::End) => None,
            Err(fault) => Some(Err(fault)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.from.as_ref().is_none_or(|(source, request)| source.left(*request) == Some(0))
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.from.as_ref().map_or(Some(0), |(source, request)| source.left(*request));
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some((source, request)) = &self.from {
            source.abandon(*request);
        }
    }
}
