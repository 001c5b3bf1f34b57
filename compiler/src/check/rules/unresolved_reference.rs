//! A name that nothing bears.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Action, closest};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF001", "unresolved-reference"),
    level: Severity::Error,
    explanation: "A route, host, listener or policy names something that is not defined. Nothing can be guessed \
        for it: a request would have nowhere to go.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
route "/**" pool="ap"
route "/app/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    if facts.gaps.files {
        return vec![]; // it may be defined there
    }
    let model = facts.model;
    let mut found = vec![];
    let pools: Vec<&Spanned<String>> = model.pools.iter().map(|pool| &pool.name).collect();
    let listeners: Vec<&Spanned<String>> = model.listeners.iter().map(|listener| &listener.name).collect();
    let policies: Vec<&Spanned<String>> = model.policies.iter().map(|policy| &policy.name).collect();
    for read in &facts.patterns.routes {
        let named = read.route.action.iter().flat_map(Action::pools);
        found.extend(named.filter_map(|pool| missing("pool", &pool.name, &pools)));
        found.extend(read.route.uses.iter().filter_map(|policy| missing("policy", &policy.name, &policies)));
    }
    for host in &model.hosts {
        found.extend(
            host.listeners.iter().filter_map(|listener| missing("listener", &listener.name, &listeners)),
        );
        found.extend(host.uses.iter().filter_map(|policy| missing("policy", &policy.name, &policies)));
    }
    for listener in &model.listeners {
        let redirect = listener.redirect.as_ref().map(|redirect| &redirect.listener.name);
        found.extend(redirect.and_then(|name| missing("listener", name, &listeners)));
        found.extend(listener.uses.iter().filter_map(|policy| missing("policy", &policy.name, &policies)));
    }
    found
}

fn missing(kind: &str, name: &Spanned<String>, defined: &[&Spanned<String>]) -> Option<Diagnostic> {
    if defined.iter().any(|other| other.value == name.value) {
        return None;
    }
    let message = format!("{kind} `{}` is not defined", name.value);
    let near = closest(&name.value, defined.iter().map(|other| other.value.as_str()));
    let near = near.and_then(|near| defined.iter().find(|other| other.value == near));
    Some(match near {
        Some(near) => LINT
            .finding(message, name.span, "no such name")
            .label(near.span, format!("a {kind} with a similar name"))
            .help(format!("write `{}`", near.value)),
        None => {
            LINT.finding(message, name.span, "no such name").help(format!("define {kind} `{}`", name.value))
        }
    })
}
