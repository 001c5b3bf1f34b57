//! Policies that are used together and say different things. What excludes each other inside one block, the decoder
//! finds.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Listener, Policy, Reference};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::CONFLICTING_KEYS,
    level: Severity::Error,
    explanation: "Two keys that exclude each other, or two policies of one `use` that give one key different values. No \
        order in the file and no order of names decides which of them wins; an inner `use` quietly wins over an outer one.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "small" { body-limit "1MiB"; }
policy "large" { body-limit "8MiB"; }
route "/**" { respond 200 "ok"; use "small" "large"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; use "small"; }
policy "small" { body-limit "1MiB"; }
policy "large" { body-limit "8MiB"; }
route "/**" { respond 200 "ok"; use "large"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let model = facts.model;
    let listeners = model.listeners.iter().map(|listener| &listener.uses);
    let hosts = model.hosts.iter().map(|host| &host.uses);
    let routes = facts.patterns.routes.iter().map(|read| &read.route.uses);
    // The same two policies are often used together many times: they conflict once.
    let mut known = BTreeSet::new();
    let mut found = vec![];
    for list in listeners.chain(hosts).chain(routes).filter(|list| list.len() > 1) {
        found.extend(conflicts(facts, list).into_iter().filter(|(places, _)| known.insert(*places)));
    }
    let of_policies = found.into_iter().map(|(_, diagnostic)| diagnostic);
    of_policies.chain(model.listeners.iter().filter_map(forwarding)).collect()
}

/// What a listener says of requests that it never sees, because it forwards connections as they are.
fn forwarding(listener: &Listener) -> Option<Diagnostic> {
    let forward = listener.forward.as_ref()?.pool.name.span;
    let redirect = listener.redirect.as_ref().map(|it| ("redirect", it.listener.name.span));
    let uses = listener.uses.first().map(|it| ("use", it.name.span));
    let names = listener.passthrough.first().and_then(|it| it.names.first());
    let passthrough = names.map(|name| ("passthrough", name.span));
    let (word, at) = redirect.or(uses).or(passthrough)?;
    let message = format!("`forward` and `{word}` of listener `{}` cannot be combined", listener.name.value);
    let finding =
        LINT.finding(message, at, "nothing is left for it").label(forward, "takes every connection");
    Some(finding.help(format!("delete `{word}`, or `forward`")))
}

/// What the policies of one list disagree about, with the places of the two values.
fn conflicts(facts: &Facts<'_>, list: &[Reference<Policy>]) -> Vec<((Span, Span), Diagnostic)> {
    let mut policies: Vec<(&Policy, Span)> = list
        .iter()
        .filter_map(|reference| Some((facts.model.policy(reference)?, reference.name.span)))
        .collect();
    policies.sort_by_key(|(policy, _)| policy.name.span);
    policies.dedup_by_key(|(policy, _)| policy.name.span);
    let mut first = BTreeMap::new();
    let mut found = vec![];
    for (policy, used) in policies {
        for (key, value) in &policy.single {
            let (other, known) = *first.entry(key).or_insert((policy, value));
            if known.value == value.value {
                continue;
            }
            let message = format!(
                "policies `{}` and `{}` give `{key}` different values",
                other.name.value, policy.name.value
            );
            let finding = LINT
                .finding(message, value.span, format!("policy `{}`", policy.name.value))
                .label(known.span, format!("policy `{}`", other.name.value))
                .label(used, "used together")
                .help(format!("take `{key}` out of one of them, or use one of them only"));
            found.push(((known.span, value.span), finding));
        }
    }
    found
}
