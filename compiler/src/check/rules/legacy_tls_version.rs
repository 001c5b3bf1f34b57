//! A version of TLS that is prohibited.

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
use crate::facts::Facts;
use crate::tls::{VersionFault, version};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS003", "legacy-tls-version"),
    level: Severity::Error,
    explanation: "SSL 2 and 3 and TLS 1.0 and 1.1 are prohibited and not implemented: no setting turns them on.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls min-version="1.0" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls min-version="1.2" { certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let bounds = facts.tls.iter().flat_map(|tls| [&tls.settings.min_version, &tls.settings.max_version]);
    let legacy = bounds.flatten().filter_map(|bound| match version(&bound.value) {
        Err(VersionFault::Legacy(name, why)) => Some((bound, name, why)),
        _ => None,
    });
    legacy
        .map(|(bound, name, why)| {
            let finding = LINT.finding(
                format!("`{}` asks for {name}, which is not available", bound.value),
                bound.span,
                why,
            );
            finding
                .help("write \"1.2\": clients before Android 4.4.2, Java 8u161 and IE 11 cannot connect either way")
                .fix(replace(facts.sources, Safety::Safe, bound, "1.2"))
        })
        .collect()
}
