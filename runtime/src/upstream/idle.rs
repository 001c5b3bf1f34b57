//! The connections of one worker to one backend: those of HTTP/1 that wait for the next exchange, and those of HTTP/2, which
//! exchanges share.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::{Connections, Scheme};
use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::counters::Counters;
use crate::h1::client::{self, Failed};
use crate::message::ClientBody;
use crate::pool::Backend;
use crate::tls::Stream;

use super::http2::{Shared, Slot};
use super::incoming::Incoming;

/// Connections that wait for one client alone, at most: nobody else has a use for them.
const OWN: usize = 4;

/// The connections of one worker to one backend.
pub(crate) struct Upstream {
    /// The one last used on top: what is needed least grows old.
    waiting: RefCell<Vec<Waiting>>,
    shared: RefCell<Vec<Rc<Shared>>>,
    /// The turn to open a connection that others may share: who waits for it may find room on what came of it.
    pub(super) turn: Semaphore,
    /// What the backend last chose.
    chosen: Cell<Option<Chosen>>,
    idle_timeout: Duration,
    max_age: Option<Duration>,
    trouble: Rc<Trouble>,
    counters: Arc<Counters>,
    /// Whether its connections have TLS that nobody verifies.
    unverified: bool,
    /// Whether no connection is to be kept: the live plan does not have this backend.
    retired: Cell<bool>,
    /// The PROXY protocol header that its connections begin with; empty for none.
    header: Vec<u8>,
    /// Those of single clients, to the same backend.
    of_clients: RefCell<Vec<Weak<Upstream>>>,
}

/// What a backend that was offered HTTP/2 chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    Http1,
    /// HTTP/2, and whether other protocols can be spoken on its streams.
    Http2 {
        tunnels: bool,
    },
}

/// A way to send a request to a backend.
pub(crate) enum Connection {
    /// A connection of HTTP/1, and when it was opened.
    Http1(client::Connection<Stream>, Instant),
    /// Room on a connection of HTTP/2, and whether that is over TLS.
    Http2(Slot, bool),
}

/// A connection of HTTP/1 between two exchanges.
struct Waiting {
    connection: client::Connection<Stream>,
    opened: Instant,
    used: Instant,
}

impl Connection {
    /// A connection of HTTP/1 that was just opened.
    pub(super) fn http1(stream: Stream) -> Self {
        Self::Http1(client::Connection::new(stream), Instant::now())
    }

    /// Sends a request and waits for the head of the response. The lease on what comes back returns the connection to
    /// `home`.
    ///
    /// # Errors
    /// [`Failed`] gives the request back, and tells one that was never sent from one that was.
    pub(crate) async fn send(
        self,
        request: Box<Request<ClientBody>>,
        home: Rc<Upstream>,
    ) -> Result<(Response<Incoming>, Lease), Failed<ClientBody>> {
        match self {
            Self::Http1(connection, opened) => {
                let response = connection.send(*request).await?;
                Ok((response.map(Incoming::Http1), Lease { opened, home }))
            }
            Self::Http2(slot, secure) => {
                let opened = slot.opened();
                let response = Box::pin(slot.send(*request, secure)).await?;
                Ok((response.map(Incoming::Http2), Lease { opened, home }))
            }
        }
    }
}

impl Upstream {
    /// No connection yet. `unverified`: with TLS that nobody verifies.
    pub(crate) fn new(settings: &Connections, counters: Arc<Counters>, unverified: bool) -> Rc<Self> {
        Rc::new(Self {
            waiting: RefCell::default(),
            shared: RefCell::default(),
            turn: Semaphore::new(1),
            chosen: Cell::new(None),
            idle_timeout: settings.idle_timeout.into(),
            max_age: settings.max_age.map(Duration::from),
            trouble: Rc::default(),
            counters,
            unverified,
            retired: Cell::new(false),
            header: Vec::new(),
            of_clients: RefCell::default(),
        })
    }

    /// Closes the connections that wait, and every other when its exchange is over; those of single clients, too.
    pub(crate) fn retire(&self) {
        self.retired.set(true);
        self.let_go();
    }

    /// Closes the connections that wait.
    pub(crate) fn let_go(&self) {
        self.waiting.borrow_mut().clear();
        self.shared.borrow_mut().clear();
        self.of_clients.borrow().iter().filter_map(Weak::upgrade).for_each(|own| own.let_go());
    }

    /// Connections to the same backend for one client alone, because they begin with its address. They are kept by whoever
    /// holds them, for no longer than the others.
    pub(crate) fn of_client(&self, header: Vec<u8>) -> Rc<Self> {
        let own = Rc::new(Self {
            chosen: self.chosen.clone(),
            trouble: Rc::clone(&self.trouble),
            retired: self.retired.clone(),
            header,
            ..self.empty()
        });
        self.of_clients.borrow_mut().push(Rc::downgrade(&own));
        own
    }

