//! HTTP/2 that old clients cannot agree on.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS015", "alpn-mismatch"),
    level: Severity::Warning,
    explanation: "HTTP/2 over TLS 1.2 rests on AES-128-GCM (RFC 9113, section 9.2.2). The list of suites \
        leaves it out while HTTP/2 is offered: clients that have nothing else fail.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let judged = facts.tls.iter().filter_map(|tls| {
        let listener = tls.listener?;
        let h2 = listener.http.h2.as_ref().is_none_or(|h2| h2.value);
        let (first, suites) = (tls.settings.cipher_suites.first()?, tls.choice.tls12_suites());
        let without = !suites.is_empty() && !suites.iter().any(|suite| suite.iana.contains("AES_128_GCM"));
        (h2 && without).then(|| {
            let message =
                format!("listener `{}` offers HTTP/2 without AES-128-GCM for TLS 1.2", listener.name.value);
            let finding = LINT.finding(message, first.span, "the list has no AES-128-GCM");
            let key = suites.first().map_or("ECDSA", |suite| suite.authentication.name());
            finding.help(format!("add `TLS_ECDHE_{key}_WITH_AES_128_GCM_SHA256`, or delete the list"))
        })
    });
    judged.collect()
}
