//! Pools: backends that serve the same thing, and the balancer that picks one of them.
//!
//! A [`Pool`] is immutable but for what is learned while running: which backends are alive, where they are, how many
//! exchanges they have in flight and how fast they answer. That part is shared by all workers, made of atomics, and
//! carried over a swap for every backend that is in both plans.

mod backend;
mod balance;
mod load;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use divisor_schema::plan;

use self::balance::{Alive, Choice};

pub(crate) use self::backend::{Backend, ClientTls, InvalidName, Liveness, Ticket};

/// Backends that serve the same thing, with one balancer. Shared by all workers.
#[derive(Debug)]
pub(crate) struct Pool {
    name: String,
    balance: plan::Balance,
    backends: Vec<Arc<Backend>>,
    /// Counts the picks of all workers; carried over a swap, so that a swap does not favour the first backend.
    turn: Arc<AtomicU64>,
    /// Recomputed by the control thread, which alone changes what it depends on.
    alive: ArcSwap<Alive>,
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
        let alive = Alive::new(plan.balance, &backends);
        Ok(Self {
            name: plan.name.clone(),
            balance: plan.balance,
            backends,
            turn: previous.map(|pool| Arc::clone(&pool.turn)).unwrap_or_default(),
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
            plan::Balance::RoundRobin | plan::Balance::WeightedRoundRobin => choice.in_turn(self.next_turn()),
            plan::Balance::Random => choice.random(rng()),
            plan::Balance::LeastConnection => choice.least_connection(self.next_turn()),
            plan::Balance::LeastResponseTime => choice.least_response_time(self.next_turn(), now),
            plan::Balance::IpHash => choice.by_hash(client),
        }?;
        Some(Pick { index, backend: Arc::clone(self.backends.get(index)?) })
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
        self.alive.store(Arc::new(Alive::new(self.balance, &self.backends)));
    }

    fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
