//! Something that nothing refers to.

use std::collections::{BTreeMap, BTreeSet};

use super::references::{definitions, uses};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF003", "unused-definition"),
    level: Severity::Warning,
    explanation: "A pool, policy or shared rate limit that nothing uses, or a route outside of hosts that every host replaces. It is \
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
    let used: BTreeSet<(&str, &str)> =
        uses(facts).into_iter().map(|it| (it.kind, it.name.value.as_str())).collect();
    let unused = definitions(facts.model).into_iter().filter_map(|it| {
        // A listener does something by itself.
        let label = match it.kind {
            "pool" => "nothing is sent to it",
            "policy" => "no `use` names it",
            "rate-limit" => "no policy shares it",
            _ => return None,
        };
        (!used.contains(&(it.kind, it.name.value.as_str()))).then(|| unused(it.kind, it.name, label))
    });
    unused.chain(replaced_routes(facts)).collect()
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
