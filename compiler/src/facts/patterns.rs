//! The path and host patterns of a model, read.

use std::ops::Range;

use crate::model::{self, Host, Model, Route};
use crate::routes::language::{Regex, RegexError};
use crate::routes::{
    Clients, Condition, Conditions, HostError, HostPattern, Methods, Pattern, PatternError, RequestSet,
    Subject, Test,
};
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
    /// Its conditions that could be read.
    pub(crate) conditions: Conditions,
    /// The conditions of which the regex could not be read.
    pub(crate) faults: Vec<(&'m model::Condition, RegexError)>,
}

impl<'m> ReadRoute<'m> {
    fn new(host: Option<usize>, route: &'m Route) -> Self {
        let mut faults = vec![];
        let read = |condition: &'m model::Condition| {
            self::condition(condition).map_err(|error| faults.push((condition, error))).ok()
        };
        let conditions = Conditions::new(route.conditions.iter().filter_map(read));
        let parse = if route.is_regex { Pattern::parse_regex } else { Pattern::parse };
        Self { host, route, pattern: parse(&route.pattern.value), conditions, faults }
    }

    /// The requests it is for; `None` when a part of that could not be read.
    pub(crate) fn set(&self) -> Option<RequestSet<'_>> {
        let pattern = self.pattern.as_ref().ok().filter(|_| self.faults.is_empty())?;
        let methods = Methods::new(self.route.methods.iter().map(|method| method.value.as_str()));
        let clients = Clients::new(self.route.clients.iter().map(|network| network.value));
        Some(RequestSet::new(pattern, methods).with(&self.conditions, clients))
    }
}

/// What a condition means.
///
/// # Errors
/// [`RegexError`] when it has a regex that cannot be compiled.
pub(crate) fn condition(written: &model::Condition) -> Result<Condition, RegexError> {
    let subject = match written.subject {
        model::Subject::Header => Subject::Header,
        model::Subject::Query => Subject::Query,
    };
    let test = match &written.test.value {
        model::Test::Present(_) => Test::Present,
        model::Test::Equals(text) => Test::Equals(text.clone()),
        model::Test::Prefix(text) => Test::Prefix(text.clone()),
        model::Test::Regex(text) => Test::Regex(Regex::parse(text)?),
    };
    Condition::new(subject, &written.name.value, test)
}

impl<'m> Patterns<'m> {
    /// Reads all patterns.
    pub(crate) fn new(model: &'m Model) -> Self {
        let outside = model.routes.iter().map(|route| ReadRoute::new(None, route));
        let of_host = |(index, host): (usize, &'m Host)| {
            host.routes.iter().map(move |route| ReadRoute::new(Some(index), route))
        };
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
