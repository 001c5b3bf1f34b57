//! The same set of requests twice.

use std::collections::BTreeSet;

use super::routing::route_at;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::routes::Finding;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE014", "duplicate-route"),
    level: Severity::Error,
    explanation: "Two routes match exactly the same requests, whatever their captures are called. Only a host may \
        replace a route that was written outside of all hosts.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/users/{id}" { respond 200 "one"; }
route "/users/{name}" { respond 200 "two"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/users/{id}" method="GET" { respond 200 "one"; }
route "/users/{name}" method="POST" { respond 200 "two"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut pairs = BTreeSet::new();
    let mut found = vec![];
    for site in &facts.sites {
        for finding in site.analysis.iter().flat_map(|analysis| &analysis.findings) {
            let Finding::Duplicate { first, second } = finding else { continue };
            let (Some(one), Some(other)) = (route_at(facts, site, *first), route_at(facts, site, *second))
            else {
                continue;
            };
            let (one, other) = (&one.pattern, &other.pattern);
            let (first, second) = if one.span <= other.span { (one, other) } else { (other, one) };
            if pairs.insert((first.span, second.span)) {
                let message =
                    format!("routes `{}` and `{}` match the same requests", first.value, second.value);
                let again = LINT.finding(message, second.span, "the same set again");
                found.push(again.label(first.span, "first written here").help("delete one of them"));
            }
        }
    }
    found
}
