//! A key that cannot sign.

use super::files::file_faults;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::FileFault;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT003", "unsupported-private-key"),
    level: Severity::Error,
    explanation: "A key with a passphrase, of another protocol, or of an algorithm that TLS does not use here.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="passphrase.key"; }
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
        .filter_map(|(file, _, fault)| {
            let FileFault::UnusableKey(content) = fault else { return None };
            let message = format!("`{}` holds {}", file.value, content.words());
            Some(LINT.finding(message, file.span, "of no use here").help(content.help(&file.value)))
        })
        .collect()
}
