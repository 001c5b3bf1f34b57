//! A key of another certificate.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::belong_together;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT005", "key-mismatch"),
    level: Severity::Error,
    explanation: "The key does not sign for the certificate. This is what most renewals that go wrong look like.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="other.key"; }
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
    let mismatched = facts.identities.iter().filter_map(|identity| {
        let (leaf, Some(Ok(key))) = (identity.leaf()?, &identity.private) else { return None };
        // A chain in the wrong order has its own rule.
        let chain = identity.chain.as_ref().ok()?;
        let other = chain.iter().any(|certificate| belong_together(certificate, key));
        (!other).then_some((identity, leaf, identity.key?))
    });
    mismatched
        .map(|(identity, leaf, key)| {
            let certificate = identity.certificate;
            let message = format!("`{}` is not the key of `{}`", key.value, certificate.value);
            let finding = LINT.finding(message, key.span, "a key of another certificate");
            let labelled = finding.label(certificate.span, format!("has an {} key", leaf.key));
            labelled.help("name the key that was created with this certificate")
        })
        .collect()
}
