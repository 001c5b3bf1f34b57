//! More buffers than memory.

use super::limits::limits;
use super::values::connections;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Listener;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO010", "memory-budget"),
    level: Severity::Warning,
    explanation: "What all clients, backends and rate limits may hold at once is more than `max-memory`: under a flood of \
        connections the system ends the process. Counted is one request for each client: its head, a buffer of 64 KiB, \
        40 KiB for TLS; 128 KiB for each exchange with a backend; 128 B for each client that a limit remembers.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 20000; http max-header-size="1MiB"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
runtime max-memory="512MiB"
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 20000; http max-header-size="32KiB"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
runtime max-memory="4GiB"
route "/**" pool="app"
"#,
    check,
};

/// Bytes of a buffer for a body.
const BUFFER: u64 = 64 << 10;
/// Bytes of a TLS session.
const TLS: u64 = 40 << 10;
/// Bytes for each client that a limit remembers.
const KEY: u64 = 128;

/// A part of the sum: where it comes from, what it is, and its bytes.
type Part = (Span, String, u64);

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    budget(facts).into_iter().collect()
}

fn budget(facts: &Facts<'_>) -> Option<Diagnostic> {
    let limit = facts.model.runtime.max_memory.as_ref()?;
    let mut parts: Vec<Part> = facts.model.listeners.iter().filter_map(clients).collect();
    for pool in &facts.model.pools {
        let exchanges: u64 = connections(pool).map(|it| u64::from(it.per_backend.value)).sum();
        if let Some(first) = connections(pool).map(|it| &it.per_backend).next() {
            let text = super::values::label(first, &format!("{exchanges} × 128 KiB"));
            parts.push((first.span, text, exchanges.saturating_mul(2 * BUFFER)));
        }
    }
    for limit in limits(facts) {
        let keys = u64::from(limit.max_keys.value);
        parts.push((limit.max_keys.span, format!("{keys} × {KEY} B"), keys * KEY));
    }
    let sum = parts.iter().fold(0u64, |sum, (_, _, bytes)| sum.saturating_add(*bytes));
    if sum <= limit.value {
        return None;
    }
    parts.sort_by_key(|(_, _, bytes)| std::cmp::Reverse(*bytes));
    let message = format!("up to {} may be in use, and the process has {}", size(sum), size(limit.value));
    let found = LINT.finding(message, limit.span, "what there is");
    // What matters most says enough.
    let labelled = parts.into_iter().take(3).fold(found, |found, (span, text, _)| found.label(span, text));
    Some(labelled.help(format!("lower the limits, or write `max-memory=\"{}MiB\"`", sum.div_ceil(1 << 20))))
}

/// What the clients of a listener may hold; nothing is said of one without a bound.
fn clients(listener: &Listener) -> Option<Part> {
    let clients = listener.max_connections.as_ref()?;
    let head = listener.http.max_header_size.value;
    let each = head + BUFFER + if listener.tls.is_some() { TLS } else { 0 };
    let text = format!("{} × {} KiB", clients.value, each >> 10);
    Some((clients.span, text, u64::from(clients.value).saturating_mul(each)))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..=0x3fff_ffff => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}
