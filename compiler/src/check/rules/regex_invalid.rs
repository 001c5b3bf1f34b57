//! A regex that cannot be compiled.

use std::ops::Range;

use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, condition};
use crate::model::Test;
use crate::routes::language::RegexErrorKind;
use crate::routes::{PatternError, PatternErrorKind};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE005", "regex-invalid"),
    level: Severity::Error,
    explanation: "Regexes become finite automata when the config is compiled: they run in one pass over the text, whatever \
        it is, and are compared with each other exactly. That leaves out look-around, word boundaries and references back \
        to groups, and whatever would need an automaton of a size beyond all measure.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a" { header "X-Canary" regex="(?!beta).*"; respond 200 "a"; }
route "/b" { header "X-Canary" regex="[ab]*a[ab]{20}"; respond 200 "b"; }
route "/c" { query "id" regex="(a"; respond 200 "c"; }
route "/{d:(?!admin)[a-z]+}" { respond 200 "d"; }
route path-regex="/e/(a" { respond 200 "e"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a" { respond 200 "a"; }
route "/a" { header "X-Canary" regex="beta.*"; respond 200 "beta"; }
route "/{d:[a-z]{3,}}" { respond 200 "d"; }
route "/admin" { respond 200 "admin"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let routes = &facts.patterns.routes;
    let of_paths = routes.iter().filter_map(|read| {
        let PatternError { range, kind: PatternErrorKind::Regex(kind) } = read.pattern.as_ref().err()? else {
            return None;
        };
        Some(diagnostic(facts, &read.route.pattern, range, kind))
    });
    let of_routes = routes.iter().flat_map(|read| &read.faults);
    let of_routes = of_routes.map(|(condition, error)| (*condition, error.clone()));
    let of_claims = facts.model.expects.iter().flat_map(|expect| &expect.conditions);
    let of_claims = of_claims.filter_map(|it| Some((it, condition(it).err()?)));
    let of_conditions = of_routes.chain(of_claims).filter_map(|(condition, error)| {
        let Test::Regex(text) = &condition.test.value else { return None };
        let written = condition.test.clone().map(|_| text.clone());
        Some(diagnostic(facts, &written, &error.range, &error.kind))
    });
    of_paths.chain(of_conditions).collect()
}

fn diagnostic(
    facts: &Facts<'_>,
    written: &Spanned<String>,
    range: &Range<usize>,
    kind: &RegexErrorKind,
) -> Diagnostic {
    let text = &written.value;
    let message = match kind {
        RegexErrorKind::Syntax(_) => format!("regex `{text}` does not parse"),
        RegexErrorKind::Look => format!("regex `{text}` looks around"),
        RegexErrorKind::BackReference => format!("regex `{text}` refers back to a group"),
        RegexErrorKind::TooBig => format!("regex `{text}` needs an automaton beyond its budget"),
    };
    LINT.finding(message, part(facts.sources, written, range), kind.label()).help(kind.help())
}
