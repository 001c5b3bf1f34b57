//! A profile that does not exist, or that other settings contradict.

use divisor_schema::plan::TlsVersion;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, TlsUse};
use crate::tls::{Profile, ProfileFault, profile};

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
    facts.tls.iter().filter_map(diagnostic).collect()
}

fn diagnostic(tls: &TlsUse<'_>) -> Option<Diagnostic> {
    let name = &tls.settings.profile;
    match profile(&name.value) {
        Err(ProfileFault::Old) => Some(
            LINT.finding("profile `old` is not available", name.span, "removed by Mozilla in April 2026").help(
                "write `intermediate`; clients older than Firefox 31, Android 4.4.2 or Java 8u161 need a proxy of \
                 their own",
            ),
        ),
        Err(ProfileFault::Unknown) => Some(
            LINT.finding(format!("profile `{}` does not exist", name.value), name.span, "no such profile")
                .help("write `intermediate` or `modern`"),
        ),
        Ok(Profile::Modern) => {
            let oldest = tls.settings.min_version.as_ref().filter(|_| tls.choice.min() < TlsVersion::Tls13)?;
            let finding = LINT.finding("profile `modern` means TLS 1.3 only", oldest.span, "contradicts the profile");
            Some(finding.label(name.span, "the profile").help("delete `min-version`, or write `intermediate`"))
        }
        Ok(Profile::Intermediate) => None,
    }
}
