//! Traces of a plan: the walk that the runtime makes.

use divisor_schema::plan::{
    self, Action, Condition, HostId, Listener, Methods, PathError, Plan, PoolId, RouteId, Source, Subject,
    Template, Test, fill, has_encoded_slash, host_name, normalise,
};

use super::nearest::nearest;
use super::settings;
use super::{Answer, Lost, NO_HOST, NO_ROUTE, Named, Nearest, Outcome, Request, Route, Trace};
use crate::model::distance;
use crate::routes::{self, Clients, Conditions, EmptySegments, HostPattern, Pattern, RequestSet, location};

/// What becomes of `request` under `plan`.
pub fn of_plan(plan: &Plan, request: &Request) -> Trace {
    let is_tls = |listener: &Listener| listener.tls.is_some() || !listener.passthrough.is_empty();
    let takes = |listener: &&Listener| listener.forward.is_none() && is_tls(listener) == request.tls;
    let speaking = || plan.listeners.iter().filter(takes);
    let nobody = speaking().all(|it| matches!(find(plan, it, request), Taken::Nobody));
    let answering = speaking().filter(|it| nobody || !matches!(find(plan, it, request), Taken::Nobody));
    let answers = answering.map(|listener| answer(plan, listener, request)).collect();
    Trace { request: request.clone(), answers }
}

/// What becomes of a request on a listener.
#[derive(Debug, PartialEq)]
enum Taken {
    Refused(String),
    Nobody,
    Passed(PoolId),
    NoRoute(HostId),
    Route(HostId, RouteId),
}

/// The walk.
fn find(plan: &Plan, listener: &Listener, request: &Request) -> Taken {
    let Ok(name) = host_name(&request.host) else {
        return Taken::Refused("the host of the request is no host name".to_owned());
    };
    if let Some((_, pool)) = passed(listener, &name) {
        return Taken::Passed(pool);
    }
    let path = match normalise(&request.path, listener.http.keep_empty_segments) {
        Ok(path) => path,
        Err(error) => return Taken::Refused(error.to_string()),
    };
    let Some(host) = listener.hosts.find(&name) else { return Taken::Nobody };
    let mut candidates = candidates(plan, host, &path).iter();
    let found = candidates.find(|id| takes(plan, &plan.routes[id.index()], request));
    if has_encoded_slash(&path) && !found.is_some_and(|id| plan.routes[id.index()].keep_encoded_slash) {
        return Taken::Refused(PathError::Slash.to_string());
    }
    found.map_or(Taken::NoRoute(host), |route| Taken::Route(host, *route))
}

/// The pattern by which a listener passes connections for a name through, and to which pool.
fn passed(listener: &Listener, name: &str) -> Option<(String, PoolId)> {
    let patterns = listener.passthrough.iter();
    let read = patterns.filter_map(|(name, forward)| Some((HostPattern::parse(name).ok()?, forward)));
    let matching = read.filter(|(pattern, _)| pattern.contains(name));
    let (pattern, forward) = matching.max_by_key(|(pattern, _)| pattern.rank())?;
    Some((pattern.text(), forward.as_ref()?.pool))
}

/// Whether a route that is for the path of a request is for the rest of it, too.
fn takes(plan: &Plan, route: &plan::Route, request: &Request) -> bool {
    route.methods.contains(&request.method)
        && is_from(route, request)
        && unmet(plan, route, request).is_none()
}

fn is_from(route: &plan::Route, request: &Request) -> bool {
    let from = |client| route.clients.iter().any(|network| network.contains(client));
    route.clients.is_empty() || request.client.is_some_and(from)
}

/// A condition that a request does not meet.
fn unmet<'p>(plan: &Plan, route: &'p plan::Route, request: &Request) -> Option<&'p Condition> {
    route.conditions.iter().find(|condition| match condition.subject {
        Subject::Header => {
            let mut lines = request.headers.iter().filter(|(name, _)| *name == condition.name);
            let bytes = |line: &str| line.chars().map(|char| char as u8).collect::<Vec<u8>>();
            !lines.any(|(_, line)| condition.holds_for_line(&bytes(line), &plan.tables))
        }
        Subject::Query => {
            !request.query.as_ref().is_some_and(|query| condition.holds_for_query(query, &plan.tables))
        }
    })
}

fn condition_text(condition: &Condition) -> String {
    let subject = match condition.subject {
        Subject::Header => "header",
        Subject::Query => "query",
    };
    let test = match &condition.test {
        Test::Present => "present".to_owned(),
        Test::Equals(text) => format!("equals {text}"),
        Test::Prefix(text) => format!("prefix {text}"),
        Test::Regex(_) => "regex".to_owned(), // a plan has its automaton only
    };
    format!("{subject} {} {test}", condition.name)
}

fn conditions(route: &plan::Route) -> Vec<String> {
    let networks: Vec<String> = route.clients.iter().map(ToString::to_string).collect();
    let clients = (!networks.is_empty()).then(|| format!("client {}", networks.join(", ")));
    route.conditions.iter().map(condition_text).chain(clients).collect()
}

