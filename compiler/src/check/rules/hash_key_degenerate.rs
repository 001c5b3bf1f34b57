//! A hash of what is always the same.

use std::net::{IpAddr, Ipv4Addr};

use divisor_schema::plan::Balance;

use super::values::chosen;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{HashKey, Pool};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS009", "hash-key-degenerate"),
    level: Severity::Warning,
    explanation: "`ip-hash`, and `consistent-hash` without another key, choose by the client's address. On a listener that binds loopback addresses only, every \
        client is the proxy in front of it, unless that proxy is trusted to name the client: all requests go to one \
        backend.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    balance "ip-hash"
    backend "http://10.0.0.11:8080"
    backend "http://10.0.0.12:8080"
    probe "/health"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "127.0.0.0/8"; }
pool "app" {
    balance "ip-hash"
    backend "http://10.0.0.11:8080"
    backend "http://10.0.0.12:8080"
    probe "/health"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = vec![];
    for acting in facts.acting() {
        let listener = acting.listener;
        let all_loopback = listener.binds.iter().all(|bind| bind.value.is_local());
        let Some(bind) = listener.binds.first().filter(|_| all_loopback) else { continue };
        if !listener.trusted_proxies.is_empty() || !listener.proxy_protocol.is_empty() {
            continue;
        }
        for pool in acting.pools(facts.model).filter(|pool| by_address(pool)) {
            if chosen(pool).count() < 2 || found.iter().any(|it| it.primary_span() == pool.balance.span) {
                continue;
            }
            let message = format!(
                "`{}` of pool `{}` sees one client only on listener `{}`",
                pool.balance.value, pool.name.value, listener.name.value
            );
            let address = bind.value.tcp().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |bind| bind.ip());
            let finding = LINT
                .finding(message, pool.balance.span, "hashes the address of the client")
                .label(bind.span, format!("every client comes from {address}"));
            found.push(finding.help(format!(
                "write `trusted-proxies \"{address}\"` in the listener, or bind an address that clients reach"
            )));
        }
    }
    found
}

/// Whether a pool chooses by the client's address.
fn by_address(pool: &Pool) -> bool {
    match pool.balance.value {
        Balance::IpHash => true,
        Balance::ConsistentHash => matches!(pool.hash.key, None | Some(HashKey::ClientAddress)),
        _ => false,
    }
}
