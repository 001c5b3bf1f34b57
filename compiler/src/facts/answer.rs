//! Who answers a request: listeners by its scheme, hosts by its name, routes by the rest.

use std::borrow::Cow;

use divisor_schema::plan::{PathError, has_encoded_slash, normalise};

use super::{Facts, ReadRoute, Site};
use crate::model::{Listener, ListenerRedirect, Route};
use crate::routes::{EmptySegments, HostPattern, Pattern, Request};
use crate::source::Spanned;

/// What becomes of a request on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The path is refused before anyone asks whose it is (400).
    Refused(PathError),
    /// The name is nobody's (421).
    Nobody,
    /// Connections for its name go to a pool as they are: the position of the names among those that the listener passes
    /// through.
    Passed(usize),
    /// The listener sends everything to another one.
    Redirected,
    /// No route of the host takes it (404).
    NoRoute(usize),
    /// A route takes it: the position of its site, and its own position there.
    Route(usize, usize),
    /// Several routes take it, or the routes of the site could not be analysed. Other rules say so.
    Undecided(usize),
}

impl<'m> Facts<'m> {
    /// Positions of the listeners that requests with TLS can arrive at, or those without, by name.
    pub(crate) fn speaking(&self, tls: bool) -> impl Iterator<Item = usize> {
        let takes = move |listener: &Listener| listener.forward.is_none() && listener.is_tls() == tls;
        let listeners = self.model.listeners.iter().enumerate();
        listeners.filter(move |(_, listener)| takes(listener)).map(|(index, _)| index)
    }

    /// The names that a listener passes through, with their positions among its `passthrough`.
    pub(crate) fn passed_names(
        &self,
        listener: usize,
    ) -> impl Iterator<Item = (usize, HostPattern, &'m Spanned<String>)> {
        let all =
            self.model.listeners.get(listener).into_iter().flat_map(|it| it.passthrough.iter().enumerate());
        let names = all.flat_map(|(at, it)| it.names.iter().map(move |name| (at, name)));
        names.filter_map(|(at, name)| Some((at, HostPattern::parse(&name.value).ok()?, name)))
    }

    /// Where connections for `name` are passed through to, if they are: the position among `passthrough`, and the pattern
    /// that says so. It is more specific than that of the host that serves the name.
    pub(crate) fn passed(&self, listener: usize, name: &str) -> Option<(usize, &'m Spanned<String>)> {
        let matching = self.passed_names(listener).filter(|(_, pattern, _)| pattern.contains(name));
        let (at, pattern, written) = matching.max_by_key(|(_, pattern, _)| pattern.rank())?;
        let site = self.site_of(listener, name).and_then(|site| self.pattern_of(site, name));
        site.is_none_or(|served| served.rank() < pattern.rank()).then_some((at, written))
    }

