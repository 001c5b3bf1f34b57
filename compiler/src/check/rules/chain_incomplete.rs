//! A chain that leads to no root.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Holder, Identity};
use crate::tls::{ChainFault, Gap, chain_fault, gap};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT009", "chain-incomplete"),
    level: Severity::Warning,
    explanation: "The file lacks a certificate between the leaf and a root that clients trust. Browsers \
        often have it from elsewhere; curl, Java, Go and webhooks do not, and fail. A private root ends the chain where it \
        is in the file or named as `trust`.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "leaf.pem" key="leaf.key"; }
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
    let served = facts.identities.iter().filter(|identity| identity.holder != Holder::Client);
    served.filter_map(diagnostic).collect()
}

fn diagnostic(identity: &Identity<'_>) -> Option<Diagnostic> {
    let chain = identity.chain.as_ref().ok()?;
    if has_another_cause(identity) {
        return None;
    }
    let file = identity.certificate;
    Some(match gap(chain, &identity.trusted)? {
        Gap::SelfSigned => {
            let message = format!("certificate `{}` is signed by nobody but itself", file.value);
            LINT.finding(message, file.span, "no client trusts it").help(format!(
                "have it issued; where its clients are told to trust it, write `trust=\"{}\"`",
                file.value
            ))
        }
        Gap::Missing(last) => {
            let message =
                format!("`{}`, which signed `{}`, is missing from `{}`", last.issuer, last.title, file.value);
            let place = last.issuer_url.as_ref().map(|url| format!("; it says that it is at {url}"));
            LINT.finding(message, file.span, "neither in the file nor a root").help(format!(
                "append its certificate, or name a private root with `trust`{}",
                place.unwrap_or_default()
            ))
        }
        Gap::NotSigned(last) => {
            let message = format!("`{}` in `{}` did not sign `{}`", last.issuer, file.value, last.title);
            LINT.finding(message, file.span, "the same name, another key")
                .help("append the certificate that did: the authority has several of that name")
        }
    })
}

/// Whether something else is wrong with the chain that explains the gap.
fn has_another_cause(identity: &Identity<'_>) -> bool {
    let Ok(chain) = &identity.chain else { return true };
    let disorder = matches!(chain_fault(chain), Some(ChainFault::LeafNotFirst(_) | ChainFault::Unrelated(_)));
    disorder
        || identity.leaf().is_some_and(|leaf| leaf.is_authority)
        || chain.iter().any(|it| it.weak_signature.is_some())
}
