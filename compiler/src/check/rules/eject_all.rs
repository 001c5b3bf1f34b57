//! Errors that can take all backends out at once.

use super::values::{chosen, label};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::Pool;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS010", "eject-all"),
    level: Severity::Warning,
    explanation: "Every backend of a pool may be taken out at a time. Something that all of them depend on and that fails \
        for a moment then takes the whole pool out, and every request gets 503 until they are let in again.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    probe "/health"
    eject consecutive-errors=1 max-percent="100%"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    probe "/health"
    eject consecutive-errors=5 max-percent="50%"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.model.pools.iter().filter_map(all).collect()
}

fn all(pool: &Pool) -> Option<Diagnostic> {
    let (errors, share, backends) =
        (&pool.eject.consecutive_errors, &pool.eject.max_percent, chosen(pool).count());
    if errors.value == 0 || share.value < 100 || backends == 0 {
        return None;
    }
    let message = format!("all {backends} backends of pool `{}` may be taken out at a time", pool.name.value);
    let after = match errors.value {
        1 => "after a single error".to_owned(),
        errors => format!("after {errors} errors in a row"),
    };
    let found = LINT.finding(message, share.span, "every backend").label(errors.span, label(errors, &after));
    let fix = Fix::risky("keep half of them in", share.span, "\"50%\"");
    Some(found.help("write `max-percent=\"50%\"`").fix(fix))
}
