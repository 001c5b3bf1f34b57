//! A burst that does not fit its rate.

use super::limits::{every, limits, rate};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::{RateLimit, in_time};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RLM002", "burst-inconsistent"),
    level: Severity::Warning,
    explanation: "`burst` is how many requests may come at once. Below a tenth of a second's worth, a browser that opens \
        six connections is refused; above a minute's worth, the limit lets so much through at once that it limits \
        nothing.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "public" { rate-limit "100/s" burst=1; }
route "/**" { respond 200 "ok"; use "public"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "public" { rate-limit "100/s" burst=50; }
route "/**" { respond 200 "ok"; use "public"; }
"#,
    check,
};

/// Milliseconds whose requests are too few at once.
const FEW: u64 = 100;
/// Milliseconds whose requests are too many at once.
const MANY: u64 = 60_000;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    limits(facts).filter_map(|limit| low(limit).or_else(|| high(limit))).collect()
}

/// Requests that the rate brings in some milliseconds, rounded up.
fn in_millis(limit: &RateLimit, millis: u64) -> u64 {
    (u64::from(limit.requests.value).saturating_mul(millis)).div_ceil(limit.period.0.max(1))
}

fn low(limit: &RateLimit) -> Option<Diagnostic> {
    let burst = limit.burst.as_ref()?;
    // At ten a second and less, one at a time may be what is meant.
    if in_millis(limit, FEW) <= u64::from(burst.value) {
        return None;
    }
    let half = in_millis(limit, 500);
    let message = format!("a client that opens six connections is refused at {}", rate(limit));
    let label = format!("{} at once, then one every {}", burst.value, every(limit));
    let found = LINT.finding(message, burst.span, label).label(limit.at.0, "the rate");
    let fix = Fix::risky(format!("allow {half} at once"), burst.span, half.to_string());
    Some(found.help(format!("write `burst={half}`: half a second of requests")).fix(fix))
}

fn high(limit: &RateLimit) -> Option<Diagnostic> {
    let burst = limit.burst.as_ref()?;
    let most = in_millis(limit, MANY).max(u64::from(limit.requests.value));
    if u64::from(burst.value) <= most {
        return None;
    }
    let millis =
        u64::from(burst.value).saturating_mul(limit.period.0) / u64::from(limit.requests.value.max(1));
    let worth = in_time(millis / 1_000 * 1_000);
    let message = format!("a client may send {} requests at once, at {}", burst.value, rate(limit));
    let found =
        LINT.finding(message, burst.span, format!("as many as {worth} bring")).label(limit.at.0, "the rate");
    let two = in_millis(limit, 2_000);
    Some(found.help(match limit.period.0 {
        0..=1_000 => format!("write `burst={two}`: two seconds of requests"),
        _ => format!("write at most `burst={most}`"),
    }))
}
