//! A header that belongs to the connection.

use super::headers::edits;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC004", "hop-by-hop-header"),
    level: Severity::Error,
    explanation: "These headers say where a message ends and what becomes of its connection (RFC 9110, section \
        7.6.1). The server writes them; set by hand, they are how requests are smuggled.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" {
    respond 200 "ok"
    header-set "Transfer-Encoding" "chunked"
}
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" {
    respond 200 "ok"
    header-set "X-Frame-Options" "DENY"
}
"#,
    check,
};

const MANAGED: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let managed =
        edits(facts).filter(|edit| MANAGED.contains(&edit.name.value.to_ascii_lowercase().as_str()));
    managed
        .map(|edit| {
            let message = format!("`{}` is written by the server itself", edit.name.value);
            LINT.finding(message, edit.name.span, "belongs to the connection").help("delete the line")
        })
        .collect()
}
