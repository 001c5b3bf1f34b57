//! TLS 1.2 without a group.

use divisor_schema::plan::TlsVersion;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS007", "no-group-for-tls12"),
    level: Severity::Error,
    explanation: "TLS 1.2 is on and every group of the list is for TLS 1.3 alone: every TLS 1.2 handshake would \
        fail.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { groups "X25519MLKEM768"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { groups "X25519MLKEM768" "x25519"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for tls in &facts.tls {
        let listed = &tls.choice.groups;
        let tls12 = tls.choice.min() <= TlsVersion::Tls12;
        if !tls12 || listed.is_empty() || listed.iter().any(|group| group.in_tls12) {
            continue;
        }
        if let Some(first) = tls.settings.groups.first() {
            let finding =
                LINT.finding("no group of the list works with TLS 1.2", first.span, "for TLS 1.3 alone");
            found.push(finding.help("add `x25519`, or set `min-version` to \"1.3\""));
        }
    }
    found
}
