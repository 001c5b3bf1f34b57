//! Admission to a backend: so many exchanges at a time, so many that wait, and each with a ticket.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use divisor_schema::plan;

use super::backend::{Backend, State};

/// A backend has as many exchanges in flight as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// No place became free in time.
    Waited {
        /// The limit.
        limit: u32,
        /// How long the request waited.
        waited: Duration,
    },
    /// As many requests wait already as may.
    Full {
        /// The limit.
        limit: u32,
        /// How many wait.
        queue: u32,
    },
}

impl std::fmt::Display for Busy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waited { limit, waited } => {
                write!(f, "{limit} exchanges in flight, and no place became free within {waited:?}")
            }
            Self::Full { limit, queue } => write!(f, "{limit} exchanges in flight, and {queue} that wait"),
        }
    }
}

impl std::error::Error for Busy {}

impl Backend {
    /// Waits for a place among the exchanges that this backend may have in flight.
    ///
    /// # Errors
    /// [`Busy`] when none becomes free within [`plan::Connections::queue_timeout`], or when as many wait already as
    /// [`plan::Connections::queue`] says.
    pub(crate) async fn enter(self: &Arc<Self>) -> Result<Ticket, Busy> {
        match self.try_enter() {
            Some(ticket) => Ok(ticket),
            None => self.wait().await,
        }
    }

    async fn wait(self: &Arc<Self>) -> Result<Ticket, Busy> {
        let plan::Connections { per_backend: limit, queue, queue_timeout, .. } = self.settings().connections;
        let _waiting = Waiting::begin(&self.state, queue).ok_or(Busy::Full { limit, queue })?;
        let mut ticket = Ticket::queued(self);
        let waited = queue_timeout.into();
        let busy = Busy::Waited { limit, waited };
        let turn = tokio::time::timeout(waited, self.places.acquire()).await.map_err(|_| busy)?;
        turn.map_err(|_| busy)?.forget();
        ticket.admit();
        Ok(ticket)
    }

    /// A place among the exchanges that this backend may have in flight, if one is free.
    pub(crate) fn try_enter(self: &Arc<Self>) -> Option<Ticket> {
        let permit = self.places.try_acquire().ok()?;
        let mut ticket = Ticket::queued(self);
        permit.forget();
        ticket.admit();
        Some(ticket)
    }
}

/// A place in the queue before a backend; dropping it frees the place.
struct Waiting<'a>(&'a State);

impl<'a> Waiting<'a> {
    /// A place, if fewer than `most` are taken.
    fn begin(state: &'a State, most: u32) -> Option<Self> {
        let waiting = Self(state);
        (state.waiting.fetch_add(1, Ordering::Relaxed) < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place among the exchanges in flight to a backend; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Ticket {
    backend: Arc<Backend>,
    /// 0 while it waits.
    number: u64,
}

impl Ticket {
    fn queued(backend: &Arc<Backend>) -> Self {
        backend.state.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { backend: Arc::clone(backend), number: 0 }
    }

    fn admit(&mut self) {
        self.number = self.backend.state.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    }

    /// The backend it is for.
    pub(crate) fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// How many requests the backend has got, this one included.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Notes that the first byte of the response came at `now`, `took` after the request was sent.
    pub(crate) fn answered(&self, took: Duration, now: Instant) {
        self.backend.state.response_time.record(took, now);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.backend.state.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.number != 0 {
            self.backend.places.add_permits(1);
        }
    }
}
