//! Another spelling of a path that goes around an access list.

use super::auth_bypass_path::{Protected, is_reached, outsider, protected, same_pool};
use super::routing::request;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Answer, Facts, ReadRoute};
use crate::model::Settings;
use crate::routes::Request;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE009", "normalization-bypass"),
    level: Severity::Error,
    explanation: "A route lets only some networks reach a path of a pool. What normalisation is told to keep, empty segments \
        or encoded slashes, makes another path of it here, which a route without that list sends to the same pool; and most \
        backends read both alike. The example is a request that goes around.",
    bad: r#"
listener "web" { bind "0.0.0.0:8080"; http empty-segments="keep"; }
pool "app" { backend "http://10.0.0.11:8080"; probe "/health"; }
route "/**" pool="app"
route "/admin/**" pool="app" { allow "10.0.0.0/8"; }
"#,
    good: r#"
listener "web" { bind "0.0.0.0:8080"; }
pool "app" { backend "http://10.0.0.11:8080"; probe "/health"; }
route "/**" pool="app"
route "/admin/**" pool="app" { allow "10.0.0.0/8"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let kept = facts.model.listeners.iter().any(|it| it.http.keep_empty_segments.value)
        || facts.patterns.routes.iter().any(|read| read.route.keep_encoded_slash.value);
    if !kept {
        return Vec::new();
    }
    let sites = facts.sites.iter().enumerate();
    let routes = sites.flat_map(|(site, it)| (0..it.routes.len()).map(move |at| (site, at)));
    routes.filter_map(|(site, at)| bypass(facts, &protected(facts, site, at)?, at)).collect()
}

fn bypass(facts: &Facts<'_>, route: &Protected<'_, '_>, position: usize) -> Option<Diagnostic> {
    let site = facts.sites.get(route.site)?;
    let analysis = site.analysis.as_ref().ok()?;
    let name = site.names.first().map(|name| name.example()).unwrap_or_default();
    for &place in &site.listeners {
        let Some(listener) = facts.model.listeners.get(place).filter(|it| is_reached(it)) else { continue };
        let Ok(Some(example)) = analysis.example_of(position, facts.empty_segments(place)) else { continue };
        for path in spellings(&example.path) {
            let asked = Request { path, ..example.clone() };
            let Answer::Route(other_site, at) = facts.answer(place, &name, &asked) else { continue };
            let Some(other) = facts.read_at(other_site, at).filter(|other| same_pool(route.read, other))
            else {
                continue;
            };
            let layers = facts.layers(listener, site, other);
            let layers: Vec<&Settings> = layers.iter().map(|layer| layer.settings).collect();
            if let Some(client) = outsider(&route.lists, &layers) {
                let keeps = match other.route.keep_encoded_slash.value && asked.path.contains("%2F") {
                    true => (other.route.keep_encoded_slash.span, "keeps encoded slashes"),
                    false => (listener.http.keep_empty_segments.span, "keeps empty segments"),
                };
                let asked = format!("`{}` from {client}", request(facts, site, &asked));
                return Some(found(route, other, asked, keeps));
            }
        }
    }
    None
}

/// Other spellings of a path that backends read as the same one.
fn spellings(path: &str) -> Vec<String> {
    let last = path.rfind('/').filter(|at| *at > 0 && at + 1 < path.len());
    let encoded = match last {
        Some(at) => format!("{}%2F{}", &path[..at], &path[at + 1..]),
        None => format!("{}%2Fx", path.trim_end_matches('/')),
    };
    vec![format!("/{path}"), encoded]
}

fn found(
    route: &Protected<'_, '_>,
    other: &ReadRoute<'_>,
    asked: String,
    (keeps, what): (Span, &str),
) -> Diagnostic {
    let (mine, theirs) = (&route.read.route.pattern, &other.route.pattern);
    let message =
        format!("another spelling of `{}` reaches the same pool through `{}`", mine.value, theirs.value);
    let list = route.lists.iter().flat_map(|list| list.iter()).next();
    let finding = LINT.finding(message, keeps, what).label(theirs.span, "takes it, for others too");
    let labelled = list.iter().fold(finding, |found, network| found.label(network.span, "protected here"));
    labelled.witness(asked).help("let paths be normalised, or write the same `allow` for both")
}
