//! A key that is too short, or that few clients know.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Holder};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT012", "weak-key"),
    level: Severity::Error,
    explanation: "RSA keys of less than 2048 bits are accepted by no browser and cannot be loaded, and keys of other \
        kinds are known to few clients or cost much. How bad it is depends on the key.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "weak.pem" key="shop.key"; }
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
    let judged = facts.identities.iter().filter_map(|identity| {
        let (file, kind) = (identity.certificate, identity.leaf()?.key);
        let public = identity.holder != Holder::Client && !identity.is_private();
        let (level, reason) = kind.verdict(public)?;
        let message = format!("the key of `{}` is {}", file.value, kind);
        let help = match level {
            Severity::Info => "RSA-2048 or ECDSA P-256 serves more clients with the same trust",
            _ => "create a P-256 key: `openssl ecparam -name prime256v1 -genkey -noout -out KEY`",
        };
        Some(Diagnostic::new(LINT.rule, level, message, file.span, reason).help(help))
    });
    judged.collect()
}
