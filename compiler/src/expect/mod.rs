//! Claims about requests: whether they hold, and which routes they cover.

mod clause;
mod clients;
mod coverage;
mod finding;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use self::clause::Clause;
pub(crate) use self::coverage::run;
pub use self::coverage::{Status, Test, TestedRoute, Tests};
pub(crate) use self::finding::{RULE, finding};

use crate::facts::{Answer, Facts, condition};
use crate::model::Expect;
use crate::routes::{Clients, Conditions, EmptySegments, HostPattern, Methods, Pattern, RequestSet, example};
use crate::trace::{Request, is_admitted};

/// What comes of a claim.
#[derive(Debug)]
pub(crate) struct Judgement<'m> {
    /// Whether it holds.
    pub(crate) verdict: Verdict<'m>,
    /// Positions in [`crate::facts::Patterns::routes`] of the routes that its requests go to.
    pub(crate) reached: Vec<usize>,
}

/// Whether a claim holds.
#[derive(Debug)]
pub(crate) enum Verdict<'m> {
    /// It does.
    Holds,
    /// It does, but it is about no request at all.
    Vacuous,
    /// It does not.
    Fails(Failure<'m>),
    /// It is about something that is in error, which another rule reports.
    Undecided,
}

/// A request for which a claim does not hold.
#[derive(Debug)]
pub(crate) struct Failure<'m> {
    /// The part that does not hold.
    pub(crate) clause: Clause<'m>,
    /// The request.
    pub(crate) request: Request,
    /// The listener that it arrives at, and what becomes of it there; `None` when no listener takes it.
    pub(crate) taken: Option<(usize, Answer)>,
}

/// Whether a claim holds.
pub(crate) fn judge<'m>(facts: &Facts<'m>, expect: &'m Expect) -> Judgement<'m> {
    let mut reached = vec![];
    let verdict = match expect.for_all.value {
        true => set(facts, expect),
        false => requests(facts, expect, &mut reached),
    };
    Judgement { verdict, reached }
}

/// A claim about single requests.
fn requests<'m>(facts: &Facts<'m>, expect: &'m Expect, reached: &mut Vec<usize>) -> Verdict<'m> {
    let Some(places) = places(facts, expect) else { return Verdict::Undecided };
    for method in &expect.methods {
        let request = Request::new(&expect.request.value, method.value.clone());
        let Some(request) = with_conditions(request, expect) else { return Verdict::Undecided };
        if places.is_empty() {
            let Some(clause) = Clause::all(expect).into_iter().next() else { continue };
            return Verdict::Fails(Failure { clause, request, taken: None });
        }
        for (listener, name) in &places {
            let request = Request { host: name.clone(), ..request.clone() };
            let answer = facts.answer(*listener, name, &request.subject());
            if let Answer::Undecided(_) = answer {
                return Verdict::Undecided;
            }
            if let Answer::Route(site, position) = answer {
                reached.extend(facts.sites.get(site).and_then(|site| site.routes.get(position)));
            }
            let mut clauses = Clause::all(expect).into_iter();
            if let Some(clause) = clauses.find(|clause| !clause.holds(facts, *listener, &request, &answer)) {
                return Verdict::Fails(Failure { clause, request, taken: Some((*listener, answer)) });
            }
        }
    }
    Verdict::Holds
}

/// A claim about every request of a set.
fn set<'m>(facts: &Facts<'m>, expect: &'m Expect) -> Verdict<'m> {
    let Ok(pattern) = Pattern::parse(&expect.request.value.path) else { return Verdict::Undecided };
    let methods = Methods::new(expect.methods.iter().map(|method| method.value.as_str()));
    let Some((conditions, clients)) = beside(expect) else { return Verdict::Undecided };
    let claim = RequestSet::new(&pattern, methods).with(&conditions, clients);
    let Some(places) = places(facts, expect) else { return Verdict::Undecided };
    if places.is_empty() {
        return Verdict::Vacuous;
    }
    for (listener, name) in &places {
        let Some(cases) = cases(facts, *listener, name, &claim) else { return Verdict::Undecided };
        for (answer, example) in cases {
            let line = Request::new(&expect.request.value, example.method.clone());
            let request = Request { host: name.clone(), ..line.like(example) };
            // Examples are asked themselves before anyone is told of them.
            if facts.answer(*listener, name, &request.subject()) != answer {
                return Verdict::Undecided;
            }
            for request in clients::of_every_kind(facts, *listener, &request, &answer, expect) {
                let admitted = is_admitted(facts, *listener, &request, &answer);
                let mut clauses = Clause::all(expect).into_iter();
                let broken = clauses.find(|it| !it.holds_for_all(facts, *listener, &answer, admitted));
                if let Some(clause) = broken {
                    let taken = Some((*listener, answer));
                    return Verdict::Fails(Failure { clause, request, taken });
                }
            }
        }
    }
    Verdict::Holds
}

