//! A key of another certificate.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Identity};
use crate::source::Spanned;
use crate::tls::{Certificate, belong_together};

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
    mismatched.map(|(identity, leaf, key)| diagnostic(facts, identity, leaf, key)).collect()
}

fn diagnostic(
    facts: &Facts<'_>,
    identity: &Identity<'_>,
    leaf: &Certificate,
    key: &Spanned<String>,
) -> Diagnostic {
    let certificate = identity.certificate;
    let message = format!("`{}` is not the key of `{}`", key.value, certificate.value);
    let finding = LINT.finding(message, key.span, "a key of another certificate");
    let labelled = finding.label(certificate.span, format!("has an {} key", leaf.key));
    match the_right_one(facts, certificate, leaf) {
        Some(right) => labelled.help(format!("write `{right}`, which is the key of this certificate")),
        None => labelled.help("name the key that was created with this certificate"),
    }
}

/// A key that belongs to the certificate: another one of the config, or one beside it with the same name.
fn the_right_one(facts: &Facts<'_>, certificate: &Spanned<String>, leaf: &Certificate) -> Option<String> {
    let others = facts
        .identities
        .iter()
        .filter(|it| matches!(&it.private, Some(Ok(key)) if belong_together(leaf, key)));
    let named = others.filter_map(|it| it.key).map(|key| key.value.clone()).next();
    named.or_else(|| {
        let beside = Spanned::new(format!("{}.key", certificate.value.rsplit_once('.')?.0), certificate.span);
        let key = facts.files.find(&beside).key().ok()?;
        belong_together(leaf, &key).then_some(beside.value)
    })
}
