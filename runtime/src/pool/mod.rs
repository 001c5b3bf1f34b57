//! Pools: backends that serve the same thing, and the balancer that picks one of them.
//!
//! A [`Pool`] is immutable but for what is learned while running: which backends are alive, where they are, how many
//! exchanges they have in flight and how fast they answer. That part is shared by all workers, made of atomics, and
//! carried over a swap for every backend that is in both plans.

mod admission;
mod alive;
mod backend;
mod balance;
mod budget;
mod errors;
pub(crate) mod key;
mod load;
mod orders;
mod places;
mod ring;
mod slot;
mod sticky;
mod turns;
mod warmth;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use divisor_schema::plan::{self, Balance, HashKey};
use http::HeaderValue;
use tokio::sync::Notify;

use self::alive::{Alive, Settings, fails_open, members};
use self::balance::Choice;
use self::warmth::STEPS;

pub(crate) use self::admission::Ticket;
pub(crate) use self::backend::{Backend, ClientTls, InvalidName, Liveness};
pub(crate) use self::budget::Retrying;
pub(crate) use self::places::{FIRST, Places};
pub(crate) use self::slot::Target;
pub(crate) use self::sticky::{InvalidKey, Sticky};

/// Backends that serve the same thing, with one balancer. Shared by all workers.
#[derive(Debug)]
pub(crate) struct Pool {
    name: String,
    settings: Settings,
    hash: Option<plan::Hash>,
    sticky: Option<Sticky>,
    backends: Vec<Arc<Backend>>,
    eject: Option<plan::Eject>,
    kept: Arc<Kept>,
    /// Recomputed by the control thread, which alone changes what it depends on.
    alive: ArcSwap<Alive>,
}

/// What is carried over a swap.
#[derive(Debug, Default)]
struct Kept {
    /// Counts the picks of all workers, so that a swap does not favour the first backend.
    turn: AtomicU64,
    /// Requests that are on their way a second time.
    retries: Arc<AtomicU32>,
    /// Tells the control thread that a backend has had too many errors.
    suspects: Notify,
    /// Tells the control thread that a backend is back, and warms up.
    returned: Notify,
    /// Whether it was said that so few backends are alive that all are used.
    fails_open: AtomicBool,
}

/// What ties a request to a backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Affinity {
    /// What it is told apart by, where that matters.
    pub(crate) key: u64,
    /// The backend that its client is at, by index in the pool.
    pub(crate) home: Option<usize>,
}

/// The backends that a request has been sent to already, by their index in the pool.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tried(Vec<usize>);

impl Tried {
    /// Adds a backend.
    pub(crate) fn add(&mut self, index: usize) {
        self.0.push(index);
    }

    /// Whether the backend at `index` is among them.
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0.contains(&index)
    }
}

/// What the balancer chose.
#[derive(Debug, Clone)]
pub(crate) struct Pick {
    /// Where it is in [`Pool::backends`]; for [`Tried`].
    pub(crate) index: usize,
    /// The backend.
    pub(crate) backend: Arc<Backend>,
}

