//! A weight without effect.

use divisor_schema::plan::Balance;

use super::values::{chosen, label};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Backend, Pool};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS003", "weight-ignored"),
    level: Severity::Warning,
    explanation: "With `round-robin`, `random` and `ip-hash` all backends count alike, whatever they weigh; and where all \
        weigh the same, `weighted-round-robin` is `round-robin`.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000" weight=3
    backend "http://127.0.0.1:9001"
    probe "/health"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    balance "weighted-round-robin"
    backend "http://127.0.0.1:9000" weight=3
    backend "http://127.0.0.1:9001"
    probe "/health"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = facts.model.pools.iter().filter_map(equal).collect();
    for pool in &facts.model.pools {
        let name = pool.balance.value;
        if name.is_weighted() {
            continue;
        }
        let instead = match name {
            Balance::Random => "power-of-two",
            Balance::IpHash => "consistent-hash",
            _ => "weighted-round-robin",
        };
        // 0 takes a backend out, whatever the balancer.
        let fixed = pool.backends.iter().filter(|backend| !backend.is_service());
        let weights = fixed.map(|backend| &backend.weight);
        for weight in weights.filter(|weight| weight.written && weight.value > 1) {
            let message = format!("weight {} has no effect with `{name}`", weight.value);
            let balancer =
                if pool.balance.written { "balances without weights" } else { "round-robin by default" };
            let finding = LINT.finding(message, weight.span, "ignored").label(pool.balance.span, balancer);
            found.push(finding.help(format!("write `{instead}`, or delete the weight")));
        }
    }
    found
}

/// A balancer by weights, and nothing to tell the backends apart.
fn equal(pool: &Pool) -> Option<Diagnostic> {
    // The targets of a service weigh what their records say.
    if pool.balance.value != Balance::WeightedRoundRobin || pool.backends.iter().any(Backend::is_service) {
        return None;
    }
    let mut weights = chosen(pool).map(|backend| &backend.weight);
    let first = weights.next()?;
    let others: Vec<_> = weights.collect();
    if others.is_empty() || others.iter().any(|weight| weight.value != first.value) {
        return None;
    }
    let message = format!("all backends of pool `{}` weigh the same", pool.name.value);
    let found = LINT.finding(message, pool.balance.span, "balances by weight");
    let labelled = found.label(first.span, label(first, &format!("{} for each of them", first.value)));
    Some(labelled.help("write `round-robin`, or give them different weights"))
}
