//! A cipher suite that has no such name.

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
use crate::facts::Facts;
use crate::source::Spanned;
use crate::tls::{Suite, SuiteFault, suite};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS001", "unknown-cipher-suite"),
    level: Severity::Error,
    explanation: "Other servers drop a misspelt suite from the list without a word. Names are those of \
        IANA or OpenSSL; other libraries' spellings are recognised, and the help has the right one.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"; certificate "shop.pem" key="shop.key"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let names = facts.tls.iter().flat_map(|tls| &tls.settings.cipher_suites);
    names.filter_map(|name| diagnostic(facts, name)).collect()
}

fn diagnostic(facts: &Facts<'_>, name: &Spanned<String>) -> Option<Diagnostic> {
    let finding = |label: &str| {
        LINT.finding(format!("`{}` is not the name of a cipher suite", name.value), name.span, label)
    };
    let write = |safety, suite: &Suite| replace(facts.sources, safety, name, suite.iana);
    Some(match suite(&name.value) {
        Ok(_) | Err(SuiteFault::Unsupported(_)) => return None,
        Err(SuiteFault::Respelled(suite)) => finding("another spelling")
            .help(format!("write `{}`", suite.iana))
            .fix(write(Safety::Safe, suite)),
        Err(SuiteFault::Unknown(Some(near))) => {
            finding("no such suite").help(format!("perhaps `{}`", near.iana)).fix(write(Safety::Unsafe, near))
        }
        Err(SuiteFault::Unknown(None)) => {
            finding("no such suite").help("delete the list: the profile has all suites that are worth having")
        }
        Err(SuiteFault::Signalling) => {
            finding("a signal of the protocol, no cipher").help("delete it: it is sent where it belongs")
        }
        Err(SuiteFault::Expression(selected)) if selected.is_empty() => {
            finding("an OpenSSL cipher string").help("delete it: it selects nothing that can be negotiated")
        }
        Err(SuiteFault::Expression(selected)) => {
            let names: Vec<String> = selected.iter().map(|suite| format!("`{}`", suite.iana)).collect();
            finding("an OpenSSL cipher string")
                .help(format!("write the names it selects: {}", names.join(", ")))
        }
    })
}
