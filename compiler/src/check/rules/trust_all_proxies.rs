//! Everyone is a trusted proxy.

use std::net::IpAddr;

use divisor_schema::plan::Cidr;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Listener;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC001", "trust-all-proxies"),
    level: Severity::Error,
    explanation: "`trusted-proxies` or `proxy-protocol` holds the whole Internet, or a good part of it: every client there \
        writes its own address into logs, limits and access lists.",
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

fn check<'m>(facts: &Facts<'m>) -> Vec<Diagnostic> {
    let believed = |listener: &'m Listener| listener.trusted_proxies.iter().chain(&listener.proxy_protocol);
    let networks = facts.model.listeners.iter().flat_map(believed);
    networks
        .filter(|network| !is_private(network.value) && network.value.prefix < least(network.value.address))
        .map(|network| {
            let (message, label) = match network.value.prefix {
                0 => (
                    "every client may set its own address".to_owned(),
                    "trusts the whole Internet".to_owned(),
                ),
                prefix => {
                    let share = 1u32 << prefix.min(16);
                    (
                        format!("one in {share} clients may set its own address"),
                        format!("trusts 1/{share} of all addresses"),
                    )
                }
            };
            let finding = LINT.finding(message, network.span, label);
            finding.help("list the networks of your proxies, `10.0.0.0/8` for one")
        })
        .collect()
}

/// Nobody has proxies in networks larger than this.
fn least(address: IpAddr) -> u8 {
    if address.is_ipv4() { 8 } else { 16 }
}

/// Unique local addresses (RFC 4193) are in one's own hands, however many.
fn is_private(network: Cidr) -> bool {
    match network.address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => network.prefix >= 7 && address.segments()[0] & 0xfe00 == 0xfc00,
    }
}
