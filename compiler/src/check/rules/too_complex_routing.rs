//! Patterns that multiply each other.

use super::routing::route_at;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Site};
use crate::routes::TooComplex;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE016", "too-complex-routing"),
    level: Severity::Error,
    explanation: "The tables of a host would outgrow their budget: parameters beside literals in many segments \
        make the combinations grow with every further route. Nothing is compiled rather than something \
        slow.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/a/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/a/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/a/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/a/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/a/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/a/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/a/*/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/a/*/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/a/*/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/a/*/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/a/*/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/a/*/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/a/*" { respond 200 "ok"; }
route "/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/a" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.sites.iter().filter_map(|site| diagnostic(facts, site)).collect()
}

fn diagnostic(facts: &Facts<'_>, site: &Site<'_>) -> Option<Diagnostic> {
    let TooComplex { patterns } = site.analysis.as_ref().err()?;
    let worst: Vec<_> = patterns.iter().filter_map(|position| route_at(facts, site, *position)).collect();
    let (first, others) = worst.split_first()?;
    let found = LINT.finding("the routes of a host multiply each other", first.pattern.span, "costs most");
    let labelled =
        others.iter().fold(found, |found, route| found.label(route.pattern.span, "costs much, too"));
    Some(labelled.help("write literals in place of parameters, or split the host in several"))
}