    /// What its connections begin with.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    /// No connection yet, to another server that is spoken to in the same way.
    pub(crate) fn to_another(&self) -> Rc<Self> {
        Rc::new(self.empty())
    }

    fn empty(&self) -> Self {
        Self {
            waiting: RefCell::default(),
            shared: RefCell::default(),
            turn: Semaphore::new(1),
            chosen: Cell::new(None),
            idle_timeout: self.idle_timeout,
            max_age: self.max_age,
            trouble: Rc::default(),
            counters: Arc::clone(&self.counters),
            unverified: self.unverified,
            retired: Cell::new(false),
            header: Vec::new(),
            of_clients: RefCell::default(),
        }
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

    /// A connection that can be used now, if there is one. A request that asks for a WebSocket gets none of HTTP/2 that
    /// does not carry it.
    pub(crate) fn take(&self, tunnels: bool, secure: bool) -> Option<Connection> {
        self.slot(tunnels).map(|slot| Connection::Http2(slot, secure)).or_else(|| self.take_waiting())
    }

    /// Room on a connection of HTTP/2, on the oldest that has any, so that the others grow idle.
    pub(super) fn slot(&self, tunnels: bool) -> Option<Slot> {
        let mut shared = self.shared.borrow_mut();
        if shared.is_empty() {
            return None;
        }
        let now = Instant::now();
        shared.retain(|connection| !self.is_past(connection, now));
        shared.iter().filter(|connection| !tunnels || connection.takes_tunnels()).find_map(|it| it.slot())
    }

    /// Keeps a connection of HTTP/2 for others to share.
    pub(super) fn share(&self, connection: Rc<Shared>) {
        self.chosen.set(Some(Chosen::Http2 { tunnels: connection.takes_tunnels() }));
        if !self.retired.get() {
            self.shared.borrow_mut().push(connection);
        }
    }

    /// Whether a WebSocket may be had from a backend. One that speaks HTTP/2 alone, and carries none there, is asked as for
    /// anything else: its answer says so.
    pub(crate) fn may_carry_tunnels(&self, backend: &Backend) -> bool {
        let never = self.chosen.get() == Some(Chosen::Http2 { tunnels: false });
        backend.settings().scheme != Scheme::H2c || !never
    }

    /// What the backend last chose.
    pub(super) fn chosen(&self) -> Option<Chosen> {
        self.chosen.get()
    }

    /// The backend wants HTTP/1.
    pub(super) fn chose_http1(&self) {
        self.chosen.set(Some(Chosen::Http1));
    }

    /// A backend has let a request wait for so long: connections on which it said nothing else meanwhile may be dead, and
    /// get no more.
    pub(crate) fn suspect(&self, silence: Duration) {
        let now = Instant::now();
        self.shared.borrow_mut().retain(|connection| now.duration_since(connection.heard()) < silence);
    }

    fn take_waiting(&self) -> Option<Connection> {
        let mut waiting = self.waiting.borrow_mut();
        let now = Instant::now();
        loop {
            let mut connection = waiting.pop()?;
            if !self.is_over(&mut connection, now) {
                return Some(Connection::Http1(connection.connection, connection.opened));
            }
        }
    }

    /// Closes what has waited for too long or has been closed by the backend.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.waiting.borrow_mut().retain_mut(|connection| !self.is_over(connection, now));
        self.shared.borrow_mut().retain(|connection| !self.is_past(connection, now));
        self.of_clients.borrow_mut().retain(|own| own.upgrade().inspect(|own| own.sweep()).is_some());
    }

    fn is_over(&self, connection: &mut Waiting, now: Instant) -> bool {
        now.duration_since(connection.used) >= self.idle_timeout
            || self.is_old(connection.opened, now)
            || connection.connection.is_stale()
    }

    /// Whether a connection of HTTP/2 gets no more exchanges. Those that it has go on.
    fn is_past(&self, connection: &Shared, now: Instant) -> bool {
        let idle =
            connection.idle_since().is_some_and(|since| now.duration_since(since) >= self.idle_timeout);
        idle || self.is_old(connection.opened(), now) || connection.is_closed()
    }

    fn is_old(&self, opened: Instant, now: Instant) -> bool {
        self.max_age.is_some_and(|age| now.duration_since(opened) >= age)
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
        if let Some(connection) = body.into_connection().filter(|_| !home.retired.get()) {
            let mut waiting = home.waiting.borrow_mut();
            if home.header.is_empty() || waiting.len() < OWN {
                waiting.push(Waiting { connection, opened, used: Instant::now() });
            }
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
