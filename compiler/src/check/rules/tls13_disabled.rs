//! TLS without its newest version.

use divisor_schema::plan::TlsVersion;

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS005", "tls13-disabled"),
    level: Severity::Warning,
    explanation: "`max-version` turns TLS 1.3 off: handshakes take longer, and no key exchange withstands quantum \
        computers. A list of cipher suites never does that, because it is for TLS 1.2 alone.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls max-version="1.2" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let capped = facts
        .tls
        .iter()
        .filter(|tls| tls.choice.max() < TlsVersion::Tls13 && tls.choice.min() <= tls.choice.max());
    let newest = capped.filter_map(|tls| tls.settings.max_version.as_ref());
    newest
        .map(|newest| {
            LINT.finding(format!("`{}` turns TLS 1.3 off", newest.value), newest.span, "caps the version")
                .help("delete `max-version`")
                .fix(replace(facts.sources, Safety::Unsafe, newest, "1.3"))
        })
        .collect()
}
