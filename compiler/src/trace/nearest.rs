//! The nearest request that goes elsewhere: candidates are made from the sets of all routes and from small changes of the
//! request, and each is asked before it is believed.

use crate::model::distance;
use crate::routes::{EmptySegments, Methods, Pattern, Request, RequestSet, Segment, example};

/// The nearest request of which `is_elsewhere` holds, among those that `sets` and small changes lead to. Its path, as
/// that of `here`, is normal.
pub(super) fn nearest<'s, 'a: 's>(
    sets: impl Iterator<Item = &'s RequestSet<'a>>,
    here: &Request,
    empty_segments: EmptySegments,
    is_elsewhere: impl Fn(&Request) -> bool,
) -> Option<Request> {
    let towards = sets.filter_map(|set| toward(set, here, empty_segments));
    let mut candidates: Vec<Request> = towards.chain(changes(here)).collect();
    candidates.sort_by_cached_key(|candidate| (cost(here, candidate), candidate.clone()));
    candidates.dedup();
    candidates.into_iter().find(|candidate| candidate != here && is_elsewhere(candidate))
}

/// The request of `set` that is most like `here`.
fn toward(set: &RequestSet<'_>, here: &Request, empty_segments: EmptySegments) -> Option<Request> {
    let method = match &set.methods {
        Methods::Only(methods) if !set.methods.contains(&here.method) => {
            let get = methods.iter().find(|method| **method == "GET");
            (*get.or(methods.first())?).to_owned()
        }
        _ => here.method.clone(),
    };
    let near = Request { method, path: path_toward(set.pattern, &here.path), ..here.clone() };
    if set.contains(&near) {
        return Some(near);
    }
    // Conditions, or segments that are more than a name: an example of the set knows how to meet them.
    let example = example(std::slice::from_ref(set), &[], empty_segments).ok().flatten()?;
    let path = if set.pattern.matches(&near.path) { near.path } else { example.path.clone() };
    let with = |subject: Request| set.contains(&subject).then_some(subject);
    let (method, client) = (near.method, example.client.or(here.client));
    let (headers, query) = (joined(&here.headers, &example.headers), joined(&here.query, &example.query));
    with(Request { method, path, headers, query, client }).or(Some(example))
}

/// The pairs of both, those of `wanted` in place of others with the same name.
fn joined(here: &[(String, String)], wanted: &[(String, String)]) -> Vec<(String, String)> {
    let is_wanted = |name: &String| wanted.iter().any(|(other, _)| other == name);
    here.iter().filter(|(name, _)| !is_wanted(name)).chain(wanted).cloned().collect()
}

/// The path of `pattern` that is most like `path`.
fn path_toward(pattern: &Pattern, path: &str) -> String {
    let given: Vec<&str> = segments(path).collect();
    let mut wanted: Vec<&str> = vec![];
    for (position, segment) in pattern.segments.iter().enumerate() {
        wanted.push(match segment {
            Segment::Literal(text) => text,
            _ => given.get(position).copied().filter(|given| !given.is_empty()).unwrap_or("a"),
        });
    }
    if pattern.subtree {
        wanted.extend(given.iter().skip(wanted.len()));
    }
    if wanted.is_empty() {
        wanted.push("");
    }
    format!("/{}", wanted.join("/"))
}

/// Small changes, whatever the routes are.
fn changes(here: &Request) -> Vec<Request> {
    let given: Vec<&str> = segments(&here.path).collect();
    let mut paths: Vec<Vec<String>> = vec![];
    let owned = || given.iter().map(|segment| (*segment).to_owned()).collect::<Vec<String>>();
    for position in 0..given.len() {
        for other in others(given.get(position).copied().unwrap_or_default()) {
            let mut changed = owned();
            if let Some(segment) = changed.get_mut(position) {
                *segment = other;
            }
            paths.push(changed);
        }
    }
    let shorter: Vec<String> = owned().into_iter().take(given.len().saturating_sub(1)).collect();
    paths.extend((!shorter.is_empty()).then_some(shorter));
    paths.push(owned().into_iter().filter(|it| !it.is_empty()).chain(["a".to_owned()]).collect());
    let with_path = |path: Vec<String>| Request { path: format!("/{}", path.join("/")), ..here.clone() };
    let with_method = |method: &str| Request { method: method.to_owned(), ..here.clone() };
    let less = without(&here.headers).into_iter().map(|headers| Request { headers, ..here.clone() });
    let less = less.chain(without(&here.query).into_iter().map(|query| Request { query, ..here.clone() }));
    let anywhere = here.client.map(|_| Request { client: None, ..here.clone() });
    let other = ["GET", "POST"].map(with_method).into_iter().chain(less).chain(anywhere);
    paths.into_iter().map(with_path).chain(other).collect()
}

/// The pairs, each time without one of them.
fn without(pairs: &[(String, String)]) -> Vec<Vec<(String, String)>> {
    let others = |left_out| pairs.iter().enumerate().filter(move |(at, _)| *at != left_out);
    (0..pairs.len()).map(|at| others(at).map(|(_, pair)| pair.clone()).collect()).collect()
}

/// Segments that are not `segment`, the nearest first. None where it is empty: only the last one can be.
fn others(segment: &str) -> Vec<String> {
    let shorter = segment.char_indices().last().map(|(at, _)| segment.get(..at).unwrap_or_default());
    let shorter = shorter.filter(|it| !it.is_empty() && !it.ends_with(['%', '.'])).map(str::to_owned);
    let shorter = shorter.filter(|_| !segment.contains('%'));
    shorter.into_iter().chain((!segment.is_empty()).then(|| format!("{segment}x"))).collect()
}

/// How much was changed: how many things, which, and by how much.
fn cost(here: &Request, other: &Request) -> (usize, usize, usize) {
    let (mine, theirs): (Vec<&str>, Vec<&str>) =
        (segments(&here.path).collect(), segments(&other.path).collect());
    let longer = mine.len().abs_diff(theirs.len());
    let differing: Vec<(&&str, &&str)> = mine.iter().zip(&theirs).filter(|(a, b)| a != b).collect();
    let conditions = usize::from(here.headers != other.headers)
        + usize::from(here.query != other.query)
        + usize::from(here.client != other.client);
    let method = usize::from(here.method != other.method);
    let path = differing.len() + longer;
    let letters: usize = differing.iter().map(|(a, b)| distance(a, b, 64).unwrap_or(64)).sum();
    (conditions + method + path, path, letters + longer)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}
