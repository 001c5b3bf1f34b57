//! A name that nothing bears.

use std::collections::{BTreeMap, BTreeSet};

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
    let mut other: BTreeMap<&str, Name<'_>> = BTreeMap::new();
    for it in &defined {
        other.entry(&it.name.value).or_insert(*it);
    }
    // To look for what is near takes as long as there are names, which is too long for a name in each of many routes.
    let near = |position: usize, it: Name<'_>| {
        let near = (position < SUGGESTIONS_MAX).then(|| nearest(it, &defined)).flatten();
        missing(it, near, other.get(it.name.value.as_str()).copied())
    };
    unknown.enumerate().map(|(position, it)| near(position, it)).collect()
}

/// How many findings say what may have been meant.
const SUGGESTIONS_MAX: usize = 100;

/// The definition of the same kind whose name is most alike.
fn nearest<'m>(reference: Name<'_>, defined: &[Name<'m>]) -> Option<Name<'m>> {
    let same = || defined.iter().filter(|other| other.kind == reference.kind);
    let near = closest(&reference.name.value, same().map(|other| other.name.value.as_str()))?;
    same().find(|other| other.name.value == near).copied()
}

fn missing(reference: Name<'_>, near: Option<Name<'_>>, other: Option<Name<'_>>) -> Diagnostic {
    let Name { kind, name } = reference;
    let found = LINT.finding(format!("{kind} `{}` is not defined", name.value), name.span, "no such name");
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
