//! An RSA key that is too short.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT012", "weak-key"),
    level: Severity::Error,
    explanation: "RSA keys of less than 2048 bits are accepted by no browser and cannot be loaded.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "weak.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let weak =
        facts.identities.iter().filter(|identity| identity.leaf().is_some_and(|leaf| leaf.key.is_weak()));
    weak.filter_map(|identity| {
        let (file, kind) = (identity.certificate, identity.leaf()?.key);
        let message = format!("the key of `{}` is too short: {kind}", file.value);
        let help = "create a P-256 key: `openssl ecparam -name prime256v1 -genkey -noout -out KEY`";
        Some(LINT.finding(message, file.span, "at least 2048 bits are needed").help(help))
    })
    .collect()
}
