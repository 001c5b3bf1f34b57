//! Too many authorities that clients can come from.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Bundle, Facts, Purpose};
use crate::tls::{day, is_public_root};

/// More authorities than anybody runs for clients.
const AUTHORITIES_MAX: usize = 20;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT018", "client-ca-too-broad"),
    level: Severity::Error,
    explanation: "Every certificate that an authority of the file has signed is let in. With public \
        authorities in it, that is everybody; leaves and expired authorities let nobody in.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; client-auth ca="public.pem"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; client-auth ca="clients.pem"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let asked = facts.bundles.iter().filter(|bundle| bundle.purpose == Purpose::Clients);
    asked.filter_map(|bundle| diagnostic(facts, bundle)).collect()
}

fn diagnostic(facts: &Facts<'_>, bundle: &Bundle<'_>) -> Option<Diagnostic> {
    let (file, roots) = (bundle.file, bundle.roots.as_ref().ok()?);
    let finding = |message: String, label: String| LINT.finding(message, file.span, label);
    let own = "name the private authority that signs the certificates of your clients";
    let public = roots.iter().filter(|it| is_public_root(it)).count();
    if public > 0 {
        let who = if public == 1 {
            "a public authority has".to_owned()
        } else {
            format!("{public} public authorities have")
        };
        let message = format!("`{}` lets in whom {who} signed", file.value);
        return Some(finding(message, "public authorities".into()).help(own));
    }
    if roots.len() > AUTHORITIES_MAX {
        let message = format!("`{}` holds {} authorities", file.value, roots.len());
        return Some(finding(message, format!("more than {AUTHORITIES_MAX}")).help(own));
    }
    // An authority that signs itself may say nothing of being one (version 1 of X.509).
    if let Some(leaf) = roots.iter().find(|it| !it.is_authority && !it.is_self_issued()) {
        let message = format!("`{}` in `{}` is no authority", leaf.title, file.value);
        return Some(
            finding(message, "lets nobody in".into())
                .help(format!("append the certificate of `{}` instead", leaf.issuer)),
        );
    }
    let ended = roots.iter().find(|it| it.not_after < facts.now)?;
    let message = format!("authority `{}` in `{}` has expired", ended.title, file.value);
    Some(
        finding(message, format!("ended on {}", day(ended.not_after)))
            .help("delete it, or put the renewed one in its place"),
    )
}
