//! One server twice in a pool.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use divisor_schema::plan::Address;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Backend, Pool};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF004", "duplicate-backend"),
    level: Severity::Warning,
    explanation: "The same address stands twice in a pool. It gets twice the share, two health checks and twice the \
        connections, and when it fails, the pool is smaller than it looks. A share is what `weight` is for.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://localhost:9000"
    probe "/health"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    probe "/health"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.model.pools.iter().flat_map(pool).collect()
}

fn pool(pool: &Pool) -> Vec<Diagnostic> {
    let mut first: BTreeMap<String, &Backend> = BTreeMap::new();
    let mut found = vec![];
    for backend in &pool.backends {
        let Some(target) = &backend.target else { continue };
        let before = *first.entry(place(&target.address)).or_insert(backend);
        if before.url.span == backend.url.span {
            continue;
        }
        let message = format!("`{}` stands twice in pool `{}`", backend.url.value, pool.name.value);
        let weight = u32::from(before.weight.value) + u32::from(backend.weight.value);
        found.push(
            LINT.finding(message, backend.url.span, "the same server").label(before.url.span, "first").help(
                match target.is_service() {
                    true => "delete one".to_owned(),
                    false => format!("delete one; a larger share is `weight={weight}`"),
                },
            ),
        );
    }
    found
}

/// What two spellings of one address have in common.
fn place(address: &Address) -> String {
    match address {
        Address::Ip(address) => SocketAddr::new(one_loopback(address.ip()), address.port()).to_string(),
        Address::Name(name, port) if name == "localhost" => format!("127.0.0.1:{port}"),
        other => other.to_string(),
    }
}

/// `::1` and addresses of IPv4 in IPv6 as the addresses of IPv4 that they stand for.
fn one_loopback(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        ip if ip.is_loopback() && ip.is_ipv6() => IpAddr::from([127, 0, 0, 1]),
        ip => ip,
    }
}
