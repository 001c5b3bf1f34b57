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
    let (file, chain) = (identity.certificate, identity.chain.as_ref().ok()?);
    let disorder = format!("the chain of `{}` is in the wrong order", file.value);
    let warning = |message: String, label: String| Diagnostic::warning(LINT.rule, message, file.span, label);
    Some(match chain_fault(chain)? {
        ChainFault::LeafNotFirst(leaf) => LINT
            .finding(disorder, file.span, format!("the leaf is certificate {}", leaf + 1))
            .help("put the leaf first, then the one that signed it, and so on"),
        ChainFault::Unrelated(at) => {
            warning(disorder, format!("certificate {} did not sign the one before", at + 1))
                .help("delete what does not belong to the chain")
        }
        ChainFault::Repeated(at) => {
            let message = format!("a certificate is in `{}` twice", file.value);
            warning(message, format!("certificate {} once more", at + 1)).help("delete one of them")
        }
        ChainFault::TooLong(count) => {
            let message =
                format!("the chain of `{}` has {count} certificates between leaf and root", file.value);
            warning(message, "clients follow six at most".into())
                .help("have it issued by an authority nearer to the root")
        }
        ChainFault::PublicRoot(at) => {
            let message = format!("`{}` holds a public root", file.value);
            let label = format!("certificate {} goes out for nothing", at + 1);
            Diagnostic::info(LINT.rule, message, file.span, label).help("delete it: every client has it")
        }
    })
}
