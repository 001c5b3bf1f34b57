//! Limits of HTTP/2 that invite floods.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::Listener;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO011", "h2-limits"),
    level: Severity::Warning,
    explanation: "Each stream of an HTTP/2 connection is a request under way, and one connection can open and reset them \
        all within a millisecond (CVE-2023-44487), or hold as many heads as there are streams (CVE-2024-27316). No \
        browser uses more than a hundred.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
    http max-streams=10000
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
    http max-streams=100
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

/// Streams of a connection.
const STREAMS_MAX: u32 = 256;
/// Bytes of the heads that all streams of one connection may hold.
const HEADS_MAX: u64 = 16 << 20;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let speaks_h2 =
        |listener: &&Listener| listener.http.h2.as_ref().map_or(listener.tls.is_some(), |h2| h2.value);
    facts.model.listeners.iter().filter(speaks_h2).filter_map(listener).collect()
}

fn listener(listener: &Listener) -> Option<Diagnostic> {
    let (streams, size) = (&listener.http.max_streams, &listener.http.max_header_size);
    if streams.value > STREAMS_MAX {
        let message = format!("{} streams of one connection invite floods of resets", streams.value);
        let found = LINT.finding(message, streams.span, "128 by default");
        let fix = Fix::risky("allow 128 streams", streams.span, "128");
        return Some(found.help("take it away, or write at most 256").fix(fix));
    }
    let heads = size.value.saturating_mul(u64::from(streams.value));
    (heads > HEADS_MAX).then(|| {
        let message = format!("one connection may hold {} MiB of request heads", heads >> 20);
        LINT.finding(message, size.span, "bytes of one head")
            .label(streams.span, super::values::label(streams, &format!("{} at a time", streams.value)))
            .help("write `max-header-size=\"64KiB\"`, or fewer streams")
    })
}
