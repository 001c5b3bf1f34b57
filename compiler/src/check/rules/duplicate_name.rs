//! Two things with one name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Action;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF002", "duplicate-name"),
    level: Severity::Error,
    explanation: "Two listeners, pools or policies have the same name, two hosts answer the same name on the same \
        listener, a pool stands twice in one split, or an error \
        has two pages. Which of them is meant would depend on their order, and order means nothing.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "shop.example" { route "/**" { respond 200 "one"; }; }
host "shop.example" { route "/**" { respond 200 "two"; }; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "shop.example" { route "/**" { respond 200 "one"; }; }
host "www.shop.example" { route "/**" { respond 200 "two"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let model = facts.model;
    let listeners = twice("listener", model.listeners.iter().map(|listener| &listener.name));
    let pools = twice("pool", model.pools.iter().map(|pool| &pool.name));
    let policies = twice("policy", model.policies.iter().map(|policy| &policy.name));
    let limits = twice("rate-limit", model.rate_limits.iter().map(|limit| &limit.name));
    [listeners, pools, policies, limits, hosts(facts), shares(facts), pages(facts)].concat()
}

/// Statuses of a host that have two pages.
fn pages(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for host in &facts.model.hosts {
        let statuses: Vec<&Spanned<u16>> = host.error_pages.iter().flat_map(|page| &page.statuses).collect();
        for (at, status) in statuses.iter().enumerate() {
            let before = statuses.iter().take(at).find(|other| other.value == status.value);
            found.extend(before.map(|first| {
                let message = format!("status {} has two pages", status.value);
                LINT.finding(message, status.span, "second page")
                    .label(first.span, "first page")
                    .help("keep one of them")
            }));
        }
    }
    found
}

/// Pools that stand twice in one split.
fn shares(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for read in &facts.patterns.routes {
        let Some(Action::Split { shares }) = &read.route.action else { continue };
        for (at, share) in shares.iter().enumerate() {
            let name = &share.pool.name;
            let before = shares.iter().take(at).find(|other| other.pool.name.value == name.value);
            found.extend(before.map(|first| {
                let message = format!("pool `{}` stands twice in one split", name.value);
                LINT.finding(message, name.span, "second share")
                    .label(first.pool.name.span, "first share")
                    .help("add the weights up")
            }));
        }
    }
    found
}

fn twice<'m>(kind: &str, names: impl Iterator<Item = &'m Spanned<String>>) -> Vec<Diagnostic> {
    let mut first: BTreeMap<&str, &Spanned<String>> = BTreeMap::new();
    let again = names.filter_map(|name| match first.entry(&name.value) {
        Entry::Vacant(entry) => {
            entry.insert(name);
            None
        }
        Entry::Occupied(entry) => Some((*entry.get(), name)),
    });
    again.map(|(one, other)| finding(kind, one, other)).collect()
}

/// Names of hosts; the same one may stand in two blocks whose listeners have nothing in common.
fn hosts(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut owners: BTreeMap<&str, Vec<(usize, &Spanned<String>)>> = BTreeMap::new();
    let mut found = vec![];
    for (index, host) in facts.model.hosts.iter().enumerate() {
        for name in &host.names {
            let known = owners.entry(&name.value).or_default();
            let meets =
                known.iter().find(|(other, _)| *other == index || share_listener(facts, *other, index));
            found.extend(meets.map(|(_, first)| finding("host", first, name)));
            known.push((index, name));
        }
    }
    found
}

fn share_listener(facts: &Facts<'_>, one: usize, other: usize) -> bool {
    match (facts.sites.get(one), facts.sites.get(other)) {
        (Some(one), Some(other)) => one.listeners.iter().any(|listener| other.listeners.contains(listener)),
        _ => false,
    }
}

fn finding(kind: &str, one: &Spanned<String>, other: &Spanned<String>) -> Diagnostic {
    let (first, second) = if one.span <= other.span { (one, other) } else { (other, one) };
    LINT.finding(format!("{kind} `{}` is defined twice", first.value), second.span, "defined again here")
        .label(first.span, "first defined here")
        .help("rename one of them, or merge the two")
}
