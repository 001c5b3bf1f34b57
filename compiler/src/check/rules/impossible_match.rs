//! A condition that no request meets.

use super::headers::is_token_byte;
use crate::check::{Lint, part};
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{self, Facts, ReadRoute};
use crate::model::{Condition, Subject, Test};
use crate::routes::{self, PatternErrorKind};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RTE003", "impossible-match"),
    level: Severity::Error,
    explanation: "Methods are tokens and tell upper case from lower (RFC 9110, section 9.1): `get` is not `GET`, and no \
        client sends it. Nor does any request have a header whose name is no token, a value that cannot be sent, or \
        fields that end at the next hop. A condition asks for what is there, never for what is not.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/" method="get" { respond 200 "ok"; }
route "/a" { header "X Canary" equals="1"; respond 200 "a"; }
route "/b" { header "Connection" present=#true; respond 200 "b"; }
route "/c" { header "X-Canary" equals="1\n"; respond 200 "c"; }
route "/d" { query "debug" present=#false; respond 200 "d"; }
route path-regex="/search\\?q=.*" { respond 200 "e"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/" method="GET" { respond 200 "ok"; }
route "/a" { header "X-Canary" equals="1"; respond 200 "a"; }
route "/d" { respond 200 "d"; }
route "/d" { query "debug" present=#true; respond 200 "debug"; }
"#,
    check,
};

/// The methods of RFC 9110 and PATCH.
const USUAL: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Fields that end at this hop or are read before routing, and what to do instead.
const NOT_ROUTED: [(&str, &str); 6] = [
    ("connection", "delete the condition: the field is between two neighbours"),
    ("host", "write a `host` block"),
    ("keep-alive", "delete the condition: the field is between two neighbours"),
    ("proxy-connection", "delete the condition: the field is between two neighbours"),
    ("transfer-encoding", "delete the condition: the field is between two neighbours"),
    ("upgrade", "delete the condition: the field is between two neighbours"),
];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let routes = &facts.patterns.routes;
    let methods = routes.iter().flat_map(|read| &read.route.methods).filter_map(method);
    let conditions = routes.iter().flat_map(|read| &read.route.conditions).filter_map(condition);
    let paths = routes.iter().filter_map(|read| path(facts, read));
    methods.chain(conditions).chain(paths).collect()
}

fn path(facts: &Facts<'_>, read: &ReadRoute<'_>) -> Option<Diagnostic> {
    let error = read.pattern.as_ref().err().filter(|error| error.kind == PatternErrorKind::Impossible)?;
    let written = &read.route.pattern;
    let message = format!("no request has a path that `{}` matches", written.value);
    let at = part(facts.sources, written, &error.range);
    Some(LINT.finding(message, at, error.kind.label()).help(error.kind.help()))
}

fn method(method: &Spanned<String>) -> Option<Diagnostic> {
    let upper = method.value.to_ascii_uppercase();
    let finding =
        LINT.finding(format!("no request has the method `{}`", method.value), method.span, "never sent");
    if method.value.is_empty() || !method.value.bytes().all(is_token_byte) {
        return Some(finding.help("write a method as clients send it, `GET` for one"));
    }
    let misspelt = upper != method.value && USUAL.contains(&upper.as_str());
    misspelt.then(|| finding.help(format!("write `{upper}`")))
}

fn condition(written: &Condition) -> Option<Diagnostic> {
    let name = &written.name.value;
    if written.test.value == Test::Present(false) {
        let finding = LINT.finding(
            format!("a condition asks for requests without `{name}`"),
            written.test.span,
            "asks for what is not there",
        );
        let help = "write one route without the condition, and one with `present` true: the second wins where it holds";
        return Some(finding.help(help));
    }
    if written.subject == Subject::Header {
        let never = |help: &str| {
            let message = format!("no request is routed by a header `{name}`");
            Some(LINT.finding(message, written.name.span, "not there when routing looks").help(help))
        };
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return never("write the name of a header, `X-Canary` for one");
        }
        if let Some((_, help)) = NOT_ROUTED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return never(help);
        }
    }
    // What could not be read has a finding of its own.
    let read = facts::condition(written).ok().filter(routes::Condition::is_impossible)?;
    let message = format!("no value of `{}` meets the condition", read.name());
    let help = "values have no control characters, and no blanks at their ends";
    Some(LINT.finding(message, written.test.span, "never sent").help(help))
}
