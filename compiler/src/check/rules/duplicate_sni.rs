//! Two certificates for one name.

use std::collections::BTreeMap;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Holder, Identity};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS012", "duplicate-sni"),
    level: Severity::Error,
    explanation: "Two certificates with the same kind of key are for the same name on one listener, and neither is kept \
        for it more than the other: which of them is shown says nothing but the names of their files.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; certificate "shop-new.pem" key="shop-new.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; certificate "other.pem" key="other.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (index, listener) in facts.model.listeners.iter().enumerate().filter(|(_, it)| it.tls.is_some()) {
        let mut owners: BTreeMap<(bool, &str, String), &Identity<'_>> = BTreeMap::new();
        for identity in facts.identities.iter().filter(|identity| is_shown(facts, index, identity.holder)) {
            let Some(leaf) = identity.leaf() else { continue };
            let kept = kept_for(facts, identity);
            let names =
                if kept.is_empty() { leaf.names.iter().map(String::as_str).collect() } else { kept.clone() };
            let kind = format!("{:?}", leaf.key.authentication());
            let other = names.into_iter().find_map(|name| {
                let owner = *owners.entry((kept.is_empty(), name, kind.clone())).or_insert(identity);
                (owner.certificate.value != identity.certificate.value).then_some((name, owner))
            });
            found.extend(other.map(|(name, owner)| diagnostic(&listener.name.value, name, owner, identity)));
        }
    }
    found
}

fn is_shown(facts: &Facts<'_>, listener: usize, holder: Holder) -> bool {
    match holder {
        Holder::Listener(index) => index == listener,
        Holder::Host(index) => facts.sites.get(index).is_some_and(|site| site.listeners.contains(&listener)),
        Holder::Client => false,
    }
}

/// The names that a certificate is kept for; none for those in the certificate.
fn kept_for<'m>(facts: &Facts<'m>, identity: &Identity<'m>) -> Vec<&'m str> {
    let host = match identity.holder {
        Holder::Host(index) => facts.model.hosts.get(index).map_or(&[][..], |host| &host.names),
        _ => &[],
    };
    let names = if identity.names.is_empty() { host } else { identity.names };
    names.iter().map(|name| name.value.as_str()).collect()
}

fn diagnostic(listener: &str, name: &str, one: &Identity<'_>, other: &Identity<'_>) -> Diagnostic {
    let (first, second) =
        if one.certificate.span <= other.certificate.span { (one, other) } else { (other, one) };
    LINT.finding(
        format!("two certificates are for `{name}` on listener `{listener}`"),
        second.certificate.span,
        "and this one",
    )
    .label(first.certificate.span, "this one")
    .help("delete one of them, or keep each for names of its own with `names=`")
}
