//! Public names that only this machine can reach.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::{Facts, Site};
use crate::model::Listener;
use crate::routes::HostPattern;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("OPS002", "localhost-listener"),
    level: Severity::Warning,
    explanation: "A public name is served on loopback addresses only: it works here and nowhere else. A listener with \
        `trusted-proxies` has somebody in front of it, and is not meant.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "www.example.com" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" { bind "0.0.0.0:8080"; }
host "www.example.com" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

/// Names that never are public (RFC 2606, RFC 6761, RFC 6762, RFC 8375), and those by which people say so.
const PRIVATE: [&str; 10] =
    ["example", "test", "invalid", "localhost", "local", "internal", "home.arpa", "lan", "corp", "intranet"];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.sites.iter().filter_map(|site| unreachable(facts, site)).collect()
}

fn unreachable(facts: &Facts<'_>, site: &Site<'_>) -> Option<Diagnostic> {
    let name = site.names.iter().find(|name| is_public(name))?;
    let written = site.host?.names.iter().find(|it| HostPattern::parse(&it.value).as_ref() == Ok(name))?;
    let listeners: Vec<&Listener> =
        site.listeners.iter().filter_map(|index| facts.model.listeners.get(*index)).collect();
    let local = |listener: &&Listener| {
        let mut binds = listener.binds.iter();
        listener.trusted_proxies.is_empty() && binds.all(|bind| bind.value.ip().is_loopback())
    };
    let bind = listeners.first()?.binds.first()?;
    if !listeners.iter().all(local) {
        return None;
    }
    let port = bind.value.port();
    let all = if bind.value.is_ipv4() { format!("0.0.0.0:{port}") } else { format!("[::]:{port}") };
    let message = format!("`{}` can only be reached from this machine", name.text());
    let found = LINT.finding(message, bind.span, "loopback").label(written.span, "a public name");
    let fix = Fix::risky(format!("accept on {all}"), bind.span, format!("\"{all}\""));
    Some(found.help(format!("write `bind \"{all}\"`")).fix(fix))
}

fn is_public(name: &HostPattern) -> bool {
    let (HostPattern::Exact(name) | HostPattern::OneLabel(name) | HostPattern::ManyLabels(name)) = name;
    let is_below =
        |zone: &&str| name.strip_suffix(zone).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    let is_address = name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    name.contains('.') && !is_address && !PRIVATE.iter().any(is_below)
}
