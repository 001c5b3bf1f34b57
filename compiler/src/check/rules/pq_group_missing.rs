//! No post-quantum group.

use divisor_schema::plan::TlsVersion;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS009", "pq-group-missing"),
    level: Severity::Info,
    explanation: "What is recorded today can be read by a quantum computer one day. The default set begins \
        with a hybrid group that guards against it and costs nothing; this list leaves it out.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { groups "x25519" "secp256r1"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { groups "X25519MLKEM768" "x25519" "secp256r1"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let judged = facts.tls.iter().filter_map(|tls| {
        let first = tls.settings.groups.first()?;
        let listed = &tls.choice.groups;
        // The hybrid groups are the business of TLS 1.3; names that mean nothing have their own rule.
        let is_without = tls.choice.max() >= TlsVersion::Tls13 && listed.len() == tls.settings.groups.len();
        let finding = || {
            let found = LINT.finding("no post-quantum group is in the list", first.span, "begins the list");
            found.help("delete `groups`: the default set begins with `X25519MLKEM768`")
        };
        (is_without && listed.iter().all(|group| group.in_tls12)).then(finding)
    });
    judged.collect()
}
