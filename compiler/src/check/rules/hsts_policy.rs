//! `Strict-Transport-Security` that protects nobody, or too much.

use super::headers::response_edits;
use super::values::time;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Site, serving};
use crate::model::{HeaderChange, Hsts, Layout, Listener};
use crate::routes::HostPattern;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC007", "hsts-policy"),
    level: Severity::Warning,
    explanation: "Until a browser has been told by `Strict-Transport-Security` (RFC 6797) to use TLS only, whoever \
        sits in between can keep it on plain HTTP. It has to hold for months to help; `preload` asks for a year and \
        for subdomains; and with `include-subdomains`, a subdomain that is served in plain text is out of reach.",
    bad: r#"
listener "web" {
    bind "0.0.0.0:8443"
    tls { certificate "shop.pem" key="shop.key"; hsts max-age="5m"; }
}
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" {
    bind "0.0.0.0:8443"
    tls { certificate "shop.pem" key="shop.key"; hsts max-age="365d"; }
}
route "/**" { respond 200 "ok"; }
"#,
    check,
};

const DAY: u64 = 24 * 60 * 60 * 1000;
/// Half a year, which graders of TLS settings ask for.
const LONG_ENOUGH: u64 = 15_768_000 * 1000;
/// What the preload lists of browsers ask for.
const PRELOAD: u64 = 31_536_000 * 1000;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = by_hand(facts).collect();
    for (index, listener) in serving(facts.model) {
        let Some(tls) = &listener.tls else { continue };
        match &tls.hsts {
            None => found.extend(missing(facts, listener, tls.at.0)),
            Some(hsts) => {
                found.extend(short(hsts));
                found.extend(preload(hsts));
                found.extend(plain_subdomains(facts, index, hsts));
            }
        }
    }
    found
}

/// A listener that only this machine reaches needs none.
fn missing(facts: &Facts<'_>, listener: &Listener, at: crate::source::Span) -> Option<Diagnostic> {
    listener.binds.iter().find(|bind| !bind.value.is_local())?;
    let message = format!("listener `{}` does not tell browsers to use TLS only", listener.name.value);
    let found = LINT.finding(message, at, "no `Strict-Transport-Security`");
    Some(found.help(match facts.model.layout {
        Layout::Full => "add `hsts max-age=\"365d\"` to `tls`",
        Layout::Flat => "add `security: { tls: { hsts_max_age: 31536000 } }`",
    }))
}

fn short(hsts: &Hsts) -> Option<Diagnostic> {
    let age = hsts.max_age.value.0;
    // 0 tells browsers to forget, which somebody may mean.
    if age == 0 || age >= LONG_ENOUGH {
        return None;
    }
    let message = format!("browsers use TLS only for {} after a visit", time(&hsts.max_age));
    let mut found = LINT.finding(message, hsts.max_age.span, "less than half a year");
    if age >= DAY {
        found.severity = Severity::Info;
    }
    Some(found.help("raise it in steps to \"365d\""))
}

fn preload(hsts: &Hsts) -> Option<Diagnostic> {
    if !hsts.preload.value || (hsts.include_subdomains.value && hsts.max_age.value.0 >= PRELOAD) {
        return None;
    }
    let mut found = LINT.finding(
        "the preload lists take no name with these settings",
        hsts.preload.span,
        "asks to be on the lists",
    );
    found.severity = Severity::Error;
    if !hsts.include_subdomains.value {
        let fix = "write `include-subdomains=#true`, or take `preload` away";
        return Some(found.label(hsts.include_subdomains.span, "without subdomains").help(fix));
    }
    Some(
        found
            .label(hsts.max_age.span, "less than a year")
            .help("write `max-age=\"365d\"`, or take `preload` away"),
    )
}

/// Names below one that is served with `include-subdomains`, which are served in plain text alone.
fn plain_subdomains(facts: &Facts<'_>, listener: usize, hsts: &Hsts) -> Vec<Diagnostic> {
    if !hsts.include_subdomains.value || hsts.max_age.value.0 == 0 {
        return vec![];
    }
    let plain = |site: &&Site<'_>| {
        let mut listeners = site.listeners.iter().filter_map(|index| facts.model.listeners.get(*index));
        !site.listeners.is_empty() && listeners.all(|listener| listener.tls.is_none())
    };
    let above: Vec<&HostPattern> = facts.sites_of(listener).flat_map(|site| &site.names).collect();
    let mut found = vec![];
    for site in facts.sites.iter().filter(plain) {
        let below =
            site.names.iter().find_map(|name| Some((name, above.iter().find(|it| is_below(name, it))?)));
        let (Some((name, parent)), Some(host)) = (below, site.host) else { continue };
        let written = host.names.iter().find(|it| HostPattern::parse(&it.value).as_ref() == Ok(name));
        let span = written.map_or(hsts.include_subdomains.span, |written| written.span);
        let message = format!("browsers that know `{}` cannot reach `{}`", parent.text(), name.text());
        let finding = LINT
            .finding(message, hsts.include_subdomains.span, "TLS only, for subdomains too")
            .label(span, "served in plain text alone");
        found.push(
            finding.help(format!("serve `{}` with TLS, or take `include-subdomains` away", name.text())),
        );
    }
    found
}

/// Whether browsers that know a name of `parent` apply its policy to every name of `name`.
fn is_below(name: &HostPattern, parent: &HostPattern) -> bool {
    let HostPattern::Exact(parent) = parent else { return false };
    let (HostPattern::Exact(name) | HostPattern::OneLabel(name) | HostPattern::ManyLabels(name)) = name;
    name.strip_suffix(parent.as_str()).is_some_and(|front| front.ends_with('.'))
}

fn by_hand<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = Diagnostic> + 'f {
    let edits = response_edits(facts)
        .filter(|edit| edit.name.value.eq_ignore_ascii_case("strict-transport-security"))
        .filter(|edit| !matches!(edit.change, HeaderChange::Remove));
    edits.map(|edit| {
        let message = "`Strict-Transport-Security` is written by hand";
        let found = LINT.finding(message, edit.name.span, "ignored where there is no TLS");
        found.help("write `hsts max-age=\"365d\"` in `tls` of the listener")
    })
}