    /// The path as `listener` routes it.
    ///
    /// # Errors
    /// Says why it is refused.
    pub(crate) fn normal_path<'p>(&self, listener: usize, path: &'p str) -> Result<Cow<'p, str>, PathError> {
        normalise(path, self.empty_segments(listener) == EmptySegments::Kept)
    }

    /// What `listener` does with empty segments.
    pub(crate) fn empty_segments(&self, listener: usize) -> EmptySegments {
        let keeps = self.model.listeners.get(listener).is_some_and(|it| it.http.keep_empty_segments.value);
        if keeps { EmptySegments::Kept } else { EmptySegments::Merged }
    }

    /// What becomes of `request`, for the host `name`, on `listener`. Its path is as the client writes it.
    pub(crate) fn answer(&self, listener: usize, name: &str, request: &Request) -> Answer {
        if let Some((at, _)) = self.passed(listener, name) {
            return Answer::Passed(at);
        }
        let path = match self.normal_path(listener, &request.path) {
            Ok(path) => path.into_owned(),
            Err(error) => return Answer::Refused(error),
        };
        let Some(site) = self.site_of(listener, name) else { return Answer::Nobody };
        let answer = match self.redirect_of(listener) {
            Some(_) => Answer::Redirected,
            None => self.answer_of(site, &Request { path: path.clone(), ..request.clone() }),
        };
        let keeps = match answer {
            Answer::Route(site, route) => self.keeps_encoded_slash(site, route),
            Answer::Undecided(_) => true,
            _ => false,
        };
        if has_encoded_slash(&path) && !keeps { Answer::Refused(PathError::Slash) } else { answer }
    }

    fn keeps_encoded_slash(&self, site: usize, position: usize) -> bool {
        let index = self.sites.get(site).and_then(|site| site.routes.get(position));
        let read = index.and_then(|&index| self.patterns.routes.get(index));
        read.is_some_and(|read| read.route.keep_encoded_slash.value)
    }

    /// What becomes of `request`, whose path is normal, on a site.
    fn answer_of(&self, index: usize, request: &Request) -> Answer {
        let analysis = self.sites.get(index).filter(|site| self.is_whole(site));
        let Some(Ok(analysis)) = analysis.map(|site| &site.analysis) else { return Answer::Undecided(index) };
        match analysis.winners_of(request)[..] {
            [] => Answer::NoRoute(index),
            [route] => Answer::Route(index, route),
            _ => Answer::Undecided(index),
        }
    }

    /// The site that serves `name` on `listener`; on a listener that redirects, on the one that it redirects to.
    pub(crate) fn site_of(&self, listener: usize, name: &str) -> Option<usize> {
        let named = |(index, site): (usize, &Site<'m>)| {
            let pattern =
                site.names.iter().filter(|pattern| pattern.contains(name)).max_by_key(|it| it.rank());
            match pattern {
                Some(pattern) => Some((Some(pattern.rank()), index)),
                None => site.names.is_empty().then_some((None, index)),
            }
        };
        self.served(listener).filter_map(named).max().map(|(_, index)| index)
    }

    /// The pattern by which `site` serves `name`.
    pub(crate) fn pattern_of(&self, site: usize, name: &str) -> Option<&HostPattern> {
        let names = self.sites.get(site)?.names.iter();
        names.filter(|pattern| pattern.contains(name)).max_by_key(|pattern| pattern.rank())
    }

    /// Names that stand for all that `listener` serves within `set`: one for each pattern that answers any of them.
    pub(crate) fn names_within(&self, listener: usize, set: Option<&HostPattern>) -> Vec<String> {
        let passed: Vec<HostPattern> = self.passed_names(listener).map(|(_, pattern, _)| pattern).collect();
        let served = self.served(listener).flat_map(|(_, site)| &site.names);
        let patterns: Vec<&HostPattern> = served.chain(&passed).collect();
        let mut names: Vec<String> =
            patterns.iter().filter_map(|pattern| name_of(pattern, set, &patterns)).collect();
        if self.served(listener).any(|(_, site)| site.names.is_empty()) {
            names.push(set.map_or_else(|| ANY_NAME.to_owned(), HostPattern::example));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Where a listener sends everything to, if it does.
    pub(crate) fn redirect_of(&self, listener: usize) -> Option<&'m ListenerRedirect> {
        self.model.listeners.get(listener)?.redirect.as_ref()
    }

    /// The route at a position of a site.
    pub(crate) fn route_of(&self, site: usize, position: usize) -> Option<&'m Route> {
        self.read_at(site, position).map(|read| read.route)
    }

    /// The same, with its pattern.
    pub(crate) fn read_at(&self, site: usize, position: usize) -> Option<&ReadRoute<'m>> {
        self.patterns.routes.get(*self.sites.get(site)?.routes.get(position)?)
    }

    /// The pattern of the route at a position of a site.
    pub(crate) fn pattern_at(&self, site: usize, position: usize) -> Option<&Pattern> {
        self.read_at(site, position)?.pattern.as_ref().ok()
    }

    /// Whether all names and patterns of a site could be read.
    pub(crate) fn is_whole(&self, site: &Site<'m>) -> bool {
        let host = site.host.and_then(|host| self.model.hosts.iter().position(|it| std::ptr::eq(it, host)));
        let names = host.and_then(|host| self.patterns.names.get(host));
        let named = names.is_none_or(|names| names.iter().all(|(_, name)| name.is_ok()));
        named && self.patterns.routes_of(host).all(|(_, read)| read.set().is_some())
    }

    /// The sites of a listener, with their positions; of a listener that redirects, those of its target.
    fn served(&self, listener: usize) -> impl Iterator<Item = (usize, &Site<'m>)> {
        let target = self.redirect_of(listener).map(|redirect| redirect.listener.id.map(|id| id.index()));
        let listener = target.unwrap_or(Some(listener));
        self.sites
            .iter()
            .enumerate()
            .filter(move |(_, site)| listener.is_some_and(|index| site.listeners.contains(&index)))
    }
}

/// The name of examples where every name is served.
const ANY_NAME: &str = "www.example";

/// A name in `pattern` and `set` that none of `others` takes from `pattern`.
fn name_of(pattern: &HostPattern, set: Option<&HostPattern>, others: &[&HostPattern]) -> Option<String> {
    let narrower = match set {
        Some(set) if set.is_within(pattern) => set,
        Some(set) if !pattern.is_within(set) => return None,
        _ => pattern,
    };
    let is_own = |name: &String| {
        let better = |other: &&&HostPattern| other.rank() > pattern.rank() && other.contains(name);
        !others.iter().any(|other| better(&other))
    };
    // Of a pattern of many labels, two names for each label: it takes another pattern to take both.
    narrower.examples().take(2 * others.len() + 2).find(is_own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_a_name_that_no_better_pattern_takes() {
        let read = |text: &str| HostPattern::parse(text).unwrap();
        let [exact, one, many] = ["www.a.example", "*.a.example", "**.a.example"].map(read);
        let all = [&exact, &one, &many];
        let names = |set: Option<&HostPattern>| all.map(|pattern| name_of(pattern, set, &all));
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(names(None), [name("www.a.example"), name("a.a.example"), name("www.www.a.example")]);
        assert_eq!(names(Some(&exact)), [name("www.a.example"), None, None]);
        assert_eq!(names(Some(&read("b.c.a.example"))), [None, None, name("b.c.a.example")]);
        assert_eq!(names(Some(&read("other.example"))), [None, None, None]);
    }
}
