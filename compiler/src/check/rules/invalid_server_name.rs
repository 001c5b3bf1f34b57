//! A name that no certificate can bear.

use rustls_pki_types::ServerName;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, client_tls};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS020", "invalid-server-name"),
    level: Severity::Error,
    explanation: "`server-name` is the name that the certificate of a backend must bear: a host name or an address, \
        without scheme and port.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls ca="shop.pem" server-name="https://shop.example"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls ca="shop.pem" server-name="shop.example"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let names = client_tls(facts.model).filter_map(|tls| tls.server_name.as_ref());
    names
        .filter(|name| ServerName::try_from(name.value.as_str()).is_err())
        .map(|name| {
            let message = format!("`{}` is not a name that a certificate can bear", name.value);
            LINT.finding(message, name.span, "name of the backend").help("write a host name or an address")
        })
        .collect()
}
