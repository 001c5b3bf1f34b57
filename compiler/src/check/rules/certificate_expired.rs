//! A certificate that is not valid any more.

use super::files::{judged, place};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::{Validity, day};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT006", "certificate-expired"),
    level: Severity::Error,
    explanation: "A certificate of the chain has expired: clients refuse it.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "expired.pem" key="expired.key"; }
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
    judged(facts)
        .filter_map(|(file, chain, validity)| match validity {
            Validity::Expired { index } => Some((file, index, chain.get(index)?)),
            _ => None,
        })
        .map(|(file, index, certificate)| {
            let end = day(certificate.not_after);
            let message = format!("certificate `{}` expired on {end}", file.value);
            LINT.finding(message, file.span, place(index, &certificate.subject)).help("renew it")
        })
        .collect()
}
