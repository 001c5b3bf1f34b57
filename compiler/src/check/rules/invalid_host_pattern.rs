//! A host name that no request can have.

use crate::check::Lint;
use crate::check::part;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::routes::{HostError, HostPattern};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE012", "invalid-host-pattern"),
    level: Severity::Error,
    explanation: "Host names are compared in lower case, without scheme, port and final dot; a wildcard is the \
        whole first label. Anything else never matches.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "https://www.shop.example/" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "www.shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let of_hosts = facts.patterns.names.iter().flatten();
    let of_hosts = of_hosts.filter_map(|(name, read)| Some((*name, read.as_ref().err()?.clone())));
    let of_certificates = facts.identities.iter().flat_map(|identity| identity.names);
    let of_certificates =
        of_certificates.filter_map(|name| Some((name, HostPattern::parse(&name.value).err()?)));
    let of_passed = facts.model.listeners.iter().flat_map(|listener| &listener.passthrough);
    let of_passed = of_passed.flat_map(|it| &it.names);
    let of_passed = of_passed.filter_map(|name| Some((name, HostPattern::parse(&name.value).err()?)));
    of_hosts
        .chain(of_certificates)
        .chain(of_passed)
        .map(|(name, HostError { range, kind })| {
            let message = format!("`{}` is not the name of a host", name.value);
            LINT.finding(message, part(facts.sources, name, &range), kind.label()).help(kind.help())
        })
        .collect()
}
