//! A route that no request reaches.

use std::collections::BTreeMap;

use super::routing::{request, route_at};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Site};
use crate::routes::Finding;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE001", "unreachable-route"),
    level: Severity::Error,
    explanation: "The routes that beat a route take all of its requests together. It does nothing, and whoever \
        wrote it believes otherwise. Coverage is decided exactly, over all paths and methods.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
route "/api/**" pool="app"
route "/api" { respond 200 "one"; }
route "/api/" { respond 200 "two"; }
route "/api/{version}/**" { respond 200 "three"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; }
route "/api/**" pool="app"
route "/api" { respond 200 "one"; }
route "/api/{version}" { respond 200 "three"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    // By route: where it is unreachable, and in how many sites it is at all.
    let mut unreachable: BTreeMap<usize, Vec<(&Site<'_>, &Finding)>> = BTreeMap::new();
    for site in &facts.sites {
        for finding in site.analysis.iter().flat_map(|analysis| &analysis.findings) {
            if let Finding::Unreachable { route, .. } = finding
                && let Some(&route) = site.routes.get(*route)
            {
                unreachable.entry(route).or_default().push((site, finding));
            }
        }
    }
    let sites_of = |route: &usize| facts.sites.iter().filter(|site| site.routes.contains(route)).count();
    // A route outside of hosts may be covered in some of them.
    let everywhere = unreachable.into_iter().filter(|(route, places)| sites_of(route) == places.len());
    everywhere.filter_map(|(route, places)| diagnostic(facts, route, places.first()?)).collect()
}

fn diagnostic(
    facts: &Facts<'_>,
    route: usize,
    (site, finding): &(&Site<'_>, &Finding),
) -> Option<Diagnostic> {
    let Finding::Unreachable { covered_by, witness, .. } = finding else { return None };
    let pattern = &facts.patterns.routes.get(route)?.route.pattern;
    let mut better: Vec<&Spanned<String>> =
        covered_by.iter().filter_map(|at| route_at(facts, site, *at)).map(|route| &route.pattern).collect();
    better.sort_by_key(|other| other.span);
    let label = if better.len() == 1 { "takes all of its requests" } else { "takes a part of its requests" };
    let found =
        LINT.finding(format!("no request reaches route `{}`", pattern.value), pattern.span, "never reached");
    let found = better.iter().fold(found, |found, other| found.label(other.span, label));
    let names: Vec<String> = better.iter().map(|other| format!("`{}`", other.value)).collect();
    let help = format!("delete it, or narrow {}", names.join(" or "));
    Some(found.help(help).witness(request(facts, site, witness)))
}
