//! Everyone is a trusted proxy.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC001", "trust-all-proxies"),
    level: Severity::Error,
    explanation: "`trusted-proxies` holds the whole Internet: every client writes its own address into logs, \
        limits and access lists.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "0.0.0.0/0"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "10.0.0.0/8"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let networks = facts.model.listeners.iter().flat_map(|listener| &listener.trusted_proxies);
    networks
        .filter(|network| network.value.prefix == 0)
        .map(|network| {
            let finding = LINT.finding(
                "every client may set its own address",
                network.span,
                "trusts the whole Internet",
            );
            finding.help("list the networks of your proxies, `10.0.0.0/8` for one")
        })
        .collect()
}
