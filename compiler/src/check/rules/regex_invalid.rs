//! A regex that cannot be compiled.

use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, condition};
use crate::model::Test;
use crate::routes::language::{RegexError, RegexErrorKind};
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
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a" { respond 200 "a"; }
route "/a" { header "X-Canary" regex="beta.*"; respond 200 "beta"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let of_routes = facts.patterns.routes.iter().flat_map(|read| &read.faults);
    let of_routes = of_routes.map(|(condition, error)| (*condition, error.clone()));
    let of_claims = facts.model.expects.iter().flat_map(|expect| &expect.conditions);
    let of_claims = of_claims.filter_map(|it| Some((it, condition(it).err()?)));
    let of_conditions = of_routes.chain(of_claims).filter_map(|(condition, error)| {
        let Test::Regex(text) = &condition.test.value else { return None };
        Some(diagnostic(facts, &condition.test.clone().map(|_| text.clone()), &error))
    });
    of_conditions.collect()
}

fn diagnostic(facts: &Facts<'_>, written: &Spanned<String>, error: &RegexError) -> Diagnostic {
    let text = &written.value;
    let (message, label, help) = match &error.kind {
        RegexErrorKind::Syntax(why) => (
            format!("regex `{text}` does not parse"),
            why.clone(),
            "a character that stands for itself has `\\` before it",
        ),
        RegexErrorKind::Look => (
            format!("regex `{text}` looks around"),
            "not in an automaton".to_owned(),
            "write a more specific route for what is left out: it wins",
        ),
        RegexErrorKind::BackReference => (
            format!("regex `{text}` refers back to a group"),
            "not in an automaton".to_owned(),
            "write out what the group can be",
        ),
        RegexErrorKind::TooBig => (
            format!("regex `{text}` needs an automaton beyond its budget"),
            "grows beyond its budget".to_owned(),
            "repeat less often, or let the text that is repeated begin and end more clearly",
        ),
    };
    // The parser's words, as far as they fit a label.
    let label = label.split(' ').take(8).collect::<Vec<_>>().join(" ");
    LINT.finding(message, part(facts.sources, written, &error.range), label).help(help)
}
