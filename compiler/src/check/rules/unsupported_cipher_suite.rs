//! A cipher suite that is never negotiated.

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
use crate::facts::Facts;
use crate::tls::{SuiteFault, suite};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS002", "unsupported-cipher-suite"),
    level: Severity::Error,
    explanation: "A real suite that does not protect enough, or that is not implemented. The list says that it is \
        served, and it is not. A warning where nothing but a class of old clients is lost.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "RC4-SHA" "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for tls in &facts.tls {
        let nothing_left = tls.choice.suites.is_empty();
        for name in &tls.settings.cipher_suites {
            let Err(SuiteFault::Unsupported(known)) = suite(&name.value) else { continue };
            let level = if known.forbidden || nothing_left { Severity::Error } else { Severity::Warning };
            let message = format!("`{}` is never negotiated", name.value);
            let diagnostic = Diagnostic::new(LINT.rule, level, message, name.span, known.reason);
            let instead = known.instead;
            let help = format!("delete it; the nearest suite that is negotiated is `{instead}`");
            let listed = tls.choice.suites.iter().any(|suite| suite.iana == instead);
            let fix = (!listed).then(|| replace(facts.sources, Safety::Unsafe, name, instead));
            found.push(fix.into_iter().fold(diagnostic.help(help), Diagnostic::fix));
        }
    }
    found
}
