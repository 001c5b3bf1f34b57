//! Traces of a config.

use divisor_schema::plan::{Source, fill};

use super::nearest::nearest;
use super::settings::{mirror, of_layers};
use super::{Answer, Lost, NO_HOST, NO_ROUTE, Named, Nearest, Outcome, Request, Route, Trace};
use crate::facts::{self, Facts, Layer, ReadRoute, access};
use crate::model::{self, Action};
use crate::routes::{self, Analysis, HostPattern, Methods, RouteSet};

/// What becomes of `request`.
pub(crate) fn of_config(facts: &Facts<'_>, request: &Request) -> Trace {
    let serves = |listener: &usize| facts.answer(*listener, &request.host, &request.subject());
    let listeners: Vec<usize> = facts.speaking(request.tls).collect();
    let nobody = listeners.iter().all(|listener| serves(listener) == facts::Answer::Nobody);
    let answering = listeners.into_iter().filter(|it| nobody || serves(it) != facts::Answer::Nobody);
    let answers = answering.map(|listener| answer(facts, listener, request)).collect();
    Trace { request: request.clone(), answers }
}

/// What a listener makes of `request`.
fn answer(facts: &Facts<'_>, listener: usize, request: &Request) -> Answer {
    let taken = facts.answer(listener, &request.host, &request.subject());
    let route = route(facts, listener, request, &taken);
    let layers = layers(facts, listener, &taken);
    let policies = layers.iter().filter_map(|layer| layer.policy);
    let policies = policies.map(|policy| Named::at(&policy.name.value, policy.name.span)).collect();
    let named = facts.model.listeners.get(listener);
    let at = named.map(|it| it.name.span).unwrap_or_default();
    let passed = facts.passed(listener, &request.host);
    let site = facts.site_of(listener, &request.host).filter(|_| passed.is_none());
    let passed = passed.map(|(_, name)| Named::at(&name.value, name.span));
    Answer {
        listener: Named::at(named.map_or("", |it| &it.name.value), at),
        path: match passed {
            Some(_) => None, // nobody here reads it
            None => facts.normal_path(listener, &request.path).ok().map(|path| path.into_owned()),
        },
        host: passed.or_else(|| host(facts, site?, &request.host)),
        outcome: outcome(facts, listener, request, &taken),
        settings: match taken {
            facts::Answer::Route(site, position) => {
                let copied = facts.route_of(site, position).and_then(|route| route.mirror.as_ref());
                of_layers(facts, &layers, at).into_iter().chain(copied.map(mirror)).collect()
            }
            facts::Answer::Redirected => of_layers(facts, &layers, at),
            _ => vec![],
        },
        route,
        policies,
        lost: lost(facts, listener, request, &taken),
        nearest: nearest_other(facts, listener, request, &taken),
    }
}

/// What `taken` means to the client.
pub(crate) fn outcome(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    taken: &facts::Answer,
) -> Outcome {
    if !is_admitted(facts, listener, request, taken) {
        return Outcome::Denied;
    }
    match taken {
        facts::Answer::Refused(error) => Outcome::Unrouted { status: 400, why: error.to_string() },
        facts::Answer::Nobody => Outcome::Unrouted { status: 421, why: NO_HOST.to_owned() },
        facts::Answer::NoRoute(_) => Outcome::Unrouted { status: 404, why: NO_ROUTE.to_owned() },
        facts::Answer::Passed(at) => passed_to(facts, listener, *at).unwrap_or(Outcome::Undecided),
        facts::Answer::Redirected => redirected(facts, listener, request).unwrap_or(Outcome::Undecided),
        facts::Answer::Route(site, position) => {
            routed(facts, listener, request, (*site, *position)).unwrap_or(Outcome::Undecided)
        }
        facts::Answer::Undecided(_) => Outcome::Undecided,
    }
}

/// Whether the lists that bind what takes a request let its client in. One that nobody knows is let in.
pub(crate) fn is_admitted(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    taken: &facts::Answer,
) -> bool {
    request.client.is_none_or(|client| access(&layers(facts, listener, taken)).admits(client))
}

fn passed_to(facts: &Facts<'_>, listener: usize, at: usize) -> Option<Outcome> {
    let passthrough = facts.model.listeners.get(listener)?.passthrough.get(at)?;
    Some(Outcome::Passed { pool: pool(facts, &passthrough.forward.pool) })
}

/// A pool, where it is defined.
fn pool(facts: &Facts<'_>, pool: &model::Reference<model::Pool>) -> Named {
    let defined = pool.id.and_then(|id| facts.model.pools.get(id.index()));
    Named::at(&pool.name.value, defined.map_or(pool.name.span, |pool| pool.name.span))
}

