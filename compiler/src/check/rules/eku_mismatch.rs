//! A certificate for another purpose.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Holder, Identity};
use crate::tls::is_public;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT015", "eku-mismatch"),
    level: Severity::Error,
    explanation: "A certificate says what it may be used for: the one of a listener must be for servers, and \
        the one shown to backends for clients. Public authorities stop issuing certificates for clients during 2026.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "client.pem" key="client.key"; }
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
    facts.identities.iter().filter_map(diagnostic).collect()
}

fn diagnostic(identity: &Identity<'_>) -> Option<Diagnostic> {
    let (file, leaf) = (identity.certificate, identity.leaf()?);
    let purposes = leaf.purposes?;
    if identity.holder != Holder::Client {
        let message = format!("`{}` is not for servers", file.value);
        let finding = || LINT.finding(message, file.span, "extended key usage without serverAuth");
        return (!purposes.server).then(|| finding().help("have it issued for serverAuth"));
    }
    let ends = "public authorities, Let's Encrypt among them, stop issuing it during 2026: use a private authority that \
                the backends trust";
    if !purposes.client {
        let message = format!("`{}` is not for clients", file.value);
        return Some(LINT.finding(message, file.span, "extended key usage without clientAuth").help(ends));
    }
    is_public(identity.chain.as_ref().ok()?).then(|| {
        let message = format!("`{}` will not be for clients when it is renewed", file.value);
        Diagnostic::warning(LINT.rule, message, file.span, "of a public authority").help(ends)
    })
}
