//! A pool, or a split, that can never choose.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Action, Backend};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS001", "no-eligible-backend"),
    level: Severity::Error,
    explanation: "All backends of a pool, or all pools of a split, have weight 0, or there are none: every request \
        would get 503.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000" weight=0; }
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    pools(facts).chain(splits(facts)).collect()
}

fn pools(facts: &Facts<'_>) -> impl Iterator<Item = Diagnostic> {
    let empty = facts.model.pools.iter().filter(|pool| pool.backends.iter().all(|it| it.weight.value == 0));
    empty.map(|pool| {
        let message = format!("pool `{}` can never choose a backend", pool.name.value);
        let found = LINT.finding(message, pool.name.span, "no backend with a weight");
        let out = |found: Diagnostic, backend: &Backend| found.label(backend.weight.span, "taken out");
        pool.backends.iter().fold(found, out).help("leave at least one weight above 0")
    })
}

fn splits(facts: &Facts<'_>) -> impl Iterator<Item = Diagnostic> {
    facts.patterns.routes.iter().filter_map(|read| {
        let Some(Action::Split { shares }) = &read.route.action else { return None };
        if shares.iter().any(|share| share.weight.value > 0) {
            return None;
        }
        let pattern = &read.route.pattern;
        let message = format!("the split of `{}` can never choose a pool", pattern.value);
        let found = LINT.finding(message, pattern.span, "no pool with a weight");
        let out = shares.iter().fold(found, |found, share| found.label(share.weight.span, "taken out"));
        Some(out.help("leave at least one weight above 0"))
    })
}
