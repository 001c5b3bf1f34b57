//! The one pass over a plan that makes its indexes safe to use.

use std::collections::BTreeSet;

use super::{
    Action, Admin, Balance, Bind, Cidr, Condition, Dfa, ErrorPage, Forward, Hash, HashKey, HeaderOp,
    HostTable, Id, Listener, Methods, Millis, Plan, Policy, Pool, ProbeKind, Route, Scheme, State, Sticky,
    Subject, Tables, Template, TemplatePart, Test, TlsSettings, ValuePart, is_socket_path,
};

type Checked = Result<(), String>;

/// Checks every index and every bound that types cannot hold.
///
/// # Errors
/// Names the first thing that points nowhere or is out of bounds.
pub(super) fn check(plan: &Plan) -> Checked {
    tables(plan)?;
    for host in &plan.hosts {
        within(host.root, plan.tables.states.len(), "host root")?;
        host.error_pages.iter().try_for_each(error_page)?;
    }
    plan.listeners.iter().try_for_each(|it| listener(plan, it))?;
    plan.admin.as_ref().map_or(Ok(()), admin)?;
    names_are_unique(plan.listeners.iter().map(|it| it.name.as_str()), "listener")?;
    plan.pools.iter().try_for_each(|it| pool(plan, it))?;
    names_are_unique(plan.pools.iter().map(|it| it.name.as_str()), "pool")?;
    plan.client_tls.iter().try_for_each(|it| tls(&it.settings))?;
    plan.policies.iter().try_for_each(|it| policy(plan, it))?;
    for limit in &plan.rate_limits {
        let positive = limit.requests > 0 && limit.period.0 > 0 && limit.burst > 0 && limit.max_keys > 0;
        ensure(positive, || format!("rate limit `{}` has a zero in it", limit.name))?;
    }
    plan.routes.iter().try_for_each(|it| route(plan, it))?;
    ensure(plan.runtime.workers != Some(0), || "no workers".into())
}

fn tables(plan: &Plan) -> Checked {
    let tables = &plan.tables;
    let outcomes = tables.dfas.iter().map(|it| dfa(tables, it)).collect::<Result<Vec<u32>, String>>()?;
    tables.targets.iter().try_for_each(|&it| target(it, tables.states.len()))?;
    for state in &tables.states {
        range(state.edges_start, state.edges_end, tables.edges.len(), "edges")?;
        range(state.candidates_start, state.candidates_end, tables.candidates.len(), "candidates")?;
        target(state.other, tables.states.len())?;
        range(state.targets_start, state.targets_end, tables.targets.len(), "targets")?;
        if state.dfa != State::NOWHERE {
            let last = outcomes.get(state.dfa as usize).ok_or("an automaton of a state points nowhere")?;
            let targets = state.targets_end - state.targets_start;
            ensure(*last < targets, || "an automaton has an outcome that leads nowhere".into())?;
        }
        let edges = &tables.edges[state.edges_start as usize..state.edges_end as usize];
        for edge in edges {
            range(edge.label_start, edge.label_end, tables.labels.len(), "label")?;
            target(edge.target, tables.states.len())?;
        }
        let sorted = edges.is_sorted_by(|a, b| tables.label(a) < tables.label(b));
        ensure(sorted, || "edges are not in order".into())?;
    }
    tables.candidates.iter().try_for_each(|&id| within(id, plan.routes.len(), "candidate"))
}

/// Checks an automaton and gives its last outcome.
fn dfa(tables: &Tables, dfa: &Dfa) -> Result<u32, String> {
    let part = |start: u32, length: u64, whole: usize| {
        let end = u64::from(start) + length;
        ensure(end <= whole as u64, || format!("an automaton {start}..{end} lies outside"))
    };
    ensure(dfa.states > 0 && dfa.width > 0, || "an automaton has no states".into())?;
    part(dfa.classes_start, Dfa::BYTES as u64, tables.classes.len())?;
    part(dfa.next_start, u64::from(dfa.states) * u64::from(dfa.width), tables.next.len())?;
    part(dfa.outcomes_start, dfa.states.into(), tables.outcomes.len())?;
    let classes = &tables.classes[dfa.classes_start as usize..][..Dfa::BYTES];
    let next = &tables.next[dfa.next_start as usize..][..dfa.states as usize * dfa.width as usize];
    let inside =
        classes.iter().all(|&class| u32::from(class) < dfa.width) && next.iter().all(|&to| to < dfa.states);
    ensure(inside, || "an automaton leaves its states".into())?;
    let outcomes = &tables.outcomes[dfa.outcomes_start as usize..][..dfa.states as usize];
    Ok(outcomes.iter().copied().max().unwrap_or_default())
}

