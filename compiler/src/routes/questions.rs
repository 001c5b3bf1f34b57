//! Questions about sets of requests, answered exactly and with an example. All of them put the sets into one automaton
//! and look at the places where it ends.

use super::automaton::Automaton;
use super::language::TooBig;
use super::places::Map;
use super::standing::Standing;
use super::{Analysis, BUDGET, EmptySegments, Pattern, Request, RequestSet, RouteSet, TooComplex, ranking};

/// A request that is in all sets of `inside` and in none of `outside`; one of the fewest segments. `None` when there is
/// none: then what `inside` has in common is covered by `outside`. With one set on each side, this decides
/// containment; with two inside and none outside, whether they meet.
///
/// # Errors
/// [`TooComplex`] names positions in `inside` followed by `outside`.
pub(crate) fn example(
    inside: &[RequestSet<'_>],
    outside: &[RequestSet<'_>],
    empty_segments: EmptySegments,
) -> Result<Option<Request>, TooComplex> {
    let sets: Vec<&RequestSet<'_>> = inside.iter().chain(outside).collect();
    let automaton = build(&sets, empty_segments)?;
    let mut map = Map::new(&sets, &automaton);
    let mut shortest: Option<Request> = None;
    let length = |request: &Request| (request.path.matches('/').count(), request.path.len());
    for (id, state) in automaton.ends() {
        for (place, members) in map.places(id, &state.routes) {
            let (inner, outer): (Vec<u32>, Vec<u32>) =
                members.into_iter().partition(|&member| (member as usize) < inside.len());
            if inner.len() < inside.len() {
                continue;
            }
            let found = map.request(place, &inner, &outer).map_err(|TooBig| all(sets.len()))?;
            shortest = shortest.into_iter().chain(found).min_by_key(length);
        }
    }
    Ok(shortest)
}

impl<'a> Analysis<'a> {
    /// The routes that take `request`, whose path is normal, and that none of the others that take it beats: one, unless
    /// they are ambiguous or there is none.
    pub(crate) fn winners_of(&self, request: &Request) -> Vec<usize> {
        let mut best: Vec<usize> = vec![];
        for route in self.matching(request) {
            if !best.iter().any(|&other| self.is_better(other, route)) {
                best.push(route);
            }
        }
        best
    }

    /// All routes whose paths hold `path`, which is normal: what beats another comes before it.
    pub(crate) fn along(&self, path: &str) -> impl Iterator<Item = usize> {
        let state = self.automaton.walk(path);
        let routes = state.into_iter().flat_map(|state| &state.routes);
        routes.filter_map(|&rank| self.order.get(rank as usize).copied())
    }

    /// The route at a position.
    pub(crate) fn route(&self, position: usize) -> Option<&RouteSet<'a>> {
        self.routes.get(position)
    }

    /// Whether a request that both take goes to `better`.
    pub(crate) fn is_better(&self, better: usize, other: usize) -> bool {
        let rank = |position: usize| self.order.iter().position(|&it| it == position);
        match (rank(better), rank(other)) {
            (Some(better), Some(other)) => self.standing.beats(better as u32, other as u32),
            _ => false,
        }
    }

    /// As [`winners`], for these routes.
    ///
    /// # Errors
    /// As [`winners`].
    pub(crate) fn winners(
        &self,
        claim: &RequestSet<'_>,
        empty_segments: EmptySegments,
    ) -> Result<Vec<(Option<usize>, Request)>, TooComplex> {
        winners(&self.routes, claim, empty_segments)
    }

    /// A request that goes to a route, if there is one.
    ///
    /// # Errors
    /// As [`example`].
    pub(crate) fn example_of(
        &self,
        position: usize,
        empty_segments: EmptySegments,
    ) -> Result<Option<Request>, TooComplex> {
        let Some(route) = self.routes.get(position).filter(|_| self.order.contains(&position)) else {
            return Ok(None); // an equal one takes its requests
        };
        let better = self.order.iter().filter(|&&other| self.is_better(other, position));
        let better: Vec<RequestSet<'a>> =
            better.filter_map(|&other| self.routes.get(other)).map(|it| it.set.clone()).collect();
        example(std::slice::from_ref(&route.set), &better, empty_segments)
    }
}

/// Who answers the requests of `claim`: every route, by its position in `routes`, that answers one of them, and `None`
/// if one of them is answered by no route; each with an example. Where routes are ambiguous, all of them are
/// there.
///
/// # Errors
/// [`TooComplex`] names positions in `routes`; one more is the claim.
fn winners(
    routes: &[RouteSet<'_>],
    claim: &RequestSet<'_>,
    empty_segments: EmptySegments,
) -> Result<Vec<(Option<usize>, Request)>, TooComplex> {
    let order = ranking::rank(routes).order;
    let ranked: Vec<&RouteSet<'_>> = order.iter().filter_map(|&position| routes.get(position)).collect();
    let sets: Vec<&RequestSet<'_>> = ranked.iter().map(|route| &route.set).chain([claim]).collect();
    let claimed = ranked.len() as u32;
    let position = |rank: u32| order.get(rank as usize).copied();
    let automaton = build(&sets, empty_segments).map_err(|TooComplex { patterns }| TooComplex {
        patterns: patterns.into_iter().map(|rank| position(rank as u32).unwrap_or(routes.len())).collect(),
    })?;
    let standing = Standing::new(&ranked, &automaton);
    let mut map = Map::new(&sets, &automaton);
    let mut found: Vec<(Option<usize>, Request)> = vec![];
    for (id, state) in automaton.ends().filter(|(_, state)| state.routes.contains(&claimed)) {
        for (place, members) in map.places(id, &state.routes) {
            if !members.contains(&claimed) {
                continue;
            }
            let members: Vec<u32> = members.into_iter().filter(|&member| member != claimed).collect();
            let mut winners = vec![(None, vec![claimed], members.clone())];
            for &rank in &members {
                let better = members.iter().copied().filter(|&other| standing.beats(other, rank)).collect();
                winners.push((position(rank), vec![claimed, rank], better));
            }
            winners.retain(|(winner, ..)| !found.iter().any(|(known, _)| known == winner));
            for (winner, inside, outside) in winners {
                let request = map.request(place, &inside, &outside);
                let request = request.map_err(|TooBig| all(routes.len() + 1))?;
                found.extend(request.map(|request| (winner, request)));
            }
        }
    }
    found.sort_by_key(|(winner, _)| *winner);
    Ok(found)
}

/// All of so many sets.
fn all(count: usize) -> TooComplex {
    TooComplex { patterns: (0..count).collect() }
}

fn build<'a>(sets: &[&RequestSet<'a>], empty_segments: EmptySegments) -> Result<Automaton<'a>, TooComplex> {
    let patterns: Vec<&Pattern> = sets.iter().map(|set| set.pattern).collect();
    Automaton::build(&patterns, empty_segments, BUDGET)
        .map_err(|ranks| TooComplex { patterns: ranks.into_iter().map(|rank| rank as usize).collect() })
}

