//! A stream with what was read too early and what is yet to be written.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// The first read of a message; most heads fit.
const READ_FIRST: usize = 8 * 1024;
/// Reads grow up to this while a body keeps filling them.
const READ_MOST: usize = 64 * 1024;
/// Data up to this is copied behind the head instead of written by itself.
const COPIED: usize = 16 * 1024;

/// A stream that carries bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// One end of a connection.
pub(crate) struct Wire<IO> {
    io: IO,
    /// What was read and not yet understood.
    pub(super) input: BytesMut,
    /// Whether nothing more will be read.
    pub(super) ended: bool,
    /// Whether there is no buffer to read into.
    resting: bool,
    next_read: usize,
    /// What is to be written: these bytes, then `data`, then `tail`.
    pub(super) output: BytesMut,
    data: Bytes,
    tail: &'static [u8],
    written: u64,
}

impl<IO: Duplex> Wire<IO> {
    /// A wire over a fresh stream.
    pub(crate) fn new(io: IO) -> Self {
        Self {
            io,
            input: BytesMut::new(),
            ended: false,
            resting: true,
            next_read: READ_FIRST,
            output: BytesMut::new(),
            data: Bytes::new(),
            tail: b"",
            written: 0,
        }
    }

    /// The same with bytes that were read from the stream before.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        Self { input: BytesMut::from(bytes), ..self }
    }

    /// The same over a stream of any kind.
    pub(super) fn boxed(self) -> Wire<Box<dyn Duplex>>
    where
        IO: 'static,
    {
        let Self { io, input, ended, resting, next_read, output, data, tail, written } = self;
        Wire { io: Box::new(io), input, ended, resting, next_read, output, data, tail, written }
    }

    /// Reads more behind what is there; ready with whether anything came.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.ended {
            return Poll::Ready(Ok(false));
        }
        let count = match self.resting {
            true => ready!(self.poll_fill_resting(context))?,
            false => ready!(self.poll_fill_more(context))?,
        };
        self.ended = count == 0;
        self.resting = false;
        Poll::Ready(Ok(count > 0))
    }

    /// A connection that waits for its next message holds no buffer: the bytes arrive on the stack.
    fn poll_fill_resting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut stack = [std::mem::MaybeUninit::uninit(); READ_FIRST];
        let mut buffer = ReadBuf::uninit(&mut stack);
        ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer))?;
        let filled = buffer.filled();
        self.input.extend_from_slice(filled);
        Poll::Ready(Ok(filled.len()))
    }

    fn poll_fill_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.reserve(self.next_read);
        let mut room = (&mut self.input).limit(self.next_read);
        let count = ready!(pin!(self.io.read_buf(&mut room)).poll(context))?;
        let full = count == self.next_read;
        self.next_read = if full { (self.next_read * 2).min(READ_MOST) } else { self.next_read };
        Poll::Ready(Ok(count))
    }

    /// Whether the stream has ended or failed, or brought something nobody asked for. Never waits.
    pub(super) fn is_stale(&mut self) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.ended || !self.input.is_empty() || self.poll_fill(&mut context).is_ready()
    }

    /// Gives the buffers back while there is nothing in them.
    pub(super) fn rest(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
            self.next_read = READ_FIRST;
            self.resting = true;
        }
        if self.output.is_empty() {
            self.output = BytesMut::new();
        }
    }

    /// Puts a piece of a body behind what is to be written, with `tail` after it. Only when [`has_room`](Self::has_room).
    pub(super) fn put(&mut self, data: Bytes, tail: &'static [u8]) {
        if data.len() <= COPIED {
            self.output.extend_from_slice(&data);
            self.output.extend_from_slice(tail);
        } else {
            (self.data, self.tail) = (data, tail);
        }
    }

    /// Whether another piece may be put behind what is to be written.
    pub(super) fn has_room(&self) -> bool {
        self.data.is_empty() && self.tail.is_empty() && self.output.len() < COPIED
    }

    /// Whether all is written.
    pub(super) fn is_flushed(&self) -> bool {
        self.output.is_empty() && self.data.is_empty() && self.tail.is_empty()
    }

    /// How many bytes were written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes all that is to be written.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_flushed() {
            let count = ready!(self.poll_write(context))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(count);
        }
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        if self.data.is_empty() && self.tail.is_empty() {
            return io.poll_write(context, &self.output);
        }
        let parts = [IoSlice::new(&self.output), IoSlice::new(&self.data), IoSlice::new(self.tail)];
        io.poll_write_vectored(context, &parts)
    }

    fn advance(&mut self, count: usize) {
        self.written = self.written.wrapping_add(count as u64);
        let (of_output, count) = split(count, self.output.len());
        self.output.advance(of_output);
        let (of_data, of_tail) = split(count, self.data.len());
        self.data.advance(of_data);
        self.tail = self.tail.get(of_tail..).unwrap_or_default();
    }

    /// Closes the side that is written to.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// What of `count` falls within the first `length`, and what is left.
fn split(count: usize, length: usize) -> (usize, usize) {
    let first = count.min(length);
    (first, count - first)
}
