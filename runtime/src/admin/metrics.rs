//! Counters and gauges in the text format of Prometheus.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::counters::Totals;
use crate::plan::Live;
use crate::pool::{Backend, Pool};

use super::backends::state;

/// What is known of one backend as a number.
type Gauge = fn(&Pool, &Backend) -> u64;

/// Of each backend: name, kind, what it is, and its value.
const OF_BACKENDS: [(&str, &str, &str, Gauge); 7] = [
    ("requests_total", "counter", "Requests sent.", |_, it| it.requests()),
    ("errors_total", "counter", "No connection, no answer, or 502, 503 or 504.", |_, it| it.failures()),
    ("in_flight", "gauge", "Exchanges under way, those included that wait.", |_, it| it.in_flight().into()),
    ("waiting", "gauge", "Requests that wait for their turn.", |_, it| it.waiting().into()),
    ("weight", "gauge", "Its share; 0 takes no new client.", |_, it| it.weight().into()),
    ("up", "gauge", "Whether it may be sent requests.", |pool, it| is_up(pool, it).into()),
    ("draining", "gauge", "Whether an operator drains it.", |_, it| it.is_draining().into()),
];

/// Responses to such requests are not among the others: nobody knows what was asked.
const MALFORMED: &str = "Connections closed because what came was no HTTP/1, or could be read in two ways.";

/// All that is counted.
pub(super) fn text(live: &Live, totals: &Totals) -> String {
    let mut out = String::new();
    responses(&mut out, totals);
    let (accepted, ended) = (totals.sum(|it| &it.accepted), totals.sum(|it| &it.ended));
    let failed = totals.sum(|it| &it.handshakes_failed);
    let unverified = totals.sum(|it| &it.unverified);
    for (name, kind, help, value) in [
        ("connections_total", "counter", "Connections of clients.", accepted),
        (
            "connections_open",
            "gauge",
            "Connections of clients that are open.",
            accepted.saturating_sub(ended),
        ),
        ("connections_malformed_total", "counter", MALFORMED, totals.sum(|it| &it.malformed)),
        ("tls_handshakes_failed_total", "counter", "TLS handshakes with clients that failed.", failed),
        (
            "proxy_headers_refused_total",
            "counter",
            "Connections closed because a PROXY protocol header was missing, wrong or late.",
            totals.sum(|it| &it.headers_refused),
        ),
        (
            "connections_over_client_limit_total",
            "counter",
            "Connections closed because their client had as many as max-connections-per-client.",
            totals.sum(|it| &it.clients_refused),
        ),
        (
            "upstream_connections_total",
            "counter",
            "Connections to backends, without those of probes.",
            totals.sum(|it| &it.connected),
        ),
        (
            "upstream_unverified_tls_connections_total",
            "counter",
            "Those with TLS and `verify` false: anybody may have answered.",
            unverified,
        ),
        ("swaps_total", "counter", "Plans that became live after the first.", totals.swaps.get()),
        ("plans_refused_total", "counter", "Plans that were refused.", totals.refused.get()),
    ] {
        head(&mut out, name, kind, help);
        line(&mut out, name, &[], value);
    }
    head(&mut out, "plan_info", "gauge", "The plan that is live.");
    line(&mut out, "plan_info", &[("digest", &live.digest.to_string())], 1);
    backends(&mut out, &live.pools);
    out
}

fn responses(out: &mut String, totals: &Totals) {
    head(out, "responses_total", "counter", "Responses to clients, by class of status.");
    for (class, count) in (1..).zip(totals.responses()) {
        line(out, "responses_total", &[("class", &format!("{class}xx"))], count);
    }
}

fn backends(out: &mut String, pools: &[Arc<Pool>]) {
    for (name, kind, help, value) in OF_BACKENDS {
        let name = format!("backend_{name}");
        head(out, &name, kind, help);
        let mut seen = BTreeSet::new();
        for pool in pools {
            // A slot that nobody stands in is no backend that is down.
            let all = pool.backends().iter().filter(|it| !it.is_empty());
            // A backend that stands twice in a pool is one series: there must not be two of the same name.
            let once = all.filter(|it| seen.insert((pool.name(), it.url())));
            let once: Vec<_> = once.collect();
            for it in once {
                line(out, &name, &[("pool", pool.name()), ("backend", it.url())], value(pool, it));
            }
        }
    }
}

fn is_up(pool: &Pool, backend: &Backend) -> bool {
    matches!(state(pool, backend), "up" | "unprobed")
}

/// Writing to a string cannot fail.
fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP divisor_{name} {help}\n# TYPE divisor_{name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> =
        labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(out, "divisor_{name}{labels} {value}");
}

/// The value of a label: backslash, quote and line feed are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut out = String::new();
        line(&mut out, "x", &[("pool", "a\"b\\c\nd"), ("backend", "e")], 7);
        assert_eq!(out, "divisor_x{pool=\"a\\\"b\\\\c\\nd\",backend=\"e\"} 7\n");
    }
}
