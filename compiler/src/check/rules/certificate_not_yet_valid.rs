//! A certificate that is not valid yet.

use super::files::{judged, place};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::{Validity, day};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT008", "certificate-not-yet-valid"),
    level: Severity::Error,
    explanation: "A certificate of the chain begins in the future: clients refuse it until then.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "future.pem" key="future.key"; }
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
    judged(facts)
        .filter_map(|(file, chain, validity)| match validity {
            Validity::NotYetValid { index } => Some((file, index, chain.get(index)?)),
            _ => None,
        })
        .map(|(file, index, certificate)| {
            let start = day(certificate.not_before);
            let message = format!("certificate `{}` is not valid before {start}", file.value);
            let help = format!("check the clock, which says {}, and the file", day(facts.now));
            LINT.finding(message, file.span, place(index, &certificate.subject)).help(help)
        })
        .collect()
}
