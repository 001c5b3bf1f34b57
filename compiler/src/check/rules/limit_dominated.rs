//! A rate limit that a stricter one leaves nothing to do.

use super::limits::{burst, rate};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::RateLimit;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RLM005", "limit-dominated"),
    level: Severity::Warning,
    explanation: "All limits that bind a request must admit it. Where every request of a limit is also counted by one \
        that allows no more, in rate and at once, the laxer one never refuses anything: it looks like protection and \
        is none.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; use "public"; }
policy "public" { rate-limit "50/s" burst=50; }
policy "login" { rate-limit "100/s" burst=100; }
route "/**" { respond 200 "ok"; }
route "/login" { respond 200 "ok"; use "login"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; use "public"; }
policy "public" { rate-limit "50/s" burst=50; }
policy "login" { rate-limit "10/m" burst=5; }
route "/**" { respond 200 "ok"; }
route "/login" { respond 200 "ok"; use "login"; }
"#,
    check,
};

/// A limit, and those that bind all of its requests as well.
type Bound<'m> = (&'m RateLimit, Vec<&'m RateLimit>);

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut bound: Vec<Bound<'_>> = vec![];
    for acting in facts.acting() {
        let limits = acting.rate_limits(facts.model);
        for limit in limits.iter().copied() {
            match bound.iter_mut().find(|(known, _)| std::ptr::eq(*known, limit)) {
                Some((_, beside)) => beside.retain(|other| limits.iter().any(|it| std::ptr::eq(*it, *other))),
                None => bound.push((limit, limits.clone())),
            }
        }
    }
    let dominated = bound.iter().filter_map(|(limit, beside)| {
        let stricter = beside.iter().find(|other| is_stricter(other, limit))?;
        Some(found(limit, stricter))
    });
    dominated.collect()
}

/// Whether `other` refuses whatever `limit` refuses. A limit that blocks does something of its own; of two equal ones,
/// the one that is written first is the stricter.
fn is_stricter(other: &RateLimit, limit: &RateLimit) -> bool {
    let rate = |limit: &RateLimit, period: u64| u128::from(limit.requests.value) * u128::from(period);
    let (mine, theirs) = (rate(limit, other.period.0), rate(other, limit.period.0));
    let no_more = theirs <= mine && burst(other) <= burst(limit);
    let equal = theirs == mine && burst(other) == burst(limit);
    limit.block.is_none() && no_more && (!equal || other.block.is_some() || other.at.0 < limit.at.0)
}

fn found(limit: &RateLimit, stricter: &RateLimit) -> Diagnostic {
    let message = format!("a limit of {} is never reached beside one of {}", rate(limit), rate(stricter));
    LINT.finding(message, limit.at.0, "never refuses anything")
        .label(stricter.at.0, format!("refuses first: {}, {} at once", rate(stricter), burst(stricter)))
        .help(format!("lower it below {}, or take it away", rate(stricter)))
}
