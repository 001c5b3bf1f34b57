//! From a request to its route: host tables and the walk. What a name, a normal path and a filled template are is a
//! matter of the plan, which the compiler asks as well.
//!
//! A request takes four steps: [`host_name`] reads its `Host`, [`Hosts::find`] says whose it is, [`normalise`] brings
//! its path into the one form that routes are written in, and [`find`] walks the tables.

mod hosts;

use std::net::IpAddr;

use divisor_schema::plan::{Condition, HostId, Plan, Route, RouteId, Subject, has_encoded_slash};
use http::HeaderMap;

pub(crate) use self::hosts::{Hosts, Names};
pub(crate) use divisor_schema::plan::{Source, fill, host_name, normalise, push_part};

/// What routing looks at beside host and path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    /// Method.
    pub(crate) method: &'a str,
    /// Header fields as the client sent them.
    pub(crate) headers: &'a HeaderMap,
    /// Query without `?`.
    pub(crate) query: Option<&'a str>,
    /// The client's address, as trusted proxies report it.
    pub(crate) client: IpAddr,
}

/// Why a request has no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// None is for it (404).
    NotFound,
    /// Its path has an encoded slash, and no route that keeps it is for it (400).
    EncodedSlash,
}

/// The route of a request to `host`, one of the hosts of `plan`, for a path that is normal.
///
/// # Errors
/// [`NoRoute`] when there is none. The best route decides about an encoded slash: a worse one never takes what that one
/// refuses.
pub(crate) fn find(plan: &Plan, host: HostId, path: &str, head: Head<'_>) -> Result<RouteId, NoRoute> {
    let candidates = plan.tables.walk(plan.hosts[host.index()].root, path);
    let found = candidates.iter().copied().find(|id| matches(plan, &plan.routes[id.index()], head));
    let keeps = |id: &RouteId| plan.routes[id.index()].keep_encoded_slash;
    match found {
        found if has_encoded_slash(path) => found.filter(keeps).ok_or(NoRoute::EncodedSlash),
        found => found.ok_or(NoRoute::NotFound),
    }
}

/// Whether a route that is for the path of a request is for the rest of it, too.
fn matches(plan: &Plan, route: &Route, head: Head<'_>) -> bool {
    route.methods.contains(head.method)
        && (route.clients.is_empty() || route.clients.iter().any(|network| network.contains(head.client)))
        && route.conditions.iter().all(|condition| holds(plan, condition, head))
}

fn holds(plan: &Plan, condition: &Condition, head: Head<'_>) -> bool {
    match condition.subject {
        Subject::Header => {
            let mut lines = head.headers.get_all(condition.name.as_str()).iter();
            lines.any(|line| condition.holds_for_line(line.as_bytes(), &plan.tables))
        }
        Subject::Query => head.query.is_some_and(|query| condition.holds_for_query(query, &plan.tables)),
    }
}

#[cfg(test)]
mod tests;
