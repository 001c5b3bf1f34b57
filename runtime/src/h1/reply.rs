//! A response on its way to a client.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Version};
use http_body::Frame;

use crate::message::Patience;

use super::Fault;
use super::encode::{self, Reply};
use super::framing::Framing;
use super::near::Near;
use super::server::Answer;
use super::timer::Timer;
use super::wire::Duplex;

/// How a response is written to a client that speaks `version`.
pub(super) fn plan<B: Answer>(
    head: &Response<()>,
    body: &B,
    method: &Method,
    version: Version,
    keep_alive: bool,
) -> Reply {
    let bodiless = *method == Method::HEAD
        || head.status() == StatusCode::NO_CONTENT
        || head.status() == StatusCode::NOT_MODIFIED;
    let framing = (!bodiless).then(|| match body.size_hint().exact() {
        Some(length) => Framing::Length(length),
        None if version == Version::HTTP_11 => Framing::Chunked,
        None => Framing::UntilClose,
    });
    let keep_alive = keep_alive && framing != Some(Framing::UntilClose);
    Reply { framing, keep_alive, version }
}

/// Sends a body behind its head, and all of it. A client that takes nothing for as long as the body has patience, or for
/// `idle` once it has ended, is cut off.
///
/// # Errors
/// When the client has gone, takes nothing, or the body breaks off: the response is then visibly incomplete.
pub(super) async fn send<IO: Duplex + 'static, B: Answer>(
    near: &Rc<Near<IO>>,
    body: &mut B,
    framing: Option<Framing>,
    idle: Duration,
    timer: &mut Timer,
) -> Result<(), Fault> {
    let (patience, written) = (body.patience(), near.borrow_mut().wire.written());
    let mut sending = Sending { near, framing, idle, patience, timer, written, waits: false };
    if framing.is_none() {
        sending.framing = Some(Framing::Length(0));
    }
    poll_fn(|context| sending.poll(body, context)).await
}

struct Sending<'a, IO> {
    near: &'a Near<IO>,
    /// What is left of the body; `None` once all is handed over.
    framing: Option<Framing>,
    idle: Duration,
    patience: Patience,
    timer: &'a mut Timer,
    /// What was written when the client last took something.
    written: u64,
    /// Whether the client's time runs.
    waits: bool,
}

impl<IO: Duplex + 'static> Sending<'_, IO> {
    fn poll<B: Answer>(&mut self, body: &mut B, context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            let Some(framing) = self.framing else {
                self.patience = self.patience.with_idle(self.idle);
                return self.poll_flush(context);
            };
            if framing == Framing::Length(0) {
                self.framing = None;
                continue;
            }
            if !self.near.borrow_mut().wire.has_room() {
                std::task::ready!(self.poll_flush(context))?;
            }
            match Pin::new(&mut *body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => self.put(frame)?,
                Poll::Ready(None) => self.end(None)?,
                // What is there is still sent: the client sees how far it came.
                Poll::Ready(Some(Err(_))) => {
                    let _ = self.poll_flush(context);
                    return Poll::Ready(Err(Fault::Truncated));
                }
                Poll::Pending => return self.wait(context),
            }
        }
    }

    /// Sends what there is while more is to come.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        if let Poll::Ready(Err(fault)) = self.poll_flush(context) {
            return Poll::Ready(Err(fault));
        }
        if self.near.borrow_mut().has_gone(context) {
            return Poll::Ready(Err(Fault::Truncated));
        }
        Poll::Pending
    }

    fn put(&mut self, frame: Frame<Bytes>) -> Result<(), Fault> {
        let data = match frame.into_data() {
            Ok(data) if data.is_empty() => return Ok(()),
            Ok(data) => data,
            Err(frame) => return self.end(frame.into_trailers().ok().as_ref()),
        };
        let wire = &mut self.near.borrow_mut().wire;
        match &mut self.framing {
            Some(Framing::Length(left)) => {
                *left = left.checked_sub(data.len() as u64).ok_or(Fault::Truncated)?;
                wire.put(data, b"");
            }
            Some(Framing::Chunked) => {
                encode::chunk_line(&mut wire.output, data.len());
                wire.put(data, b"\r\n");
            }
            Some(Framing::UntilClose) | None => wire.put(data, b""),
        }
        Ok(())
    }

    fn end(&mut self, trailers: Option<&HeaderMap>) -> Result<(), Fault> {
        match self.framing.take() {
            Some(Framing::Length(1..)) => return Err(Fault::Truncated),
            Some(Framing::Chunked) => encode::last_chunk(&mut self.near.borrow_mut().wire.output, trailers),
            _ => {}
        }
        Ok(())
    }

    /// Writes what there is, as long as the client takes some of it every now and then.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let wire = &mut self.near.borrow_mut().wire;
        let flushed = wire.poll_flush(context);
        if flushed.is_ready() || wire.written() != self.written {
            self.patience.moved(wire.written().wrapping_sub(self.written));
            (self.waits, self.written) = (false, wire.written());
        }
        if flushed.is_ready() {
            return flushed.map_err(Fault::from);
        }
        if !self.waits {
            self.waits = true;
            self.timer.start(self.patience.wait());
        }
        self.timer.poll(context).map(|()| Err(Fault::Untaken))
    }
}
