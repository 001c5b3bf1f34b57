//! TLS without a certificate.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT019", "no-certificate"),
    level: Severity::Error,
    explanation: "A listener speaks TLS, and neither it nor a host that it serves has a certificate: every \
        handshake would fail.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls profile="modern"
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
    let mut found = vec![];
    for (index, listener) in facts.model.listeners.iter().enumerate() {
        let Some(tls) = &listener.tls else { continue };
        let hosts = facts.sites_of(index).filter_map(|site| site.host);
        if tls.certificates.is_empty() && hosts.flat_map(|host| &host.certificates).next().is_none() {
            let message = format!("listener `{}` has no certificate", listener.name.value);
            let finding = LINT.finding(message, tls.at.0, "TLS needs one");
            let others = match listener.passthrough.is_empty() {
                true => "",
                false => ", or delete `tls`: what is passed through needs none",
            };
            found.push(finding.help(format!("add `certificate \"cert.pem\" key=\"cert.key\"`{others}")));
        }
    }
    found
}
