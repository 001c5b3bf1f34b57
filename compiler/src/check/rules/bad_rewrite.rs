//! A target that cannot be filled.

use crate::check::Lint;
use crate::check::part;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Action;
use crate::routes::{Pattern, TemplateError, TemplateErrorKind, location, rewrite};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE010", "bad-rewrite"),
    level: Severity::Error,
    explanation: "A rewrite or redirect names a part of the path that the pattern does not have, or would not give \
        a path or URL.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/old/{id}" { redirect "/new/{name}"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/old/{id}" { redirect "/new/{id}"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for read in &facts.patterns.routes {
        let Ok(pattern) = &read.pattern else { continue };
        if let Some(target) = &read.route.rewrite {
            found.extend(
                rewrite(&target.value, pattern).err().map(|error| diagnostic(facts, target, pattern, error)),
            );
        }
        if let Some(Action::Redirect { location: target, .. }) = &read.route.action {
            found.extend(
                location(&target.value, pattern).err().map(|error| diagnostic(facts, target, pattern, error)),
            );
        }
    }
    found
}

fn diagnostic(
    facts: &Facts<'_>,
    target: &Spanned<String>,
    pattern: &Pattern,
    error: TemplateError,
) -> Diagnostic {
    let (message, label, help) = match error.kind {
        TemplateErrorKind::Empty => {
            ("the target is empty".to_owned(), "nothing here", "write a path".to_owned())
        }
        TemplateErrorKind::UnbalancedBrace => (
            "a brace has no partner".to_owned(),
            "this one",
            "write `{name}`; a literal brace is `%7B` or `%7D`".to_owned(),
        ),
        TemplateErrorKind::UnknownName(name) => {
            let known = pattern.captures.iter().map(|capture| capture.name.as_str());
            let known: Vec<String> =
                known.chain(["host", "path", "query"]).map(|it| format!("`{{{it}}}`")).collect();
            let message = format!("`{}` has no part `{name}`", pattern.text);
            (message, "not in the pattern", format!("use {}", known.join(", ")))
        }
        TemplateErrorKind::Character => {
            ("a character that no URL has".to_owned(), "this one", "write it percent-encoded".to_owned())
        }
        TemplateErrorKind::NoLeadingSlash => (
            "the path for the backend does not begin with `/`".to_owned(),
            "here",
            "begin it with `/`".to_owned(),
        ),
    };
    LINT.finding(message, part(facts.sources, target, &error.range), label).help(help)
}
