//! The body of a request, on its way to a backend.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body, Frame};
use tokio::task::AbortHandle;

use crate::message::{ClientBody, Interim};

/// What is left of a request's body.
pub(super) struct Upload {
    body: ClientBody,
    /// Nothing once all of it is sent, or nobody wants more.
    stream: Option<SendStream<Bytes>>,
}

/// The body itself broke off.
pub(super) struct Broken;

impl Upload {
    /// `stream` is where the body goes, if there is any.
    pub(super) fn new(body: ClientBody, stream: Option<SendStream<Bytes>>) -> Self {
        Self { body, stream }
    }

    /// The body, as far as it was not read.
    pub(super) fn into_body(self) -> ClientBody {
        self.body
    }

    /// The way back for interim responses, if whoever asked understands them.
    pub(super) fn interim(&self) -> Option<&Interim> {
        self.body.interim()
    }

    /// Sends as much as the backend takes; ready when nothing more is to be sent. What the stream thinks of it is told
    /// with the response.
    ///
    /// # Errors
    /// When the body breaks off: the stream is then reset.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while let Some(stream) = &mut self.stream {
            if !ready!(poll_room(stream, context)) {
                self.stream = None;
                break;
            }
            let sent = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => send(stream, frame, self.body.is_end_stream()),
                None => stream.send_data(Bytes::new(), true).map(|()| true),
                Some(Err(_)) => {
                    stream.send_reset(Reason::CANCEL);
                    self.stream = None;
                    return Poll::Ready(Err(Broken));
                }
            };
            if sent.unwrap_or(true) {
                self.stream = None;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Goes on by itself, if anything is left: a backend may answer before it has the whole request, and a client need
    /// not read before it has sent it.
    pub(super) fn go_on(mut self) -> Option<Going> {
        self.stream.as_ref()?;
        let watcher = Rc::new(Cell::new(None::<Waker>));
        let told = Rc::clone(&watcher);
        let task = tokio::task::spawn_local(async move {
            let _ = poll_fn(|context| self.poll(context)).await; // the stream knows how it ended
            drop(self);
            told.take().into_iter().for_each(Waker::wake);
        });
        Some(Going { task: task.abort_handle(), watcher })
    }
}

/// An upload that goes on by itself, until this is dropped.
pub(super) struct Going {
    task: AbortHandle,
    watcher: Rc<Cell<Option<Waker>>>,
}

impl Going {
    /// Wakes whoever waits here when the upload has ended: while it lasts, it alone hears of the client.
    pub(super) fn watch(&self, context: &Context<'_>) {
        self.watcher.set(Some(context.waker().clone()));
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for room; whether the backend takes anything more at all.
fn poll_room(stream: &mut SendStream<Bytes>, context: &mut Context<'_>) -> Poll<bool> {
    stream.reserve_capacity(1);
    while stream.capacity() == 0 {
        match ready!(stream.poll_capacity(context)) {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Poll::Ready(false),
        }
    }
    Poll::Ready(stream.poll_reset(context).is_pending())
}

/// Sends a piece; whether it was the last.
fn send(stream: &mut SendStream<Bytes>, frame: Frame<Bytes>, last: bool) -> Result<bool, h2::Error> {
    match frame.into_data() {
        Ok(data) if data.is_empty() && !last => Ok(false),
        Ok(data) => stream.send_data(data, last).map(|()| last),
        Err(frame) => {
            stream.reserve_capacity(0);
            stream.send_trailers(frame.into_trailers().unwrap_or_default()).map(|()| true)
        }
    }
}
