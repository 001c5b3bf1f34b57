//! Pools, with the settings of each pool written out on each backend.

use std::collections::HashMap;

use divisor_schema::plan::{
    Backend, ClientTls, ClientTlsId, Connections, Eject, Pool, PoolId, Probe, Scheme, Weight,
};

use super::tls;
use crate::facts::Facts;
use crate::model;

/// The pools, the id of each pool of the model by its position there, and the settings of TLS, each once.
pub(super) fn lower(facts: &Facts<'_>) -> (Vec<Pool>, Vec<PoolId>, Vec<ClientTls>) {
    let model = &facts.model.pools;
    let mut order: Vec<usize> = (0..model.len()).collect();
    order.sort_by_key(|index| model.get(*index).map(|pool| &pool.name.value));
    let mut arena = Arena::default();
    let pools =
        order.iter().filter_map(|index| Some(self::pool(facts, &mut arena, model.get(*index)?))).collect();
    let mut ids = vec![PoolId::new(0); model.len()];
    for (id, index) in (0..).zip(order) {
        if let Some(slot) = ids.get_mut(index) {
            *slot = PoolId::new(id);
        }
    }
    (pools, ids, arena.settings)
}

/// Settings of TLS, each once, in the order of their first use.
#[derive(Default)]
struct Arena {
    settings: Vec<ClientTls>,
    ids: HashMap<ClientTls, ClientTlsId>,
}

impl Arena {
    fn id(&mut self, settings: ClientTls) -> ClientTlsId {
        if let Some(&id) = self.ids.get(&settings) {
            return id;
        }
        let id = ClientTlsId::new(self.settings.len() as u32);
        self.settings.push(settings.clone());
        self.ids.insert(settings, id);
        id
    }
}

fn pool(facts: &Facts<'_>, arena: &mut Arena, pool: &model::Pool) -> Pool {
    let backends =
        pool.backends.iter().filter_map(|backend| self::backend(facts, arena, pool, backend)).collect();
    Pool { name: pool.name.value.clone(), balance: pool.balance.value, backends, eject: eject(&pool.eject) }
}

fn eject(eject: &model::Eject) -> Option<Eject> {
    let consecutive_errors = eject.consecutive_errors.value;
    let max_percent = eject.max_percent.value;
    (consecutive_errors > 0).then_some(Eject { consecutive_errors, lasts: eject.lasts.value, max_percent })
}

/// A backend; none for a weight of 0.
fn backend(
    facts: &Facts<'_>,
    arena: &mut Arena,
    pool: &model::Pool,
    backend: &model::Backend,
) -> Option<Backend> {
    let weight = Weight::new(backend.weight.value)?;
    let target = backend.target.as_ref()?;
    let settings = backend.tls.as_ref().or(pool.tls.as_ref());
    let tls = (target.scheme == Scheme::Https).then(|| arena.id(tls::client(facts, settings)));
    Some(Backend {
        scheme: target.scheme,
        address: target.address.clone(),
        weight,
        tls,
        probe: backend.probe.as_ref().or(pool.probe.as_ref()).map(probe),
        connections: connections(backend.connections.as_ref().unwrap_or(&pool.connections)),
    })
}

fn probe(probe: &model::Probe) -> Probe {
    Probe {
        path: probe.path.value.clone(),
        every: probe.every.value,
        timeout: probe.timeout.value,
        rise: probe.rise.value,
        fall: probe.fall.value,
    }
}

fn connections(connections: &model::Connections) -> Connections {
    Connections {
        per_backend: connections.per_backend.value,
        queue_timeout: connections.queue_timeout.value,
        connect_timeout: connections.connect_timeout.value,
        idle_timeout: connections.idle_timeout.value,
        max_age: connections.max_age.as_ref().map(|age| age.value),
    }
}
