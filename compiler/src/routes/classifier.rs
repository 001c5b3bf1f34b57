//! Many regexes at once over one segment: one automaton that says what the segment is to each of them.

use std::collections::{HashMap, HashSet, VecDeque};

use super::language::{Classes, Language, TooBig};

/// A walk through a language that a segment takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Run {
    /// The language, by number.
    pub(super) language: u32,
    /// Where the walk starts.
    pub(super) start: u32,
    /// Whether the language is one of whole paths, so that the walk may go on behind the segment.
    pub(super) goes_on: bool,
}

/// What a segment is to each run: 0 where it leads nowhere; else 1 more than the state that it leads to.
pub(super) type Key = Vec<u32>;

/// The automaton of some runs. State 0 is the start.
#[derive(Debug)]
pub(super) struct Classifier {
    /// The bytes that it tells apart.
    pub(super) classes: Classes,
    /// The next state, by state and class.
    pub(super) next: Vec<u32>,
    /// The outcome of each state.
    pub(super) outcomes: Vec<u32>,
    /// What each outcome means.
    pub(super) keys: Vec<Key>,
    /// A segment for each outcome that a normal one has.
    pub(super) examples: Vec<Option<String>>,
}

/// Languages by number, with what is the same after a segment.
#[derive(Debug, Default)]
pub(super) struct Languages<'a> {
    /// The languages.
    pub(super) all: Vec<&'a Language>,
    /// For each state of each: the first that is the same at the end of a segment; `None` where nothing follows.
    ends: Vec<Vec<Option<u32>>>,
}

/// States that one classifier may have, and those of its runs in all of its states.
const STATES_MAX: usize = 50_000;
const ALIVE_MAX: usize = 3_000_000;
/// Steps of the search for examples.
const SEARCH_MAX: usize = 200_000;

impl<'a> Languages<'a> {
    /// Adds a language that is not there yet.
    pub(super) fn add(&mut self, language: &'a Language) -> u32 {
        let id = self.all.len() as u32;
        let mut known: HashMap<(bool, u32), u32> = HashMap::new();
        let end = |state: u32| {
            let end = (language.accepts_in(state), language.step(state, b'/'));
            let leads = end.0 || !language.is_dead(end.1);
            leads.then(|| *known.entry(end).or_insert(state))
        };
        self.ends.push((0..language.len() as u32).map(end).collect());
        self.all.push(language);
        id
    }

    /// The language of a number.
    pub(super) fn get(&self, id: u32) -> Option<&'a Language> {
        self.all.get(id as usize).copied()
    }

    /// What a state of a run is at the end of a segment.
    fn code(&self, run: &Run, state: u32) -> u32 {
        if run.goes_on {
            let ends = self.ends.get(run.language as usize);
            let end = ends.and_then(|ends| ends.get(state as usize).copied().flatten());
            return end.map_or(0, |end| end + 1);
        }
        self.get(run.language).map_or(0, |language| u32::from(language.accepts_in(state)))
    }
}

impl Classifier {
    /// The automaton of `runs`.
    ///
    /// # Errors
    /// The languages that cost most, when it outgrows its budget.
    pub(super) fn new(runs: &[Run], languages: &Languages<'_>) -> Result<Self, Vec<u32>> {
        let of = |run: usize| runs.get(run).and_then(|run| languages.get(run.language));
        let all = runs.iter().filter_map(|run| languages.get(run.language));
        let classes = Classes::common(all.map(Language::classes));
        let bytes = classes.examples();
        let start: Vec<(usize, u32)> = runs.iter().map(|run| run.start).enumerate().collect();
        let mut known = HashMap::from([(start.clone(), 0u32)]);
        let mut states = vec![start];
        let (mut next, mut at, mut alive) = (vec![], 0, 0);
        while let Some(state) = states.get(at).cloned() {
            alive += state.len();
            if alive > ALIVE_MAX || states.len() > STATES_MAX {
                return Err(most_alive(runs, &states));
            }
            for &byte in &bytes {
                let step = |&(run, state): &(usize, u32)| {
                    let language = of(run)?;
                    let to = language.step(state, byte);
                    (!language.is_dead(to)).then_some((run, to))
                };
                let to: Vec<(usize, u32)> = state.iter().filter_map(step).collect();
                let fresh = states.len() as u32;
                let id = *known.entry(to.clone()).or_insert(fresh);
                if id == fresh {
                    states.push(to);
                }
                next.push(id);
            }
            at += 1;
        }
        let (outcomes, keys) = outcomes(runs, languages, &states);
        let mut classifier = Self { classes, next, outcomes, keys, examples: vec![] };
        let everything = |TooBig| runs.iter().map(|run| run.language).collect::<Vec<u32>>();
        classifier.examples = classifier.search(&[]).map_err(everything)?;
        Ok(classifier)
    }

