//! TLS towards backends that anyone can answer.

use std::net::IpAddr;

use divisor_schema::plan::Address;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Backend, Target};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS017", "upstream-verify-disabled"),
    level: Severity::Warning,
    explanation: "Without verification, TLS keeps nobody out who can answer in place of the backend.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls verify=#false
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls ca="shop.pem" server-name="shop.example"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let pools = facts.model.pools.iter().flat_map(|pool| {
        let own = pool.backends.iter().filter_map(|it| Some((it.tls.as_ref()?, is_public(it))));
        let inherited = pool.backends.iter().filter(|it| it.tls.is_none());
        let shared = pool.tls.iter().map(move |tls| (tls, inherited.clone().any(is_public)));
        shared.chain(own)
    });
    let unverified = pools.filter(|(tls, _)| !tls.verify.value);
    unverified
        .map(|(tls, public)| {
            let level = if public { Severity::Error } else { LINT.level };
            let message = "certificates of backends are not verified";
            let label = if public { "and the way there is public" } else { "any certificate will do" };
            let finding = Diagnostic::new(LINT.rule, level, message, tls.verify.span, label);
            finding.help("delete it, and name the CA that signed them: `ca=\"ca.pem\"`")
        })
        .collect()
}

/// Whether a backend is at an address that the whole world can reach.
fn is_public(backend: &Backend) -> bool {
    let Some(Target { address: Address::Ip(address), .. }) = &backend.target else { return false };
    match address.ip() {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64;
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation() || shared)
        }
        IpAddr::V6(ip) => ip.segments()[0] & 0xE000 == 0x2000 && ip.segments()[..2] != [0x2001, 0xDB8],
    }
}
