//! The side of a backend: sends requests, reads responses.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::message::{ClientBody, Interim};

use super::Fault;
use super::encode;
use super::framing::{self, Decoder, Framing, Piece};
use super::head::{Limits, Reader};
use super::tunnel::Tunnel;
use super::wire::{Duplex, Wire};

/// What the head of a response may hold.
const LIMITS: Limits = Limits { bytes: 64 * 1024, fields: 256 };

/// A body on its way to a backend.
pub(crate) trait Outgoing: Body<Data = Bytes> + Unpin {
    /// The way back for interim responses, if whoever asked understands them.
    fn interim(&self) -> Option<&Interim>;
}

impl Outgoing for ClientBody {
    fn interim(&self) -> Option<&Interim> {
        self.interim()
    }
}

/// How far a request came that brought no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// No backend has looked at it: nothing was sent, or the backend says so (RFC 9113, section 8.7).
    Nobody,
    /// It was sent, and then there was nothing: where a connection ends that had waited, the backend may have closed it
    /// before the request was there (RFC 9112, section 9.3.1).
    Silence,
    /// A backend has begun to deal with it.
    Backend,
}

/// A connection to a backend on which nothing is under way.
pub(crate) struct Connection<IO>(Box<Wire<IO>>);

/// A request that brought no response.
pub(crate) struct Failed<B> {
    /// The request. What was read of its body is gone.
    pub(crate) request: Request<B>,
    /// How far it came.
    pub(crate) reached: Reached,
    /// What is wrong with the connection or the response; nothing where the request's own body broke off,
    /// or it cannot be sent at all.
    pub(crate) fault: Option<Fault>,
}

impl<IO: Duplex> Connection<IO> {
    /// A connection over a fresh stream.
    pub(crate) fn new(io: IO) -> Self {
        Self(Box::new(Wire::new(io)))
    }

    /// Whether it is of no more use: the backend has closed it, or said something without being asked. Never waits.
    pub(crate) fn is_stale(&mut self) -> bool {
        self.0.is_stale()
    }

    /// Sends a request and reads the head of its response. What is left of the body is sent while the response is read.
    ///
    /// # Errors
    /// [`Failed`], with the request.
    pub(crate) async fn send<B: Outgoing>(
        self,
        request: Request<B>,
    ) -> Result<Response<Incoming<IO, B>>, Failed<B>> {
        let (head, body) = request.into_parts();
        let framing = match body.size_hint().exact() {
            _ if body.is_end_stream() => Framing::Length(0),
            Some(length) => Framing::Length(length),
            None => Framing::Chunked,
        };
        let mut wire = self.0;
        let before = wire.written();
        let upgrade = framing == Framing::Length(0) && head.headers.contains_key(http::header::UPGRADE);
        encode::request(&mut wire.output, &head, framing, upgrade);
        let upload =
            Upload { body, framing, ended: framing == Framing::Length(0), flushed: false, broken: None };
        let mut exchange = Exchanging { wire, upload, reader: Reader::default(), answers: false };
        match poll_fn(|context| exchange.poll_response(&head.method, context)).await {
            Ok((response, decoder)) if response.status() != StatusCode::SWITCHING_PROTOCOLS || upgrade => {
                let keep = framing::keeps_alive(response.headers(), response.version());
                Ok(response.map(|()| Incoming { exchange, decoder, keep }))
            }
            refused => {
                let unasked = Some(Fault::Malformed("a switch of protocols that nobody asked for"));
                let fault = refused.err().unwrap_or(unasked);
                let reached = match exchange.wire.written() == before {
                    true => Reached::Nobody,
                    false if exchange.answers => Reached::Backend,
                    false => Reached::Silence,
                };
                Err(Failed { request: Request::from_parts(head, exchange.upload.body), reached, fault })
            }
        }
    }
}

/// The request's body, as far as it is sent.
struct Upload<B> {
    body: B,
    framing: Framing,
    /// Whether all of it is in the wire's buffers.
    ended: bool,
    /// Whether all of it is written.
    flushed: bool,
    /// Why it stopped.
    broken: Option<Broken>,
}

enum Broken {
    /// The body itself failed.
    Body,
    /// The stream takes nothing more. The response may be there all the same.
    Stream(Fault),
}

/// The head of a response, and what its body is read with.
type Begun = (Response<()>, Decoder);

/// A request under way.
struct Exchanging<IO, B> {
    wire: Box<Wire<IO>>,
    upload: Upload<B>,
    reader: Reader,
    /// Whether anything of an answer has come.
    answers: bool,
}

