//! A host without a certificate for its name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Holder, Identity};
use crate::model::Listener;
use crate::source::Spanned;
use crate::tls::covers;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT011", "san-mismatch"),
    level: Severity::Error,
    explanation: "A host is served with TLS and no certificate of the listener or of the host covers its name: \
        browsers refuse it. A wildcard covers one label, and not the name without it.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "other.pem" key="other.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    let mut of_hosts: BTreeMap<usize, Vec<&Identity<'_>>> = BTreeMap::new();
    for identity in &facts.identities {
        if let Holder::Host(host) = identity.holder {
            of_hosts.entry(host).or_default().push(identity);
        }
    }
    for (index, listener) in facts.model.listeners.iter().enumerate().filter(|(_, it)| it.tls.is_some()) {
        let own: Vec<&Identity<'_>> =
            facts.identities.iter().filter(|it| it.holder == Holder::Listener(index)).collect();
        for (host, names) in facts.patterns.names.iter().enumerate() {
            let served = facts.sites.get(host).is_some_and(|site| site.listeners.contains(&index));
            let usable: Vec<&Identity<'_>> =
                own.iter().chain(of_hosts.get(&host).into_iter().flatten()).copied().collect();
            // What cannot be read has been reported, and nothing can be said about it.
            if !served || usable.is_empty() || usable.iter().any(|identity| identity.chain.is_err()) {
                continue;
            }
            for (written, name) in
                names.iter().filter_map(|(it, read)| Some((it, read.as_ref().ok()?.text())))
            {
                if !usable.iter().any(|identity| is_for(identity, &name)) {
                    found.push(diagnostic(listener, written, &name, &usable));
                }
            }
        }
    }
    found
}

/// Whether the certificate covers `name` and is not kept for other names.
fn is_for(identity: &Identity<'_>, name: &str) -> bool {
    let kept = identity.names.is_empty() || identity.names.iter().any(|it| it.value == name);
    kept && identity.leaf().is_some_and(|leaf| covers(leaf, name))
}

fn diagnostic(
    listener: &Listener,
    written: &Spanned<String>,
    name: &str,
    usable: &[&Identity<'_>],
) -> Diagnostic {
    let message = format!("no certificate on listener `{}` is valid for `{name}`", listener.name.value);
    let mut found = LINT.finding(message, written.span, "served here");
    for identity in usable {
        let leaf = identity.leaf();
        let names: Vec<String> = leaf.map(|leaf| names(&leaf.names, &leaf.addresses)).unwrap_or_default();
        let label = if names.is_empty() {
            "is for no name: only alternative names count".to_owned()
        } else {
            format!("is for {}", names.join(", "))
        };
        found = found.label(identity.certificate.span, label);
    }
    found.help(format!("issue a certificate that has `{name}` among its names"))
}

fn names(names: &[String], addresses: &[IpAddr]) -> Vec<String> {
    const SHOWN: usize = 3;
    let all = names.iter().cloned().chain(addresses.iter().map(ToString::to_string));
    let mut shown: Vec<String> = all.take(SHOWN).collect();
    if names.len() + addresses.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown
}
