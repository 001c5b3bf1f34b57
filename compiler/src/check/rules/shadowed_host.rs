//! A name that is passed through and served.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF007", "shadowed-host"),
    level: Severity::Error,
    explanation: "A listener passes connections for a name through to a pool, and a host of the same name would serve \
        them here: whoever reads the one does not expect the other. Of two different patterns the more specific one \
        holds, and that is no error.",
    bad: r#"
listener "edge" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
    passthrough "shop.example" pool="legacy"
}
pool "legacy" { backend "tcp://10.0.0.11:443"; }
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "edge" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
    passthrough "*.shop.example" pool="legacy"
}
pool "legacy" { backend "tcp://10.0.0.11:443"; }
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (index, listener) in facts.model.listeners.iter().enumerate() {
        let mut known = vec![];
        for (_, pattern, name) in facts.passed_names(index) {
            let hosts = facts.sites_of(index).filter_map(|site| site.host.filter(|_| listener.serves()));
            let same = hosts.flat_map(|host| &host.names).find(|it| it.value == name.value);
            if let Some(served) = same {
                let message = format!(
                    "listener `{}` passes `{}` through and serves it",
                    listener.name.value, name.value
                );
                let finding = LINT.finding(message, name.span, "passed through").label(served.span, "served");
                found.push(finding.help("take the name out of one of them"));
            }
            let twice = known.iter().find(|(other, _)| *other == pattern).map(|(_, span)| *span);
            if let Some(first) = twice {
                let message =
                    format!("listener `{}` passes `{}` through twice", listener.name.value, name.value);
                let finding = LINT.finding(message, name.span, "second time").label(first, "first time");
                found.push(finding.help("take one of them out"));
            }
            known.push((pattern, name.span));
        }
    }
    found
}
