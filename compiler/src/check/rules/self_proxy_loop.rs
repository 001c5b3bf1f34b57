//! A backend that is a listener of this config.

use std::net::{IpAddr, SocketAddr};

use divisor_schema::plan::Address;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF005", "self-proxy-loop"),
    level: Severity::Error,
    explanation: "A backend whose address one of the listeners accepts on: every request comes back, until there \
        are no file descriptors left.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://localhost:8080"; }
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://localhost:9000"; }
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for pool in &facts.model.pools {
        for backend in &pool.backends {
            let Some(target) = &backend.target else { continue };
            for listener in &facts.model.listeners {
                let Some(bind) = listener.binds.iter().find(|bind| accepts(bind.value, &target.address))
                else {
                    continue;
                };
                let message =
                    format!("pool `{}` points back to listener `{}`", pool.name.value, listener.name.value);
                let backend = LINT.finding(message, backend.url.span, "this backend is that listener");
                let listener = backend.label(bind.span, format!("listener `{}`", listener.name.value));
                found.push(listener.help("write the port of the application"));
            }
        }
    }
    found
}

/// Whether a connection to `address`, made on this machine, surely arrives at `bind`.
fn accepts(bind: SocketAddr, address: &Address) -> bool {
    let reaches = |ip: IpAddr| {
        let local = ip.is_loopback() || ip.is_unspecified();
        bind.ip() == ip || (bind.ip().is_unspecified() && local && bind.is_ipv4() == ip.is_ipv4())
    };
    match address {
        Address::Ip(to) => to.port() == bind.port() && reaches(to.ip()),
        Address::Name(name, port) => {
            let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)];
            name == "localhost" && *port == bind.port() && loopback.into_iter().any(reaches)
        }
    }
}
