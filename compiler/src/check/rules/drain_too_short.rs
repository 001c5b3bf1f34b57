//! A shutdown that does not wait long enough.

use divisor_schema::plan::Millis;

use super::values::{label, time};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Layout;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO012", "drain-too-short"),
    level: Severity::Warning,
    explanation: "A shutdown waits for exchanges under way as long as `drain` says. A route that may take longer has \
        its requests cut off at every restart. A swap of the plan cuts nothing.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health"
}
runtime drain="30s"
route "/**" pool="app"
route "/export" pool="app" { timeout first-byte="60s"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health"
}
runtime drain="65s"
route "/**" pool="app"
route "/export" pool="app" { timeout first-byte="60s"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let drain = &facts.model.runtime.drain;
    let longest =
        facts.acting().filter(|acting| acting.pools(facts.model).next().is_some()).filter_map(|acting| {
            let whole = acting
                .exchange()
                .or(acting.first_byte())
                .map(|(_, limit)| limit)
                .filter(|limit| limit.written)?;
            Some((whole, acting.route))
        });
    // Whoever waits for the longest waits for all of them.
    let longest = longest.max_by_key(|(limit, _)| (limit.value, std::cmp::Reverse(limit.span)));
    let over = longest.filter(|(limit, _)| limit.value > drain.value);
    over.map(|(limit, route)| found(facts, drain, limit, &route.pattern.value)).into_iter().collect()
}

fn found(facts: &Facts<'_>, drain: &Spanned<Millis>, limit: &Spanned<Millis>, route: &str) -> Diagnostic {
    let message =
        format!("a shutdown waits {}, and requests of `{route}` may take {}", time(drain), time(limit));
    let mut found = LINT.finding(message, limit.span, format!("may take {}", time(limit)));
    // Nobody wrote the block that would hold the default of the full layout.
    if !drain.span.is_empty() {
        found = found.label(drain.span, label(drain, &format!("waits {}", time(drain))));
    }
    let enough = crate::model::in_time(limit.value.0.saturating_add(5_000));
    found.help(match facts.model.layout {
        Layout::Full => {
            format!("write `runtime drain=\"{enough}\"`, and give the service manager more than that")
        }
        Layout::Flat => format!("write {} or less: this layout cannot set the drain time", time(drain)),
    })
}
