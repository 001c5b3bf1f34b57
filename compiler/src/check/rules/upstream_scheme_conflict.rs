//! TLS settings for backends without TLS.

use divisor_schema::plan::{Address, Scheme};

use crate::check::{Lint, replace};
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity};
use crate::facts::Facts;
use crate::model::{Backend, ClientTls};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TLS018", "upstream-scheme-conflict"),
    level: Severity::Error,
    explanation: "A pool or backend has a `tls` block, but its URLs say `http` or `h2c`: requests would go out in plain \
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
            |backend: &&Backend| backend.target.as_ref().is_some_and(|it| it.scheme != Scheme::Https);
        let plain: Vec<&Backend> = pool.backends.iter().filter(is_plain).collect();
        let all_plain = !plain.is_empty() && plain.len() == pool.backends.len();
        if let (Some(tls), Some(first), true) = (&pool.tls, plain.first(), all_plain) {
            found.push(diagnostic(facts, tls.at.0, first));
        }
        found.extend(
            plain.iter().filter_map(|backend| Some(diagnostic(facts, backend.tls.as_ref()?.at.0, backend))),
        );
        for backend in &pool.backends {
            let tls = backend.tls.as_ref().or(pool.tls.as_ref());
            let conflicts =
                tls.is_some() && backend.target.as_ref().is_some_and(|it| it.scheme != Scheme::Https);
            let plain = plain_443(facts, backend).filter(|_| !conflicts);
            found.extend(plain.or_else(|| unnamed(backend, tls)));
        }
    }
    found
}

fn diagnostic(facts: &Facts<'_>, tls: Span, backend: &Backend) -> Diagnostic {
    let url = &backend.url;
    let message = format!("`{}` is spoken to without TLS", url.value);
    let finding = LINT.finding(message, url.span, "plain text").label(tls, "settings for TLS");
    if url.value.starts_with("tcp:") || url.value.starts_with("tcp+") {
        return finding.help("delete the `tls` block: `tcp` backends get connections as they are");
    }
    if url.value.starts_with("unix:") {
        return finding.help("delete the `tls` block: nobody is between this machine and itself");
    }
    let secure = secure(&url.value);
    finding.help("write `https://`, or delete the `tls` block").fix(replace(
        facts.sources,
        Safety::Unsafe,
        url,
        &secure,
    ))
}

/// The same backend, over TLS.
fn secure(url: &str) -> String {
    let (scheme, authority) = url.split_once("://").unwrap_or(("", url));
    format!("https{}://{authority}", if scheme.ends_with("+srv") { "+srv" } else { "" })
}

/// Plain text to the port of TLS.
fn plain_443(facts: &Facts<'_>, backend: &Backend) -> Option<Diagnostic> {
    let target =
        backend.target.as_ref().filter(|target| target.scheme.is_http() && target.scheme != Scheme::Https)?;
    let port = match &target.address {
        Address::Ip(address) => address.port(),
        Address::Name(_, port) => *port,
        Address::Unix(_) | Address::Service(..) => return None,
    };
    (port == 443).then(|| {
        let url = &backend.url;
        let message = format!("`{}` speaks plain HTTP to the port of TLS", url.value);
        let secure = secure(&url.value);
        Diagnostic::warning(LINT.rule, message, url.span, "port 443")
            .help("write `https://`, or another port")
            .fix(replace(facts.sources, Safety::Unsafe, url, &secure))
    })
}

/// An address that a public authority would have to vouch for.
fn unnamed(backend: &Backend, tls: Option<&ClientTls>) -> Option<Diagnostic> {
    let target = backend.target.as_ref().filter(|target| target.scheme == Scheme::Https)?;
    let Address::Ip(address) = &target.address else { return None };
    let named = tls.is_some_and(|tls| tls.server_name.is_some() || tls.ca.is_some() || !tls.verify.value);
    (!named).then(|| {
        let message = format!("no public authority vouches for {}", address.ip());
        Diagnostic::warning(LINT.rule, message, backend.url.span, "an address, and the roots of the system")
            .help("name the host in the certificate with `server-name`, and its authority with `ca`")
    })
}
