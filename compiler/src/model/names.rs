//! Names to ids.

use std::collections::BTreeMap;

use divisor_schema::plan::Id;

use super::types::{Action, Expect, Host, Model, Policy, Reference, RequestLine, Route};
use crate::source::{Span, Spanned};

/// Sorts what has a name, and finds what each reference means.
pub(super) fn resolve(model: &mut Model) {
    model.listeners.sort_by(|a, b| by_name(&a.name, &b.name));
    model.pools.sort_by(|a, b| by_name(&a.name, &b.name));
    model.policies.sort_by(|a, b| by_name(&a.name, &b.name));
    model.rate_limits.sort_by(|a, b| by_name(&a.name, &b.name));
    sort_routes(&mut model.routes);
    model.hosts.iter_mut().for_each(|host| sort_routes(&mut host.routes));
    model.hosts.sort_by_cached_key(host_key);
    model.expects.sort_by_cached_key(expect_key);

    let listeners = index(model.listeners.iter().map(|it| &it.name));
    let pools = index(model.pools.iter().map(|it| &it.name));
    let policies = index(model.policies.iter().map(|it| &it.name));
    let limits = index(model.rate_limits.iter().map(|it| &it.name));
    for policy in &mut model.policies {
        find_all(&limits, &mut policy.settings.shared_limits);
    }
    for listener in &mut model.listeners {
        find_all(&policies, &mut listener.uses);
        if let Some(redirect) = &mut listener.redirect {
            find(&listeners, &mut redirect.listener);
        }
        let passthrough = listener.passthrough.iter_mut().map(|it| &mut it.forward);
        listener.forward.iter_mut().chain(passthrough).for_each(|it| find(&pools, &mut it.pool));
    }
    for host in &mut model.hosts {
        find_all(&listeners, &mut host.listeners);
        find_all(&policies, &mut host.uses);
        host.routes.iter_mut().for_each(|route| self::route(route, &pools, &policies, &limits));
    }
    model.routes.iter_mut().for_each(|route| self::route(route, &pools, &policies, &limits));
    for expect in &mut model.expects {
        expect.pool.iter_mut().for_each(|pool| find(&pools, pool));
        expect.listener.iter_mut().for_each(|listener| find(&listeners, listener));
    }
}

fn by_name(a: &Spanned<String>, b: &Spanned<String>) -> std::cmp::Ordering {
    (&a.value, a.span).cmp(&(&b.value, b.span))
}

fn sort_routes(routes: &mut [Route]) {
    routes.sort_by(|a, b| {
        let methods = |route: &Route| route.methods.iter().map(|it| it.value.clone()).collect::<Vec<_>>();
        by_value(a, b)
            .then_with(|| methods(a).cmp(&methods(b)))
            .then_with(|| a.pattern.span.cmp(&b.pattern.span))
    });
}

fn by_value(a: &Route, b: &Route) -> std::cmp::Ordering {
    a.pattern.value.cmp(&b.pattern.value)
}

fn host_key(host: &Host) -> (Vec<String>, Vec<String>) {
    let names = host.names.iter().map(|name| name.value.clone()).collect();
    (names, host.listeners.iter().map(|listener| listener.name.value.clone()).collect())
}

fn expect_key(expect: &Expect) -> (RequestLine, Vec<String>, Span) {
    let methods = expect.methods.iter().map(|method| method.value.clone()).collect();
    (expect.request.value.clone(), methods, expect.request.span)
}

fn route(route: &mut Route, pools: &Index, policies: &Index, limits: &Index) {
    find_all(limits, &mut route.settings.shared_limits);
    find_all(policies, &mut route.uses);
    if let Some(mirror) = &mut route.mirror {
        find(pools, &mut mirror.pool);
    }
    match &mut route.action {
        Some(Action::Proxy { pool }) => find(pools, pool),
        Some(Action::Split { shares }) => shares.iter_mut().for_each(|share| find(pools, &mut share.pool)),
        _ => {}
    }
}

/// Places by name; `None` where two things bear one name.
type Index = BTreeMap<String, Option<u32>>;

fn index<'a>(names: impl Iterator<Item = &'a Spanned<String>>) -> Index {
    let mut index = Index::new();
    for (place, name) in names.enumerate() {
        index
            .entry(name.value.clone())
            .and_modify(|known| *known = None)
            .or_insert(u32::try_from(place).ok());
    }
    index
}

fn find<T>(index: &Index, reference: &mut Reference<T>) {
    reference.id = index.get(&reference.name.value).copied().flatten().map(Id::new);
}

fn find_all<T>(index: &Index, references: &mut [Reference<T>]) {
    references.iter_mut().for_each(|reference| find(index, reference));
}

impl Model {
    /// The policy that a reference means.
    pub fn policy(&self, reference: &Reference<Policy>) -> Option<&Policy> {
        reference.id.and_then(|id| self.policies.get(id.index()))
    }
}
