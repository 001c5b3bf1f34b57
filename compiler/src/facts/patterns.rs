//! The path and host patterns of a model, read.

use std::ops::Range;

use crate::model::{Host, Model, Route};
use crate::routes::{HostError, HostPattern, Pattern, PatternError};
use crate::source::Spanned;

/// All patterns of a model.
pub(crate) struct Patterns<'m> {
    /// Routes, those outside of hosts first, then by host.
    pub(crate) routes: Vec<ReadRoute<'m>>,
    /// The names of each host, by its position in the model.
    pub(crate) names: Vec<Vec<ReadName<'m>>>,
    /// Where the routes of each host stand in `routes`.
    hosts: Vec<Range<usize>>,
    /// How many routes are outside of hosts.
    outside: usize,
}

/// A name of a host as written, and what it means.
pub(crate) type ReadName<'m> = (&'m Spanned<String>, Result<HostPattern, HostError>);

/// A route and its pattern.
pub(crate) struct ReadRoute<'m> {
    /// Position of its host; `None` outside of hosts.
    pub(crate) host: Option<usize>,
    /// The route.
    pub(crate) route: &'m Route,
    /// Its pattern.
    pub(crate) pattern: Result<Pattern, PatternError>,
}

impl<'m> Patterns<'m> {
    /// Reads all patterns.
    pub(crate) fn new(model: &'m Model) -> Self {
        let read =
            |host, route: &'m Route| ReadRoute { host, route, pattern: Pattern::parse(&route.pattern.value) };
        let outside = model.routes.iter().map(|route| read(None, route));
        let of_host =
            |(index, host): (usize, &'m Host)| host.routes.iter().map(move |route| read(Some(index), route));
        let routes = outside.chain(model.hosts.iter().enumerate().flat_map(of_host)).collect();
        let names =
            |host: &'m Host| host.names.iter().map(|name| (name, HostPattern::parse(&name.value))).collect();
        let outside = model.routes.len();
        let ranges = model.hosts.iter().scan(outside, |at, host| {
            let start = *at;
            *at += host.routes.len();
            Some(start..*at)
        });
        Self { routes, names: model.hosts.iter().map(names).collect(), hosts: ranges.collect(), outside }
    }

    /// The routes outside of hosts and those of a host, with their positions.
    pub(crate) fn routes_of(&self, host: Option<usize>) -> impl Iterator<Item = (usize, &ReadRoute<'m>)> {
        let own = host.and_then(|host| self.hosts.get(host)).cloned().unwrap_or_default();
        (0..self.outside).chain(own).filter_map(|position| Some((position, self.routes.get(position)?)))
    }
}
