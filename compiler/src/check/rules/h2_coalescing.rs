//! Requests that come in by the wrong connection.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Holder, Identity, Site};
use crate::model::{ClientAuth, Host, Listener};
use crate::tls::covers;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS013", "h2-coalescing"),
    level: Severity::Warning,
    explanation: "A browser sends requests for every name of a certificate over one HTTP/2 connection. Where \
        such a name asks for other client certificates, it is answered 421, and must connect anew; some clients do not.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "both.pem" key="both.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
host "api.shop.example" { tls { client-auth ca="clients.pem"; }; route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
host "api.shop.example" {
    tls { certificate "api.pem" key="api.key"; client-auth ca="clients.pem"; }
    route "/**" { respond 200 "ok"; }
}
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (index, listener) in facts.model.listeners.iter().enumerate() {
        let Some(tls) = &listener.tls else { continue };
        if !listener.http.h2.as_ref().is_none_or(|h2| h2.value) {
            continue;
        }
        let sites: Vec<&Site<'_>> = facts.sites_of(index).collect();
        if sites.iter().any(|site| site.host.is_some_and(|host| host.client_auth.is_some())) {
            let shown = facts.identities.iter().filter(|identity| is_shown(facts, index, identity.holder));
            found.extend(
                shown.filter_map(|identity| judge(listener, tls.client_auth.as_ref(), &sites, identity)),
            );
        }
    }
    found
}

/// A certificate that is valid for two hosts that ask for different things.
fn judge(
    listener: &Listener,
    default: Option<&ClientAuth>,
    sites: &[&Site<'_>],
    identity: &Identity<'_>,
) -> Option<Diagnostic> {
    let leaf = identity.leaf()?;
    let hosts = sites.iter().filter_map(|site| site.host);
    let covered: Vec<(&Host, &str)> = hosts
        .filter_map(|host| {
            Some((host, host.names.iter().find(|name| covers(leaf, &name.value))?.value.as_str()))
        })
        .collect();
    let (first, name) = covered.first()?;
    let (_, other) = covered.iter().find(|(host, _)| asked(host, default) != asked(first, default))?;
    let message = format!("browsers may send requests for `{other}` over connections for `{name}`");
    let finding = LINT.finding(message, identity.certificate.span, "valid for both of them");
    let bind = listener.name.span;
    Some(finding.label(bind, "where both are served").help(format!(
        "give `{other}` a certificate of its own that is not valid for `{name}`, nor the other way round"
    )))
}

/// What a host asks of its clients.
fn asked<'m>(host: &'m Host, default: Option<&'m ClientAuth>) -> Option<(&'m str, bool)> {
    let auth = host.client_auth.as_ref().or(default)?;
    Some((&auth.ca.value, auth.required.value))
}

fn is_shown(facts: &Facts<'_>, listener: usize, holder: Holder) -> bool {
    match holder {
        Holder::Listener(index) => index == listener,
        Holder::Host(index) => facts.sites.get(index).is_some_and(|site| site.listeners.contains(&listener)),
        Holder::Client => false,
    }
}
