//! A path pattern that does not parse, or that no path has.

use crate::check::Lint;
use crate::check::part;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::routes::{PatternError, PatternErrorKind};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE015", "invalid-path-pattern"),
    level: Severity::Error,
    explanation: "Paths are brought to normal form before they are routed, so a pattern in another form matches \
        nothing. Wildcards fill whole segments, and `**` stands at the end.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/%7Ejoe/../{id}" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/{id}" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let faulty =
        facts.patterns.routes.iter().filter_map(|read| Some((read.route, read.pattern.as_ref().err()?)));
    // Regexes have rules of their own.
    let of_regex =
        |kind: &PatternErrorKind| matches!(kind, PatternErrorKind::Regex(_) | PatternErrorKind::Impossible);
    faulty
        .filter(|(_, error)| !of_regex(&error.kind))
        .map(|(route, PatternError { range, kind })| {
            let pattern = &route.pattern.value;
            let message = match kind {
                PatternErrorKind::NotNormal(_) => format!("no request has the path `{pattern}`"),
                _ => format!("`{pattern}` is not a path pattern"),
            };
            LINT.finding(message, part(facts.sources, &route.pattern, range), kind.label()).help(kind.help())
        })
        .collect()
}