fn redirected(facts: &Facts<'_>, listener: usize, request: &Request) -> Option<Outcome> {
    let redirect = facts.redirect_of(listener)?;
    let location = facts.location(redirect.listener.id?.index());
    let path = facts.normal_path(listener, &request.path).ok()?;
    let source = Source { host: &request.host, path: &path, query: request.query.as_deref() };
    Some(Outcome::Redirected { status: redirect.status.value, location: fill(&location, source) })
}

fn routed(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    (site, position): (usize, usize),
) -> Option<Outcome> {
    let route = facts.route_of(site, position)?;
    let pattern = facts.pattern_at(site, position)?;
    let path = facts.normal_path(listener, &request.path).ok()?;
    let source = Source { host: &request.host, path: &path, query: request.query.as_deref() };
    let sent = || {
        let rewrite = route.rewrite.as_ref().and_then(|text| routes::rewrite(&text.value, pattern).ok());
        let path = rewrite.map_or_else(|| path.to_string(), |template| fill(&template, source));
        path + &request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default()
    };
    let named = |it: &model::Reference<model::Pool>| pool(facts, it);
    Some(match route.action.as_ref()? {
        Action::Proxy { pool } => Outcome::Proxied { pools: vec![(named(pool), 1)], path: sent() },
        Action::Split { shares } => {
            let mut pools: Vec<(Named, u16)> =
                shares.iter().map(|share| (named(&share.pool), share.weight.value)).collect();
            pools.retain(|(_, weight)| *weight > 0);
            pools.sort_by(|a, b| a.0.name.cmp(&b.0.name));
            Outcome::Proxied { pools, path: sent() }
        }
        Action::Redirect { location, status } => {
            let location = routes::location(&location.value, pattern).ok()?;
            Outcome::Redirected { status: status.value, location: fill(&location, source) }
        }
        Action::Respond { status, .. } | Action::Deny { status } => {
            Outcome::Responded { status: status.value }
        }
    })
}

fn host(facts: &Facts<'_>, site: usize, name: &str) -> Option<Named> {
    let pattern = facts.pattern_of(site, name)?.text();
    let written = facts
        .sites
        .get(site)?
        .host?
        .names
        .iter()
        .find(|name| HostPattern::parse(&name.value).is_ok_and(|written| written.text() == pattern));
    Some(written.map_or_else(|| Named::nowhere(&pattern), |written| Named::at(&pattern, written.span)))
}

fn route(facts: &Facts<'_>, listener: usize, request: &Request, taken: &facts::Answer) -> Option<Route> {
    let facts::Answer::Route(site, position) = taken else { return None };
    let route = facts.route_of(*site, *position)?;
    let pattern = facts.pattern_at(*site, *position)?;
    let path = facts.normal_path(listener, &request.path).ok()?;
    let filled = |name: &str| {
        let hole = routes::location(&format!("{{{name}}}"), pattern).ok()?;
        Some(fill(&hole, Source { host: &request.host, path: &path, query: None }))
    };
    Some(Route {
        pattern: Named::at(&route.pattern.value, route.pattern.span),
        methods: route.methods.iter().map(|method| method.value.clone()).collect(),
        conditions: facts.read_at(*site, *position).map(conditions).unwrap_or_default(),
        captures: pattern
            .captures
            .iter()
            .filter_map(|capture| Some((capture.name.clone(), filled(&capture.name)?)))
            .collect(),
    })
}

fn layers<'m>(facts: &Facts<'m>, listener: usize, taken: &facts::Answer) -> Vec<Layer<'m>> {
    let Some(listener) = facts.model.listeners.get(listener) else { return vec![] };
    match taken {
        facts::Answer::Route(site, position) => facts
            .read_at(*site, *position)
            .and_then(|read| Some(facts.layers(listener, facts.sites.get(*site)?, read)))
            .unwrap_or_default(),
        facts::Answer::Redirected => facts.used([&listener.uses, &[], &[]]),
        _ => vec![],
    }
}

/// The routes for the path of a request that do not take it.
fn lost(facts: &Facts<'_>, listener: usize, request: &Request, taken: &facts::Answer) -> Vec<Lost> {
    let (facts::Answer::Route(site, _) | facts::Answer::NoRoute(site)) = taken else { return vec![] };
    let lost = losers(facts, listener, request, taken).into_iter().filter_map(|(position, reason)| {
        let written = &facts.route_of(*site, position)?.pattern;
        Some(Lost { pattern: Named::at(&written.value, written.span), reason })
    });
    lost.collect()
}

