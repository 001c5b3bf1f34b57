//! A redirect whose host the client chooses.

use std::ops::Range;

use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, ReadRoute};
use crate::model::Action;
use crate::routes::Capture;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC006", "tainted-value"),
    level: Severity::Error,
    explanation: "A part of the request's path stands where a redirect names the host. Whoever makes up the link also \
        chooses where it leads: an open redirect, good for phishing under this name.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/out/{*target}" { redirect "https://{target}"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/out/{*target}" { redirect "https://shop.example/{target}"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.patterns.routes.iter().filter_map(|read| open(facts, read)).collect()
}

fn open(facts: &Facts<'_>, read: &ReadRoute<'_>) -> Option<Diagnostic> {
    let Some(Action::Redirect { location, .. }) = &read.route.action else { return None };
    let pattern = read.pattern.as_ref().ok()?;
    let place = authority(&location.value)?;
    let host = location.value.get(place.clone())?;
    // What follows a segment, as in `{tenant}.shop.example`, ends the name; a rest can bring a path before it.
    let chosen = |capture: &&Capture| {
        let behind = host.split_once(&format!("{{{}}}", capture.name)).map(|(_, behind)| behind);
        behind.is_some_and(|behind| capture.rest || !behind.starts_with('.'))
    };
    let capture = pattern.captures.iter().find(chosen)?;
    let written = format!("{{{}}}", capture.name);
    let at = place.start + host.find(&written)?;
    let span = part(facts.sources, location, &(at..at + written.len()));
    let message = format!("the client chooses the host of redirect `{}`", location.value);
    let mut found = LINT.finding(message, span, "comes from the path of the request");
    let elsewhere = if place.start == 0 { "http:evil.example" } else { "evil.example" };
    if let Some(path) = example(&pattern.text, elsewhere) {
        let target = pattern.captures.iter().fold(location.value.clone(), |target, capture| {
            let value = if capture.rest { format!("{elsewhere}/x") } else { elsewhere.to_owned() };
            target.replace(&format!("{{{}}}", capture.name), &value)
        });
        found = found.witness(format!("`GET {path}` is sent to `{target}`"));
    }
    Some(found.help("write the host itself, one route for each host that there is"))
}

/// A path of a pattern in which every capture is a host; none where segments are held to expressions.
fn example(pattern: &str, host: &str) -> Option<String> {
    let segment = |segment: &str| match segment {
        "*" | "**" => Some("x".to_owned()),
        rest if rest.starts_with("{*") => Some(format!("{host}/x")),
        capture if capture.starts_with('{') => (!capture.contains(':')).then(|| host.to_owned()),
        literal => Some(literal.to_owned()),
    };
    pattern.split('/').map(segment).collect::<Option<Vec<String>>>().map(|segments| segments.join("/"))
}

/// Where in a location the host may stand: behind a scheme, or in the place of one. A location never begins with two
/// slashes, whatever fills it.
fn authority(location: &str) -> Option<Range<usize>> {
    let start = match location.find("://") {
        Some(at) if !location.get(..at)?.contains(['/', '{', '?']) => at + 3,
        _ if location.starts_with('{') => 0,
        _ => return None,
    };
    let rest = location.get(start..)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(start..start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_is_between_slashes() {
        let of = |location: &'static str| authority(location).map(|range| &location[range]);
        assert_eq!(of("https://a.{x}.example:1/{y}"), Some("a.{x}.example:1"));
        assert_eq!(of("{x}/y"), Some("{x}"));
        assert_eq!(of("//{x}"), None);
        assert_eq!(of("/a?to=https://{x}"), None);
        assert_eq!(of("/{x}"), None);
    }
}