fn error_page(page: &ErrorPage) -> Checked {
    let errors = page.statuses.iter().all(|status| (400..600).contains(status));
    ensure(errors && is_visible(&page.content_type), || "an error page is out of bounds".into())
}

fn listener(plan: &Plan, listener: &Listener) -> Checked {
    ensure(!listener.binds.is_empty(), || format!("listener `{}` binds nothing", listener.name))?;
    let mut networks = listener.trusted_proxies.iter().chain(&listener.proxy_protocol);
    ensure(networks.all(Cidr::is_canonical), || "a network has host bits".into())?;
    let paths = listener.binds.iter().all(|bind| !matches!(bind, Bind::Unix(path) if !is_socket_path(path)));
    ensure(paths, || format!("listener `{}` binds what is no path of a socket", listener.name))?;
    listener.response_headers.iter().try_for_each(header)?;
    let http = &listener.http;
    ensure(http.max_streams > 0 && http.max_headers > 0, || {
        format!("listener `{}` admits nothing", listener.name)
    })?;
    if let Some(server) = &listener.tls {
        tls(&server.settings)?;
        ensure(!server.certificates.is_empty(), || {
            format!("listener `{}` has no certificate", listener.name)
        })?;
        let default = server.default.is_none_or(|index| (index as usize) < server.certificates.len());
        ensure(default, || format!("default certificate of `{}` points nowhere", listener.name))?;
        let sorted = server.exceptions.is_sorted_by(|a, b| a.0 < b.0);
        ensure(sorted, || format!("names of `{}` are not in order", listener.name))?;
        let asked = server.exceptions.iter().filter_map(|(_, auth)| auth.as_ref()).chain(&server.client_auth);
        asked.filter_map(|auth| auth.subject_header.as_deref()).try_for_each(header_name)?;
    }
    let passthrough = listener.passthrough.iter().filter_map(|(_, forward)| forward.as_ref());
    listener.forward.iter().chain(passthrough).try_for_each(|it| forward(plan, it))?;
    let sorted = listener.passthrough.is_sorted_by(|a, b| a.0 < b.0);
    ensure(sorted, || format!("names that `{}` passes through are not in order", listener.name))?;
    hosts(plan, &listener.hosts)
}

fn admin(admin: &Admin) -> Checked {
    let Admin { binds, allow } = admin;
    let sets = binds.is_sorted_by(|a, b| a < b) && allow.is_sorted_by(|a, b| a < b);
    ensure(sets && !binds.is_empty() && allow.iter().all(Cidr::is_canonical), || {
        "the addresses of the management listener are no sets".into()
    })?;
    let local = binds.iter().all(|bind| bind.ip().is_loopback());
    ensure(local || !allow.is_empty(), || "the management listener is open to everybody".into())
}

fn forward(plan: &Plan, forward: &Forward) -> Checked {
    within(forward.pool, plan.pools.len(), "pool of a listener")?;
    let pool = &plan.pools[forward.pool.index()];
    let takes_bytes = pool.backends.iter().all(|backend| !backend.scheme.is_http());
    ensure(takes_bytes, || format!("pool `{}` is for requests", pool.name))
}

fn hosts(plan: &Plan, table: &HostTable) -> Checked {
    for list in [&table.exact, &table.one_label, &table.many_labels] {
        ensure(list.is_sorted_by(|a, b| a.0 < b.0), || "host names are not in order".into())?;
        list.iter().try_for_each(|(_, id)| within(*id, plan.hosts.len(), "host"))?;
    }
    table.default.map_or(Ok(()), |id| within(id, plan.hosts.len(), "default host"))
}

