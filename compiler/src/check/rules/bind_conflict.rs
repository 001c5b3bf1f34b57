//! Two listeners on one address.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
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

/// Who binds an address: a listener by its name, or the management listener.
type Bind<'f> = (Option<&'f str>, &'f Spanned<SocketAddr>);

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut by_port: BTreeMap<u16, Vec<Bind<'_>>> = BTreeMap::new();
    let listeners = facts.model.listeners.iter();
    let listeners = listeners.flat_map(|it| it.binds.iter().map(|bind| (Some(it.name.value.as_str()), bind)));
    let admin = facts.model.admin.iter().flat_map(|admin| &admin.binds).map(|bind| (None, bind));
    for (name, bind) in listeners.chain(admin) {
        by_port.entry(bind.value.port()).or_default().push((name, bind));
    }
    by_port.remove(&0); // the system chooses a free port each time
    let mut found = vec![];
    for binds in by_port.values_mut() {
        binds.sort_by_key(|(_, bind)| bind.span);
        for (index, second) in binds.iter().enumerate() {
            let earlier = binds.iter().take(index).find(|first| conflict(second.1.value, first.1.value));
            found.extend(earlier.map(|first| diagnostic(*first, *second)));
        }
    }
    found
}

/// `[::]` binds IPv6 only.
fn conflict(one: SocketAddr, other: SocketAddr) -> bool {
    let family = one.is_ipv4() == other.is_ipv4();
    family && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}

fn diagnostic(first: Bind<'_>, second: Bind<'_>) -> Diagnostic {
    let port = first.1.value.port();
    let message = match (first.0, second.0) {
        (Some(one), Some(other)) if one == other => format!("listener `{one}` binds port {port} twice"),
        (Some(one), Some(other)) => format!("listeners `{one}` and `{other}` both bind port {port}"),
        (Some(name), None) | (None, Some(name)) => {
            format!("listener `{name}` and `admin` both bind port {port}")
        }
        (None, None) => format!("`admin` binds port {port} twice"),
    };
    let label = |bind: &Spanned<SocketAddr>| {
        if bind.value.ip().is_unspecified() { "every address" } else { "this address" }
    };
    let help = match (first.0, second.0) {
        (Some(_), Some(_)) => "merge them and tell hosts apart by name, or bind other addresses",
        _ => "bind another address",
    };
    LINT.finding(message, second.1.span, label(second.1)).label(first.1.span, label(first.1)).help(help)
}