/// The same, as positions in the site, with the reasons.
pub(crate) fn losers(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    taken: &facts::Answer,
) -> Vec<(usize, String)> {
    let (site, winner) = match taken {
        facts::Answer::Route(site, position) => (*site, Some(*position)),
        facts::Answer::NoRoute(site) => (*site, None),
        _ => return vec![],
    };
    let Some((analysis, path)) = analysis(facts, site).zip(facts.normal_path(listener, &request.path).ok())
    else {
        return vec![];
    };
    let subject = routes::Request { path: path.to_string(), ..request.subject() };
    let others = analysis.along(&path).filter(|other| Some(*other) != winner);
    others.filter_map(|other| Some((other, reason(analysis, &subject, other, winner)?))).collect()
}

fn reason(
    analysis: &Analysis<'_>,
    request: &routes::Request,
    position: usize,
    winner: Option<usize>,
) -> Option<String> {
    let other = analysis.route(position)?;
    if let Methods::Only(methods) = &other.set.methods
        && !other.set.methods.contains(&request.method)
    {
        return Some(format!("is for {}", methods.join(", ")));
    }
    if let Some(condition) = other.set.conditions.unmet(&request.headers, &request.query) {
        return Some(format!("wants {condition}"));
    }
    if !other.set.clients.contains(request.client) {
        return Some("is for other clients".to_owned());
    }
    let winner = analysis.route(winner?)?;
    Some(match winner.priority > other.priority {
        true => format!("has the lower priority, {} and not {}", other.priority, winner.priority),
        false => format!("is less specific than {}", shape(winner)),
    })
}

/// A route as a set: `/users/{id}` for GET.
fn shape(route: &RouteSet<'_>) -> String {
    let methods = match &route.set.methods {
        Methods::Any => String::new(),
        Methods::Only(methods) => format!(" for {}", methods.join(", ")),
    };
    let conditions: Vec<String> = route.set.conditions.iter().map(ToString::to_string).collect();
    let conditions = Some(conditions.join(", ")).filter(|all| !all.is_empty());
    let conditions = conditions.map(|all| format!(" with {all}")).unwrap_or_default();
    format!("`{}`{methods}{conditions}", route.set.pattern.text)
}

/// What must hold for the requests of a route, in words.
fn conditions(read: &ReadRoute<'_>) -> Vec<String> {
    let networks: Vec<String> = read.route.clients.iter().map(|network| network.value.to_string()).collect();
    let clients = (!networks.is_empty()).then(|| format!("client {}", networks.join(", ")));
    read.conditions.iter().map(ToString::to_string).chain(clients).collect()
}

fn analysis<'f, 'm>(facts: &'f Facts<'m>, site: usize) -> Option<&'f Analysis<'m>> {
    facts.sites.get(site)?.analysis.as_ref().ok()
}

/// The nearest request on this listener, or else on another, that goes elsewhere.
fn nearest_other(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    taken: &facts::Answer,
) -> Option<Nearest> {
    nearest_that(facts, listener, request, |other| other != taken)
}

/// The nearest request on `listener` of whose answer `holds` is true.
pub(crate) fn nearest_that(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    holds: impl Fn(&facts::Answer) -> bool,
) -> Option<Nearest> {
    let other =
        in_site(facts, listener, request, &holds).or_else(|| by_name(facts, listener, request, &holds))?;
    let taken = facts.answer(listener, &other.host, &other.subject());
    let route = match taken {
        facts::Answer::Route(site, position) => facts.route_of(site, position),
        _ => None,
    };
    Some(Nearest {
        route: route.map(|it| Named::at(&it.pattern.value, it.pattern.span)),
        outcome: outcome(facts, listener, &other, &taken),
        request: other,
    })
}

fn in_site(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    holds: &impl Fn(&facts::Answer) -> bool,
) -> Option<Request> {
    let site = facts.site_of(listener, &request.host).filter(|_| facts.redirect_of(listener).is_none())?;
    let analysis = analysis(facts, site)?;
    let here = routes::Request {
        path: facts.normal_path(listener, &request.path).ok()?.into_owned(),
        ..request.subject()
    };
    let count = facts.sites.get(site)?.routes.len();
    let sets = (0..count).filter_map(|position| Some(&analysis.route(position)?.set));
    let found = nearest(sets, &here, facts.empty_segments(listener), |other| {
        holds(&facts.answer(listener, &request.host, other))
    })?;
    Some(request.like(found))
}

/// The same request for another name: the most similar one first.
fn by_name(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    holds: &impl Fn(&facts::Answer) -> bool,
) -> Option<Request> {
    let mut names = facts.names_within(listener, None);
    names.sort_by_cached_key(|name| (model::distance(name, &request.host, 64), name.clone()));
    let named = names.into_iter().map(|host| Request { host, ..request.clone() });
    let mut other = named.filter(|other| other.host != request.host);
    other.find(|other| holds(&facts.answer(listener, &other.host, &other.subject())))
}
