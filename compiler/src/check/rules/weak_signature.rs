//! A signature that nobody accepts.

use super::files::place;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT013", "weak-signature"),
    level: Severity::Error,
    explanation: "A certificate of the chain is signed with SHA-1, MD5 or DSA, which clients refuse. A root \
        may be: nobody looks at its signature.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "sha1.pem" key="sha1.key"; }
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
    let weak = facts.identities.iter().filter_map(|identity| {
        let chain = identity.chain.as_ref().ok()?;
        let mut signed = chain.iter().enumerate().filter(|(at, it)| *at == 0 || !it.is_self_issued());
        let (at, certificate) = signed.find(|(_, it)| it.weak_signature.is_some())?;
        let file = identity.certificate;
        let message = format!(
            "`{}` in `{}` is signed with {}",
            certificate.title, file.value, certificate.weak_signature?
        );
        let finding = LINT.finding(message, file.span, place(at, &certificate.title));
        Some(finding.help("have it issued again: every authority signs with SHA-256 or better"))
    });
    weak.collect()
}
