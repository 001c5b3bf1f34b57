//! No version of TLS is left.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS004", "inverted-tls-range"),
    level: Severity::Error,
    explanation: "The oldest version that is allowed is newer than the newest: every handshake would fail.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls min-version="1.3" max-version="1.2" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls min-version="1.2" max-version="1.3" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let inverted = facts.tls.iter().filter(|tls| tls.choice.min() > tls.choice.max());
    inverted
        .filter_map(|tls| {
            let newest = tls.settings.max_version.as_ref()?;
            let oldest = tls.settings.min_version.as_ref().unwrap_or(&tls.settings.profile);
            let finding = LINT.finding("no version of TLS is left", newest.span, "and at most this");
            Some(finding.label(oldest.span, "at least this").help("delete `max-version`"))
        })
        .collect()
}
