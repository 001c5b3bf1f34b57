//! A private key that everyone can read.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::is_world_readable;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT016", "key-permissions"),
    level: Severity::Error,
    explanation: "Every user of this machine, and whatever runs as one, can read the key and be the server.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop-open.key"; }
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
    let open = facts.identities.iter().filter(|identity| {
        let readable = matches!(identity.private, Some(Ok(_)));
        readable && identity.key_path.as_ref().is_some_and(|path| is_world_readable(path))
    });
    open.filter_map(|identity| {
        let key = identity.key?;
        let message = format!("private key `{}` can be read by every user", key.value);
        Some(LINT.finding(message, key.span, "open to all").help(format!("run `chmod 600 {}`", key.value)))
    })
    .collect()
}
