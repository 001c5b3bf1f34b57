//! Pools, with the settings of each pool written out on each backend.

use std::collections::HashMap;

use divisor_schema::plan::{
    Address, Backend, Balance, ClientTls, ClientTlsId, Connections, Eject, Hash, HashKey, Pool, PoolId,
    Probe, ProbeKind, Scheme, Secret, Sticky,
};

use super::tls;
use crate::facts::{Facts, plan_path};
use crate::model;
use crate::source::Spanned;

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
    let mut backends = vec![];
    for backend in &pool.backends {
        backends
            .extend(self::backend(facts, arena, pool, backend).into_iter().flat_map(|it| slots(backend, it)));
    }
    let balance = pool.balance.value;
    Pool {
        name: pool.name.value.clone(),
        balance,
        backends,
        eject: eject(&pool.eject),
        fail_open: pool.fail_open.value,
        hash: (balance == Balance::ConsistentHash).then(|| hash(&pool.hash)),
        sticky: pool.sticky.as_ref().map(|it| sticky(facts, it)),
        slow_start: pool.slow_start.as_ref().map(|it| it.value),
    }
}

fn hash(hash: &model::Hash) -> Hash {
    let key = match &hash.key {
        None | Some(model::HashKey::ClientAddress) => HashKey::ClientAddress,
        Some(model::HashKey::Path) => HashKey::Path,
        Some(model::HashKey::Header(name)) => HashKey::Header(name.value.to_ascii_lowercase()),
        Some(model::HashKey::Cookie(name)) => HashKey::Cookie(name.value.clone()),
        Some(model::HashKey::Query(name)) => HashKey::Query(name.value.clone()),
    };
    Hash { key, max_load: hash.max_load.value }
}

fn sticky(facts: &Facts<'_>, sticky: &model::Sticky) -> Sticky {
    Sticky {
        cookie: sticky.cookie.value.clone(),
        key: match &sticky.key {
            model::Secret::File(file) => Secret::File(plan_path(facts.sources, file)),
            model::Secret::Env(name) => Secret::Env(name.value.clone()),
        },
        max_age: sticky.max_age.as_ref().map(|it| it.value),
        secure: sticky.secure.as_ref().map(|it| it.value),
        same_site: sticky.same_site.value,
        path: sticky.path.value.clone(),
    }
}

fn eject(eject: &model::Eject) -> Option<Eject> {
    let consecutive_errors = eject.consecutive_errors.value;
    let max_percent = eject.max_percent.value;
    let lasts = eject.lasts.value;
    let max_lasts = eject.max_lasts.value.max(lasts);
    (consecutive_errors > 0).then_some(Eject { consecutive_errors, lasts, max_lasts, max_percent })
}

/// A backend; none where its URL could not be read.
fn backend(
    facts: &Facts<'_>,
    arena: &mut Arena,
    pool: &model::Pool,
    backend: &model::Backend,
) -> Option<Backend> {
    let target = backend.target.as_ref()?;
    let settings = backend.tls.as_ref().or(pool.tls.as_ref());
    let tls = (target.scheme == Scheme::Https).then(|| arena.id(tls::client(facts, settings)));
    Some(Backend {
        scheme: target.scheme,
        address: target.address.clone(),
        weight: if target.is_service() { backend.weight.value.min(1) } else { backend.weight.value },
        backup: backend.backup.value,
        tls,
        probe: backend.probe.as_ref().or(pool.probe.as_ref()).map(probe),
        connections: connections(backend.connections.as_ref().unwrap_or(&pool.connections)),
        proxy_protocol: pool.proxy_protocol.as_ref().map(|version| version.value),
    })
}

/// A service once for each of its slots; what is none, as it is.
fn slots(written: &model::Backend, backend: Backend) -> Vec<Backend> {
    let Address::Service(name, _) = &backend.address else { return vec![backend] };
    let slot = |slot| Backend { address: Address::Service(name.clone(), slot), ..backend.clone() };
    (1..=written.slots.value).map(slot).collect()
}

fn probe(probe: &model::Probe) -> Probe {
    Probe {
        kind: probe_kind(&probe.kind),
        port: probe.port.as_ref().map(|port| port.value),
        every: probe.every.value,
        timeout: probe.timeout.value,
        rise: probe.rise.value,
        fall: probe.fall.value,
        starts_alive: probe.starts_alive.value,
    }
}

fn probe_kind(kind: &model::ProbeKind) -> ProbeKind {
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    match kind {
        model::ProbeKind::Tcp => ProbeKind::Tcp,
        model::ProbeKind::Grpc { service, host } => {
            ProbeKind::Grpc { service: text(service).unwrap_or_default(), host: text(host) }
        }
        model::ProbeKind::Http(http) => {
            let header = |(name, value): &(Spanned<String>, Spanned<String>)| {
                (name.value.to_ascii_lowercase(), value.value.clone())
            };
            let mut headers: Vec<_> = http.headers.iter().map(header).collect();
            headers.sort();
            let mut statuses: Vec<_> = http.statuses.iter().map(|range| range.value).collect();
            statuses.sort_unstable();
            ProbeKind::Http {
                method: http.method.value.clone(),
                path: http.path.value.clone(),
                host: text(&http.host),
                headers,
                statuses,
                body: text(&http.body),
            }
        }
    }
}

fn connections(connections: &model::Connections) -> Connections {
    Connections {
        per_backend: connections.per_backend.value,
        queue: connections.queue.value,
        queue_timeout: connections.queue_timeout.value,
        connect_timeout: connections.connect_timeout.value,
        idle_timeout: connections.idle_timeout.value,
        max_age: connections.max_age.as_ref().map(|age| age.value),
        h2: connections.h2.value,
        ping: connections.ping.value,
    }
}
