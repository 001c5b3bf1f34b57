//! Options that change nothing because of what stands in another block. What has no effect inside one block, the decoder
//! finds.

use std::collections::{BTreeMap, BTreeSet};

use divisor_schema::config::VARIABLES;
use divisor_schema::plan::{Address, Balance, TlsVersion, ValuePart};

use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Action, Backend, HeaderChange, HeaderEdit, Listener, Pool, Route};
use crate::source::{Span, Spanned};

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
    let listeners = facts.model.listeners.iter().flat_map(|it| {
        let without_requests = if it.reads_requests() { vec![] } else { requests(it) };
        without_tls(it).into_iter().chain(without_requests)
    });
    let routes = facts.patterns.routes.iter().flat_map(|read| route(read.route));
    let pools = facts.model.pools.iter().flat_map(|it| slow_start(it).into_iter().chain(probe_port(it)));
    let backends = facts.model.pools.iter().flat_map(|pool| &pool.backends).filter_map(services);
    let all = listeners.chain(suites(facts)).chain(routes).chain(pools).chain(backends);
    all.chain(certificates(facts)).collect()
}

/// What tells of the certificates of clients where no client is ever asked for one.
fn certificates(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let (mut told, mut empty) = (BTreeSet::new(), BTreeMap::new());
    for acting in facts.acting() {
        let edits = acting.layers.iter().flat_map(|it| it.request_headers.iter().chain(&it.response_headers));
        for (variable, text) in edits.filter_map(tells_certificate) {
            if acting.asks {
                told.insert(text.span);
            } else {
                empty.entry(text.span).or_insert((variable, text, acting.listener));
            }
        }
    }
    empty.retain(|span, _| !told.contains(span));
    let found = empty.into_values().map(|(variable, text, listener)| {
        let at = text.value.find(variable).unwrap_or_default();
        let span = part(facts.sources, text, &(at..at + variable.len()));
        LINT.finding(
            format!("`{variable}` never tells of a certificate here"),
            span,
            "no client is asked for one",
        )
        .label(listener.name.span, "by this listener")
        .help("add `client-auth` to the `tls` of the listener or host, or delete the header")
    });
    found.collect()
}

/// The first variable of a value that tells of a certificate, with the value.
fn tells_certificate(edit: &HeaderEdit) -> Option<(&'static str, &Spanned<String>)> {
    let (HeaderChange::Set(text) | HeaderChange::Add(text)) = &edit.change else { return None };
    let known = VARIABLES.iter().filter(|it| matches!(it.value, ValuePart::ClientCertificate(_)));
    known.map(|it| it.name).find(|name| text.value.contains(name)).map(|name| (name, text))
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

/// What only services have, and what their records say instead.
fn services(backend: &Backend) -> Option<Diagnostic> {
    let url = &backend.url;
    let finding =
        |key, at| LINT.finding(format!("`{key}` has no effect on `{}`", url.value), at, "changes nothing");
    let weight = &backend.weight;
    if backend.is_service() {
        let found = (weight.value > 1).then(|| finding("weight", weight.span))?;
        return Some(
            found.label(url.span, "the records have a weight for each target").help("delete `weight`"),
        );
    }
    backend.target.as_ref().filter(|_| backend.slots.written)?;
    let found = finding("slots", backend.slots.span);
    Some(found.label(url.span, "one server").help("delete `slots`; it is for `http+srv://` and the like"))
}

/// The port of a probe where every backend is a Unix socket, which has none.
fn probe_port(pool: &Pool) -> Vec<Diagnostic> {
    let mut probed = pool.backends.iter().filter(|it| it.probe.is_none()).peekable();
    let only_sockets = probed.peek().is_some() && probed.all(is_socket);
    let shared = pool.probe.as_ref().filter(|_| only_sockets);
    let own = pool.backends.iter().filter(|it| is_socket(it)).filter_map(|it| it.probe.as_ref());
    let ports = shared.into_iter().chain(own).filter_map(|probe| probe.port.as_ref());
    let found = ports.map(|port| {
        let message = format!("`port` has no effect on the probe of pool `{}`", pool.name.value);
        LINT.finding(message, port.span, "a Unix socket has no port").help("delete `port`")
    });
    found.collect()
}

fn is_socket(backend: &Backend) -> bool {
    backend.target.as_ref().is_some_and(|target| matches!(target.address, Address::Unix(_)))
}

/// What only TLS needs.
fn without_tls(listener: &Listener) -> Vec<Diagnostic> {
    if listener.is_tls() {
        return vec![];
    }
    let http = &listener.http;
    // It is also the time for a PROXY protocol header, and for the first bytes by which HTTP/2 is told.
    let awaits = !listener.proxy_protocol.is_empty()
        || (listener.reads_requests() && http.h2.as_ref().is_some_and(|h2| h2.value));
    let handshake = (http.handshake_timeout.written && !awaits)
        .then_some(("handshake-timeout", http.handshake_timeout.span));
    let prior = http.h2.is_some() || !listener.reads_requests();
    let streams = (http.max_streams.written && !prior).then_some(("max-streams", http.max_streams.span));
    let found = handshake.into_iter().chain(streams).map(|(key, span)| {
        let message = format!("`{key}` has no effect on listener `{}`", listener.name.value);
        LINT.finding(message, span, "changes nothing")
            .label(listener.name.span, "a listener without TLS")
            .help(format!("delete `{key}`, or give the listener `tls`"))
    });
    found.collect()
}

/// What a listener says of requests that passes all connections on and reads none.
fn requests(listener: &Listener) -> Vec<Diagnostic> {
    let http = &listener.http;
    let written = [
        ("h2", http.h2.as_ref().map(|it| it.span)),
        ("keep-alive", at(&http.keep_alive)),
        ("max-header-size", at(&http.max_header_size)),
        ("max-headers", at(&http.max_headers)),
        ("max-streams", at(&http.max_streams)),
        ("header-timeout", at(&http.header_timeout)),
        ("idle-timeout", at(&http.idle_timeout)),
        ("empty-segments", at(&http.keep_empty_segments)),
        ("trusted-proxies", listener.trusted_proxies.first().map(|it| it.span)),
        ("hsts", listener.tls.as_ref().and_then(|tls| at(&tls.hsts.as_ref()?.max_age))),
    ];
    let found = written.into_iter().filter_map(|(key, at)| {
        let message = format!("`{key}` has no effect on listener `{}`", listener.name.value);
        let found = LINT.finding(message, at?, "changes nothing");
        Some(found.label(listener.name.span, "passes all connections on").help(format!("delete `{key}`")))
    });
    found.collect()
}

/// Where a value is written, if it is.
fn at<T>(value: &Spanned<T>) -> Option<Span> {
    value.written.then_some(value.span)
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
