//! A way around the certificates of clients.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS014", "mtls-host-bypass"),
    level: Severity::Error,
    explanation: "A host demands a certificate of its clients, and a listener without TLS serves it to \
        everybody. Between names of one listener there is no such way: a request for another name than that of the \
        handshake is answered 421 where they ask for different things, and they share no sessions.",
    bad: r#"
listener "web" { bind "127.0.0.1:8443"; tls { certificate "shop.pem" key="shop.key"; }; }
listener "inside" { bind "127.0.0.1:8080"; }
host "shop.example" { tls { client-auth ca="clients.pem"; }; route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8443"; tls { certificate "shop.pem" key="shop.key"; }; }
listener "inside" { bind "127.0.0.1:8080"; redirect "web"; }
host "shop.example" { tls { client-auth ca="clients.pem"; }; route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for site in &facts.sites {
        let Some(host) = site.host else { continue };
        let Some(auth) = host.client_auth.as_ref().filter(|auth| auth.required.value) else { continue };
        let served = site.listeners.iter().filter_map(|index| facts.model.listeners.get(*index));
        if let (Some(open), Some(name)) =
            (served.into_iter().find(|listener| listener.tls.is_none()), host.names.first())
        {
            let message = format!(
                "listener `{}` serves `{}` without the certificate that it demands",
                open.name.value, name.value
            );
            let finding = LINT
                .finding(message, auth.at.0, "demands a certificate")
                .label(open.name.span, "speaks no TLS");
            found.push(finding.help("limit the host to listeners with TLS: `listener=\"…\"`"));
        }
    }
    found
}