/// What becomes of the requests of a claim for a name on a listener, each with an example; `None` where that is not
/// decided.
fn cases(
    facts: &Facts<'_>,
    listener: usize,
    name: &str,
    claim: &RequestSet<'_>,
) -> Option<Vec<(Answer, crate::routes::Request)>> {
    let empty_segments = facts.empty_segments(listener);
    let any = || example(std::slice::from_ref(claim), &[], empty_segments).ok().flatten();
    if let Some((at, _)) = facts.passed(listener, name) {
        return Some(vec![(Answer::Passed(at), any()?)]);
    }
    let Some(site) = facts.site_of(listener, name) else { return Some(vec![(Answer::Nobody, any()?)]) };
    if facts.redirect_of(listener).is_some() {
        return Some(vec![(Answer::Redirected, any()?)]);
    }
    let site_facts = facts.sites.get(site).filter(|site| facts.is_whole(site))?;
    let winners = site_facts.analysis.as_ref().ok()?.winners(claim, empty_segments).ok()?;
    let answer = |winner: Option<usize>| match winner {
        Some(position) => Answer::Route(site, position),
        None => Answer::NoRoute(site),
    };
    Some(winners.into_iter().map(|(winner, example)| (answer(winner), example)).collect())
}

/// Listeners and names that a claim is about: each listener that speaks its scheme, with the name of its request or, of
/// many names, one for each pattern that serves any of them. A listener that does not serve a single name counts only
/// where none does. `None` when the listener it names is not there.
fn places(facts: &Facts<'_>, expect: &Expect) -> Option<Vec<(usize, String)>> {
    let line = &expect.request.value;
    let named = match &expect.listener {
        Some(reference) => Some(reference.id?.index()),
        None => None,
    };
    let listeners = facts.speaking(line.tls).filter(|listener| named.is_none_or(|named| named == *listener));
    if line.host.starts_with('*') {
        let set = (line.host != "*").then(|| HostPattern::parse(&line.host)).transpose().ok()?;
        let names = |listener| {
            let names = facts.names_within(listener, set.as_ref()).into_iter();
            names.map(move |name| (listener, name))
        };
        return Some(listeners.flat_map(names).collect());
    }
    let all: Vec<(usize, String)> = listeners.map(|listener| (listener, line.host.clone())).collect();
    let serves = |(listener, name): &&(usize, String)| {
        facts.passed(*listener, name).is_some() || facts.site_of(*listener, name).is_some()
    };
    let serving: Vec<(usize, String)> = all.iter().filter(serves).cloned().collect();
    Some(if serving.is_empty() { all } else { serving })
}

/// What a claim says of header fields, query parameters and clients; `None` when that could not be read.
fn beside(expect: &Expect) -> Option<(Conditions, Clients)> {
    let conditions: Option<Vec<_>> = expect.conditions.iter().map(|it| condition(it).ok()).collect();
    let clients = Clients::new(expect.clients.iter().map(|network| network.value));
    Some((Conditions::new(conditions?), clients))
}

/// The request with values that meet the conditions of a claim, from the first of its networks.
fn with_conditions(request: Request, expect: &Expect) -> Option<Request> {
    let (conditions, _) = beside(expect)?;
    let client = expect.clients.first().map(|network| network.value.address);
    let request = Request { client, ..request };
    if conditions.is_empty() {
        return Some(request);
    }
    let anywhere = Pattern::parse("/**").ok()?;
    let set = RequestSet::new(&anywhere, Methods::Any).with(&conditions, Clients::Any);
    let example = example(&[set], &[], EmptySegments::Merged).ok()??;
    let subject = request.subject();
    let query = subject.query.iter().chain(&example.query).cloned().collect();
    Some(request.like(crate::routes::Request { headers: example.headers, query, ..subject }))
}
