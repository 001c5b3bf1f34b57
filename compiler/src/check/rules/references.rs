//! What has a name, and what names it.

use crate::facts::Facts;
use crate::model::{Model, Reference};
use crate::source::Spanned;

/// A thing with a name, or a place that names one.
#[derive(Clone, Copy)]
pub(super) struct Name<'m> {
    /// What sort of thing it is: `pool`.
    pub(super) kind: &'static str,
    /// The name.
    pub(super) name: &'m Spanned<String>,
}

/// Everything that has a name.
pub(super) fn definitions(model: &Model) -> Vec<Name<'_>> {
    let listeners = model.listeners.iter().map(|it| Name { kind: "listener", name: &it.name });
    let pools = model.pools.iter().map(|it| Name { kind: "pool", name: &it.name });
    let policies = model.policies.iter().map(|it| Name { kind: "policy", name: &it.name });
    let limits = model.rate_limits.iter().map(|it| Name { kind: "rate-limit", name: &it.name });
    listeners.chain(pools).chain(policies).chain(limits).collect()
}

/// Every place whose name makes something happen.
pub(super) fn uses<'m>(facts: &Facts<'m>) -> Vec<Name<'m>> {
    let model = facts.model;
    let mut found = vec![];
    for read in &facts.patterns.routes {
        let route = read.route;
        found.extend(route.pools().map(|pool| named("pool", pool)));
        found.extend(route.uses.iter().map(|policy| named("policy", policy)));
        found.extend(route.settings.shared_limits.iter().map(|limit| named("rate-limit", limit)));
    }
    for host in &model.hosts {
        found.extend(host.listeners.iter().map(|listener| named("listener", listener)));
        found.extend(host.uses.iter().map(|policy| named("policy", policy)));
    }
    for listener in &model.listeners {
        found.extend(listener.redirect.iter().map(|redirect| named("listener", &redirect.listener)));
        found.extend(listener.forwards().map(|forward| named("pool", &forward.pool)));
        found.extend(listener.uses.iter().map(|policy| named("policy", policy)));
    }
    for policy in &model.policies {
        found.extend(policy.settings.shared_limits.iter().map(|limit| named("rate-limit", limit)));
    }
    found
}

/// Every place that says something of a name, without making anything happen.
pub(super) fn mentions(model: &Model) -> Vec<Name<'_>> {
    let pools = model.expects.iter().filter_map(|expect| Some(named("pool", expect.pool.as_ref()?)));
    let listeners =
        model.expects.iter().filter_map(|expect| Some(named("listener", expect.listener.as_ref()?)));
    pools.chain(listeners).collect()
}

fn named<'m, T>(kind: &'static str, reference: &'m Reference<T>) -> Name<'m> {
    Name { kind, name: &reference.name }
}
