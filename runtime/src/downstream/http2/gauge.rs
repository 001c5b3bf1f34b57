//! Whether a client takes what is sent to it.

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
    blocked: Blocked,
}

/// Whether the client has left no room on its stream.
#[derive(Clone, Default)]
pub(super) struct Blocked(Rc<Cell<bool>>);

impl Blocked {
    pub(super) fn is_blocked(&self) -> bool {
        self.0.get()
    }

    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        self.0.set(written.is_pending());
        written
    }
}

impl Gauge {
    pub(super) fn new(io: Stream) -> (Self, Blocked) {
        let blocked = Blocked::default();
        (Self { io, blocked: blocked.clone() }, blocked)
    }
}

impl AsyncRead for Gauge {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for Gauge {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.blocked.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.blocked.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.blocked.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
