//! Retries that make an outage worse.

use super::values::{chosen, label};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Pool, Retry};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO007", "retry-amplification"),
    level: Severity::Warning,
    explanation: "When backends fail because there is too much to do, retries bring them more of it. The budget holds \
        that down: with a share of 20 % in flight, they get a quarter more at most. More than half of all requests on \
        their way again is a storm of its own, and keeps an outage going after its cause is gone.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    backend "http://127.0.0.1:9002"
    probe "/health"
}
route "/**" pool="app" { retry 4 budget="100%"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    backend "http://127.0.0.1:9002"
    probe "/health"
}
route "/**" pool="app" { retry 2 budget="20%"; }
"#,
    check,
};

/// The share of requests, in percent, that may be on their way again without doubling the load.
const BUDGET_MAX: u8 = 50;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for acting in facts.acting() {
        let Some(retry) = acting.retry() else { continue };
        found.extend(acting.pools(facts.model).filter_map(|pool| storm(pool, retry)));
    }
    found
}

/// Each try goes to another backend, so that there are no more of them than backends.
fn storm(pool: &Pool, retry: &Retry) -> Option<Diagnostic> {
    let tries =
        (u32::from(retry.attempts.value) + 1).min(u32::try_from(chosen(pool).count()).unwrap_or(u32::MAX));
    let (budget, backends) = (&retry.budget, chosen(pool).count());
    if budget.value <= BUDGET_MAX || tries < 3 {
        return None;
    }
    // Of all requests in flight, the share `budget` are retries: load = first tries / (1 - budget).
    let bound = 100.0 / f64::from(100 - budget.value.min(99));
    let times = f64::from(tries).min(bound);
    let message = format!("an outage of pool `{}` multiplies its load by up to {times:.1}", pool.name.value);
    let found = LINT
        .finding(message, budget.span, format!("{} % of all requests", budget.value))
        .label(retry.attempts.span, label(&retry.attempts, &format!("{tries} tries, {backends} backends")));
    let help = "write `budget=\"20%\"`: at most a quarter more";
    Some(found.help(help).fix(Fix::risky("keep the budget at 20 %", budget.span, "\"20%\"")))
}
