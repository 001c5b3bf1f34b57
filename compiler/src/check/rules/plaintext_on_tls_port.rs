//! A port that says one thing and a listener that says another.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS016", "plaintext-on-tls-port"),
    level: Severity::Warning,
    explanation: "Clients speak TLS on port 443 and plain HTTP on port 80, whatever the config says. A \
        listener without TLS on 443 often is one that has lost its certificate.",
    bad: r#"
listener "web" { bind "127.0.0.1:8443"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for listener in facts.model.listeners.iter().filter(|listener| listener.reads_requests()) {
        let (ports, speaks, help) = match &listener.tls {
            None => (
                [443, 8443],
                "plain HTTP",
                "add `tls { certificate \"cert.pem\" key=\"cert.key\"; }`, or bind another port",
            ),
            Some(_) => ([80, 8080], "TLS", "bind port 443, or delete `tls`"),
        };
        let bound = listener.binds.iter().find_map(|bind| {
            let port = bind.value.tcp()?.port();
            ports.contains(&port).then_some((bind, port))
        });
        found.extend(bound.map(|(bind, port)| {
            let message = format!("listener `{}` speaks {speaks} on port {port}", listener.name.value);
            LINT.finding(message, bind.span, "clients expect the other").help(help)
        }));
    }
    found
}
