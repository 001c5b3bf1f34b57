//! Whether a client takes what is sent to it, and whether anything moves at all.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tls::Stream;

/// The stream of a client that tells whether it is full. The library queues whatever it is told to send, so those that
/// could tell it too much look here first.
pub(super) struct Gauge {
    io: Stream,
    moves: Moves,
}

/// What is seen of a client's stream.
#[derive(Clone, Default)]
pub(super) struct Moves(Rc<Seen>);

#[derive(Default)]
struct Seen {
    blocked: Cell<bool>,
    count: Cell<u64>,
}

impl Moves {
    /// Whether the client has left no room on its stream.
    pub(super) fn is_blocked(&self) -> bool {
        self.0.blocked.get()
    }

    /// Counts what is read and written: while it is the same, nothing has moved.
    pub(super) fn count(&self) -> u64 {
        self.0.count.get()
    }

    fn read<T>(&self, read: Poll<T>) -> Poll<T> {
        self.0.count.set(self.0.count.get().wrapping_add(u64::from(read.is_ready())));
        read
    }

    fn written<T>(&self, written: Poll<T>) -> Poll<T> {
        self.0.blocked.set(written.is_pending());
        self.read(written)
    }

    fn flushed<T>(&self, flushed: Poll<T>) -> Poll<T> {
        self.0.blocked.set(flushed.is_pending());
        flushed
    }
}

impl Gauge {
    pub(super) fn new(io: Stream) -> (Self, Moves) {
        let moves = Moves::default();
        (Self { io, moves: moves.clone() }, moves)
    }
}

impl AsyncRead for Gauge {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        self.moves.read(read)
    }
}

impl AsyncWrite for Gauge {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.moves.written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.moves.written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.moves.flushed(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
