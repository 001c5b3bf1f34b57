//! Claims that cover a route, as they are written in a config.

use divisor_schema::plan::Cidr;

use super::{Verdict, judge};
use crate::facts::{Answer, Facts};
use crate::model::{Condition, Expect, Reference, RequestLine, Subject, Test};
use crate::source::{Span, Spanned};
use crate::syntax::Spelling;
use crate::trace::{Outcome, Request, outcome};

/// A claim about a request that goes to the route at `index`; `None` when none does.
pub(super) fn claim(facts: &Facts<'_>, index: usize, spelling: Spelling) -> Option<String> {
    for (number, site) in facts.sites.iter().enumerate() {
        let Some(position) = site.routes.iter().position(|route| *route == index) else { continue };
        let Ok(analysis) = &site.analysis else { continue };
        for &listener in &site.listeners {
            let Ok(Some(example)) = analysis.example_of(position, facts.empty_segments(listener)) else {
                continue;
            };
            let Some(model) = facts.model.listeners.get(listener) else { continue };
            let names = facts.names_within(listener, None).into_iter();
            for host in names.filter(|name| facts.site_of(listener, name) == Some(number)) {
                let line = RequestLine {
                    method: None,
                    tls: model.tls.is_some(),
                    host,
                    path: example.path.clone(),
                    query: None,
                };
                let request = Request::new(&line, example.method.clone()).like(example.clone());
                if facts.answer(listener, &request.host, &request.subject())
                    == Answer::Route(number, position)
                {
                    return Some(written(facts, listener, &request, (number, position), spelling));
                }
            }
        }
    }
    None
}

/// The claim, with the name of the listener only where the request has another answer elsewhere.
fn written(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    (site, position): (usize, usize),
    spelling: Spelling,
) -> String {
    let answer = Answer::Route(site, position);
    let pattern = facts.route_of(site, position).map(|route| route.pattern.value.clone());
    let expect = expect(request, &outcome(facts, listener, request, &answer), pattern);
    let holds = matches!(judge(facts, &expect).verdict, Verdict::Holds);
    let named = facts.model.listeners.get(listener).filter(|_| !holds).map(|it| it.name.value.as_str());
    let mut keys: Vec<(&str, String)> = vec![];
    keys.extend(named.map(|name| ("listener", quoted(name))));
    keys.extend(expect.clients.iter().map(|it| ("client", quoted(&it.value.address.to_string()))));
    keys.extend(expect.pool.iter().map(|pool| ("pool", quoted(&pool.name.value))));
    keys.extend(expect.route.iter().map(|route| ("route", quoted(&route.value))));
    keys.extend(expect.status.iter().map(|status| ("status", status.value.to_string())));
    keys.extend(expect.redirect.iter().map(|location| ("redirect", quoted(&location.value))));
    let line = quoted(&expect.request.value.with_method(&request.method));
    match spelling {
        Spelling::Kdl => {
            let keys: String = keys.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let field = |(name, value): &(String, String)| {
                format!("header {} equals={}", quoted(name), quoted(value))
            };
            let fields: Vec<String> = request.headers.iter().map(field).collect();
            let block =
                if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join("; ")) };
            format!("expect {line}{keys}{block}")
        }
        Spelling::Yaml => {
            let keys: String = keys.iter().map(|(name, value)| format!(", {name}: {value}")).collect();
            let field = |(name, value): &(String, String)| {
                format!("{{ name: {}, equals: {} }}", quoted(name), quoted(value))
            };
            let fields: Vec<String> = request.headers.iter().map(field).collect();
            let list =
                if fields.is_empty() { String::new() } else { format!(", header: [{}]", fields.join(", ")) };
            format!("{{ request: {line}{keys}{list} }}")
        }
    }
}

/// What can be said of a request of which this becomes.
fn expect(request: &Request, outcome: &Outcome, pattern: Option<String>) -> Expect {
    fn at<T>(value: T) -> Spanned<T> {
        Spanned::default_at(value, Span::default())
    }
    let Request { tls, host, path, query, .. } = request.clone();
    let method = request.method.clone();
    let line = RequestLine { method: Some(method.clone()), tls, host, path, query };
    let client = request.client.and_then(|client| Cidr::new(client, if client.is_ipv4() { 32 } else { 128 }));
    let mut expect = Expect {
        request: at(line),
        methods: vec![at(method)],
        conditions: request.headers.iter().map(|(name, value)| equals(name, value)).collect(),
        clients: client.into_iter().map(at).collect(),
        listener: None,
        for_all: at(false),
        pool: None,
        route: None,
        status: None,
        redirect: None,
    };
    match outcome {
        Outcome::Proxied { pools, .. } => match pools.as_slice() {
            [(pool, _)] => expect.pool = Some(Reference::to(at(pool.name.clone()))),
            _ => expect.route = pattern.map(at),
        },
        Outcome::Passed { pool } => expect.pool = Some(Reference::to(at(pool.name.clone()))),
        Outcome::Redirected { location, .. } => expect.redirect = Some(at(location.clone())),
        Outcome::Responded { status } | Outcome::Unrouted { status, .. } => expect.status = Some(at(*status)),
        Outcome::Denied => expect.status = Some(at(403)),
        Outcome::Undecided => expect.route = pattern.map(at),
    }
    expect
}

/// The condition that a header field has this value.
fn equals(name: &str, value: &str) -> Condition {
    let at = |text: &str| Spanned::default_at(text.to_owned(), Span::default());
    Condition { subject: Subject::Header, name: at(name), test: at(value).map(Test::Equals) }
}

/// Text in quotes that KDL and YAML both read.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Claims as a part of a config.
pub(super) fn document(claims: &[&str], spelling: Spelling) -> String {
    match spelling {
        _ if claims.is_empty() => String::new(),
        Spelling::Kdl => claims.iter().map(|claim| format!("{claim}\n")).collect(),
        Spelling::Yaml => {
            let items: String = claims.iter().map(|claim| format!("  - {claim}\n")).collect();
            format!("expect:\n{items}")
        }
    }
}