impl Pool {
    /// The pool of `plan`. `tls` are the TLS settings towards backends, indexed by [`plan::ClientTlsId`]. Backends that
    /// `previous` has too, by pool name, scheme and address, keep their state; one that stands twice is two, and each has its
    /// own. Limits are those of `previous` until [`Pool::limit`].
    ///
    /// # Errors
    /// When the host of a backend can be no server name or no `Host` header.
    pub(crate) fn new(
        plan: &plan::Pool,
        tls: &[ClientTls],
        previous: Option<&Self>,
    ) -> Result<Self, InvalidName> {
        let previous = previous.filter(|pool| pool.name == plan.name);
        let mut known: HashMap<_, Vec<_>> = HashMap::new();
        for backend in previous.iter().flat_map(|pool| &pool.backends).rev() {
            let settings = backend.settings();
            known.entry((settings.scheme, &settings.address)).or_default().push(backend);
        }
        let backends = plan
            .backends
            .iter()
            .map(|it| {
                let known = known.get_mut(&(it.scheme, &it.address)).and_then(Vec::pop);
                Backend::new(it, tls, known, previous.is_some()).map(Arc::new)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (settings, now) = (Settings::new(plan), Instant::now());
        let alive = Alive::new(&settings, &backends, members(&settings, &backends, now));
        let pool = Self {
            name: plan.name.clone(),
            settings,
            hash: plan.hash.clone(),
            sticky: None,
            backends,
            eject: plan.eject.clone(),
            kept: previous.map(|pool| Arc::clone(&pool.kept)).unwrap_or_default(),
            alive: ArcSwap::from_pointee(alive),
        };
        pool.note(now);
        Ok(pool)
    }

    /// From now on its limits hold for all exchanges in flight: its plan is live.
    pub(crate) fn limit(&self) {
        self.backends.iter().for_each(|backend| backend.limit());
    }

    /// The pool with a cookie that keeps clients at their backends.
    pub(crate) fn with_sticky(self, sticky: Option<Sticky>) -> Self {
        Self { sticky, ..self }
    }

    /// Name in the config.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its backends, in the order of the config.
    pub(crate) fn backends(&self) -> &[Arc<Backend>] {
        &self.backends
    }

    /// The PROXY protocol header that connections to its backends begin with.
    pub(crate) fn proxy_protocol(&self) -> Option<plan::ProxyProtocol> {
        self.backends.first()?.settings().proxy_protocol
    }

    /// How many backends can be picked now.
    pub(crate) fn alive(&self) -> usize {
        self.alive.load().members().len()
    }

    /// What it tells requests apart by, if that says which backend they get.
    pub(crate) fn key(&self) -> Option<&HashKey> {
        match self.settings.balance {
            Balance::IpHash => Some(&HashKey::ClientAddress),
            _ => self.hash.as_ref().map(|hash| &hash.key),
        }
    }

    /// The cookie that keeps clients at their backends.
    pub(crate) fn sticky(&self) -> Option<&Sticky> {
        self.sticky.as_ref()
    }

    /// The backend that a value of the sticky cookie names, by its index.
    pub(crate) fn home(&self, value: &[u8]) -> Option<usize> {
        let number = self.sticky.as_ref()?.open(value)?;
        self.backends.iter().position(|backend| backend.hash() == number)
    }

    /// The `Set-Cookie` that keeps a client at a backend, if this pool does that and the client is not there already.
    /// `tls` says how the client came.
    pub(crate) fn keep(&self, affinity: Affinity, index: usize, tls: bool) -> Option<HeaderValue> {
        let sticky = self.sticky.as_ref().filter(|_| affinity.home != Some(index))?;
        sticky.set(self.backends.get(index)?.hash(), tls)
    }

    /// Picks a backend that is alive and not yet tried: the one that the client is at, or else one that takes new
    /// clients. `now` is asked where time matters, and `rng` gives uniformly random numbers.
    pub(crate) fn pick(
        &self,
        affinity: Affinity,
        tried: &Tried,
        now: impl FnOnce() -> Instant,
        rng: &mut impl FnMut() -> u64,
    ) -> Option<Pick> {
        let alive = self.alive.load();
        let choice = Choice { backends: &self.backends, alive: &alive, tried };
        let index = match (affinity.home, self.settings.balance) {
            (Some(home), _) if self.is_at_home(home, tried) => Some(home),
            (_, Balance::RoundRobin | Balance::WeightedRoundRobin) => choice.in_turn(self.turn(tried)),
            (_, Balance::Random) => choice.random(rng()),
            (_, Balance::PowerOfTwo) => choice.power_of_two(rng()),
            (_, Balance::LeastConnection) => choice.least_connection(self.turn(tried)),
            (_, Balance::LeastResponseTime) => choice.least_response_time(self.turn(tried), now()),
            (_, Balance::IpHash) => choice.by_hash(affinity.key),
            (_, Balance::ConsistentHash) => {
                choice.by_ring(affinity.key, self.hash.as_ref().map_or(u8::MAX, |hash| hash.max_load))
            }
        }?;
        Some(Pick { index, backend: Arc::clone(self.backends.get(index)?) })
    }

    /// Whether a client is still served where it is at: by a backend that takes no new clients as well, but not by one
    /// that is down.
    fn is_at_home(&self, home: usize, tried: &Tried) -> bool {
        let serves = |backend: &Arc<Backend>| backend.is_up() && !self.settings.is_out(backend);
        !tried.contains(home) && self.backends.get(home).is_some_and(serves)
    }

    /// Whether there is a backend alive that was not tried.
    pub(crate) fn has_untried(&self, tried: &Tried) -> bool {
        self.alive.load().members().iter().any(|member| !tried.contains(member.index))
    }

    /// Admits one more request that is sent again, while no more than `budget` percent of those in flight are.
    pub(crate) fn retry(&self, budget: u8) -> Option<Retrying> {
        let in_flight = self.backends.iter().map(|backend| u64::from(backend.in_flight())).sum();
        Retrying::admit(&self.kept.retries, in_flight, budget)
    }

    /// When errors take a backend out.
    pub(crate) fn eject(&self) -> Option<&plan::Eject> {
        self.eject.as_ref()
    }

    /// Notes that an exchange with one of its backends went well.
    pub(crate) fn went_well(&self, ticket: &Ticket) {
        if ticket.is_of_now() {
            ticket.backend().errors().forget();
        }
    }

    /// Notes that one of its backends gave no answer, or one that says it cannot.
    pub(crate) fn went_wrong(&self, ticket: &Ticket) {
        let backend = ticket.backend();
        backend.failed();
        let Some(eject) = self.eject.as_ref().filter(|_| ticket.is_of_now()) else { return };
        if backend.errors().add().is_multiple_of(eject.consecutive_errors) {
            self.kept.suspects.notify_one();
        }
    }

    /// Completes when a backend has had too many errors since it last did.
    pub(crate) async fn suspects(&self) {
        self.kept.suspects.notified().await;
    }

    /// Takes the backend at `index` out until then, or back. Control thread only.
    pub(crate) fn set_out(&self, index: usize, until: Option<Instant>) {
        if let Some(backend) = self.backends.get(index) {
            backend.errors().set_out(until);
            self.refresh();
        }
    }

    /// Notes whether the backend at `index` is alive. Control thread only.
    pub(crate) fn set_liveness(&self, index: usize, liveness: Liveness) {
        if let Some(backend) = self.backends.get(index) {
            backend.set_liveness(liveness);
            self.refresh();
        }
    }

    /// Whether its balancer looks at weights, beyond whether they are 0.
    pub(crate) fn is_weighted(&self) -> bool {
        self.settings.balance.is_weighted()
    }

    /// Whether errors have taken a backend out.
    pub(crate) fn is_out(&self, backend: &Backend) -> bool {
        self.settings.is_out(backend)
    }

    /// Gives the backend at `index` another weight until the config does, or the process ends. Control thread only.
    pub(crate) fn set_weight(&self, index: usize, weight: u16) {
        if let Some(backend) = self.backends.get(index) {
            backend.set_weight(weight);
            self.refresh();
        }
    }

    /// Lets the backend at `index` take no new client, or take some again. Control thread only.
    pub(crate) fn set_draining(&self, index: usize, drains: bool) {
        if let Some(backend) = self.backends.get(index) {
            backend.set_draining(drains);
            self.refresh();
        }
    }

    /// Notes where the backend at `index` is. Control thread only.
    pub(crate) fn set_addresses(&self, index: usize, addresses: Vec<SocketAddr>) {
        if let Some(backend) = self.backends.get(index) {
            backend.set_addresses(addresses);
            self.refresh();
        }
    }

    /// The start is over: targets that come into empty slots from now on warm up. Control thread only.
    pub(crate) fn started(&self) {
        self.backends.iter().for_each(|backend| backend.started());
    }

    /// Puts targets into slots, by index, with their addresses, and takes others out; all at once. Control thread only.
    pub(crate) fn fill(&self, slots: Vec<(usize, Option<Target>, Vec<SocketAddr>)>) {
        for (index, target, addresses) in slots {
            if let Some(backend) = self.backends.get(index) {
                backend.fill(target, addresses);
            }
        }
        self.refresh();
    }

    /// Chooses among the backends that are alive now. Control thread only.
    pub(crate) fn refresh(&self) {
        let now = Instant::now();
        self.note(now);
        let members = members(&self.settings, &self.backends, now);
        // A name that resolves as before, or a probe that says the same, is no reason to work out turns and ring again.
        if self.alive.load().members() != members {
            self.alive.store(Arc::new(Alive::new(&self.settings, &self.backends, members)));
        }
        let (opens, members) = (fails_open(&self.settings, &self.backends), self.alive());
        match (self.kept.fails_open.swap(opens, Ordering::Relaxed), opens) {
            (false, true) => {
                tracing::warn!(pool = self.name, used = members, "too few backends are alive: all are used");
            }
            (true, false) => {
                tracing::info!(pool = self.name, alive = members, "enough backends are alive again");
            }
            (true, true) | (false, false) => {}
        }
    }

    /// The time between two steps of a slow start, if backends that came back start slowly.
    pub(crate) fn warm_up_step(&self) -> Option<Duration> {
        self.settings.slow_start.map(|lasts| lasts.div_f64(STEPS as f64))
    }

    /// Completes when a backend is back since it last did.
    pub(crate) async fn returned(&self) {
        self.kept.returned.notified().await;
    }

    /// Whether some backend gets less than its share for now.
    pub(crate) fn is_warming_up(&self, now: Instant) -> bool {
        let is_cold =
            |lasts: Duration| self.backends.iter().any(|backend| backend.warmth_step(lasts, now) < STEPS);
        self.settings.slow_start.is_some_and(is_cold)
    }

    /// Notes which backends are up.
    fn note(&self, now: Instant) {
        for backend in &self.backends {
            if backend.note(backend.is_up() && !self.settings.is_out(backend), now) {
                self.kept.returned.notify_one();
            }
        }
    }

    /// Whose turn it is. A request that is sent again takes no other turn, or of two backends one would get all the first
    /// tries.
    fn turn(&self, tried: &Tried) -> u64 {
        if tried.0.is_empty() {
            self.kept.turn.fetch_add(1, Ordering::Relaxed)
        } else {
            self.kept.turn.load(Ordering::Relaxed)
        }
    }
}

#[cfg(test)]
mod tests;
