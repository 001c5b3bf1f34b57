//! The connections of one worker to one backend that wait for the next exchange.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Connections;
use http::{Request, Response};
use tokio::time::Instant;

use crate::counters::Counters;
use crate::h1::client::{self, Failed};
use crate::message::ClientBody;
use crate::tls::Stream;

/// The waiting connections of one worker to one backend, the one last used on top: what is needed least grows old.
pub(crate) struct Upstream {
    waiting: RefCell<Vec<Connection>>,
    idle_timeout: Duration,
    max_age: Option<Duration>,
    trouble: Trouble,
    counters: Arc<Counters>,
    /// Whether its connections have TLS that nobody verifies.
    unverified: bool,
}

/// The body of a response from a backend.
pub(crate) type Incoming = client::Incoming<Stream, ClientBody>;

/// A connection to a backend.
pub(crate) struct Connection {
    connection: client::Connection<Stream>,
    opened: Instant,
    used: Instant,
}

impl Connection {
    /// A connection that was just opened.
    pub(crate) fn new(connection: client::Connection<Stream>) -> Self {
        let now = Instant::now();
        Self { connection, opened: now, used: now }
    }

    /// Sends a request and waits for the head of the response. The lease on what comes back returns the connection to
    /// `home`.
    ///
    /// # Errors
    /// [`Failed`] gives the request back, and tells one that was never sent from one that was.
    pub(crate) async fn send(
        self,
        request: Request<ClientBody>,
        home: Rc<Upstream>,
    ) -> Result<(Response<Incoming>, Lease), Failed<ClientBody>> {
        let response = self.connection.send(request).await?;
        Ok((response, Lease { opened: self.opened, home }))
    }
}

impl Upstream {
    /// No connection yet. `unverified`: with TLS that nobody verifies.
    pub(crate) fn new(settings: &Connections, counters: Arc<Counters>, unverified: bool) -> Rc<Self> {
        Rc::new(Self {
            waiting: RefCell::default(),
            idle_timeout: settings.idle_timeout.into(),
            max_age: settings.max_age.map(Duration::from),
            trouble: Trouble::default(),
            counters,
            unverified,
        })
    }

    /// Counts a connection that was opened.
    pub(crate) fn opened(&self) {
        self.counters.connected.add();
        if self.unverified {
            self.counters.unverified.add();
        }
    }

    /// Whether a failure of this backend is to be logged now: at most one a second is, with the number of those
    /// that were not.
    pub(crate) fn trouble(&self) -> Option<u32> {
        self.trouble.next(Instant::now())
    }

    /// A connection that can be used now, if one waits.
    pub(crate) fn take(&self) -> Option<Connection> {
        let mut waiting = self.waiting.borrow_mut();
        let now = Instant::now();
        loop {
            let mut connection = waiting.pop()?;
            if !self.is_over(&mut connection, now) {
                return Some(connection);
            }
        }
    }

    /// Closes what has waited for too long or has been closed by the backend.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.waiting.borrow_mut().retain_mut(|connection| !self.is_over(connection, now));
    }

    fn is_over(&self, connection: &mut Connection, now: Instant) -> bool {
        now.duration_since(connection.used) >= self.idle_timeout
            || self.max_age.is_some_and(|age| now.duration_since(connection.opened) >= age)
            || connection.connection.is_stale()
    }
}

/// Where the connection of a response goes when the exchange is over.
pub(crate) struct Lease {
    opened: Instant,
    home: Rc<Upstream>,
}

impl Lease {
    /// The exchange is over: its connection waits for another, if it is good for one.
    pub(crate) fn give_back(self, body: Incoming) {
        let Self { opened, home } = self;
        if let Some(connection) = body.into_connection() {
            let waiting = Connection { connection, opened, used: Instant::now() };
            home.waiting.borrow_mut().push(waiting);
        }
    }
}

/// Keeps a failing backend from filling the log.
#[derive(Default)]
struct Trouble {
    logged: Cell<Option<Instant>>,
    unlogged: Cell<u32>,
}

impl Trouble {
    fn next(&self, now: Instant) -> Option<u32> {
        let quiet = Duration::from_secs(1);
        if self.logged.get().is_some_and(|logged| now.duration_since(logged) < quiet) {
            self.unlogged.set(self.unlogged.get().saturating_add(1));
            return None;
        }
        self.logged.set(Some(now));
        Some(self.unlogged.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_backend_is_logged_once_a_second_with_a_count() {
        let (trouble, start) = (Trouble::default(), Instant::now());
        assert_eq!(trouble.next(start), Some(0));
        assert_eq!(trouble.next(start), None);
        assert_eq!(trouble.next(start + Duration::from_millis(900)), None);
        assert_eq!(trouble.next(start + Duration::from_millis(1900)), Some(2));
    }
}
