//! Two routes that cross.

use std::collections::{BTreeMap, BTreeSet};

use super::routing::{request, route_at};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Route;
use crate::routes::{Finding, Request};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE002", "ambiguous-overlap"),
    level: Severity::Error,
    explanation: "Two routes match the same request, neither is inside the other, and no third one decides. Order \
        cannot decide either: it means nothing here.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/users/{id}" { respond 200 "one"; }
route "/{kind}/me" { respond 200 "two"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/users/{id}" { respond 200 "one"; }
route "/{kind}/me" { respond 200 "two"; }
route "/users/me" { respond 200 "one"; }
"#,
    check,
};

/// A route that crosses more than this many others is reported with so many of them and the number of the rest.
const SHOWN: usize = 3;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut pairs = BTreeSet::new();
    let mut crossings: BTreeMap<Span, Vec<Diagnostic>> = BTreeMap::new();
    for site in &facts.sites {
        for finding in site.analysis.iter().flat_map(|analysis| &analysis.findings) {
            let Finding::Ambiguous { first, second, witness } = finding else { continue };
            let (Some(one), Some(other)) = (route_at(facts, site, *first), route_at(facts, site, *second))
            else {
                continue;
            };
            if pairs.insert((one.pattern.span, other.pattern.span)) {
                let found = diagnostic(one, other, request(facts, site, witness), witness);
                crossings.entry(one.pattern.span).or_default().push(found);
            }
        }
    }
    crossings.into_values().flat_map(first_ones).collect()
}

fn first_ones(mut crossings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = crossings.len().saturating_sub(SHOWN);
    crossings.truncate(SHOWN);
    if let Some(last) = crossings.last_mut().filter(|_| more > 0) {
        last.help.get_or_insert_default().push_str(&format!("; this route crosses {more} more"));
    }
    crossings
}

fn diagnostic(one: &Route, other: &Route, request: String, witness: &Request) -> Diagnostic {
    let (first, second) = if one.pattern.span <= other.pattern.span { (one, other) } else { (other, one) };
    let message =
        format!("routes `{}` and `{}` both match `{request}`", first.pattern.value, second.pattern.value);
    LINT.finding(message, second.pattern.span, "and so does this one")
        .label(first.pattern.span, "matches it")
        .help(help(first, second, witness))
        .witness(request)
}

fn help(first: &Route, second: &Route, witness: &Request) -> String {
    let ways = "make one of them more specific, give one a `priority`";
    let asks = |route: &Route| !route.conditions.is_empty() || !route.clients.is_empty();
    if asks(first) || asks(second) {
        return format!("{ways}, or add a route with what both ask for");
    }
    // A third route decides only if it is inside both, and so is for a method of both.
    let for_all_methods = first.methods.is_empty() && second.methods.is_empty();
    let method = if for_all_methods { String::new() } else { format!(" for {}", witness.method) };
    format!("{ways}, or add a route `{}`{method} that says which", witness.path)
}
