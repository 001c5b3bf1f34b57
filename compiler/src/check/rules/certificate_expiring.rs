//! A certificate that ends soon.

use super::files::{judged, place};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::tls::{DAY, Validity, day};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT007", "certificate-expiring"),
    level: Severity::Warning,
    explanation: "Less than 30 days, and less than a third of its life, are left: renewal was due. In the last \
        days it is an error, because what is deployed now outlives the certificate.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "expiring.pem" key="expiring.key"; }
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
        .filter_map(|(file, chain, validity)| {
            let Validity::Expiring { index, days, urgent } = validity else { return None };
            let certificate = chain.get(index)?;
            let level = if urgent { Severity::Error } else { LINT.level };
            let end = day(certificate.not_after);
            let message = format!("certificate `{}` expires in {days} days, on {end}", file.value);
            let finding =
                Diagnostic::new(LINT.rule, level, message, file.span, place(index, &certificate.subject));
            let life = certificate.not_after.saturating_sub(certificate.not_before) / DAY;
            let issuer = &certificate.issuer;
            Some(finding.help(format!("of its {life} days two thirds are over: renew it at `{issuer}`; if that is automatic, it has stopped")))
        })
        .collect()
}
