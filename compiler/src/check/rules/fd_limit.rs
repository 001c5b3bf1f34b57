//! More connections than open files.

use super::values::{chosen, connections};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO009", "fd-limit"),
    level: Severity::Warning,
    explanation: "Every client and every connection to a backend is an open file. Where all that the limits allow is more \
        than `max-files`, there will be none left for new clients when it matters most. Nothing is said of listeners \
        without `max-connections`: they have no bound to count with.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 100000; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; connections per-backend=2000; }
runtime max-files=65536
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 60000; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; connections per-backend=2000; }
runtime max-files=65536
route "/**" pool="app"
"#,
    check,
};

/// Files that are open beside connections: sockets of listeners and timers of some tens of workers, plan, log.
const OTHERS: u64 = 256;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    budget(facts).into_iter().collect()
}

fn budget(facts: &Facts<'_>) -> Option<Diagnostic> {
    let limit = facts.model.runtime.max_files.as_ref()?;
    let clients: Option<Vec<_>> =
        facts.model.listeners.iter().map(|listener| listener.max_connections.as_ref()).collect();
    let clients = clients?;
    let accepted: u64 = clients.iter().map(|clients| u64::from(clients.value)).sum();
    let pools = &facts.model.pools;
    let towards: u64 = pools.iter().flat_map(connections).map(|it| u64::from(it.per_backend.value)).sum();
    let probes = pools.iter().flat_map(chosen).count() as u64;
    let needed = accepted.saturating_add(towards).saturating_add(probes).saturating_add(OTHERS);
    if needed <= u64::from(limit.value) {
        return None;
    }
    let message = format!("up to {needed} files may be open, and the process asks for {}", limit.value);
    let mut found = LINT.finding(message, limit.span, "asked for");
    for clients in clients {
        found = found.label(clients.span, format!("{} clients", clients.value));
    }
    if let Some(first) = pools.iter().flat_map(connections).map(|it| &it.per_backend).next() {
        found = found.label(first.span, super::values::label(first, &format!("{towards} towards backends")));
    }
    let enough = needed.next_power_of_two();
    Some(
        found.help(format!("write `max-files={enough}`, and `LimitNOFILE={enough}` for the service manager")),
    )
}
