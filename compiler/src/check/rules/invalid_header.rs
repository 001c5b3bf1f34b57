//! A header that cannot be sent.

use super::headers::{edits, is_token_byte, settings};
use super::pools::probes;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, client_auths};
use crate::model::{Action, HashKey, HeaderChange, Pool, Probe};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC005", "invalid-header"),
    level: Severity::Error,
    explanation: "A name is letters, digits and a few signs (RFC 9110, section 5.6.2); a value has no line break \
        and no control character. Otherwise one header becomes two, or a response becomes two.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" {
    respond 200 "ok"
    header-set "X Powered By" "divisor"
}
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" {
    respond 200 "ok"
    header-set "X-Powered-By" "divisor"
}
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for edit in edits(facts) {
        if !is_token(&edit.name.value) {
            let message = format!("`{}` is not the name of a header", edit.name.value);
            let help = format!("write `{}`", token(&edit.name.value));
            found.push(LINT.finding(message, edit.name.span, "not a token").help(help));
        }
        if let HeaderChange::Set(value) | HeaderChange::Add(value) = &edit.change {
            found.extend(bad_value(&edit.name.value, value));
        }
    }
    found.extend(facts.model.pools.iter().flat_map(keys));
    found.extend(probes(facts.model).flat_map(asked));
    let told = client_auths(facts.model).filter_map(|auth| auth.subject_header.as_ref());
    found.extend(told.filter_map(bad_subject_header));
    let types = facts.patterns.routes.iter().filter_map(|read| match &read.route.action {
        Some(Action::Respond { content_type, .. }) => Some(content_type),
        _ => None,
    });
    let pages = facts.model.hosts.iter().flat_map(|host| &host.error_pages).map(|page| &page.content_type);
    let types = types.chain(pages);
    let words = settings(facts).filter_map(|settings| settings.cors.as_ref());
    let words = words.flat_map(|it| [&it.origins, &it.methods, &it.headers, &it.expose]).flatten();
    let spoilt =
        |word: &&Spanned<String>| !word.value.bytes().all(|it| (b'!'..0x7f).contains(&it) && it != b',');
    found.extend(words.filter(spoilt).map(|word| {
        let message = format!("`{}` is not one word", word.value);
        LINT.finding(message, word.span, "here").help("write each origin, method and name for itself")
    }));
    let is_visible = |text: &str| text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    let unsendable = types.filter(|value| !is_visible(&value.value));
    found.extend(unsendable.map(|value| control("Content-Type", value)));
    found
}

/// What a probe asks with.
fn asked(probe: &Probe) -> Vec<Diagnostic> {
    const OURS: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];
    let headers = probe.http().map(|http| http.headers.as_slice()).unwrap_or_default();
    let is_visible = |text: &str| text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    let wrong = headers.iter().filter_map(|(name, value)| {
        let lower = name.value.to_ascii_lowercase();
        if !is_token(&name.value) {
            let message = format!("`{}` is not the name of a header", name.value);
            let help = format!("write `{}`", token(&name.value));
            return Some(LINT.finding(message, name.span, "not a token").help(help));
        }
        if OURS.contains(&lower.as_str()) {
            let message = format!("a probe sets `{}` by itself", name.value);
            let help = if lower == "host" { "write `host=`" } else { "delete it" };
            return Some(LINT.finding(message, name.span, "already there").help(help));
        }
        (!is_visible(&value.value)).then(|| control(&name.value, value))
    });
    let host = |host: &str| !host.is_empty() && host.bytes().all(|byte| (b'!'..0x7f).contains(&byte));
    let unsendable = probe.host().filter(|name| !host(&name.value)).map(|name| control("Host", name));
    wrong.chain(unsendable).collect()
}

/// What a pool looks for in requests, and the cookie that it sets.
fn keys(pool: &Pool) -> Vec<Diagnostic> {
    let named = match &pool.hash.key {
        Some(HashKey::Header(name)) => Some((name, "header")),
        Some(HashKey::Cookie(name)) => Some((name, "cookie")),
        // In a query, everything but nothing is a name.
        Some(HashKey::Query(name)) if name.value.is_empty() => Some((name, "query parameter")),
        Some(HashKey::ClientAddress | HashKey::Path | HashKey::Query(_)) | None => None,
    };
    let cookie = pool.sticky.as_ref().map(|sticky| (&sticky.cookie, "cookie"));
    let wrong = named.into_iter().chain(cookie).filter(|(name, _)| !is_token(&name.value));
    let wrong = wrong.map(|(name, what)| {
        let message = format!("`{}` is not the name of a {what}", name.value);
        let help = match name.value.as_str() {
            "" => "write its name".to_owned(),
            name => format!("write `{}`", token(name)),
        };
        LINT.finding(message, name.span, "not a token").help(help)
    });
    let path = pool.sticky.as_ref().map(|sticky| &sticky.path).filter(|path| !is_cookie_path(&path.value));
    let path = path.map(|path| {
        let message = format!("`{}` is not the path of a cookie", path.value);
        LINT.finding(message, path.span, "here").help("write a path without spaces and semicolons: `/shop`")
    });
    wrong.chain(path).collect()
}

/// RFC 6265, section 4.1.1.
fn is_cookie_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| (b'!'..0x7f).contains(&byte) && byte != b';')
}

/// A header that tells the subject of a client certificate, and that means something else already.
fn bad_subject_header(name: &Spanned<String>) -> Option<Diagnostic> {
    const TAKEN: [&str; 9] = [
        "host",
        "content-length",
        "content-type",
        "connection",
        "transfer-encoding",
        "te",
        "upgrade",
        "expect",
        "cookie",
    ];
    let taken = TAKEN.contains(&name.value.to_ascii_lowercase().as_str());
    if is_token(&name.value) && !taken {
        return None;
    }
    let message = format!("`{}` cannot tell the subject of a certificate", name.value);
    let label = if taken { "it means something else" } else { "not a token" };
    Some(LINT.finding(message, name.span, label).help("write `X-Client-Cert-Subject`"))
}

fn bad_value(name: &str, value: &Spanned<String>) -> Option<Diagnostic> {
    let visible = value.value.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    (!visible).then(|| control(name, value))
}

fn control(name: &str, value: &Spanned<String>) -> Diagnostic {
    let message = format!("the value of header `{name}` has a character that cannot be sent");
    LINT.finding(message, value.span, "here").help("write it on one line, without control characters")
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// The nearest name that is one.
fn token(name: &str) -> String {
    let letter = |it: char| if it.is_ascii() && is_token_byte(it as u8) { it } else { '-' };
    let nearest: String = name.trim().chars().map(letter).collect();
    if nearest.is_empty() { "X-Name".to_owned() } else { nearest }
}
