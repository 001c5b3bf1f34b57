//! A condition that no request meets.

use super::headers::is_token_byte;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE003", "impossible-match"),
    level: Severity::Error,
    explanation: "Methods are tokens and tell upper case from lower (RFC 9110, section 9.1): `get` is not `GET`, and no \
        client sends it.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" method="get" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" method="GET" { respond 200 "ok"; }
"#,
    check,
};

/// The methods of RFC 9110 and PATCH.
const USUAL: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let methods = facts.patterns.routes.iter().flat_map(|read| &read.route.methods);
    methods
        .filter_map(|method| {
            let upper = method.value.to_ascii_uppercase();
            let finding = LINT.finding(
                format!("no request has the method `{}`", method.value),
                method.span,
                "never sent",
            );
            if method.value.is_empty() || !method.value.bytes().all(is_token_byte) {
                return Some(finding.help("write a method as clients send it, `GET` for one"));
            }
            let misspelt = upper != method.value && USUAL.contains(&upper.as_str());
            misspelt.then(|| finding.help(format!("write `{upper}`")))
        })
        .collect()
}
