//! Probes that notice late.

use std::collections::BTreeMap;

use super::values::{chosen, round, time};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Layout, Pool, Probe, in_time};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS007", "health-detection-slow"),
    level: Severity::Warning,
    explanation: "A backend that dies just after a probe is noticed after `every` × `fall` + `timeout`; until then it \
        keeps its share of the requests. More than a minute of that is a warning; more than ten times as long as a \
        request to the pool may take is worth knowing.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health" every="30s" timeout="5s"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health" every="5s" timeout="1s"
}
route "/**" pool="app"
"#,
    check,
};

/// Milliseconds after which a dead backend is noticed late, whatever it serves.
const LATE: u64 = 60_000;
/// How many exchanges in a row may fail before.
const EXCHANGES: u64 = 10;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let tightest = tightest(facts);
    let mut found = vec![];
    for pool in &facts.model.pools {
        let exchange = tightest.get(pool.name.value.as_str()).copied();
        let probes = chosen(pool).filter_map(|backend| backend.probe.as_ref().or(pool.probe.as_ref()));
        found.extend(probes.filter_map(|probe| slow(facts, pool, probe, exchange)));
    }
    found.dedup();
    found
}

/// The shortest time that a route gives to a whole exchange with each pool.
fn tightest<'m>(facts: &Facts<'m>) -> BTreeMap<&'m str, u64> {
    let mut tightest = BTreeMap::new();
    for acting in facts.acting() {
        let Some((_, exchange)) = acting.exchange() else { continue };
        for pool in acting.pools(facts.model) {
            let known = tightest.entry(pool.name.value.as_str()).or_insert(u64::MAX);
            *known = exchange.value.0.min(*known);
        }
    }
    tightest
}

fn slow(facts: &Facts<'_>, pool: &Pool, probe: &Probe, exchange: Option<u64>) -> Option<Diagnostic> {
    let fall = u64::from(probe.fall.value);
    let worst = probe.every.value.0.saturating_mul(fall).saturating_add(probe.timeout.value.0);
    let beside = exchange.filter(|exchange| worst > exchange.saturating_mul(EXCHANGES));
    if worst <= LATE && beside.is_none() {
        return None;
    }
    let name = &pool.name.value;
    let mut message = format!("a dead backend of pool `{name}` is noticed after up to {}", in_time(worst));
    if let (Some(exchange), true) = (beside, worst <= LATE) {
        message += &format!(", and a request to it may take {}", in_time(exchange));
    }
    let default = if probe.every.written { "" } else { ", default" };
    let sum = format!("{fall} × {} + {}{default}", time(&probe.every), time(&probe.timeout));
    let mut found = LINT.finding(message, probe.every.span, sum);
    if worst <= LATE {
        found.severity = Severity::Info;
    }
    let found = found.help(faster(facts, pool, probe, beside));
    let quick = probe.every.written && beside.is_none();
    Some(if quick { found.fix(Fix::risky("probe every 5s", probe.every.span, "\"5s\"")) } else { found })
}

/// Settings that notice soon enough, and what they cost.
fn faster(facts: &Facts<'_>, pool: &Pool, probe: &Probe, exchange: Option<u64>) -> String {
    let fall = u64::from(probe.fall.value).min(3);
    let (every, timeout) = match exchange {
        Some(exchange) => {
            let timeout = probe.timeout.value.0.min(exchange);
            (round(exchange.saturating_mul(EXCHANGES).saturating_sub(timeout) / fall), timeout)
        }
        None => (5_000, 1_000),
    };
    let after = in_time(every.saturating_mul(fall).saturating_add(timeout));
    let load = chosen(pool).count() as f64 * 1_000.0 / every as f64;
    let settings = match facts.model.layout {
        Layout::Full => format!("every=\"{}\" timeout=\"{}\" fall={fall}", in_time(every), in_time(timeout)),
        Layout::Flat => format!("health_checker_time: {}", in_time(every)),
    };
    format!("`{settings}` notices it after {after}, with {load:.1} probes a second")
}
