//! A file that holds something else.

use super::files::file_faults;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::{FileFault, Slot};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT002", "wrong-pem-content"),
    level: Severity::Error,
    explanation: "A certificate is expected and a key found, or a request, a public key, a bundle in another \
        format.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.key" key="shop.pem"; }
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
    file_faults(facts)
        .filter_map(|(file, slot, fault)| {
            let FileFault::Wrong { holds, help } = fault else { return None };
            let (expected, label) = match slot {
                Slot::Certificate => ("a certificate", "named as a certificate"),
                Slot::Key => ("a private key", "named as a key"),
            };
            let message = format!("`{}` holds {holds}, not {expected}", file.value);
            Some(LINT.finding(message, file.span, label).help(*help))
        })
        .collect()
}
