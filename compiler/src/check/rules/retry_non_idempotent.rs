//! Retries that would do something twice.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Acting, Facts};
use crate::model::{Retry, RetryCause};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO006", "retry-non-idempotent"),
    level: Severity::Warning,
    explanation: "A route takes only requests that must not be sent twice, `POST` or `PATCH` (RFC 9110, section 9.2.2), \
        and asks for retries after a backend may have acted on them. They are never sent again then, so that nothing is \
        paid for twice; but whoever wrote it counts on it.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/pay" method="POST" pool="app" { retry 2 { on "connect-failure" "503" "timeout"; }; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/pay" method="POST" pool="app" { retry 2 { on "connect-failure"; }; }
"#,
    check,
};

/// Methods whose requests may be sent twice.
const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.acting().filter_map(|acting| twice(facts, &acting)).collect()
}

fn twice(facts: &Facts<'_>, acting: &Acting<'_>) -> Option<Diagnostic> {
    let methods = &acting.route.methods;
    let method = methods.first()?;
    if methods.iter().any(|method| IDEMPOTENT.contains(&method.value.as_str())) {
        return None;
    }
    acting.pools(facts.model).next()?;
    let retry: &Retry = acting.retry().filter(|retry| retry.attempts.value > 0)?;
    let cause = retry.on.iter().find(|cause| cause.value != RetryCause::ConnectFailure)?;
    let (name, pattern) = (&method.value, &acting.route.pattern.value);
    let message = format!("`{name}` requests of `{pattern}` are not sent again after a backend had them");
    let found = LINT.finding(message, cause.span, format!("never happens for `{name}`"));
    let labelled = found.label(method.span, "would be done twice");
    Some(labelled.help("write `on \"connect-failure\"`: then no backend has seen the request"))
}
