//! Two listeners on one address.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use divisor_schema::plan::Bind;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("OPS001", "bind-conflict"),
    level: Severity::Error,
    explanation: "Two addresses cannot be bound at the same time: they are equal, or one of them is every address \
        of the machine.",
    bad: r#"
listener "a" { bind "0.0.0.0:8080"; }
listener "b" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "a" { bind "127.0.0.2:8080"; }
listener "b" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut by_place: BTreeMap<Place<'_>, Vec<Bound<'_>>> = BTreeMap::new();
    for bound in all(facts) {
        by_place.entry(bound.place).or_default().push(bound);
    }
    let mut found = vec![];
    for binds in by_place.values_mut() {
        binds.sort_by_key(|bound| bound.span);
        for (index, second) in binds.iter().enumerate() {
            let earlier = binds.iter().take(index).find(|first| conflict(first, second));
            found.extend(earlier.map(|first| diagnostic(first, second)));
        }
    }
    found
}

/// An address that is bound.
struct Bound<'m> {
    /// The listener that binds it, or the management listener.
    name: Option<&'m str>,
    place: Place<'m>,
    /// `None` is the whole socket of a path.
    ip: Option<IpAddr>,
    span: Span,
}

fn all<'m>(facts: &Facts<'m>) -> impl Iterator<Item = Bound<'m>> {
    let listeners = facts.model.listeners.iter().flat_map(|listener| {
        let name = Some(listener.name.value.as_str());
        listener.binds.iter().map(move |bind| match &bind.value {
            Bind::Tcp(address) => tcp(name, *address, bind.span),
            Bind::Unix(path) => Bound { name, place: Place::Socket(path), ip: None, span: bind.span },
        })
    });
    let admin = facts.model.admin.iter().flat_map(|admin| &admin.binds);
    listeners.chain(admin.map(|bind| tcp(None, bind.value, bind.span)))
}

fn tcp(name: Option<&str>, address: SocketAddr, span: Span) -> Bound<'_> {
    Bound { name, place: Place::Port(address.port()), ip: Some(address.ip()), span }
}

/// Where addresses can be in each other's way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'m> {
    Port(u16),
    Socket(&'m str),
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Port(port) => write!(f, "port {port}"),
            Self::Socket(path) => write!(f, "socket `{path}`"),
        }
    }
}

/// Whether two addresses in one place cannot both be bound. `[::]` binds IPv6 only.
fn conflict(one: &Bound<'_>, other: &Bound<'_>) -> bool {
    let (Some(one), Some(other)) = (one.ip, other.ip) else { return true };
    one.is_ipv4() == other.is_ipv4() && (one == other || one.is_unspecified() || other.is_unspecified())
}

fn diagnostic(first: &Bound<'_>, second: &Bound<'_>) -> Diagnostic {
    let place = first.place;
    let message = match (first.name, second.name) {
        (Some(one), Some(other)) if one == other => format!("listener `{one}` binds {place} twice"),
        (Some(one), Some(other)) => format!("listeners `{one}` and `{other}` both bind {place}"),
        (Some(name), None) | (None, Some(name)) => format!("listener `{name}` and `admin` both bind {place}"),
        (None, None) => format!("`admin` binds {place} twice"),
    };
    let label = |bound: &Bound<'_>| {
        if bound.ip.is_some_and(|ip| ip.is_unspecified()) { "every address" } else { "this address" }
    };
    let help = match (first.name, second.name) {
        (Some(_), Some(_)) => "merge them and tell hosts apart by name, or bind other addresses",
        _ => "bind another address",
    };
    LINT.finding(message, second.span, label(second)).label(first.span, label(first)).help(help)
}
