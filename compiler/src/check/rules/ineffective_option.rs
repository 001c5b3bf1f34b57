//! Options that change nothing because of what stands in another block. What has no effect inside one block, the decoder
//! finds.

use divisor_schema::plan::{Balance, TlsVersion};

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Action, Listener, Pool, Route};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::INEFFECTIVE_OPTION,
    level: Severity::Warning,
    explanation: "An option that changes nothing, given the rest of the config. Whoever wrote it believes that it does.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; http handshake-timeout="5s"; }
route "/**" { respond 200 "ok"; retry 2; rewrite "/new"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; http header-timeout="5s"; }
route "/**" { respond 200 "ok"; header-set "X-Frame-Options" "DENY"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let listeners = facts.model.listeners.iter().flat_map(listener);
    let routes = facts.patterns.routes.iter().flat_map(|read| route(read.route));
    let pools = facts.model.pools.iter().filter_map(slow_start);
    listeners.chain(suites(facts)).chain(routes).chain(pools).collect()
}

/// A slow start where keys say what a backend gets: moving them twice would be worse than the cold start.
fn slow_start(pool: &Pool) -> Option<Diagnostic> {
    let at = pool.slow_start.as_ref()?.span;
    if !matches!(pool.balance.value, Balance::IpHash | Balance::ConsistentHash) {
        return None;
    }
    let message = format!("`slow-start` has no effect on pool `{}`", pool.name.value);
    let found = LINT.finding(message, at, "changes nothing");
    Some(found.label(pool.balance.span, "a key says who gets a request").help("delete `slow-start`"))
}

/// What only TLS needs.
fn listener(listener: &Listener) -> Vec<Diagnostic> {
    if listener.tls.is_some() {
        return vec![];
    }
    let http = &listener.http;
    let handshake =
        http.handshake_timeout.written.then_some(("handshake-timeout", http.handshake_timeout.span));
    let streams =
        (http.max_streams.written && http.h2.is_none()).then_some(("max-streams", http.max_streams.span));
    let found = handshake.into_iter().chain(streams).map(|(key, span)| {
        let message = format!("`{key}` has no effect on listener `{}`", listener.name.value);
        LINT.finding(message, span, "changes nothing")
            .label(listener.name.span, "a listener without TLS")
            .help(format!("delete `{key}`, or give the listener `tls`"))
    });
    found.collect()
}

/// Cipher suites where only TLS 1.3 is spoken.
fn suites<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = Diagnostic> + 'f {
    let tls13 = facts
        .tls
        .iter()
        .filter(|tls| tls.choice.min() == TlsVersion::Tls13 && tls.choice.max() == TlsVersion::Tls13);
    tls13.filter_map(|tls| {
        let first = tls.settings.cipher_suites.first()?;
        let last = tls.settings.cipher_suites.last()?;
        let reason = tls.settings.min_version.as_ref().map_or(tls.settings.profile.span, |it| it.span);
        let found = LINT.finding(
            "`cipher-suites` has no effect with TLS 1.3",
            first.span.to(last.span),
            "suites of TLS 1.2",
        );
        Some(found.label(reason, "TLS 1.3 only").help("delete the list, or write `min-version` `1.2`"))
    })
}

/// What only a request that goes to a backend needs.
fn route(route: &Route) -> Vec<Diagnostic> {
    let (answer, span) = match &route.action {
        Some(Action::Respond { status, .. }) => ("responds", status.span),
        Some(Action::Redirect { location, .. }) => ("redirects", location.span),
        Some(Action::Deny { status }) => ("denies", status.span),
        Some(Action::Proxy { .. } | Action::Split { .. }) | None => return vec![],
    };
    let settings = &route.settings;
    let written: Vec<(&str, Option<Span>)> = vec![
        ("rewrite", route.rewrite.as_ref().map(|it| it.span)),
        ("retry", settings.retry.as_ref().map(|it| it.attempts.span)),
        ("timeout.first-byte", settings.timeouts.first_byte.as_ref().map(|it| it.span)),
        ("request headers", settings.request_headers.first().map(|it| it.name.span)),
    ];
    let found = written.into_iter().filter_map(|(key, at)| {
        let message = format!("`{key}` has no effect on route `{}`", route.pattern.value);
        let found = LINT.finding(message, at?, "changes nothing");
        Some(found.label(span, format!("the route {answer} itself")).help(format!("delete `{key}`")))
    });
    found.collect()
}
