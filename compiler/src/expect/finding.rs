//! What there is to say about a claim that does not hold.

use super::{Clause, Failure, Verdict};
use crate::diagnostic::{Diagnostic, Rule};
use crate::facts::{Answer, Facts};
use crate::model::Expect;
use crate::source::Span;
use crate::trace::{Outcome, losers, nearest_that, outcome};

/// The rule that every claim holds.
pub(crate) const RULE: Rule = Rule::new("INV001", "invariant-violated");

/// What there is to say about a claim; nothing where it holds, and where something else is said already.
pub(crate) fn finding(facts: &Facts<'_>, expect: &Expect, verdict: &Verdict<'_>) -> Option<Diagnostic> {
    match verdict {
        Verdict::Holds | Verdict::Undecided => None,
        Verdict::Vacuous => Some(vacuous(expect)),
        Verdict::Fails(failure) => Some(failed(facts, expect, failure)),
    }
}

fn vacuous(expect: &Expect) -> Diagnostic {
    let set = &expect.request;
    let message = format!("there is no request `{}`", set.value.url());
    Diagnostic::warning(RULE, message, set.span, "no listener serves such a name")
        .help("write the scheme and a name that a listener serves, or delete it")
}

fn failed(facts: &Facts<'_>, expect: &Expect, failure: &Failure<'_>) -> Diagnostic {
    let Failure { clause, request, taken } = failure;
    let message = match expect.for_all.value {
        true => format!("`{request}`, one of the set, {}", clause.negated()),
        false => format!("`{request}` {}", clause.negated()),
    };
    let Some((listener, answer)) = taken else {
        let scheme = if request.tls { "TLS" } else { "plain HTTP" };
        let label = format!("no listener of that kind speaks {scheme}");
        return Diagnostic::error(RULE, message, expect.request.span, label)
            .help("write the other scheme, or the name of a listener that speaks it");
    };
    let outcome = outcome(facts, *listener, request, answer);
    let found = Diagnostic::error(RULE, message, clause.span(), label(&outcome));
    let found = taker(facts, *listener, answer)
        .into_iter()
        .fold(found, |found, (span, text)| found.label(span, text));
    let help = help(facts, failure, *listener, answer, &outcome);
    let found = found.help(help);
    if expect.for_all.value || expect.request.value.host == "*" {
        found.witness(request.to_string())
    } else {
        found
    }
}

/// What becomes of the request, in a few words.
fn label(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Proxied { pools, .. } => match pools.as_slice() {
            [(pool, _)] => format!("it goes to pool `{}`", pool.name),
            _ => "it is split over several pools".to_owned(),
        },
        Outcome::Passed { pool } => format!("it is passed through to pool `{}`", pool.name),
        Outcome::Redirected { location, .. } => format!("it is redirected to `{location}`"),
        Outcome::Responded { status } => format!("it gets status {status}"),
        Outcome::Denied => "status 403: the client may not".to_owned(),
        Outcome::Unrouted { status, why } => format!("status {status}: {why}"),
        Outcome::Undecided => "it is not decided".to_owned(),
    }
}

/// What takes the request.
fn taker(facts: &Facts<'_>, listener: usize, answer: &Answer) -> Option<(Span, &'static str)> {
    match answer {
        Answer::Route(site, position) => {
            facts.route_of(*site, *position).map(|route| (route.pattern.span, "takes it"))
        }
        Answer::Passed(at) => {
            let passed = facts.model.listeners.get(listener).and_then(|it| it.passthrough.get(*at));
            passed.and_then(|it| it.names.first()).map(|name| (name.span, "passes it through"))
        }
        Answer::Redirected => {
            facts.redirect_of(listener).map(|redirect| (redirect.listener.name.span, "redirects it"))
        }
        _ => None,
    }
}

/// Why it is so: what was expected and lost, the nearest request that would do, and what to write if all is well.
fn help(
    facts: &Facts<'_>,
    failure: &Failure<'_>,
    listener: usize,
    answer: &Answer,
    outcome: &Outcome,
) -> String {
    let Failure { clause, request, .. } = failure;
    let holds = |answer: &Answer| clause.holds(facts, listener, request, answer);
    let mut parts: Vec<String> = vec![];
    if *outcome == Outcome::Denied {
        return "expect status 403 if that is right, or let the client in with `allow`".to_owned();
    }
    if let Answer::Route(site, _) | Answer::NoRoute(site) = answer {
        let lost = losers(facts, listener, request, answer);
        let expected = lost.into_iter().find(|(position, _)| holds(&Answer::Route(*site, *position)));
        parts.extend(expected.and_then(|(position, reason)| {
            Some(format!("route `{}` {reason}", facts.route_of(*site, position)?.pattern.value))
        }));
    }
    if parts.is_empty() && !matches!(clause, Clause::Redirect(_)) {
        let nearest = nearest_that(facts, listener, request, holds);
        parts.extend(nearest.map(|it| format!("the nearest request that does is `{}`", it.request)));
    }
    let meant = match outcome {
        Outcome::Proxied { pools, .. } => {
            pools.first().map(|(pool, _)| format!("expect pool `{}`", pool.name))
        }
        Outcome::Passed { pool } => Some(format!("expect pool `{}`", pool.name)),
        Outcome::Redirected { location, .. } => Some(format!("expect redirect `{location}`")),
        Outcome::Responded { status } | Outcome::Unrouted { status, .. } => {
            Some(format!("expect status {status}"))
        }
        Outcome::Denied | Outcome::Undecided => None,
    };
    parts.extend(meant.map(|meant| format!("{meant} if that is right")));
    parts.join("; ")
}
