//! A key-exchange group that is not implemented.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::source::Spanned;
use crate::tls::{GroupFault, group};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS006", "unsupported-group"),
    level: Severity::Error,
    explanation: "A group that nobody can agree on would silently be missing from the list.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { groups "X25519Kyber768Draft00" "x25519"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { groups "X25519MLKEM768" "x25519"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let names = facts.tls.iter().flat_map(|tls| &tls.settings.groups);
    names.filter_map(|name| Some(diagnostic(name, group(&name.value).err()?))).collect()
}

fn diagnostic(name: &Spanned<String>, fault: GroupFault) -> Diagnostic {
    let message = format!("group `{}` is not supported", name.value);
    match fault {
        GroupFault::Unsupported(why, instead) => {
            LINT.finding(message, name.span, why).help(format!("write `{instead}`"))
        }
        GroupFault::Unknown => LINT
            .finding(message, name.span, "no such group")
            .help("delete the list: the profile has the groups that Mozilla recommends"),
    }
}
