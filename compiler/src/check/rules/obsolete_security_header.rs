//! Headers that browsers have given up.

use super::headers::{response_edits, written};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC008", "obsolete-security-header"),
    level: Severity::Warning,
    explanation: "A header that browsers no longer know, or that was given up because it did harm: the filter behind \
        `X-XSS-Protection` could be used to read pages, a wrong pin of `Public-Key-Pins` took sites off the net.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "ok"; header-set "X-XSS-Protection" "1; mode=block"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "ok"; header-set "X-XSS-Protection" "0"; }
"#,
    check,
};

/// Headers, and what took their place.
const OBSOLETE: [(&str, &str); 9] = [
    ("x-xss-protection", "`Content-Security-Policy` takes its place"),
    ("public-key-pins", "Certificate Transparency takes its place"),
    ("public-key-pins-report-only", "Certificate Transparency takes its place"),
    ("expect-ct", "browsers expect it without being told"),
    ("feature-policy", "`Permissions-Policy` takes its place, in another syntax"),
    ("x-webkit-csp", "write `Content-Security-Policy`"),
    ("x-content-security-policy", "write `Content-Security-Policy`"),
    ("p3p", "nothing reads it"),
    ("pragma", "write `Cache-Control`: nothing reads it in a response"),
];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for edit in response_edits(facts) {
        let Some(value) = written(edit) else { continue };
        let name = edit.name.value.to_ascii_lowercase();
        // 0 switches the filter off where it still exists, which is what it is good for.
        let off = name == "x-xss-protection" && value.value.trim() == "0";
        let known = OBSOLETE.iter().find(|(obsolete, _)| *obsolete == name);
        let Some((_, instead)) = known.filter(|_| !off) else { continue };
        let message = format!("`{}` is obsolete", edit.name.value);
        let finding = LINT.finding(message, edit.name.span, "browsers have given it up");
        found.push(finding.help(format!("take it away: {instead}")));
    }
    found
}
