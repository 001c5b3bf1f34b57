//! A dot that is meant as a dot and matches anything.

use std::ops::Range;

use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Test;
use crate::routes::language::{Language, Regex};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE007", "regex-unescaped-dot"),
    level: Severity::Warning,
    explanation: "A `.` between the labels of a name, or before the extension of a file, stands for any character: `api.example` \
        is `api-example`, too, which anybody can register. The example is the shortest text that only the unescaped dot lets in.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a" { header "Origin" regex="https://api.example.com"; respond 200 "a"; }
route "/{file:[a-z]+.php}" { respond 200 "b"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/a" { header "Origin" regex="https://api\\.example\\.com"; respond 200 "a"; }
route "/{file:[a-z]+\\.php}" { respond 200 "b"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for read in &facts.patterns.routes {
        let path = &read.route.pattern;
        for (regex, at) in regexes(path, read.route.is_regex) {
            found.extend(diagnostic(facts, path, &regex, at));
        }
        for condition in &read.route.conditions {
            if let Test::Regex(text) = &condition.test.value {
                let written = condition.test.clone().map(|_| text.clone());
                found.extend(diagnostic(facts, &written, text, 0));
            }
        }
    }
    found
}

/// The regexes of a path pattern, with where they begin.
fn regexes(path: &Spanned<String>, is_regex: bool) -> Vec<(String, usize)> {
    if is_regex {
        return vec![(path.value.clone(), 0)];
    }
    let (mut found, mut depth, mut start) = (vec![], 0usize, None);
    for (at, byte) in path.value.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b':' if depth == 1 && start.is_none() => start = Some(at + 1),
            b'}' => {
                depth = depth.saturating_sub(1);
                if let Some(from) = start.filter(|_| depth == 0) {
                    found.extend(path.value.get(from..at).map(|regex| (regex.to_owned(), from)));
                    start = None;
                }
            }
            _ => {}
        }
    }
    found
}

fn diagnostic(facts: &Facts<'_>, written: &Spanned<String>, regex: &str, start: usize) -> Option<Diagnostic> {
    let dots = dots(regex);
    let first = dots.first()?;
    let mut escaped = regex.to_owned();
    dots.iter().rev().for_each(|at| escaped.insert(at.start, '\\'));
    let language = |text: &str| -> Option<Language> { Regex::parse(text).ok()?.language().ok() };
    // The shortest text that the dot lets in and an escaped one does not.
    let parts = language(regex)?.parts(&[&language(&escaped)?]).ok()?;
    let extra: String = parts.get(&vec![false])?.iter().copied().map(char::from).collect();
    let at = start + first.start..start + first.end;
    let found = LINT.finding(
        format!("`.` in regex `{regex}` matches any character"),
        part(facts.sources, written, &at),
        "any character",
    );
    Some(found.help(format!("write `{escaped}`")).witness(extra))
}

/// Dots that stand between two words, or before what looks like an extension.
fn dots(regex: &str) -> Vec<Range<usize>> {
    let bytes = regex.as_bytes();
    let (mut found, mut in_class, mut escaped) = (vec![], false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'.' if !in_class => {
                let behind = bytes.get(at + 1..).unwrap_or_default();
                let word = behind.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                let end = behind.get(word).is_none_or(|byte| b".:/$)|".contains(byte));
                let before = at.checked_sub(1).and_then(|at| bytes.get(at));
                let follows =
                    before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+*)]}".contains(byte));
                if word >= 2 && end && follows {
                    found.push(at..at + 1);
                }
            }
            _ => {}
        }
    }
    found
}
