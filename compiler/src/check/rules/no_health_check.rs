//! Backends that nobody checks.

use super::values::chosen;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Pool;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS005", "no-health-check"),
    level: Severity::Warning,
    explanation: "A pool of several backends has no probe, and says nothing about `eject`: a dead backend is noticed \
        only by requests that fail, and is let in again after half a minute, dead or alive.",
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
    let passive =
        |pool: &&Pool| pool.eject.consecutive_errors.written && pool.eject.consecutive_errors.value > 0;
    for pool in facts.model.pools.iter().filter(|pool| pool.probe.is_none() && !passive(pool)) {
        let unchecked = chosen(pool).filter(|backend| backend.probe.is_none()).count();
        if chosen(pool).count() > 1 && unchecked > 0 {
            let message = format!("pool `{}` has backends without a health check", pool.name.value);
            let finding = LINT.finding(message, pool.name.span, "only requests that fail tell");
            let requests =
                pool.backends.iter().filter_map(|it| it.target.as_ref()).any(|it| it.scheme.is_http());
            let kind = if requests { "\"/health\"" } else { "type=\"tcp\"" };
            found.push(finding.help(format!("add `probe {kind} every=\"5s\" timeout=\"1s\"`")));
        }
    }
    found
}
