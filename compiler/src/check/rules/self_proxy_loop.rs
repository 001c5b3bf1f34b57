//! A backend that is a listener of this config.

use std::collections::BTreeSet;
use std::net::IpAddr;

use divisor_schema::plan::{Address, Bind};

use super::routing;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Answer, Facts, serving};
use crate::model::{Action, Backend, Listener, Pool, Route};
use crate::routes::{HostPattern, Methods, RequestSet, example};
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("REF005", "self-proxy-loop"),
    level: Severity::Error,
    explanation: "A backend whose address one of the listeners accepts on, and a request that comes back to the route \
        that sent it there, at once or over other listeners: it goes round until there are no file descriptors left.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://localhost:8080"; }
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://localhost:9000"; }
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut known = BTreeSet::new();
    let mut found = vec![];
    for (index, listener) in serving(facts.model) {
        for (position, site) in facts.sites.iter().enumerate().filter(|(_, it)| it.listeners.contains(&index))
        {
            for route in 0..site.routes.len() {
                let Some(circle) = circle(facts, Hop { listener: index, site: position, route }) else {
                    continue;
                };
                let Some(last) = circle.steps.last() else { continue };
                if known.insert(circle.backends()) {
                    found.push(diagnostic(listener, &circle, last));
                }
            }
        }
    }
    found.extend(facts.model.listeners.iter().flat_map(|listener| passing(facts, listener)));
    found
}

/// Backends that a listener passes connections to, and that are that listener.
fn passing(facts: &Facts<'_>, listener: &Listener) -> Vec<Diagnostic> {
    let pools = listener.forwards().filter_map(|it| facts.model.pools.get(it.pool.id?.index()));
    let itself = pools.flat_map(|pool| pool.backends.iter().map(move |backend| (pool, backend)));
    let itself = itself.filter_map(|(pool, backend)| {
        let address = &backend.target.as_ref()?.address;
        let bind = listener.binds.iter().find(|bind| accepts(&bind.value, address))?;
        Some(points_back(listener, pool, backend, bind.span).help("write the port of the application"))
    });
    itself.collect()
}

fn points_back(listener: &Listener, pool: &Pool, backend: &Backend, bind: Span) -> Diagnostic {
    let message = format!("pool `{}` points back to listener `{}`", pool.name.value, listener.name.value);
    LINT.finding(message, backend.url.span, "this backend is that listener")
        .label(bind, format!("listener `{}`", listener.name.value))
}

/// One route on its way: a listener, a site of it, and the position of a route there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hop {
    listener: usize,
    site: usize,
    route: usize,
}

/// A request that comes back to the route that sent it.
struct Circle<'m> {
    request: String,
    steps: Vec<Step<'m>>,
}

impl Circle<'_> {
    /// The places of its backends: the same ones wherever it begins.
    fn backends(&self) -> Vec<Span> {
        let mut places: Vec<Span> = self.steps.iter().map(|step| step.backend.url.span).collect();
        places.sort_unstable();
        places
    }
}

/// A backend that is a listener.
#[derive(Clone, Copy)]
struct Step<'m> {
    pool: &'m Pool,
    backend: &'m Backend,
    listener: usize,
    /// The address that both have.
    bind: Span,
}

/// The way of a request of a route through backends that are listeners of this config, if it leads back.
fn circle<'m>(facts: &Facts<'m>, start: Hop) -> Option<Circle<'m>> {
    let read = facts.read_at(start.site, start.route)?;
    let methods = Methods::new(read.route.methods.iter().map(|method| method.value.as_str()));
    let set = RequestSet::new(read.pattern.as_ref().ok()?, methods);
    let site = facts.sites.get(start.site)?;
    let name = site.names.first().map_or_else(|| "www.example".to_owned(), HostPattern::example);
    let mut steps = vec![];
    let mut hop = start;
    // An example is only looked for where the first step leads to a listener: most configs have none.
    let mut request = None;
    for _ in 0..=facts.model.listeners.len() {
        let route = facts.route_of(hop.site, hop.route)?;
        let step = own_listener(facts, route)?;
        steps.push(step);
        if request.is_none() {
            request = example(std::slice::from_ref(&set), &[], facts.empty_segments(start.listener)).ok()?;
        }
        let asked = request.as_ref()?;
        hop = match facts.answer(step.listener, &name, asked) {
            Answer::Route(site, route) => Hop { listener: step.listener, site, route },
            _ => return None,
        };
        if hop == start {
            return Some(Circle { request: routing::request(facts, site, asked), steps });
        }
    }
    None
}

/// A backend of a route that is a listener of this config.
fn own_listener<'m>(facts: &Facts<'m>, route: &'m Route) -> Option<Step<'m>> {
    let pools = route.action.iter().flat_map(Action::pools);
    let mut pools = pools.filter_map(|pool| facts.model.pools.get(pool.id?.index()));
    pools.find_map(|pool| {
        pool.backends.iter().find_map(|backend| {
            let address = &backend.target.as_ref()?.address;
            facts.model.listeners.iter().enumerate().find_map(|(index, listener)| {
                let bind = listener.binds.iter().find(|bind| accepts(&bind.value, address))?;
                Some(Step { pool, backend, listener: index, bind: bind.span })
            })
        })
    })
}

fn diagnostic(listener: &Listener, circle: &Circle<'_>, last: &Step<'_>) -> Diagnostic {
    let found = points_back(listener, last.pool, last.backend, last.bind);
    let through = circle.steps.iter().rev().skip(1);
    let found = through.fold(found, |found, step| found.label(step.backend.url.span, "through here"));
    found.witness(circle.request.clone()).help("write the port of the application")
}

/// Whether a connection to `address`, made on this machine, surely arrives at `bind`.
fn accepts(bind: &Bind, address: &Address) -> bool {
    let bind = match bind {
        Bind::Tcp(bind) => bind,
        Bind::Unix(path) => return matches!(address, Address::Unix(to) if to == path),
    };
    let reaches = |ip: IpAddr| {
        let local = ip.is_loopback() || ip.is_unspecified();
        bind.ip() == ip || (bind.ip().is_unspecified() && local && bind.is_ipv4() == ip.is_ipv4())
    };
    match address {
        Address::Ip(to) => to.port() == bind.port() && reaches(to.ip()),
        Address::Name(name, port) => {
            let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from(std::net::Ipv6Addr::LOCALHOST)];
            name == "localhost" && *port == bind.port() && loopback.into_iter().any(reaches)
        }
        Address::Unix(_) | Address::Service(..) => false,
    }
}
