//! A name that nothing bears.

use std::collections::BTreeSet;

use super::references::{Name, definitions, mentions, uses};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::closest;

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
    let defined = definitions(facts.model);
    let known: BTreeSet<(&str, &str)> = defined.iter().map(|it| (it.kind, it.name.value.as_str())).collect();
    let named = uses(facts).into_iter().chain(mentions(facts.model));
    let unknown = named.filter(|it| !known.contains(&(it.kind, it.name.value.as_str())));
    unknown.map(|it| missing(it, &defined)).collect()
}

fn missing(reference: Name<'_>, defined: &[Name<'_>]) -> Diagnostic {
    let Name { kind, name } = reference;
    let found = LINT.finding(format!("{kind} `{}` is not defined", name.value), name.span, "no such name");
    let same = defined.iter().filter(|other| other.kind == kind).map(|other| other.name.value.as_str());
    let near = closest(&name.value, same);
    let near = near.and_then(|near| defined.iter().find(|it| it.kind == kind && it.name.value == near));
    let other = defined.iter().find(|other| other.name.value == name.value);
    match (near, other) {
        (_, Some(other)) => found
            .label(other.name.span, format!("a {}, not a {kind}", other.kind))
            .help(format!("define {kind} `{}`, or name one that is there", name.value)),
        (Some(near), None) => found
            .label(near.name.span, format!("a {kind} with a similar name"))
            .help(format!("write `{}`", near.name.value)),
        (None, None) => found.help(format!("define {kind} `{}`", name.value)),
    }
}
