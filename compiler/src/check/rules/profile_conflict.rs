//! A profile that does not exist, or that other settings contradict.

use divisor_schema::plan::TlsVersion;

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
use crate::facts::{Facts, Holder, Identity, TlsUse};
use crate::tls::{Authentication, Profile, ProfileFault, profile};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS011", "profile-conflict"),
    level: Severity::Error,
    explanation: "`modern` is TLS 1.3 alone and `intermediate` is TLS 1.2 and 1.3, after Mozilla's guideline 6.0 \
        (April 2026). That guideline no longer has `old`, and no setting can bring its suites back.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls profile="old" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls profile="intermediate" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let settings = facts.tls.iter().filter_map(|tls| diagnostic(facts, tls));
    settings.chain(facts.identities.iter().filter_map(|identity| rsa(facts, identity))).collect()
}

fn diagnostic(facts: &Facts<'_>, tls: &TlsUse<'_>) -> Option<Diagnostic> {
    let name = &tls.settings.profile;
    match profile(&name.value) {
        Err(ProfileFault::Old) => Some(
            LINT.finding("profile `old` is not available", name.span, "removed by Mozilla in April 2026")
                .help(
                    "write `intermediate`: TLS 1.0 and 1.1, CBC, 3DES and RSA key exchange are not implemented, and no \
                     setting brings them back; clients older than Firefox 31, Android 4.4.2, Java 8u161 or OpenSSL \
                     1.0.1l need a proxy of their own that speaks TLS 1.2 to this one",
                )
                .fix(replace(facts.sources, Safety::Unsafe, name, "intermediate")),
        ),
        Err(ProfileFault::Unknown) => Some(
            LINT.finding(format!("profile `{}` does not exist", name.value), name.span, "no such profile")
                .help("write `intermediate` or `modern`"),
        ),
        Ok(Profile::Modern) => modern(facts, tls),
        Ok(Profile::Intermediate) => None,
    }
}

/// What asks for more than the profile has.
fn modern(facts: &Facts<'_>, tls: &TlsUse<'_>) -> Option<Diagnostic> {
    let name = &tls.settings.profile;
    let oldest = tls.settings.min_version.as_ref().filter(|_| tls.choice.min() < TlsVersion::Tls13)?;
    let finding = LINT.finding("profile `modern` means TLS 1.3 only", oldest.span, "contradicts the profile");
    Some(finding.label(name.span, "the profile").help("delete it, or write `intermediate`").fix(replace(
        facts.sources,
        Safety::Unsafe,
        name,
        "intermediate",
    )))
}

/// An RSA key where the profile means ECDSA.
fn rsa(facts: &Facts<'_>, identity: &Identity<'_>) -> Option<Diagnostic> {
    let listeners = match identity.holder {
        Holder::Listener(index) => vec![index],
        Holder::Host(index) => facts.sites.get(index)?.listeners.clone(),
        Holder::Client => return None,
    };
    let is_rsa = identity.leaf()?.key.authentication() == Some(Authentication::Rsa);
    let of = |index: usize| facts.model.listeners.get(index).and_then(|listener| listener.tls.as_ref());
    let mut profiles = listeners.into_iter().filter_map(of).map(|tls| &tls.settings.profile);
    let modern = profiles.find(|name| profile(&name.value) == Ok(Profile::Modern)).filter(|_| is_rsa)?;
    let message =
        format!("profile `modern` is meant for ECDSA, and `{}` has an RSA key", identity.certificate.value);
    let found = Diagnostic::warning(LINT.rule, message, identity.certificate.span, "has an RSA key");
    Some(
        found
            .label(modern.span, "the profile")
            .help("have it issued for an ECDSA P-256 key, or write `intermediate`"),
    )
}
