//! The server's order of suites in place of the client's.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS010", "preference-ignored"),
    level: Severity::Info,
    explanation: "All suites that can be negotiated are strong. A phone without AES in hardware asks for \
        ChaCha20 first for a reason; an order of the server only makes it slower.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { prefer-server-order #true; certificate "shop.pem" key="shop.key"; }
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
    let preferring = facts.tls.iter().filter_map(|tls| tls.prefer.filter(|prefer| prefer.value));
    preferring
        .map(|prefer| {
            let off = facts.sources.text(prefer.span).replace("true", "false");
            LINT.finding(
                "the server's order of suites slows clients without AES in hardware",
                prefer.span,
                "all suites are strong",
            )
            .help("delete it")
            .fix(Fix::risky("let clients choose", prefer.span, off))
        })
        .collect()
}
