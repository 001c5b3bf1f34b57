//! Half of a pair.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, client_tls};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT004", "incomplete-key-pair"),
    level: Severity::Error,
    explanation: "A certificate without a key cannot be used, and a key without a certificate says nothing. Half a \
        pair often means that no certificate is shown at all.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem"; }
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
    let without_key = facts.identities.iter().filter(|identity| identity.key.is_none()).map(|identity| {
        let file = identity.certificate;
        let message = format!("certificate `{}` has no key", file.value);
        LINT.finding(message, file.span, "half of a pair").help("add `key=\"…\"`")
    });
    let without_certificate =
        client_tls(facts.model).filter(|tls| tls.certificate.is_none()).filter_map(|tls| {
            let key = tls.key.as_ref()?;
            let message = format!("key `{}` has no certificate", key.value);
            Some(
                LINT.finding(message, key.span, "half of a pair")
                    .help("add `certificate=\"…\"`, or delete the key"),
            )
        });
    without_key.chain(without_certificate).collect()
}
