//! Listeners that send requests in a circle.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE011", "redirect-loop"),
    level: Severity::Error,
    explanation: "A listener sends its requests to a listener that sends them on: at best a detour, at worst a circle \
        that browsers give up on.",
    bad: r#"
listener "a" { bind "127.0.0.1:8080"; redirect "b"; }
listener "b" { bind "127.0.0.1:8081"; redirect "a"; }
"#,
    good: r#"
listener "a" { bind "127.0.0.1:8080"; redirect "b"; }
listener "b" { bind "127.0.0.1:8081"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for listener in &facts.model.listeners {
        let Some(to) = listener.redirect.as_ref().map(|redirect| &redirect.listener) else { continue };
        let target = to.id.and_then(|id| facts.model.listeners.get(id.index()));
        let Some(next) = target.and_then(|target| target.redirect.as_ref()) else { continue };
        let message = format!("listener `{}` redirects to one that redirects", listener.name.value);
        let mut finding = LINT.finding(message, to.name.span, "sends its requests there");
        if next.listener.name.span != to.name.span {
            finding = finding.label(next.listener.name.span, "which sends them on");
        }
        found.push(finding.help("redirect to a listener that serves hosts itself"));
    }
    found
}
