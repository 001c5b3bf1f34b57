//! Public names that only this machine can reach.

use std::collections::BTreeMap;

use divisor_schema::plan::Bind;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::{Facts, Site};
use crate::model::Listener;
use crate::routes::HostPattern;
use crate::source::{Span, Spanned};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("OPS002", "localhost-listener"),
    level: Severity::Warning,
    explanation: "A public name is served on loopback addresses only: it works here and nowhere else. A listener with \
        `trusted-proxies` or `proxy-protocol` has somebody in front of it, and is not meant.",
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

/// A listener of many names shows so many of them.
const SHOWN: usize = 3;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut unreachable: BTreeMap<Span, Names<'_>> = BTreeMap::new();
    for (bind, name) in facts.sites.iter().filter_map(|site| public_on_loopback(facts, site)) {
        unreachable.entry(bind.span).or_insert((bind, Vec::new())).1.push(name);
    }
    unreachable.into_values().filter_map(finding).collect()
}

/// An address, and the public names that are served there and nowhere else.
type Names<'m> = (&'m Spanned<Bind>, Vec<&'m Spanned<String>>);

fn public_on_loopback<'m>(
    facts: &Facts<'m>,
    site: &Site<'m>,
) -> Option<(&'m Spanned<Bind>, &'m Spanned<String>)> {
    let name = site.names.iter().find(|name| is_public(name))?;
    let written = site.host?.names.iter().find(|it| HostPattern::parse(&it.value).as_ref() == Ok(name))?;
    let listeners: Vec<&Listener> =
        site.listeners.iter().filter_map(|index| facts.model.listeners.get(*index)).collect();
    let local = |listener: &&Listener| {
        let mut binds = listener.binds.iter();
        listener.trusted_proxies.is_empty()
            && listener.proxy_protocol.is_empty()
            && binds.all(|bind| bind.value.tcp().is_some_and(|address| address.ip().is_loopback()))
    };
    let bind = listeners.first()?.binds.first()?;
    listeners.iter().all(local).then_some((bind, written))
}

fn finding((bind, names): Names<'_>) -> Option<Diagnostic> {
    let address = bind.value.tcp()?;
    let port = address.port();
    let all = if address.is_ipv4() { format!("0.0.0.0:{port}") } else { format!("[::]:{port}") };
    let first = &names.first()?.value;
    let message = match names.len() - 1 {
        0 => format!("`{first}` can only be reached from this machine"),
        more => format!("`{first}` and {more} more can only be reached from this machine"),
    };
    let found = LINT.finding(message, bind.span, "loopback");
    let labelled =
        names.iter().take(SHOWN).fold(found, |found, name| found.label(name.span, "a public name"));
    let fix = Fix::risky(format!("accept on {all}"), bind.span, format!("\"{all}\""));
    Some(labelled.help(format!("write `bind \"{all}\"`")).fix(fix))
}

fn is_public(name: &HostPattern) -> bool {
    let (HostPattern::Exact(name) | HostPattern::OneLabel(name) | HostPattern::ManyLabels(name)) = name;
    let is_below =
        |zone: &&str| name.strip_suffix(zone).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    let is_address = name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    name.contains('.') && !is_address && !PRIVATE.iter().any(is_below)
}
