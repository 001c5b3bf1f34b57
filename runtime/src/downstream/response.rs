//! A response on its way to the client.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;

use crate::exchange::ResponseBody;
use crate::message::Turn;
use crate::upstream::BodyError;

use super::activity::Exchanging;

/// A response body. Its exchange is in flight until the last piece is handed out, or until the client has let one lie
/// for as long as the route allows: then everything is let go that is held for it, though the protocol below asks for
/// nothing as long as the client takes nothing.
pub(super) struct Watched {
    shared: Rc<Shared>,
    guard: Option<AbortHandle>,
}

struct Shared {
    state: RefCell<State>,
    /// The client's turn: to take a piece.
    client: Turn,
}

#[expect(clippy::large_enum_variant, reason = "there is one for each stream, and it lies on the heap")]
enum State {
    Running { body: ResponseBody, _exchanging: Exchanging },
    Ended,
    LetGo,
}

impl Watched {
    pub(super) fn new(body: ResponseBody, exchanging: Exchanging) -> Self {
        let shared =
            Shared { state: State::Running { body, _exchanging: exchanging }.into(), client: Turn::began() };
        Self { shared: Rc::new(shared), guard: None }
    }

    /// No body, of an exchange that somebody else has an eye on.
    pub(super) fn nothing() -> Self {
        let shared = Shared { state: State::Ended.into(), client: Turn::began() };
        Self { shared: Rc::new(shared), guard: None }
    }

    /// Sees to it that the client takes a piece within `idle`.
    fn guard(&mut self, idle: Duration) {
        self.shared.client.begin();
        if self.guard.is_none() {
            let shared = Rc::clone(&self.shared);
            let guard = async move {
                shared.client.missed(idle).await;
                shared.state.replace(State::LetGo);
            };
            self.guard = Some(tokio::task::spawn_local(guard).abort_handle());
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.shared.state.replace(State::Ended); // now, not when the guard is gone
        if let Some(guard) = &self.guard {
            guard.abort();
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        this.shared.client.end();
        let (polled, ended, idle) = match &mut *this.shared.state.borrow_mut() {
            State::Ended => return Poll::Ready(None),
            State::LetGo => return Poll::Ready(Some(Err(BodyError::Untaken))),
            State::Running { body, .. } => {
                let polled = Pin::new(&mut *body).poll_frame(context);
                (polled, body.is_end_stream(), body.idle())
            }
        };
        match &polled {
            Poll::Ready(None) => drop(this.shared.state.replace(State::Ended)),
            Poll::Ready(Some(Ok(_))) if ended => drop(this.shared.state.replace(State::Ended)),
            Poll::Ready(Some(Ok(_))) => this.guard(idle),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &*self.shared.state.borrow() {
            State::Running { body, .. } => body.is_end_stream(),
            State::Ended => true,
            State::LetGo => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &*self.shared.state.borrow() {
            State::Running { body, .. } => body.size_hint(),
            State::Ended => SizeHint::with_exact(0),
            State::LetGo => SizeHint::default(),
        }
    }
}
