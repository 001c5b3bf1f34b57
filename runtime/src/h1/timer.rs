//! A time limit that is set anew for every message.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::message::LONGEST;

/// A limit whose start costs next to nothing: the clock is only wound when it rings too early.
pub(super) struct Timer {
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// A limit that begins now.
    pub(super) fn new(limit: Duration) -> Self {
        Self { deadline: after(limit), sleep: None }
    }

    /// Begins a limit in place of the last one.
    pub(super) fn start(&mut self, limit: Duration) {
        self.deadline = after(limit);
    }

    /// Ready once the limit is over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

fn after(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + LONGEST)
}
