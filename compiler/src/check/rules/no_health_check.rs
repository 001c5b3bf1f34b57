//! Backends that nobody checks.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS005", "no-health-check"),
    level: Severity::Warning,
    explanation: "A pool of several backends has no probe: a dead one keeps its share of the requests, and of the \
        errors.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    probe "/health" every="5s" timeout="1s"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for pool in facts.model.pools.iter().filter(|pool| pool.probe.is_none()) {
        let chosen = pool.backends.iter().filter(|backend| backend.weight.value > 0);
        let unchecked = chosen.clone().filter(|backend| backend.probe.is_none()).count();
        if chosen.count() > 1 && unchecked > 0 {
            let message = format!("pool `{}` has backends without a health check", pool.name.value);
            let finding = LINT.finding(message, pool.name.span, "a dead backend keeps its requests");
            found.push(finding.help("add `probe \"/health\" every=\"5s\" timeout=\"1s\"`"));
        }
    }
    found
}
