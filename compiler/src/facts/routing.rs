//! Hosts with their listeners, and the analysis of their routes.

use super::{Patterns, serving};
use crate::model::{Host, Model};
use crate::routes::{Analysis, EmptySegments, HostPattern, RouteSet, TooComplex, analyse};

/// What some names serve: a host with its own routes and those from outside; or, in a config without hosts, what every
/// name serves.
pub(crate) struct Site<'m> {
    /// The host; `None` in a config without hosts.
    pub(crate) host: Option<&'m Host>,
    /// Its names, sorted; none for every name.
    pub(crate) names: Vec<HostPattern>,
    /// Positions of the listeners that serve it.
    pub(crate) listeners: Vec<usize>,
    /// Positions in [`Patterns::routes`] of its routes whose patterns could be read.
    pub(crate) routes: Vec<usize>,
    /// What its routes are to each other; they are named by their position in `routes`.
    pub(crate) analysis: Result<Analysis<'m>, TooComplex>,
}

/// All sites of a model, in the order of its hosts.
pub(super) fn sites<'m>(model: &'m Model, patterns: &'m Patterns<'m>) -> Vec<Site<'m>> {
    if model.hosts.is_empty() {
        let nothing = model.routes.is_empty();
        return if nothing { vec![] } else { vec![site(model, patterns, None)] };
    }
    (0..model.hosts.len()).map(|host| site(model, patterns, Some(host))).collect()
}

fn site<'m>(model: &'m Model, patterns: &'m Patterns<'m>, index: Option<usize>) -> Site<'m> {
    let host = index.and_then(|index| model.hosts.get(index));
    let read = index.and_then(|index| patterns.names.get(index));
    let mut names: Vec<HostPattern> =
        read.into_iter().flatten().filter_map(|(_, name)| name.as_ref().ok().cloned()).collect();
    names.sort_unstable();
    let listeners = listeners(model, host);
    let mut routes = vec![];
    let mut sets = vec![];
    for (position, read) in patterns.routes_of(index) {
        if let Some(set) = read.set() {
            routes.push(position);
            sets.push(RouteSet { set, priority: read.route.priority.value, own: read.host.is_some() });
        }
    }
    let analysis = analyse(&sets, empty_segments(model, &listeners));
    Site { host, names, listeners, routes, analysis }
}

fn listeners(model: &Model, host: Option<&Host>) -> Vec<usize> {
    match host.filter(|host| !host.listeners.is_empty()) {
        Some(host) => {
            let mut named: Vec<usize> =
                host.listeners.iter().filter_map(|listener| listener.id.map(|id| id.index())).collect();
            named.sort_unstable();
            named.dedup();
            named
        }
        None => serving(model).map(|(index, _)| index).collect(),
    }
}

fn empty_segments(model: &Model, listeners: &[usize]) -> EmptySegments {
    let keeps =
        |index: &usize| model.listeners.get(*index).is_some_and(|it| it.http.keep_empty_segments.value);
    if listeners.iter().any(keeps) { EmptySegments::Kept } else { EmptySegments::Merged }
}
