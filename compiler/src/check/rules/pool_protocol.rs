//! Pools for requests that get connections, and the other way round.

use divisor_schema::plan::Balance;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{HashKey, Model, Pool, Reference};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS020", "pool-protocol"),
    level: Severity::Error,
    explanation: "Backends with `http` or `https` in front get requests, those with `tcp` get connections as they are. A \
        pool has one kind of them; routes send to the one, `forward` and `passthrough` of a listener to the other. What \
        looks at requests (a hash of a header, a sticky cookie) has nothing to look at in a pool of the other kind.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "db" { backend "tcp://10.0.0.11:5432"; }
route "/**" pool="db"
"#,
    good: r#"
listener "db" { bind "127.0.0.1:5432"; forward "db"; }
pool "db" { backend "tcp://10.0.0.11:5432"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let model = facts.model;
    let mixed = model.pools.iter().filter_map(mixed);
    let tcp = model.pools.iter().filter(|pool| takes(pool) == Some(false)).flat_map(looks_at_requests);
    let routes = facts.patterns.routes.iter().flat_map(|read| read.route.pools());
    let routes = routes.filter_map(|it| wrong(model, it, true));
    let forwards = model.listeners.iter().flat_map(|listener| listener.forwards());
    let forwards = forwards.filter_map(|it| wrong(model, &it.pool, false));
    mixed.chain(tcp).chain(routes).chain(forwards).collect()
}

/// Whether a pool takes requests; `None` where its backends do not agree, or none could be read.
fn takes(pool: &Pool) -> Option<bool> {
    let mut kinds = kinds(pool).map(|(kind, _)| kind);
    let first = kinds.next()?;
    kinds.all(|kind| kind == first).then_some(first)
}

/// Of each backend, whether it takes requests, and where it is written.
fn kinds(pool: &Pool) -> impl Iterator<Item = (bool, Span)> {
    pool.backends.iter().filter_map(|it| Some((it.target.as_ref()?.scheme.is_http(), it.url.span)))
}

fn mixed(pool: &Pool) -> Option<Diagnostic> {
    let (first, at) = kinds(pool).next()?;
    let (_, other) = kinds(pool).find(|(kind, _)| *kind != first)?;
    let message = format!("pool `{}` has backends for requests and for connections", pool.name.value);
    let label = |takes| if takes { "gets requests" } else { "gets connections" };
    let finding = LINT.finding(message, other, label(!first)).label(at, label(first));
    Some(finding.help("give each kind a pool of its own"))
}

/// A use of a pool of the other kind.
fn wrong(model: &Model, reference: &Reference<Pool>, requests: bool) -> Option<Diagnostic> {
    let pool = model.pools.get(reference.id?.index())?;
    if takes(pool)? == requests {
        return None;
    }
    let (message, label, help) = match requests {
        true => (
            format!("pool `{}` gets connections, and a route sends it requests", pool.name.value),
            "sends requests",
            "write `http://` or `https://` for its backends, or `forward` in a listener",
        ),
        false => (
            format!("pool `{}` gets requests, and a listener sends it connections", pool.name.value),
            "sends connections as they are",
            "write `tcp://` for its backends, or a route to it",
        ),
    };
    let at = kinds(pool).next().map_or(pool.name.span, |(_, at)| at);
    Some(LINT.finding(message, reference.name.span, label).label(at, "the other kind").help(help))
}

/// What a pool of `tcp` backends says of requests.
fn looks_at_requests(pool: &Pool) -> Vec<Diagnostic> {
    let hashes = pool.balance.value == Balance::ConsistentHash;
    let key = pool.hash.key.as_ref().filter(|_| hashes).and_then(|key| match key {
        HashKey::ClientAddress => None,
        HashKey::Path => Some(("hash", pool.balance.span)),
        HashKey::Header(name) | HashKey::Cookie(name) | HashKey::Query(name) => Some(("hash", name.span)),
    });
    let sticky = pool.sticky.as_ref().map(|sticky| ("sticky", sticky.cookie.span));
    let found = key.into_iter().chain(sticky).map(|(word, at)| {
        let message = format!("pool `{}` gets connections, and `{word}` looks at requests", pool.name.value);
        let help = format!("delete `{word}`; `ip-hash` keeps a client at a backend");
        LINT.finding(message, at, "there are no requests").help(help)
    });
    found.collect()
}
