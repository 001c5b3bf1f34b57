//! A host that no listener serves.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF006", "unserved-host"),
    level: Severity::Error,
    explanation: "Every listener that a host is limited to sends its requests elsewhere, or there is no listener at \
        all: nothing of what the host says happens.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; redirect "other"; }
listener "other" { bind "127.0.0.1:8081"; }
host "shop.example" listener="web" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; redirect "other"; }
listener "other" { bind "127.0.0.1:8081"; }
host "shop.example" listener="other" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    if facts.gaps.files || facts.gaps.parts {
        return vec![]; // its listener may be there
    }
    let mut found = vec![];
    for site in &facts.sites {
        let listeners: Vec<_> =
            site.listeners.iter().filter_map(|at| facts.model.listeners.get(*at)).collect();
        let Some((host, name)) = site.host.and_then(|host| Some((host, host.names.first()?))) else {
            continue;
        };
        if listeners.iter().any(|listener| listener.serves())
            || host.listeners.iter().any(|it| it.id.is_none())
        {
            continue;
        }
        let finding =
            LINT.finding(format!("no listener serves host `{}`", name.value), name.span, "never answered");
        let redirects = listeners.iter().filter_map(|it| Some(it.redirect.as_ref()?.listener.name.span));
        let forwards = listeners.iter().flat_map(|it| it.forwards()).map(|it| it.pool.name.span);
        let labelled = redirects
            .chain(forwards)
            .fold(finding, |found, to| found.label(to, "sends everything elsewhere"));
        found.push(labelled.help("name a listener that reads requests and does not redirect them"));
    }
    found
}