    /// The outcome of a segment.
    pub(super) fn outcome(&self, segment: &str) -> usize {
        let state = segment.bytes().fold(0, |state, byte| self.step(state, byte));
        self.outcomes.get(state as usize).copied().unwrap_or_default() as usize
    }

    fn step(&self, state: u32, byte: u8) -> u32 {
        let at = state as usize * self.classes.count() + self.classes.of(byte);
        self.next.get(at).copied().unwrap_or_default()
    }

    /// For each outcome, a segment that is none of `names`, which are sorted; `None` where there is none.
    ///
    /// # Errors
    /// [`TooBig`] when the search takes too long.
    pub(super) fn examples(&self, names: &[&str]) -> Result<Vec<Option<String>>, TooBig> {
        let taken = |example: &String| names.binary_search(&example.as_str()).is_ok();
        if self.examples.iter().flatten().any(taken) { self.search(names) } else { Ok(self.examples.clone()) }
    }

    /// Breadth first through this automaton, normal segments and `names` at once.
    fn search(&self, names: &[&str]) -> Result<Vec<Option<String>>, TooBig> {
        let normal = Language::segments();
        let common = Classes::common([&self.classes, normal.classes()].into_iter()).examples();
        let every = Classes::by_key(|byte| byte).examples();
        let mut found: Vec<Option<String>> = vec![None; self.keys.len()];
        let start = Spot {
            state: 0,
            normal: Language::START,
            names: Some((0, names.len())).filter(|it| it.1 > 0),
            depth: 0,
        };
        let mut seen = HashSet::from([start]);
        let mut queue = VecDeque::from([(start, String::new())]);
        while let Some((spot, word)) = queue.pop_front() {
            let taken = spot.names.and_then(|(first, _)| names.get(first)).is_some_and(|name| *name == word);
            let outcome = self.outcomes.get(spot.state as usize).copied().unwrap_or_default() as usize;
            if normal.accepts_in(spot.normal) && !taken {
                if let Some(slot) = found.get_mut(outcome) {
                    slot.get_or_insert_with(|| word.clone());
                }
                if found.iter().all(Option::is_some) {
                    break;
                }
            }
            let bytes = if spot.names.is_some() { &every } else { &common };
            for &byte in bytes {
                let next = spot.next(self, normal, names, byte);
                if normal.is_dead(next.normal) || !seen.insert(next) {
                    continue;
                }
                if seen.len() > SEARCH_MAX {
                    return Err(TooBig);
                }
                queue.push_back((next, format!("{word}{}", char::from(byte))));
            }
        }
        Ok(found)
    }
}

/// Where a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Spot {
    state: u32,
    normal: u32,
    /// The names that begin with the word so far, as a range; `None` when no name does.
    names: Option<(usize, usize)>,
    /// The length of the word, as long as there are such names.
    depth: usize,
}

impl Spot {
    fn next(self, classifier: &Classifier, normal: &Language, names: &[&str], byte: u8) -> Self {
        let narrowed = self.names.and_then(|(first, end)| {
            let here = names.get(first..end)?;
            let at = |name: &&str| name.as_bytes().get(self.depth).copied();
            // The names are sorted, and a name that ends here comes first.
            let from = first + here.partition_point(|name| at(name) < Some(byte));
            let to = first + here.partition_point(|name| at(name) <= Some(byte));
            (from < to).then_some((from, to))
        });
        let depth = if narrowed.is_some() { self.depth + 1 } else { 0 };
        let (state, normal) = (classifier.step(self.state, byte), normal.step(self.normal, byte));
        Self { state, normal, names: narrowed, depth }
    }
}

/// The outcome of each state, and what the outcomes mean.
fn outcomes(runs: &[Run], languages: &Languages<'_>, states: &[Vec<(usize, u32)>]) -> (Vec<u32>, Vec<Key>) {
    let mut known: HashMap<Key, u32> = HashMap::new();
    let mut keys = vec![];
    let outcome = |state: &Vec<(usize, u32)>| {
        let mut key = vec![0; runs.len()];
        for &(run, at) in state {
            if let (Some(slot), Some(run)) = (key.get_mut(run), runs.get(run)) {
                *slot = languages.code(run, at);
            }
        }
        let fresh = keys.len() as u32;
        let id = *known.entry(key.clone()).or_insert(fresh);
        if id == fresh {
            keys.push(key);
        }
        id
    };
    let outcomes = states.iter().map(outcome).collect();
    (outcomes, keys)
}

/// The languages that stand in most states.
fn most_alive(runs: &[Run], states: &[Vec<(usize, u32)>]) -> Vec<u32> {
    let mut counts = vec![0u64; runs.len()];
    for &(run, _) in states.iter().flatten() {
        if let Some(count) = counts.get_mut(run) {
            *count += 1;
        }
    }
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&run| (std::cmp::Reverse(counts.get(run).copied()), run));
    order.into_iter().filter_map(|run| runs.get(run)).map(|run| run.language).collect()
}
