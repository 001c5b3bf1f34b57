//! A key-exchange group that is not implemented.

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
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
    names.filter_map(|name| diagnostic(facts, name)).collect()
}

fn diagnostic(facts: &Facts<'_>, name: &Spanned<String>) -> Option<Diagnostic> {
    let message = format!("group `{}` is not supported", name.value);
    Some(match group(&name.value) {
        Ok(group) if group.is_pure_post_quantum => {
            let message = format!("few clients have group `{}`", name.value);
            Diagnostic::warning(LINT.rule, message, name.span, "nothing classical beside it")
                .help("write `X25519MLKEM768`, which holds if either half does")
                .fix(replace(facts.sources, Safety::Unsafe, name, "X25519MLKEM768"))
        }
        Ok(_) => return None,
        Err(GroupFault::Withdrawn(instead)) => LINT
            .finding(message, name.span, "a withdrawn draft")
            .help(format!("write `{instead}`"))
            .fix(replace(facts.sources, Safety::Safe, name, instead)),
        Err(GroupFault::Unsupported(why, instead)) => LINT
            .finding(message, name.span, why)
            .help(format!("write `{instead}`"))
            .fix(replace(facts.sources, Safety::Unsafe, name, instead)),
        Err(GroupFault::Unknown) => LINT
            .finding(message, name.span, "no such group")
            .help("delete the list: the profile has the groups that Mozilla recommends"),
    })
}
