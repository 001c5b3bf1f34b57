//! Clients and connections that are out of proportion.

use std::collections::BTreeSet;

use super::values::connections;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Listener, Pool};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO008", "connection-budget"),
    level: Severity::Warning,
    explanation: "A listener takes on more than a hundred clients for each exchange that its pools can have under way: \
        under load they queue up and time out, where refusing connections early would have told them. Or the other way \
        round: a limit of a pool is above the number of clients that can come at all, and never acts.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 524288; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    backend "http://127.0.0.1:9002"
    probe "/health"
    connections per-backend=1000
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 30000; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    backend "http://127.0.0.1:9002"
    probe "/health"
    connections per-backend=1000
}
route "/**" pool="app"
"#,
    check,
};

/// Clients for each exchange under way; most of them are idle.
const CLIENTS_MAX: u64 = 100;
/// Exchanges a second on one connection, at 50 ms each.
const EXCHANGES: u64 = 20;

/// A listener, by its place in the model, and a pool that it sends requests to.
type Reach = BTreeSet<(usize, usize)>;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let reach = reach(facts);
    let listeners = facts.model.listeners.iter().enumerate();
    let crowded = listeners.filter_map(|(at, listener)| {
        let pools = reach.iter().filter(|(from, _)| *from == at);
        crowd(listener, pools.filter_map(|(_, pool)| facts.model.pools.get(*pool)))
    });
    let pools = facts.model.pools.iter().enumerate();
    let unreached = pools.flat_map(|(at, pool)| {
        let from = reach.iter().filter(|(_, to)| *to == at);
        unreached(pool, from.filter_map(|(listener, _)| facts.model.listeners.get(*listener)))
    });
    crowded.chain(unreached).collect()
}

fn reach(facts: &Facts<'_>) -> Reach {
    let mut reach = Reach::new();
    for site in &facts.sites {
        let routes = site.routes.iter().filter_map(|position| facts.patterns.routes.get(*position));
        let named = routes.flat_map(|read| &read.route.action).flat_map(|action| action.pools());
        let pools: BTreeSet<usize> = named.filter_map(|pool| Some(pool.id?.index())).collect();
        reach.extend(site.listeners.iter().flat_map(|from| pools.iter().map(move |to| (*from, *to))));
    }
    reach
}

fn crowd<'m>(listener: &Listener, pools: impl Iterator<Item = &'m Pool>) -> Option<Diagnostic> {
    let clients = listener.max_connections.as_ref()?;
    let limits: Vec<&Spanned<u32>> = pools.flat_map(connections).map(|it| &it.per_backend).collect();
    let first = limits.first()?;
    let capacity: u64 = limits.iter().map(|limit| u64::from(limit.value)).sum();
    if u64::from(clients.value) <= capacity.saturating_mul(CLIENTS_MAX) {
        return None;
    }
    let message = format!("{} clients share {capacity} exchanges with backends", clients.value);
    let found = LINT
        .finding(message, clients.span, "taken on")
        .label(first.span, super::values::label(first, &format!("{capacity} at a time in all")));
    let help = format!(
        "at 50ms each, {capacity} at a time are {} requests a second; write `max-connections {}`",
        capacity.saturating_mul(EXCHANGES),
        capacity.saturating_mul(CLIENTS_MAX / 10)
    );
    Some(found.help(help))
}

/// Limits that HTTP/1 clients can never reach, because each has one exchange under way at a time.
fn unreached<'m>(pool: &Pool, listeners: impl Iterator<Item = &'m Listener>) -> Vec<Diagnostic> {
    let mut clients: u64 = 0;
    let mut last = None;
    for listener in listeners {
        let h2 = listener.http.h2.as_ref().map_or(listener.tls.is_some(), |h2| h2.value);
        let Some(limit) = listener.max_connections.as_ref().filter(|_| !h2) else { return vec![] };
        clients = clients.saturating_add(u64::from(limit.value));
        last = Some(limit);
    }
    let Some(last) = last else { return vec![] };
    let limits = connections(pool).map(|it| &it.per_backend);
    let above = limits.filter(|limit| limit.written && u64::from(limit.value) > clients);
    above
        .map(|limit| {
            let message = format!("{} exchanges for each backend are never reached", limit.value);
            LINT.finding(message, limit.span, "never acts")
                .label(last.span, format!("{clients} clients at a time in all"))
                .help(format!("write at most `per-backend={clients}`, or take it away"))
        })
        .collect()
}