impl<IO: Duplex, B: Outgoing> Exchanging<IO, B> {
    /// Reads the head of the final response while the request is sent.
    fn poll_response(
        &mut self,
        method: &Method,
        context: &mut Context<'_>,
    ) -> Poll<Result<Begun, Option<Fault>>> {
        loop {
            self.push(context);
            if let Some(Broken::Body) = self.upload.broken {
                return Poll::Ready(Err(None));
            }
            if let Some(response) = self.reader.response(&mut self.wire.input, LIMITS).map_err(Some)? {
                let status = response.status();
                if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
                    self.inform(response).map_err(Some)?;
                    continue;
                }
                let framing = framing::of_response(&response, method).map_err(Some)?;
                return Poll::Ready(Ok((response, Decoder::new(framing))));
            }
            match ready!(self.wire.poll_fill(context)) {
                Ok(true) => self.answers = true,
                ended => return Poll::Ready(Err(Some(self.end(ended.err())))),
            }
        }
    }

    /// Why there is no response: the first thing that went wrong.
    fn end(&mut self, error: Option<std::io::Error>) -> Fault {
        match self.upload.broken.take() {
            Some(Broken::Stream(fault)) => fault,
            _ => error.map_or(Fault::Truncated, Fault::Io),
        }
    }

    fn inform(&self, response: Response<()>) -> Result<(), Fault> {
        let room = self.upload.body.interim().is_none_or(|interim| interim.put(response));
        if room { Ok(()) } else { Err(Fault::Malformed("interim responses without end")) }
    }

    /// Sends as much of the request as the backend takes.
    fn push(&mut self, context: &mut Context<'_>) {
        let Self { wire, upload, .. } = self;
        while !upload.flushed && upload.broken.is_none() {
            if upload.ended || !wire.has_room() {
                match wire.poll_flush(context) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(())) => upload.flushed = upload.ended,
                    Poll::Ready(Err(error)) => upload.broken = Some(Broken::Stream(error.into())),
                }
                continue;
            }
            match Pin::new(&mut upload.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => upload.put(wire, frame),
                Poll::Ready(None) => upload.end(wire, None),
                Poll::Ready(Some(Err(_))) => upload.broken = Some(Broken::Body),
                Poll::Pending => match wire.poll_flush(context) {
                    Poll::Ready(Err(error)) => upload.broken = Some(Broken::Stream(error.into())),
                    _ => return,
                },
            }
        }
    }
}

impl<B: Outgoing> Upload<B> {
    fn put<IO: Duplex>(&mut self, wire: &mut Wire<IO>, frame: Frame<Bytes>) {
        match (frame.into_data(), &mut self.framing) {
            (Ok(data), _) if data.is_empty() => {}
            (Ok(data), Framing::Length(left)) => match left.checked_sub(data.len() as u64) {
                Some(rest) => {
                    *left = rest;
                    wire.put(data, b"");
                    self.ended = rest == 0;
                }
                None => self.broken = Some(Broken::Body),
            },
            (Ok(data), _) => {
                encode::chunk_line(&mut wire.output, data.len());
                wire.put(data, b"\r\n");
            }
            (Err(frame), _) => {
                let trailers = frame.into_trailers().ok();
                self.end(wire, trailers.as_ref());
            }
        }
    }

    fn end<IO: Duplex>(&mut self, wire: &mut Wire<IO>, trailers: Option<&http::HeaderMap>) {
        match self.framing {
            Framing::Length(0) => self.ended = true,
            Framing::Length(_) | Framing::UntilClose => self.broken = Some(Broken::Body),
            Framing::Chunked => {
                encode::last_chunk(&mut wire.output, trailers);
                self.ended = true;
            }
        }
    }
}

/// The body of a response, with the connection that it comes by.
pub(crate) struct Incoming<IO, B> {
    exchange: Exchanging<IO, B>,
    decoder: Decoder,
    keep: bool,
}

impl<IO: Duplex, B: Outgoing> Incoming<IO, B> {
    /// The connection, if the next request can use it: both bodies are through, and nobody wants it closed.
    pub(crate) fn into_connection(self) -> Option<Connection<IO>> {
        let Exchanging { mut wire, upload, .. } = self.exchange;
        let through = self.decoder.is_done() && upload.flushed && upload.broken.is_none();
        let clean = self.keep && through && !wire.ended && wire.input.is_empty();
        clean.then(|| {
            wire.rest();
            Connection(wire)
        })
    }

    /// What a switch of protocols opened, to end when for `idle` nothing moves.
    pub(crate) fn into_tunnel(self, idle: Duration) -> Tunnel
    where
        IO: 'static,
    {
        Tunnel::new(*self.exchange.wire, idle)
    }
}

impl<IO: Duplex, B: Outgoing> Body for Incoming<IO, B> {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let Self { exchange, decoder, .. } = self.get_mut();
        loop {
            exchange.push(context);
            if let Some(Broken::Body) = exchange.upload.broken {
                return Poll::Ready(Some(Err(Fault::Truncated))); // a request without end has no response either
            }
            let wire = &mut *exchange.wire;
            match decoder.next(&mut wire.input, wire.ended) {
                Err(fault) => return Poll::Ready(Some(Err(fault))),
                Ok(Some(Piece::Data(data))) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Some(Piece::Trailers(fields))) => return Poll::Ready(Some(Ok(Frame::trailers(fields)))),
                Ok(Some(Piece::End)) => return Poll::Ready(None),
                Ok(None) => {}
            }
            if let Err(error) = ready!(wire.poll_fill(context)) {
                return Poll::Ready(Some(Err(error.into())));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.decoder.is_done()
    }

    fn size_hint(&self) -> SizeHint {
        self.decoder.left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
