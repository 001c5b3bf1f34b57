//! TLS settings for backends without TLS.

use divisor_schema::plan::Scheme;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Backend;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS018", "upstream-scheme-conflict"),
    level: Severity::Error,
    explanation: "A pool or backend has a `tls` block, but its URLs say `http`: requests would go out in plain \
        text.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9443"
    tls ca="shop.pem"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "https://127.0.0.1:9443"
    tls ca="shop.pem"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for pool in &facts.model.pools {
        let is_plain =
            |backend: &&Backend| backend.target.as_ref().is_some_and(|it| it.scheme == Scheme::Http);
        let plain: Vec<&Backend> = pool.backends.iter().filter(is_plain).collect();
        let all_plain = !plain.is_empty() && plain.len() == pool.backends.len();
        if let (Some(tls), Some(first), true) = (&pool.tls, plain.first(), all_plain) {
            found.push(diagnostic(tls.at.0, first));
        }
        found
            .extend(plain.iter().filter_map(|backend| Some(diagnostic(backend.tls.as_ref()?.at.0, backend))));
    }
    found
}

fn diagnostic(tls: Span, backend: &Backend) -> Diagnostic {
    let message = format!("`{}` is spoken to without TLS", backend.url.value);
    LINT.finding(message, backend.url.span, "plain text")
        .label(tls, "settings for TLS")
        .help("write `https://`, or delete the `tls` block")
}
