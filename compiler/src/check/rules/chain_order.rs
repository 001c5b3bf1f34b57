//! A chain in the wrong order.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Identity};
use crate::tls::{ChainFault, chain_fault};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT010", "chain-order"),
    level: Severity::Error,
    explanation: "The leaf comes first, and each certificate is followed by the one that signed it. Anything else \
        fails with a message about keys that do not match, or with some clients only.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "reversed.pem" key="reversed.key"; }
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
    let file = identity.certificate;
    let message = format!("the chain of `{}` is in the wrong order", file.value);
    Some(match chain_fault(identity.chain.as_ref().ok()?)? {
        ChainFault::LeafNotFirst(leaf) => LINT
            .finding(message, file.span, format!("the leaf is certificate {}", leaf + 1))
            .help("put the leaf first, then the one that signed it, and so on"),
        ChainFault::Unrelated(at) => {
            let label = format!("certificate {} did not sign the one before", at + 1);
            Diagnostic::warning(LINT.rule, message, file.span, label)
                .help("delete what does not belong to the chain")
        }
    })
}
