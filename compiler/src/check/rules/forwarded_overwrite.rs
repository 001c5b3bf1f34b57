//! Forwarding fields written by hand.

use super::headers::request_edits;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::HeaderChange;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC003", "forwarded-overwrite"),
    level: Severity::Warning,
    explanation: "Every request to a backend names the client in `X-Forwarded-For`, `X-Forwarded-Proto` and \
        `X-Forwarded-Host`: what trusted proxies said stays, what anybody else said is replaced. Written by hand, the \
        field loses the addresses behind trusted proxies, or stands there twice.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "10.0.0.0/8"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app" { request-header-set "X-Forwarded-For" "{client-address}"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "10.0.0.0/8"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app" { request-header-set "X-Client" "{client-address}"; }
"#,
    check,
};

/// Fields that are written into every request.
const WRITTEN: [&str; 3] = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let proxies = facts.model.listeners.iter().find_map(|listener| listener.trusted_proxies.first());
    let mut found = vec![];
    for edit in request_edits(facts) {
        let name = &edit.name.value;
        if !WRITTEN.iter().any(|written| name.eq_ignore_ascii_case(written)) {
            continue;
        }
        let label = match edit.change {
            HeaderChange::Set(_) => "overwrites what trusted proxies said",
            HeaderChange::Add(_) => "a second field beside the first",
            HeaderChange::Remove => continue,
        };
        let message = format!("`{name}` is written into every request already");
        let finding = LINT.finding(message, edit.name.span, label);
        let labelled = match proxies {
            Some(network) => finding.label(network.span, "proxies that are trusted"),
            None => finding,
        };
        found.push(labelled.help("take it away: the field says the same, and is right behind proxies too"));
    }
    found
}