fn pool(plan: &Plan, pool: &Pool) -> Checked {
    ensure(!pool.backends.is_empty(), || format!("pool `{}` has no backend", pool.name))?;
    if let Some(eject) = &pool.eject {
        let lasts = eject.lasts.0 > 0 && eject.max_lasts >= eject.lasts;
        let counts = eject.consecutive_errors > 0 && lasts && eject.max_percent <= 100;
        ensure(counts, || format!("the ejection of pool `{}` is out of bounds", pool.name))?;
    }
    let hashes = pool.balance == Balance::ConsistentHash;
    ensure(hashes == pool.hash.is_some(), || format!("pool `{}` and its key disagree", pool.name))?;
    pool.hash.as_ref().map_or(Ok(()), hash)?;
    ensure(pool.fail_open <= 100, || format!("pool `{}` fails open beyond all its backends", pool.name))?;
    pool.sticky.as_ref().map_or(Ok(()), sticky)?;
    ensure(pool.slow_start != Some(Millis(0)), || format!("pool `{}` starts in no time", pool.name))?;
    for backend in &pool.backends {
        ensure((backend.scheme == Scheme::Https) == backend.tls.is_some(), || {
            format!("backend {} and its TLS settings disagree", backend.url())
        })?;
        backend.tls.map_or(Ok(()), |id| within(id, plan.client_tls.len(), "client TLS"))?;
        ensure(backend.connections.per_backend > 0, || format!("backend {} admits nothing", backend.url()))?;
        if let Some(probe) = &backend.probe {
            let runs = probe.every.0 > 0 && probe.timeout.0 > 0 && probe.rise > 0 && probe.fall > 0;
            ensure(runs, || format!("the probe of {} has a zero in it", backend.url()))?;
            ensure(is_probe(&probe.kind), || format!("the probe of {} cannot be sent", backend.url()))?;
            ensure(probe.port != Some(0), || format!("the probe of {} has no port", backend.url()))?;
        }
    }
    Ok(())
}

/// Whether a probe can be sent as it stands there.
fn is_probe(kind: &ProbeKind) -> bool {
    let (host, headers, rest) = match kind {
        ProbeKind::Tcp => return true,
        ProbeKind::Grpc { host, .. } => (host, [].as_slice(), true),
        ProbeKind::Http { method, path, host, headers, statuses, body: _ } => {
            let sorted = statuses.is_sorted() && statuses.iter().all(|(first, last)| first <= last);
            let method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
            (host, headers.as_slice(), is_path(path) && method && sorted && !statuses.is_empty())
        }
    };
    let host = host.as_ref().is_none_or(|host| !host.is_empty() && is_visible(host) && !host.contains(' '));
    let header = |(name, value): &(String, String)| is_header_name(name) && is_visible(value);
    rest && host && headers.iter().all(header)
}

fn hash(hash: &Hash) -> Checked {
    ensure(hash.max_load > 100, || "a load of no more than the average".into())?;
    match &hash.key {
        HashKey::ClientAddress | HashKey::Path => Ok(()),
        HashKey::Header(name) => header_name(name),
        HashKey::Cookie(name) => cookie_name(name),
        HashKey::Query(name) => ensure(!name.is_empty(), || "a query parameter has no name".into()),
    }
}

fn sticky(sticky: &Sticky) -> Checked {
    cookie_name(&sticky.cookie)?;
    let fits = is_path(&sticky.path) && !sticky.path.contains(';');
    ensure(fits, || format!("cookie `{}` is for no path", sticky.cookie))
}

/// A cookie's name is a token in any case (RFC 6265, section 4.1.1).
fn cookie_name(name: &str) -> Checked {
    ensure(is_header_name(&name.to_ascii_lowercase()), || format!("`{name}` is no cookie name"))
}

fn tls(settings: &TlsSettings) -> Checked {
    let range = settings.min <= settings.max;
    let full = !settings.suites.is_empty() && !settings.groups.is_empty();
    ensure(range && full, || "TLS settings admit no handshake".into())
}

fn policy(plan: &Plan, policy: &Policy) -> Checked {
    let (budget, statuses) = (policy.retry.budget, &policy.retry.on.statuses);
    let errors = statuses.is_sorted_by(|a, b| a < b) && statuses.iter().all(|it| (500..600).contains(it));
    ensure(budget <= 100 && errors, || "a retry is out of bounds".into())?;
    if let Some(compress) = &policy.compress {
        let distinct = compress.encodings.iter().collect::<BTreeSet<_>>().len() == compress.encodings.len();
        ensure(distinct && !compress.encodings.is_empty(), || "encodings are not a set".into())?;
        ensure(compress.types.is_sorted_by(|a, b| a < b), || "media types are not in order".into())?;
    }
    let access = &policy.access;
    let mut lists = access.allow.iter().chain([&access.deny]);
    let canonical = lists.all(|list| list.iter().all(Cidr::is_canonical) && list.is_sorted_by(|a, b| a < b));
    ensure(canonical && access.allow.iter().all(|list| !list.is_empty()), || {
        "an access list is no set of networks".into()
    })?;
    if let Some(cors) = &policy.cors {
        let mut words = [&cors.origins, &cors.methods, &cors.headers, &cors.expose].into_iter().flatten();
        ensure(words.all(|word| is_visible(word) && !word.contains([',', ' '])), || {
            "a word of CORS is no word".into()
        })?;
        ensure(!(cors.origins.is_empty() && cors.credentials), || "everybody gets credentials".into())?;
    }
    if let Some(mirror) = &policy.mirror {
        within(mirror.pool, plan.pools.len(), "pool of a mirror")?;
        ensure((1..=100).contains(&mirror.percent), || "a mirror is out of bounds".into())?;
    }
    policy.rate_limits.iter().try_for_each(|&id| within(id, plan.rate_limits.len(), "rate limit"))?;
    policy.request_headers.iter().chain(&policy.response_headers).try_for_each(header)
}

