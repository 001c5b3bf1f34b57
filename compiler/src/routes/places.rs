//! Places: where an automaton ends, split by methods and clients. Within a place, requests differ by header fields and
//! query parameters alone.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::automaton::Automaton;
use super::clients::Clients;
use super::conditions::{Conditions, Subject, Value, uncovered};
use super::language::TooBig;
use super::methods::{Class, Methods};
use super::{Request, RequestSet};

/// Some requests: those of some methods and clients whose path ends in a state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The state.
    pub(super) state: u32,
    class: Class<'a>,
    client: Option<IpAddr>,
}

/// What to meet and what not to, as numbers of conditions.
type Question = (Vec<usize>, Vec<usize>);

/// Sets of requests with the automaton of their patterns.
pub(super) struct Map<'s, 'a> {
    /// The sets. They are named by their position, here and in the automaton.
    pub(super) sets: &'s [&'s RequestSet<'a>],
    /// The automaton of their patterns.
    pub(super) automaton: &'s Automaton<'a>,
    /// What was asked about conditions before.
    known: HashMap<Question, Option<Vec<Value>>>,
    /// Conditions by number: each once, the first is none.
    distinct: Vec<&'a Conditions>,
    /// The number of each set's conditions.
    numbers: Vec<usize>,
}

impl<'s, 'a> Map<'s, 'a> {
    /// A map of `sets`, whose patterns are those of `automaton`.
    pub(super) fn new(sets: &'s [&'s RequestSet<'a>], automaton: &'s Automaton<'a>) -> Self {
        let mut distinct: Vec<&'a Conditions> = sets.iter().map(|set| set.conditions).collect();
        distinct.push(Conditions::NONE);
        distinct.sort_unstable();
        distinct.dedup();
        let number = |set: &&RequestSet<'a>| distinct.binary_search(&set.conditions).unwrap_or_default();
        let numbers = sets.iter().map(number).collect();
        Self { sets, automaton, known: HashMap::new(), distinct, numbers }
    }

    /// The places of a state, each with those of `members`, sets of that state, that hold its requests but for their
    /// conditions. The order of the members stays.
    pub(super) fn places(&self, state: u32, members: &[u32]) -> Vec<(Place<'a>, Vec<u32>)> {
        let mut places = vec![];
        let clients = Clients::classes(self.of(members).map(|set| &set.clients));
        for (class, members) in self.by_class(members) {
            for &client in &clients {
                let from_there = |member: &u32| {
                    self.set(*member).is_some_and(|set| client.is_none() || set.clients.contains(client))
                };
                let here = members.iter().copied().filter(from_there).collect();
                places.push((Place { state, class, client }, here));
            }
        }
        places
    }

    /// A request at `place` that meets the conditions of all of `inside` and of none of `outside`.
    ///
    /// # Errors
    /// [`TooBig`] when there is too much to try.
    pub(super) fn request(
        &mut self,
        place: Place<'a>,
        inside: &[u32],
        outside: &[u32],
    ) -> Result<Option<Request>, TooBig> {
        let Some(values) = self.values(inside, outside)? else { return Ok(None) };
        let routes = self.automaton.routes_in(place.state);
        let classes = Class::of(self.of(routes).map(|set| &set.methods));
        let mut request = Request::new(place.class.example(&classes), self.automaton.path_to(place.state));
        request.client = place.client;
        for (subject, name, value) in values {
            match subject {
                Subject::Header => request.headers.push((name, value)),
                Subject::Query => request.query.push((name, value)),
            }
        }
        request.headers.sort();
        request.query.sort();
        Ok(Some(request))
    }

    /// Whether there is such a request.
    ///
    /// # Errors
    /// [`TooBig`] when there is too much to try.
    pub(super) fn is_some(&mut self, inside: &[u32], outside: &[u32]) -> Result<bool, TooBig> {
        Ok(self.values(inside, outside)?.is_some())
    }

    fn values(&mut self, inside: &[u32], outside: &[u32]) -> Result<Option<Vec<Value>>, TooBig> {
        let numbers = |members: &[u32]| {
            let number = |member: &u32| self.numbers.get(*member as usize).copied();
            let mut numbers: Vec<usize> = members.iter().filter_map(number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let (inside, outside) = (numbers(inside), numbers(outside));
        // The first number is that of no conditions: it holds everything.
        if outside.first() == Some(&0) {
            return Ok(None);
        }
        if inside.last().is_none_or(|&last| last == 0) {
            return Ok(Some(vec![]));
        }
        let question = (inside, outside);
        if let Some(answer) = self.known.get(&question) {
            return Ok(answer.clone());
        }
        let conditions = |numbers: &[usize]| {
            numbers.iter().filter_map(|&at| self.distinct.get(at).copied()).collect::<Vec<_>>()
        };
        let answer = uncovered(&conditions(&question.0), &conditions(&question.1))?;
        self.known.insert(question, answer.clone());
        Ok(answer)
    }

    fn set(&self, member: u32) -> Option<&'s RequestSet<'a>> {
        self.sets.get(member as usize).copied()
    }

    fn of<'m>(
        &self,
        members: &'m [u32],
    ) -> impl Iterator<Item = &'s RequestSet<'a>> + Clone + use<'s, 'm, 'a> {
        let sets = self.sets;
        members.iter().filter_map(move |&member| sets.get(member as usize).copied())
    }

    /// The members of each class of methods.
    fn by_class(&self, members: &[u32]) -> Vec<(Class<'a>, Vec<u32>)> {
        let classes = Class::of(self.of(members).map(|set| &set.methods));
        let mut of: BTreeMap<Class<'a>, Vec<u32>> = classes.iter().map(|class| (*class, vec![])).collect();
        for (&member, set) in members.iter().zip(self.of(members)) {
            match &set.methods {
                Methods::Any => of.values_mut().for_each(|members| members.push(member)),
                Methods::Only(methods) => methods.iter().for_each(|method| {
                    of.entry(Class::Named(method)).or_default().push(member);
                }),
            }
        }
        classes.into_iter().filter_map(|class| Some((class, of.remove(&class)?))).collect()
    }
}
