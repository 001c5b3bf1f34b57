//! Something that nothing refers to.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Action;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF003", "unused-definition"),
    level: Severity::Warning,
    explanation: "A pool or policy that nothing uses, or a route outside of hosts that every host replaces. It is \
        usually half of a rename, and what was meant to use it does something else.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
pool "app-old" { backend "http://127.0.0.1:9001"; }
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    if facts.gaps.files || facts.gaps.parts {
        return vec![]; // it may be used there
    }
    let model = facts.model;
    let mut used_pools: BTreeSet<&str> = BTreeSet::new();
    let mut used_policies: BTreeSet<&str> = BTreeSet::new();
    for read in &facts.patterns.routes {
        let named = read.route.action.iter().flat_map(Action::pools);
        used_pools.extend(named.map(|pool| pool.name.value.as_str()));
        used_policies.extend(read.route.uses.iter().map(|policy| policy.name.value.as_str()));
    }
    let around = model.hosts.iter().map(|host| &host.uses).chain(model.listeners.iter().map(|it| &it.uses));
    used_policies.extend(around.flatten().map(|policy| policy.name.value.as_str()));
    let pools = model.pools.iter().filter(|pool| !used_pools.contains(pool.name.value.as_str()));
    let policies = model.policies.iter().filter(|policy| !used_policies.contains(policy.name.value.as_str()));
    let pools = pools.map(|pool| unused("pool", &pool.name, "no route sends to it"));
    let policies = policies.map(|policy| unused("policy", &policy.name, "no `use` names it"));
    pools.chain(policies).chain(replaced_routes(facts)).collect()
}

fn unused(kind: &str, name: &Spanned<String>, label: &str) -> Diagnostic {
    LINT.finding(format!("{kind} `{}` is never used", name.value), name.span, label)
        .help("delete it, or use it where it was meant to be used")
}

/// Routes outside of hosts that an equal one replaces in every host.
fn replaced_routes(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut replaced: BTreeMap<usize, usize> = BTreeMap::new();
    for site in &facts.sites {
        let overridden = site.analysis.as_ref().map_or(&[][..], |analysis| &analysis.overridden);
        for route in overridden.iter().filter_map(|position| site.routes.get(*position)) {
            *replaced.entry(*route).or_default() += 1;
        }
    }
    let everywhere = replaced.into_iter().filter(|(_, sites)| *sites == facts.sites.len());
    let routes = everywhere.filter_map(|(route, _)| facts.patterns.routes.get(route));
    routes
        .map(|read| {
            let pattern = &read.route.pattern;
            let message = format!("every host has its own route `{}`", pattern.value);
            LINT.finding(message, pattern.span, "used by no host").help("delete it")
        })
        .collect()
}