fn header_name(name: &str) -> Checked {
    ensure(is_header_name(name), || format!("`{name}` is no header name"))
}

fn header(op: &HeaderOp) -> Checked {
    let name = op.name();
    header_name(name)?;
    let (HeaderOp::Set(_, value) | HeaderOp::Add(_, value)) = op else {
        return Ok(());
    };
    let visible = |text: &str| text.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
    let fits = value.iter().all(|part| match part {
        ValuePart::Text(text) | ValuePart::Target(TemplatePart::Text(text)) => visible(text),
        _ => true,
    });
    ensure(fits, || format!("the value of header `{name}` has a control character"))
}

fn route(plan: &Plan, route: &Route) -> Checked {
    within(route.policy, plan.policies.len(), "policy")?;
    if let Methods::Only(methods) = &route.methods {
        let sorted = methods.is_sorted_by(|a, b| a < b);
        ensure(sorted && !methods.is_empty(), || format!("methods of `{}` are not a set", route.pattern))?;
    }
    ensure(route.clients.iter().all(Cidr::is_canonical), || "a network has host bits".into())?;
    route.conditions.iter().try_for_each(|it| condition(plan, it))?;
    match &route.action {
        Action::Proxy { pool, rewrite } => {
            within(*pool, plan.pools.len(), "pool")?;
            rewrite.as_ref().map_or(Ok(()), |template| path_template(&route.pattern, template))
        }
        Action::Split { shares, rewrite } => {
            shares.iter().try_for_each(|share| within(share.pool, plan.pools.len(), "pool of a split"))?;
            let sorted = shares.is_sorted_by(|a, b| a.pool < b.pool);
            ensure(sorted && !shares.is_empty(), || format!("pools of `{}` are not a set", route.pattern))?;
            rewrite.as_ref().map_or(Ok(()), |template| path_template(&route.pattern, template))
        }
        Action::Redirect { location, status } => {
            let redirects = matches!(status, 301 | 302 | 303 | 307 | 308);
            ensure(redirects, || format!("{status} is no redirect"))?;
            visible_template(&route.pattern, location)
        }
        Action::Respond { status, content_type, .. } => {
            ensure((200..=599).contains(status), || format!("{status} is no final status"))?;
            ensure(is_visible(content_type), || format!("content type of `{}`", route.pattern))
        }
    }
}

fn condition(plan: &Plan, condition: &Condition) -> Checked {
    if let Test::Regex(id) = condition.test {
        within(id, plan.tables.dfas.len(), "automaton of a condition")?;
    }
    ensure(condition.subject == Subject::Query || is_header_name(&condition.name), || {
        format!("`{}` is no header name", condition.name)
    })
}

fn path_template(pattern: &str, template: &Template) -> Checked {
    let starts = matches!(template.0.first(), Some(TemplatePart::Text(text)) if text.starts_with('/'))
        || matches!(template.0.first(), Some(TemplatePart::Path));
    ensure(starts, || format!("the rewrite of `{pattern}` does not begin with `/`"))?;
    visible_template(pattern, template)
}

fn visible_template(pattern: &str, template: &Template) -> Checked {
    let visible =
        template.0.iter().all(|part| !matches!(part, TemplatePart::Text(text) if !is_visible(text)));
    ensure(visible && !template.0.is_empty(), || format!("the target of `{pattern}` has a control character"))
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

fn is_header_name(name: &str) -> bool {
    let token =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| (b'!'..0x7f).contains(&byte))
}

fn within<T>(id: Id<T>, length: usize, what: &str) -> Checked {
    ensure(id.index() < length, || format!("{what} {id:?} points nowhere"))
}

fn range(start: u32, end: u32, length: usize, what: &str) -> Checked {
    ensure(start <= end && end as usize <= length, || format!("{what} {start}..{end} lies outside"))
}

fn target(state: u32, length: usize) -> Checked {
    ensure(state == State::NOWHERE || (state as usize) < length, || format!("state {state} points nowhere"))
}

fn names_are_unique<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Checked {
    let names: Vec<&str> = names.collect();
    ensure(names.is_sorted_by(|a, b| a < b), || format!("{what} names are not in order"))
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}
