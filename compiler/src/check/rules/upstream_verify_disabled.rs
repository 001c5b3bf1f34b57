//! TLS towards backends that anyone can answer.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, client_tls};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS017", "upstream-verify-disabled"),
    level: Severity::Warning,
    explanation: "Without verification, TLS keeps nobody out who can answer in place of the backend.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls verify=#false
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls ca="shop.pem" server-name="shop.example"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let unverified = client_tls(facts.model).filter(|tls| !tls.verify.value);
    unverified
        .map(|tls| {
            let finding = LINT.finding(
                "certificates of backends are not verified",
                tls.verify.span,
                "any certificate will do",
            );
            finding.help("delete it, and name the CA that signed them: `ca=\"ca.pem\"`")
        })
        .collect()
}