fn candidates<'p>(plan: &'p Plan, host: HostId, path: &str) -> &'p [RouteId] {
    plan.tables.walk(plan.hosts[host.index()].root, path)
}

fn answer(plan: &Plan, listener: &Listener, request: &Request) -> Answer {
    let taken = find(plan, listener, request);
    let path = normalise(&request.path, listener.http.keep_empty_segments).ok().map(|it| it.into_owned());
    let passed = passed(listener, &request.host).map(|(pattern, _)| pattern);
    let path = path.filter(|_| passed.is_none());
    let id = match taken {
        Taken::Route(_, id) => Some(id),
        _ => None,
    };
    let route = id.map(|id| &plan.routes[id.index()]);
    let policy = route.map(|route| &plan.policies[route.policy.index()]);
    Answer {
        listener: Named::nowhere(&listener.name),
        host: passed.or_else(|| pattern_of(listener, &request.host)).map(Named::nowhere),
        outcome: outcome(plan, request, path.as_deref().unwrap_or_default(), &taken),
        route: route.map(|route| Route {
            pattern: Named::nowhere(&route.pattern),
            methods: methods(&route.methods),
            conditions: conditions(route),
            captures: captures(&route.pattern, request, path.as_deref().unwrap_or_default()),
        }),
        policies: vec![],
        settings: policy.map(|policy| settings::of_plan(plan, policy)).unwrap_or_default(),
        lost: lost(plan, request, path.as_deref().unwrap_or_default(), &taken),
        nearest: nearest_other(plan, listener, request, &taken),
        path,
    }
}

fn outcome(plan: &Plan, request: &Request, path: &str, taken: &Taken) -> Outcome {
    let named = |pool: PoolId| Named::nowhere(&plan.pools[pool.index()].name);
    let route = match taken {
        Taken::Passed(pool) => return Outcome::Passed { pool: named(*pool) },
        Taken::Refused(why) => return Outcome::Unrouted { status: 400, why: why.clone() },
        Taken::Nobody => return Outcome::Unrouted { status: 421, why: NO_HOST.to_owned() },
        Taken::NoRoute(_) => return Outcome::Unrouted { status: 404, why: NO_ROUTE.to_owned() },
        Taken::Route(_, id) => &plan.routes[id.index()],
    };
    let access = &plan.policies[route.policy.index()].access;
    if request.client.is_some_and(|client| !access.admits(client)) {
        return Outcome::Denied;
    }
    let source = Source { host: &request.host, path, query: request.query.as_deref() };
    let sent = |rewrite: &Option<Template>| {
        let path = rewrite.as_ref().map_or_else(|| path.to_owned(), |template| fill(template, source));
        path + &request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default()
    };
    match &route.action {
        Action::Proxy { pool, rewrite } => {
            Outcome::Proxied { pools: vec![(named(*pool), 1)], path: sent(rewrite) }
        }
        Action::Split { shares, rewrite } => Outcome::Proxied {
            pools: shares.iter().map(|share| (named(share.pool), share.weight.get())).collect(),
            path: sent(rewrite),
        },
        Action::Redirect { location, status } => {
            Outcome::Redirected { status: *status, location: fill(location, source) }
        }
        Action::Respond { status, .. } => Outcome::Responded { status: *status },
    }
}

/// The pattern by which a listener serves a name; `None` where it serves every name, or not this one.
fn pattern_of(listener: &Listener, name: &str) -> Option<String> {
    let patterns = patterns(listener).filter(|pattern| pattern.contains(name));
    patterns.max_by_key(HostPattern::rank).map(|pattern| pattern.text())
}

fn patterns(listener: &Listener) -> impl Iterator<Item = HostPattern> {
    let hosts = &listener.hosts;
    let exact = hosts.exact.iter().map(|(name, _)| HostPattern::Exact(name.clone()));
    let one = hosts.one_label.iter().map(|(name, _)| HostPattern::OneLabel(name.clone()));
    let many = hosts.many_labels.iter().map(|(name, _)| HostPattern::ManyLabels(name.clone()));
    let passed = listener.passthrough.iter().filter(|(_, forward)| forward.is_some());
    let passed = passed.filter_map(|(name, _)| HostPattern::parse(name).ok());
    exact.chain(one).chain(many).chain(passed)
}

fn captures(pattern: &str, request: &Request, path: &str) -> Vec<(String, String)> {
    let Ok(pattern) = Pattern::parse(pattern) else { return vec![] };
    let filled = |name: &str| {
        let hole = location(&format!("{{{name}}}"), &pattern).ok()?;
        Some(fill(&hole, Source { host: &request.host, path, query: None }))
    };
    let captures = pattern.captures.iter();
    captures.filter_map(|capture| Some((capture.name.clone(), filled(&capture.name)?))).collect()
}

fn methods(methods: &Methods) -> Vec<String> {
    match methods {
        Methods::Any => vec![],
        Methods::Only(methods) => methods.clone(),
    }
}

