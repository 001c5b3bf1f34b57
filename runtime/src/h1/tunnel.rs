//! Two streams that are one: what follows an upgrade (RFC 9110, section 7.8), and connections that pass as they are.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::message::IdleTimer;

use super::wire::{Duplex, Wire};

/// The far end of a tunnel, ready to be joined to the near one.
pub(crate) struct Tunnel {
    far: Wire<Box<dyn Duplex>>,
    idle: IdleTimer,
    up: bool,
    down: bool,
}

impl Tunnel {
    /// A tunnel to `far` that ends when for `idle` nothing moves in it.
    pub(crate) fn new<IO: Duplex + 'static>(far: Wire<IO>, idle: Duration) -> Self {
        Self { far: far.boxed(), idle: IdleTimer::new(idle), up: false, down: false }
    }

    /// The same over a stream that is no connection of HTTP/1.
    pub(crate) fn over<IO: Duplex + 'static>(far: IO, idle: Duration) -> Self {
        Self::new(Wire::new(far), idle)
    }

    /// Joins the far end to a stream that is no connection of HTTP/1; completes as [`poll`](Self::poll) does.
    ///
    /// # Errors
    /// When one of the streams fails.
    pub(crate) async fn join<IO: Duplex>(mut self, near: IO) -> io::Result<()> {
        let mut near = Wire::new(near);
        poll_fn(|context| self.poll(&mut near, context)).await
    }

    /// Carries bytes both ways; ready when both sides have ended, each side's end being passed on, or nothing moves.
    ///
    /// # Errors
    /// When one of the streams fails.
    pub(crate) fn poll<IO: Duplex>(
        &mut self,
        near: &mut Wire<IO>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { far, idle, up, down } = self;
        let before = near.written().wrapping_add(far.written());
        *up = *up || carry(near, far, context)?.is_ready();
        *down = *down || carry(far, near, context)?.is_ready();
        if *up && *down {
            return Poll::Ready(Ok(()));
        }
        if near.written().wrapping_add(far.written()) != before {
            idle.moved();
        }
        // While nothing moves, nothing is held.
        near.rest();
        far.rest();
        idle.poll_expired(context).map(Ok)
    }
}

/// Carries what comes from one side to the other; ready when that side has ended and the other knows.
fn carry<A: Duplex, B: Duplex>(
    from: &mut Wire<A>,
    to: &mut Wire<B>,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        ready!(to.poll_flush(context))?;
        if !from.input.is_empty() {
            let data = from.input.split().freeze();
            to.put(data, b"");
        } else if !ready!(from.poll_fill(context))? {
            return to.poll_shutdown(context);
        }
    }
}
