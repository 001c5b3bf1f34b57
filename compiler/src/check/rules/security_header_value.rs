//! Values of security headers that browsers ignore.

use super::csp;
use super::headers::{response_edits, written};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::closest;
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC009", "security-header-value"),
    level: Severity::Error,
    explanation: "Browsers ignore a security header whose value they do not understand, without a word: the page is as \
        unprotected as before. An error where the whole header is ignored, a warning where a part of it is, and worth \
        knowing where a policy leaves something open that looks closed.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" {
    respond 200 "ok"
    header-set "X-Content-Type-Options" "nosnif"
    header-set "Content-Security-Policy" "default-src self"
}
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" {
    respond 200 "ok"
    header-set "X-Content-Type-Options" "nosniff"
    header-set "Content-Security-Policy" "default-src 'self'; base-uri 'self'; frame-ancestors 'none'"
}
"#,
    check,
};

/// Headers that take one of a few words.
const WORDS: [(&str, &[&str]); 6] = [
    ("x-content-type-options", &["nosniff"]),
    ("x-frame-options", &["DENY", "SAMEORIGIN"]),
    (
        "referrer-policy",
        &[
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ],
    ),
    (
        "cross-origin-opener-policy",
        &["unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"],
    ),
    ("cross-origin-embedder-policy", &["unsafe-none", "require-corp", "credentialless"]),
    ("cross-origin-resource-policy", &["same-site", "same-origin", "cross-origin"]),
];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for edit in response_edits(facts) {
        let Some(value) = written(edit) else { continue };
        match edit.name.value.to_ascii_lowercase().as_str() {
            "content-security-policy" => found.extend(policy(value)),
            "permissions-policy" => found.extend(permissions(value)),
            name => {
                let words = WORDS.iter().find(|(known, _)| *known == name);
                found.extend(words.and_then(|(_, words)| word(&edit.name.value, value, words)));
            }
        }
    }
    found
}

/// A header that takes one word. Only `Referrer-Policy` takes several, of which browsers use the last they know.
fn word(name: &str, value: &Spanned<String>, words: &[&str]) -> Option<Diagnostic> {
    let list = name.eq_ignore_ascii_case("referrer-policy");
    let known = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
    if known(&value.value) || (list && value.value.split(',').any(known)) {
        return None;
    }
    let message = format!("browsers ignore `{name}: {}`", value.value);
    let found = LINT.finding(message, value.span, "none of its values");
    Some(match closest(value.value.trim(), words.iter().copied()) {
        Some(meant) => {
            let fix = Fix::risky(format!("write `{meant}`"), value.span, format!("\"{meant}\""));
            found.help(format!("write `{meant}`")).fix(fix)
        }
        None if name.eq_ignore_ascii_case("x-frame-options") => found.help(
            "write `DENY` or `SAMEORIGIN`; `frame-ancestors` of a `Content-Security-Policy` takes origins",
        ),
        None => found.help(format!("write {}", words.join(", "))),
    })
}

/// `Permissions-Policy` is a structured field (RFC 9651), `Feature-Policy` was none.
fn permissions(value: &Spanned<String>) -> Option<Diagnostic> {
    let first = value.value.split([',', ';']).find(|directive| !directive.contains('='))?;
    let feature = first.split_whitespace().next()?;
    let message = format!("browsers ignore `Permissions-Policy: {}`", value.value);
    let found = LINT.finding(message, value.span, "the syntax of `Feature-Policy`");
    Some(found.help(format!("write `{feature}=()` for nobody, or `{feature}=(self)`")))
}

fn policy(value: &Spanned<String>) -> Vec<Diagnostic> {
    let faults = csp::faults(&value.value);
    let mut found: Vec<Diagnostic> = faults
        .iter()
        .map(|fault| {
            let mut found = LINT.finding(fault.message(), value.span, fault.label());
            found.severity = Severity::Warning;
            found.help(fault.help())
        })
        .collect();
    let open = csp::open(&value.value);
    if found.is_empty() && !open.is_empty() {
        let names: Vec<String> = open.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("the policy leaves {} open", names.join(" and "));
        let mut finding = LINT.finding(message, value.span, "`default-src` does not cover them");
        finding.severity = Severity::Info;
        let more: Vec<&str> = open.iter().map(|name| csp::closed(name)).collect();
        let whole = value.value.trim().trim_end_matches(';');
        found.push(finding.help(format!("`{whole}; object-src 'none'; {}`", more.join("; "))));
    }
    found
}
