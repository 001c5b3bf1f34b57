//! A certificate authority in place of a server.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::{ChainFault, chain_fault};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT014", "ca-as-leaf"),
    level: Severity::Error,
    explanation: "The certificate may sign others, or its key may not sign handshakes. Clients refuse it, \
        and who steals the key of a server must not be able to issue certificates with it.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "authority.pem" key="authority.key"; }
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
    let found = facts.identities.iter().filter_map(|identity| {
        let chain = identity.chain.as_ref().ok()?;
        let leaf = identity.leaf()?;
        // A chain in the wrong order has its own rule.
        if matches!(chain_fault(chain), Some(ChainFault::LeafNotFirst(_))) {
            return None;
        }
        let file = identity.certificate;
        if leaf.is_authority {
            let message = format!("`{}` is the certificate of an authority", file.value);
            let finding = LINT.finding(message, file.span, "basicConstraints: CA");
            return Some(
                finding.help("issue a certificate for the server from it, with `basicConstraints=CA:FALSE`"),
            );
        }
        (!leaf.signs_handshakes).then(|| {
            let message = format!("the key of `{}` may not sign handshakes", file.value);
            let finding = LINT.finding(message, file.span, "keyUsage without digitalSignature");
            finding.help("have it issued again, with `keyUsage=digitalSignature`")
        })
    });
    found.collect()
}
