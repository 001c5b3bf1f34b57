//! A text that is no version of TLS.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::{VersionFault, version};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS019", "unknown-tls-version"),
    level: Severity::Error,
    explanation: "Some programs take an unknown version for a default without a word, even where it is the newest \
        one allowed.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls min-version="latest" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls min-version="1.3" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let bounds = facts.tls.iter().flat_map(|tls| [&tls.settings.min_version, &tls.settings.max_version]);
    let unknown = bounds.flatten().filter(|bound| version(&bound.value) == Err(VersionFault::Unknown));
    unknown
        .map(|bound| {
            let message = format!("`{}` is not a version of TLS", bound.value);
            LINT.finding(message, bound.span, "no such version").help("write \"1.2\" or \"1.3\"")
        })
        .collect()
}
