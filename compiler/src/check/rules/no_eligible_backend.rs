//! A pool that can never choose.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Backend;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS001", "no-eligible-backend"),
    level: Severity::Error,
    explanation: "All backends of a pool have weight 0, or there are none: every request would get 503.",
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
    let empty = facts.model.pools.iter().filter(|pool| pool.backends.iter().all(|it| it.weight.value == 0));
    empty
        .map(|pool| {
            let message = format!("pool `{}` can never choose a backend", pool.name.value);
            let found = LINT.finding(message, pool.name.span, "no backend with a weight");
            let out = |found: Diagnostic, backend: &Backend| found.label(backend.weight.span, "taken out");
            pool.backends.iter().fold(found, out).help("leave at least one weight above 0")
        })
        .collect()
}