/// The other candidates of the state in which the walk ends. What stands behind the winner is less specific, or has a
/// lower priority.
fn lost(plan: &Plan, request: &Request, path: &str, taken: &Taken) -> Vec<Lost> {
    let (host, winner) = match taken {
        Taken::Route(host, id) => (*host, Some(*id)),
        Taken::NoRoute(host) => (*host, None),
        _ => return vec![],
    };
    let others = candidates(plan, host, path).iter().filter(|id| Some(**id) != winner);
    let lost = others.map(|id| {
        let route = &plan.routes[id.index()];
        let reason = match (unmet(plan, route, request), methods(&route.methods)) {
            (_, methods) if !route.methods.contains(&request.method) => {
                format!("is for {}", methods.join(", "))
            }
            (Some(condition), _) => format!("wants {}", condition_text(condition)),
            _ if !is_from(route, request) => "is for other clients".to_owned(),
            _ => "comes later in the table".to_owned(),
        };
        Lost { pattern: Named::nowhere(&route.pattern), reason }
    });
    lost.collect()
}

fn nearest_other(plan: &Plan, listener: &Listener, request: &Request, taken: &Taken) -> Option<Nearest> {
    let other =
        in_host(plan, listener, request, taken).or_else(|| by_name(plan, listener, request, taken))?;
    let elsewhere = find(plan, listener, &other);
    let path = normalise(&other.path, listener.http.keep_empty_segments).ok()?;
    let route = match &elsewhere {
        Taken::Route(_, id) => Some(Named::nowhere(&plan.routes[id.index()].pattern)),
        _ => None,
    };
    Some(Nearest { outcome: outcome(plan, &other, &path, &elsewhere), route, request: other })
}

fn in_host(plan: &Plan, listener: &Listener, request: &Request, taken: &Taken) -> Option<Request> {
    let name = host_name(&request.host).ok()?;
    let host = listener.hosts.find(&name)?;
    let kept = listener.http.keep_empty_segments;
    let here =
        routes::Request { path: normalise(&request.path, kept).ok()?.into_owned(), ..request.subject() };
    let routes = routes_of(plan, host);
    let read: Vec<(Pattern, Conditions, &plan::Route)> =
        routes.into_iter().filter_map(|id| read(&plan.routes[id.index()])).collect();
    let sets: Vec<RequestSet<'_>> =
        read.iter().map(|(pattern, conditions, route)| set(pattern, conditions, route)).collect();
    let empty_segments = if kept { EmptySegments::Kept } else { EmptySegments::Merged };
    let found = nearest(sets.iter(), &here, empty_segments, |other| {
        find(plan, listener, &request.like(other.clone())) != *taken
    })?;
    Some(request.like(found))
}

/// What a route is for; `None` where that cannot be told from a plan.
fn read(route: &plan::Route) -> Option<(Pattern, Conditions, &plan::Route)> {
    let condition = |it: &Condition| {
        let test = match &it.test {
            Test::Present => routes::Test::Present,
            Test::Equals(text) => routes::Test::Equals(text.clone()),
            Test::Prefix(text) => routes::Test::Prefix(text.clone()),
            Test::Regex(_) => return None,
        };
        let subject = match it.subject {
            Subject::Header => routes::Subject::Header,
            Subject::Query => routes::Subject::Query,
        };
        routes::Condition::new(subject, &it.name, test).ok()
    };
    let conditions: Option<Vec<_>> = route.conditions.iter().map(condition).collect();
    Some((Pattern::parse(&route.pattern).ok()?, Conditions::new(conditions?), route))
}

fn set<'r>(pattern: &'r Pattern, conditions: &'r Conditions, route: &'r plan::Route) -> RequestSet<'r> {
    let methods = match &route.methods {
        Methods::Any => routes::Methods::Any,
        Methods::Only(methods) => routes::Methods::new(methods.iter().map(String::as_str)),
    };
    RequestSet::new(pattern, methods).with(conditions, Clients::new(route.clients.iter().copied()))
}

/// The routes that the tables of a host lead to.
fn routes_of(plan: &Plan, host: HostId) -> Vec<RouteId> {
    let tables = &plan.tables;
    let root = plan.hosts[host.index()].root.raw();
    let mut seen = std::collections::BTreeSet::from([root]);
    let mut open = vec![root];
    let mut routes = std::collections::BTreeSet::new();
    while let Some(at) = open.pop() {
        let Some(state) = tables.states.get(at as usize) else { continue };
        routes.extend(&tables.candidates[state.candidates_start as usize..state.candidates_end as usize]);
        let edges = &tables.edges[state.edges_start as usize..state.edges_end as usize];
        let sorted = &tables.targets[state.targets_start as usize..state.targets_end as usize];
        let next = edges.iter().map(|edge| edge.target).chain(sorted.iter().copied()).chain([state.other]);
        open.extend(next.filter(|&target| seen.insert(target)));
    }
    routes.into_iter().collect()
}

fn by_name(plan: &Plan, listener: &Listener, request: &Request, taken: &Taken) -> Option<Request> {
    let mut names: Vec<String> = patterns(listener).map(|pattern| pattern.example()).collect();
    names.sort_by_cached_key(|name| (distance(name, &request.host, 64), name.clone()));
    let named = names.into_iter().map(|host| Request { host, ..request.clone() });
    named.filter(|other| other.host != request.host).find(|other| find(plan, listener, other) != *taken)
}
