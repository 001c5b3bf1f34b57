//! Admission to a backend: so many exchanges at a time, so many that wait, and each with a ticket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use divisor_schema::plan;

use super::backend::Backend;
use super::places::Full;

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
        let waited = queue_timeout.into();
        match tokio::time::timeout(waited, self.places().take(queue)).await {
            Ok(Ok(era)) => Ok(Ticket::new(self, era)),
            Ok(Err(Full)) => Err(Busy::Full { limit, queue }),
            Err(_) => Err(Busy::Waited { limit, waited }),
        }
    }

    /// A place among the exchanges that this backend may have in flight, if one is free.
    pub(crate) fn try_enter(self: &Arc<Self>) -> Option<Ticket> {
        self.places().try_take().map(|era| Ticket::new(self, era))
    }
}

/// A place among the exchanges in flight to a backend; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Ticket {
    backend: Arc<Backend>,
    /// That of the backend when it was made.
    era: u32,
    number: u64,
}

impl Ticket {
    /// For a place that was just taken.
    fn new(backend: &Arc<Backend>, era: u32) -> Self {
        Self { backend: Arc::clone(backend), era, number: backend.count() }
    }

    /// The backend it is for.
    pub(crate) fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// Whether who it is for still stands in the slot of the backend. If not, the exchange says nothing about who does.
    pub(super) fn is_of_now(&self) -> bool {
        self.era == self.backend.era()
    }

    /// How many requests the backend has got, this one included.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Notes that the first byte of the response came at `now`, `took` after the request was sent.
    pub(crate) fn answered(&self, took: Duration, now: Instant) {
        if self.is_of_now() {
            self.backend.note_response_time(took, now);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.backend.places().leave(self.era);
    }
}
