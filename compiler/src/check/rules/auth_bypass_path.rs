//! A way around an access list.

use std::net::IpAddr;

use divisor_schema::plan::Cidr;

use super::routing::request;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, ReadRoute};
use crate::model::{Listener, Settings};
use crate::routes::{Methods, RequestSet, example};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC015", "auth-bypass-path"),
    level: Severity::Error,
    explanation: "A route lets only some networks reach a path of a pool, and another one sends the same path to the same \
        pool for clients from anywhere: on another listener, for another name or for other methods. The example is a \
        request that goes around. A more specific route of the same host is an exception that somebody meant, and a \
        listener on loopback addresses is reached by nobody.",
    bad: r#"
listener "web" { bind "0.0.0.0:8080"; }
pool "app" { backend "http://10.0.0.11:8080"; probe "/health"; }
host "shop.example" {
    route "/**" pool="app"
    route "/admin/**" pool="app" { allow "10.0.0.0/8"; }
}
host "legacy.example" { route "/**" pool="app"; }
"#,
    good: r#"
listener "web" { bind "0.0.0.0:8080"; }
pool "app" { backend "http://10.0.0.11:8080"; probe "/health"; }
host "shop.example" {
    route "/**" pool="app"
    route "/admin/**" pool="app" { allow "10.0.0.0/8"; }
}
host "legacy.example" {
    route "/**" pool="app"
    route "/admin/**" { deny 403; }
}
"#,
    check,
};

/// Addresses for examples (RFC 5737, RFC 3849).
const ANYWHERE: [&str; 3] = ["203.0.113.9", "198.51.100.9", "2001:db8::9"];

/// A route with an access list of its own.
pub(super) struct Protected<'f, 'm> {
    /// The position of its site.
    pub(super) site: usize,
    pub(super) read: &'f ReadRoute<'m>,
    /// Each of them must hold a client.
    pub(super) lists: Vec<&'m [Spanned<Cidr>]>,
}

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let sites = facts.sites.iter().enumerate();
    let routes =
        sites.flat_map(|(site, it)| (0..it.routes.len()).filter_map(move |at| protected(facts, site, at)));
    routes.filter_map(|route| bypass(facts, &route)).collect()
}

/// What protects a whole host protects that name, not what is behind it.
pub(super) fn protected<'f, 'm>(
    facts: &'f Facts<'m>,
    site: usize,
    position: usize,
) -> Option<Protected<'f, 'm>> {
    let read = facts.read_at(site, position)?;
    let route = read.route;
    let whole = route.pattern.value == "/**" || route.pattern.value.starts_with("/{*");
    let policies = route.uses.iter().filter_map(|policy| facts.model.policy(policy));
    let own = policies.map(|policy| &policy.settings).chain([&route.settings]);
    let lists: Vec<&[Spanned<Cidr>]> =
        own.map(|it| it.allow.as_slice()).filter(|list| !list.is_empty()).collect();
    (!whole && !lists.is_empty() && route.rewrite.is_none()).then_some(Protected { site, read, lists })
}

fn bypass(facts: &Facts<'_>, route: &Protected<'_, '_>) -> Option<Diagnostic> {
    let pattern = route.read.pattern.as_ref().ok()?;
    let claim = RequestSet::new(pattern, Methods::Any);
    for (index, site) in facts.sites.iter().enumerate() {
        let Ok(analysis) = &site.analysis else { continue };
        for &place in &site.listeners {
            let Some(listener) = facts.model.listeners.get(place).filter(|it| is_reached(it)) else {
                continue;
            };
            let segments = facts.empty_segments(place);
            let Ok(winners) = analysis.winners(&claim, segments) else { continue };
            for (position, witness) in winners {
                let Some((position, other)) = position.and_then(|it| Some((it, facts.read_at(index, it)?)))
                else {
                    continue;
                };
                let set = analysis.route(position).map(|route| route.set.clone());
                let part = set.is_none_or(|set| {
                    matches!(example(&[set], std::slice::from_ref(&claim), segments), Ok(None))
                });
                // A part of the protected set in the same host is an exception, and meant to be one.
                if (index == route.site && part) || !same_pool(route.read, other) {
                    continue;
                }
                let layers = facts.layers(listener, site, other);
                let layers: Vec<&Settings> = layers.iter().map(|layer| layer.settings).collect();
                if let Some(client) = outsider(&route.lists, &layers) {
                    return Some(found(route, other, &request(facts, site, &witness), client));
                }
            }
        }
    }
    None
}

pub(super) fn is_reached(listener: &Listener) -> bool {
    listener.serves() && !listener.binds.iter().all(|bind| bind.value.is_local())
}

/// Whether both send the path as it is to one pool.
pub(super) fn same_pool(one: &ReadRoute<'_>, other: &ReadRoute<'_>) -> bool {
    let pools = |read: &ReadRoute<'_>| -> Vec<usize> {
        let action = read.route.action.iter().flat_map(|action| action.pools());
        action.filter_map(|pool| Some(pool.id?.index())).collect()
    };
    let theirs = pools(other);
    other.route.rewrite.is_none() && pools(one).iter().any(|pool| theirs.contains(pool))
}

/// A client that `lists` keep out, and `layers` let in.
pub(super) fn outsider(lists: &[&[Spanned<Cidr>]], layers: &[&Settings]) -> Option<IpAddr> {
    let holds =
        |list: &[Spanned<Cidr>], client: IpAddr| list.iter().any(|network| network.value.contains(client));
    let admitted = |client: IpAddr| {
        let allowed = layers.iter().all(|it| it.allow.is_empty() || holds(&it.allow, client));
        allowed && !layers.iter().any(|it| holds(&it.deny, client))
    };
    let kept_out = |client: IpAddr| lists.iter().any(|list| !holds(list, client));
    let networks = layers.iter().flat_map(|layer| &layer.allow).map(|network| network.value.address);
    let candidates = ANYWHERE.iter().filter_map(|address| address.parse().ok()).chain(networks);
    candidates.filter(|client| kept_out(*client)).find(|client| admitted(*client))
}

fn found(route: &Protected<'_, '_>, other: &ReadRoute<'_>, asked: &str, client: IpAddr) -> Diagnostic {
    let (mine, theirs) = (&route.read.route.pattern, &other.route.pattern);
    let message = format!("route `{}` lets others reach what `{}` protects", theirs.value, mine.value);
    let list = route.lists.iter().flat_map(|list| list.iter()).next();
    let finding = LINT.finding(message, theirs.span, "the same pool, for others too");
    let labelled = list.iter().fold(finding, |found, network| found.label(network.span, "protected here"));
    labelled.witness(format!("`{asked}` from {client}")).help(format!(
        "write the same `allow` for both, or `route \"{}\" {{ deny 403; }}` beside it",
        mine.value
    ))
}