#[cfg(test)]
mod tests {
    use super::super::{Methods, Pattern};
    use super::*;

    fn ask(inside: &[&str], outside: &[&str]) -> Option<String> {
        let read = |texts: &[&str]| -> Vec<Pattern> {
            texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()
        };
        let (inside, outside) = (read(inside), read(outside));
        let sets = |patterns| -> Vec<RequestSet<'_>> { sets_of(patterns) };
        example(&sets(&inside), &sets(&outside), EmptySegments::Merged).unwrap().map(|request| request.path)
    }

    fn sets_of(patterns: &[Pattern]) -> Vec<RequestSet<'_>> {
        patterns.iter().map(|pattern| RequestSet::new(pattern, Methods::Any)).collect()
    }

    #[test]
    fn meeting_containment_and_cover() {
        assert_eq!(ask(&["/a/{x}", "/{y}/b"], &[]).as_deref(), Some("/a/b"));
        assert_eq!(ask(&["/a/{x}", "/b/{y}"], &[]), None);
        assert_eq!(ask(&["/a/{x}"], &["/a/**"]), None, "contained");
        assert_eq!(ask(&["/a/**"], &["/a/{x}"]).as_deref(), Some("/a"));
        assert_eq!(ask(&["/a/**"], &["/a", "/a/", "/a/{x}/**"]), None, "covered together");
    }

    #[test]
    fn winners_of_a_claim() {
        let patterns = ["/**", "/admin/**", "/admin/login"].map(|text| Pattern::parse(text).unwrap());
        let routes: Vec<RouteSet<'_>> =
            sets_of(&patterns).into_iter().map(|set| RouteSet { set, priority: 0, own: true }).collect();
        let claimed = Pattern::parse("/admin/{page}").unwrap();
        let claim = RequestSet::new(&claimed, Methods::new(["GET"]));
        let who = |routes: &[RouteSet<'_>]| -> Vec<(Option<usize>, String)> {
            let found = winners(routes, &claim, EmptySegments::Merged).unwrap();
            found.into_iter().map(|(who, request)| (who, request.path)).collect()
        };
        assert_eq!(who(&routes), [(Some(1), "/admin/a".into()), (Some(2), "/admin/login".into())]);
        assert_eq!(who(&routes[2..]), [(None, "/admin/a".into()), (Some(0), "/admin/login".into())]);
    }
}
