//! TLS 1.2 without a suite for the key.

use divisor_schema::plan::TlsVersion;

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Fix, Rule, Safety, Severity};
use crate::facts::{Facts, Holder, TlsUse};
use crate::tls::{Authentication, suite};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS008", "no-suite-for-key"),
    level: Severity::Error,
    explanation: "A TLS 1.2 suite needs a key of its own algorithm. A list of RSA suites beside an ECDSA \
        certificate passes every other server's check, and then every TLS 1.2 handshake fails.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for tls in facts.tls.iter().filter(|tls| tls.choice.min() <= TlsVersion::Tls12) {
        let Some(first) = tls.settings.cipher_suites.first() else { continue };
        let suites = tls.choice.tls12_suites();
        for identity in facts.identities.iter().filter(|identity| is_used(facts, tls, identity.holder)) {
            let Some(kind) = identity.leaf().map(|leaf| leaf.key) else { continue };
            let Some(needed) = kind.authentication() else { continue };
            if suites.iter().any(|suite| suite.authentication == needed) {
                continue;
            }
            let file = &identity.certificate.value;
            let message = format!("no TLS 1.2 suite of the list can be used with the {kind} key of `{file}`");
            let finding = LINT.finding(message, first.span, format!("no suite for {} keys", needed.name()));
            let labelled = finding.label(identity.certificate.span, format!("has an {kind} key"));
            let suite = format!("TLS_ECDHE_{}_WITH_AES_128_GCM_SHA256", needed.name());
            found.push(
                labelled.help(format!("add `{suite}`, or delete the list")).fix(twins(facts, tls, needed)),
            );
        }
    }
    found
}

/// The suites of the list with the same ciphers, for the key that there is.
fn twins(facts: &Facts<'_>, tls: &TlsUse<'_>, needed: Authentication) -> Fix {
    let fix = Fix::new(Safety::Unsafe, format!("take the same suites for {} keys", needed.name()));
    tls.settings.cipher_suites.iter().fold(fix, |fix, name| {
        let Ok(suite) = suite(&name.value) else { return fix };
        let twin = suite.iana.replace(suite.authentication.name(), needed.name());
        let edits = replace(facts.sources, Safety::Unsafe, name, &twin).edits;
        edits.into_iter().fold(fix, |fix, edit| fix.edit(edit.span, edit.text))
    })
}

/// Whether a certificate of `holder` is shown under these settings.
fn is_used(facts: &Facts<'_>, tls: &TlsUse<'_>, holder: Holder) -> bool {
    let mine = |index: usize| {
        let listener = facts.model.listeners.get(index);
        listener.is_some_and(|listener| tls.listener.is_some_and(|it| std::ptr::eq(it, listener)))
    };
    match holder {
        Holder::Listener(index) => mine(index),
        Holder::Host(index) => {
            facts.sites.get(index).is_some_and(|site| site.listeners.iter().any(|it| mine(*it)))
        }
        Holder::Client => false,
    }
}
