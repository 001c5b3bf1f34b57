//! Anchors that say nothing.

use std::ops::Range;

use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::routes::Test;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE006", "regex-unanchored"),
    level: Severity::Warning,
    explanation: "A regex is always held to the whole text, from its beginning to its end. `^` and `$` are not needed, and \
        lead readers to believe that other regexes search.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route path-regex="^/items/[0-9]+$" { respond 200 "item"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route path-regex="/items/[0-9]+" { respond 200 "item"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for read in &facts.patterns.routes {
        if let Ok(pattern) = &read.pattern {
            found.extend(diagnostic(facts, &read.route.pattern, &pattern.anchors));
        }
        for condition in read.conditions.iter() {
            let Test::Regex(regex) = condition.test() else { continue };
            let mut tests = read.route.conditions.iter().map(|written| &written.test);
            let here = tests.find(|test| test.value == crate::model::Test::Regex(regex.text.clone()));
            let written = here.map(|test| test.clone().map(|_| regex.text.clone()));
            found.extend(written.and_then(|written| diagnostic(facts, &written, &regex.anchors)));
        }
    }
    found
}

fn diagnostic(facts: &Facts<'_>, written: &Spanned<String>, anchors: &[Range<usize>]) -> Option<Diagnostic> {
    let (first, others) = anchors.split_first()?;
    let message = format!("regex `{}` has anchors, which always hold", written.value);
    let found = LINT.finding(message, part(facts.sources, written, first), "says nothing");
    let other =
        |found: Diagnostic, at: &Range<usize>| found.label(part(facts.sources, written, at), "nor does this");
    let mut bare = written.value.clone();
    anchors.iter().rev().filter(|at| at.end <= bare.len()).cloned().collect::<Vec<_>>().into_iter().for_each(
        |at| {
            bare.replace_range(at, "");
        },
    );
    Some(others.iter().fold(found, other).help(format!("write `{bare}`")))
}
