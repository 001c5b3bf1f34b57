//! A body that is compressed while it streams.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use divisor_schema::plan::Encoding;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::encoder::Encoder;

/// Compressed bytes that are worth a piece of their own.
const PIECE: usize = 16 * 1024;
/// Bytes that are compressed before others have their turn.
const TURN: usize = 256 * 1024;

/// A compressed body. Whatever it is given goes out as soon as nothing more is there, so that a slow stream stays one.
pub(crate) struct Compressed<B> {
    inner: B,
    state: State,
}

enum State {
    /// Nothing came yet: the encoder is made when it is needed.
    New(Encoding),
    /// `waiting`: something went in that has not come out.
    Running { encoder: Encoder, waiting: bool },
    /// The last piece is out; trailers may follow.
    Finished(Option<HeaderMap>),
}

impl<B> Compressed<B> {
    /// Compresses `inner`.
    pub(crate) fn new(inner: B, encoding: Encoding) -> Self {
        Self { inner, state: State::New(encoding) }
    }

    /// The body as it was.
    pub(crate) fn inner(&self) -> &B {
        &self.inner
    }
}

impl<B> Compressed<B> {
    fn running(&mut self) -> io::Result<Option<(&mut Encoder, &mut bool)>> {
        if let State::New(encoding) = self.state {
            self.state = State::Running { encoder: Encoder::new(encoding)?, waiting: false };
        }
        Ok(match &mut self.state {
            State::Running { encoder, waiting } => Some((encoder, waiting)),
            State::New(_) | State::Finished(_) => None,
        })
    }

    /// Takes a piece in; gives what has come out, if it is worth sending.
    fn take_in(&mut self, piece: &[u8]) -> io::Result<Option<Bytes>> {
        let Some((encoder, waiting)) = self.running()? else { return Ok(None) };
        encoder.write(piece)?;
        *waiting |= !piece.is_empty();
        Ok((encoder.ready() >= PIECE).then(|| encoder.take()))
    }

    /// Gives all that was taken in, if there is something.
    fn flushed(&mut self) -> io::Result<Option<Bytes>> {
        let State::Running { encoder, waiting } = &mut self.state else { return Ok(None) };
        if std::mem::take(waiting) {
            encoder.flush()?;
        }
        Ok((encoder.ready() > 0).then(|| encoder.take()))
    }

    /// Gives the last piece; trailers come after it.
    fn finish(&mut self, trailers: Option<HeaderMap>) -> io::Result<Bytes> {
        self.running()?; // an empty body has an encoding, too
        match std::mem::replace(&mut self.state, State::Finished(trailers)) {
            State::Running { encoder, .. } => encoder.finish(),
            State::New(_) | State::Finished(_) => Ok(Bytes::new()),
        }
    }
}

impl<B> Body for Compressed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: From<io::Error>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if let State::Finished(trailers) = &mut this.state {
            return Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
        }
        let mut taken = 0;
        let piece = loop {
            let frame = match Pin::new(&mut this.inner).poll_frame(context) {
                Poll::Pending => match this.flushed() {
                    Ok(None) => return Poll::Pending,
                    flushed => break flushed.map(Option::unwrap_or_default),
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(None) => break this.finish(None),
            };
            let piece = match frame.into_data() {
                Ok(piece) => piece,
                Err(frame) => break this.finish(frame.into_trailers().ok()),
            };
            taken += piece.len();
            match this.take_in(&piece) {
                Ok(None) if taken < TURN => {}
                Ok(None) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                ready => break ready.map(Option::unwrap_or_default),
            }
        };
        Poll::Ready(Some(piece.map(Frame::data).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Finished(None))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
