//! Secrets that end up in the plan.

use super::headers::{edits, written};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Action, HeaderEdit};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC013", "inline-secret"),
    level: Severity::Error,
    explanation: "A password, a token or a private key stands in the config, and so in every plan that is built, copied \
        and kept. A variable does not help: it is filled in before.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app" { request-header-set "Authorization" "Bearer 6f1ed002ab5595859014ebf0951522d9"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9000"
    tls ca="shop.pem" certificate="shop.pem" key="shop.key" server-name="shop.example"
    probe "/health"
}
route "/**" pool="app"
"#,
    check,
};

/// Fields that hold credentials and nothing else.
const FIELDS: [&str; 7] =
    ["authorization", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-secret"];
/// How secrets of well-known sorts begin.
const PREFIXES: [(&str, &str); 12] = [
    ("-----BEGIN ENCRYPTED PRIVATE KEY", "a private key"),
    ("-----BEGIN PRIVATE KEY", "a private key"),
    ("-----BEGIN RSA PRIVATE KEY", "a private key"),
    ("-----BEGIN EC PRIVATE KEY", "a private key"),
    ("-----BEGIN OPENSSH PRIVATE KEY", "a private key"),
    ("AKIA", "an access key of AWS"),
    ("ghp_", "a token of GitHub"),
    ("github_pat_", "a token of GitHub"),
    ("glpat-", "a token of GitLab"),
    ("xoxb-", "a token of Slack"),
    ("sk_live_", "a key of Stripe"),
    ("AIza", "a key of Google"),
];
/// Shorter words are prose, or examples.
const LENGTH_MIN: usize = 16;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let bodies = facts.patterns.routes.iter().filter_map(|read| match &read.route.action {
        Some(Action::Respond { body, .. }) => Some((body, sort(&body.value)?)),
        _ => None,
    });
    let headers = edits(facts).filter_map(|edit| Some((written(edit)?, secret(edit)?)));
    bodies.chain(headers).map(|(value, sort)| found(value, sort)).collect()
}

fn found(value: &Spanned<String>, sort: &str) -> Diagnostic {
    let finding = LINT.finding(format!("{sort} stands in the config"), value.span, "will be in every plan");
    finding.help(
        "take it away and replace it, for it has been seen; `tls certificate=\"…\" key=\"…\"` in a pool tells backends \
         who is asking",
    )
}

/// What a change of a header gives away.
fn secret(edit: &HeaderEdit) -> Option<&'static str> {
    let value = written(edit)?.value.trim();
    let field = FIELDS.iter().any(|field| edit.name.value.eq_ignore_ascii_case(field));
    let word = value.rsplit(' ').next().unwrap_or_default();
    let literal = !value.contains(['{', '$']) && !word.is_empty();
    // `Basic` and `Bearer` alone say how to sign in.
    let scheme =
        ["basic", "bearer", "digest", "negotiate"].iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
    if field && literal && !scheme { Some("a credential") } else { sort(value) }
}

/// What sort of secret is among the words of a text.
fn sort(text: &str) -> Option<&'static str> {
    if let Some((_, sort)) = PREFIXES.iter().take(5).find(|(prefix, _)| text.contains(prefix)) {
        return Some(sort);
    }
    let mut words = text.split(|c: char| c.is_whitespace() || "\"',;=".contains(c));
    words.find_map(|word| {
        let known = PREFIXES.iter().skip(5).find(|(prefix, _)| word.starts_with(prefix));
        known
            .filter(|_| word.len() >= LENGTH_MIN && word.bytes().any(|it| it.is_ascii_digit()))
            .map(|(_, sort)| *sort)
    })
}
