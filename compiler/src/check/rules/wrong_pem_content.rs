//! A file that holds something else.

use super::files::file_faults;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Safety, Severity};
use crate::facts::{Facts, Identity};
use crate::source::Spanned;
use crate::tls::{FileFault, Slot};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT002", "wrong-pem-content"),
    level: Severity::Error,
    explanation: "A certificate is expected and a key found, or a request, a public key, a bundle in another \
        format.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.key" key="shop.pem"; }
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
    let swapped: Vec<(&Spanned<String>, &Spanned<String>)> =
        facts.identities.iter().filter_map(swapped).collect();
    let is_swapped =
        |file: &Spanned<String>| swapped.iter().any(|(a, b)| [a.span, b.span].contains(&file.span));
    let wrong = file_faults(facts).filter(|(file, ..)| !is_swapped(file)).filter_map(wrong);
    let both = swapped.iter().map(|(certificate, key)| exchange(facts, certificate, key));
    both.chain(wrong).chain(facts.identities.iter().filter_map(several)).collect()
}

fn wrong((file, slot, fault): (&Spanned<String>, Slot, FileFault)) -> Option<Diagnostic> {
    let FileFault::Wrong(content) = fault else { return None };
    let (expected, label) = match slot {
        Slot::Certificate => ("a certificate", "named as a certificate"),
        Slot::Key => ("a private key", "named as a key"),
        Slot::Revoked => ("a revocation list", "named as a revocation list"),
        Slot::Secret => ("a secret", "named as a secret"),
    };
    let message = format!("`{}` holds {}, not {expected}", file.value, content.words());
    Some(LINT.finding(message, file.span, label).help(content.help(&file.value)))
}

/// Certificate and key of a pair whose files each hold what the other one is to hold.
fn swapped<'m>(identity: &Identity<'m>) -> Option<(&'m Spanned<String>, &'m Spanned<String>)> {
    let certificate = identity.certificate_file.key().is_ok() && identity.chain.is_err();
    let key_file = identity.key_file.as_ref()?;
    let key = key_file.certificates().is_ok() && key_file.key().is_err();
    (certificate && key).then_some((identity.certificate, identity.key?))
}

fn exchange(facts: &Facts<'_>, certificate: &Spanned<String>, key: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` holds a private key, and `{}` a certificate", certificate.value, key.value);
    let [first, second] = [certificate, key].map(|file| facts.sources.text(file.span).to_owned());
    let fix =
        Fix::new(Safety::Safe, "exchange the two paths").edit(certificate.span, second).edit(key.span, first);
    LINT.finding(message, certificate.span, "named as a certificate")
        .label(key.span, "named as a key")
        .help("exchange the two paths")
        .fix(fix)
}

/// A file with more than one private key.
fn several(identity: &Identity<'_>) -> Option<Diagnostic> {
    let (key, file) = (identity.key?, identity.key_file.as_ref()?);
    let count = file.held.as_ref().ok()?.key_count();
    (count > 1 && file.key().is_ok()).then(|| {
        let message = format!("`{}` holds {count} private keys", key.value);
        Diagnostic::warning(LINT.rule, message, key.span, "the first one is used")
            .help("keep one key in a file")
    })
}
