//! Two listeners on one address.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Listener;
use crate::source::Spanned;

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
    let mut by_port: BTreeMap<u16, Vec<(&Listener, &Spanned<SocketAddr>)>> = BTreeMap::new();
    for listener in &facts.model.listeners {
        for bind in &listener.binds {
            by_port.entry(bind.value.port()).or_default().push((listener, bind));
        }
    }
    by_port.remove(&0); // the system chooses a free port each time
    let mut found = vec![];
    for binds in by_port.values_mut() {
        binds.sort_by_key(|(_, bind)| bind.span);
        for (index, (listener, bind)) in binds.iter().enumerate() {
            let earlier = binds.iter().take(index).find(|(_, other)| conflict(bind.value, other.value));
            found.extend(earlier.map(|(other, first)| diagnostic((other, first), (listener, bind))));
        }
    }
    found
}

/// `[::]` binds IPv6 only.
fn conflict(one: SocketAddr, other: SocketAddr) -> bool {
    let family = one.is_ipv4() == other.is_ipv4();
    family && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}

fn diagnostic(
    first: (&Listener, &Spanned<SocketAddr>),
    second: (&Listener, &Spanned<SocketAddr>),
) -> Diagnostic {
    let (one, other) = (&first.0.name.value, &second.0.name.value);
    let message = match one == other {
        true => format!("listener `{one}` binds port {} twice", first.1.value.port()),
        false => format!("listeners `{one}` and `{other}` both bind port {}", first.1.value.port()),
    };
    let label = |bind: &Spanned<SocketAddr>| {
        if bind.value.ip().is_unspecified() { "every address" } else { "this address" }
    };
    LINT.finding(message, second.1.span, label(second.1))
        .label(first.1.span, label(first.1))
        .help("merge them and tell hosts apart by name, or bind other addresses")
}
