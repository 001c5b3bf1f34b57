//! Pools: backends that serve the same thing, and the balancer that picks one of them.
//!
//! A [`Pool`] is immutable but for what is learned while running: which backends are alive, where they are, how many
//! exchanges they have in flight and how fast they answer. That part is shared by all workers, made of atomics, and
//! carried over a swap for every backend that is in both plans.

mod backend;
mod balance;
mod budget;
mod errors;
mod load;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use divisor_schema::plan;
use tokio::sync::Notify;

use self::balance::{Alive, Choice};

pub(crate) use self::backend::{Backend, ClientTls, InvalidName, Liveness, Ticket};
pub(crate) use self::budget::Retrying;

/// Backends that serve the same thing, with one balancer. Shared by all workers.
#[derive(Debug)]
pub(crate) struct Pool {
    name: String,
    balance: plan::Balance,
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
    /// `previous` has too, by pool name, scheme and address, keep their state.
    ///
    /// # Errors
    /// When the host of a backend can be no server name or no `Host` header.
    pub(crate) fn new(
        plan: &plan::Pool,
        tls: &[ClientTls],
        previous: Option<&Self>,
    ) -> Result<Self, InvalidName> {
        let previous = previous.filter(|pool| pool.name == plan.name);
        let known: HashMap<_, _> = previous
            .iter()
            .flat_map(|pool| &pool.backends)
            .map(|backend| ((backend.settings().scheme, &backend.settings().address), backend))
            .collect();
        let backends = plan
            .backends
            .iter()
            .map(|it| Backend::new(it, tls, known.get(&(it.scheme, &it.address)).copied()).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let alive = Alive::new(plan.balance, plan.eject.is_some(), &backends);
        Ok(Self {
            name: plan.name.clone(),
            balance: plan.balance,
            backends,
            eject: plan.eject.clone(),
            kept: previous.map(|pool| Arc::clone(&pool.kept)).unwrap_or_default(),
            alive: ArcSwap::from_pointee(alive),
        })
    }

    /// Name in the config.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its backends, in the order of the config.
    pub(crate) fn backends(&self) -> &[Arc<Backend>] {
        &self.backends
    }

    /// How many backends can be picked now.
    pub(crate) fn alive(&self) -> usize {
        self.alive.load().members().len()
    }

    /// Picks a backend that is alive and not yet tried. `rng` gives uniformly random numbers.
    pub(crate) fn pick(
        &self,
        client: IpAddr,
        tried: &Tried,
        now: Instant,
        rng: &mut impl FnMut() -> u64,
    ) -> Option<Pick> {
        let alive = self.alive.load();
        let choice = Choice { backends: &self.backends, alive: &alive, tried };
        let index = match self.balance {
            plan::Balance::RoundRobin | plan::Balance::WeightedRoundRobin => choice.in_turn(self.turn(tried)),
            plan::Balance::Random => choice.random(rng()),
            plan::Balance::LeastConnection => choice.least_connection(self.turn(tried)),
            plan::Balance::LeastResponseTime => choice.least_response_time(self.turn(tried), now),
            plan::Balance::IpHash => choice.by_hash(client),
        }?;
        Some(Pick { index, backend: Arc::clone(self.backends.get(index)?) })
    }

    /// Whether there is a backend alive that was not tried.
    pub(crate) fn has_untried(&self, tried: &Tried) -> bool {
        self.alive.load().members().iter().any(|&index| !tried.contains(index))
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
    pub(crate) fn went_well(&self, backend: &Backend) {
        backend.errors().forget();
    }

    /// Notes that one of its backends gave no answer, or one that says it cannot.
    pub(crate) fn went_wrong(&self, backend: &Backend) {
        let Some(eject) = &self.eject else { return };
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

    /// Notes where the backend at `index` is. Control thread only.
    pub(crate) fn set_addresses(&self, index: usize, addresses: Vec<SocketAddr>) {
        if let Some(backend) = self.backends.get(index) {
            backend.set_addresses(addresses);
            self.refresh();
        }
    }

    /// Chooses among the backends that are alive now. Control thread only.
    pub(crate) fn refresh(&self) {
        self.alive.store(Arc::new(Alive::new(self.balance, self.eject.is_some(), &self.backends)));
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
