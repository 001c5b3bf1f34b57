//! A block that hits everybody behind one address.

use super::limits::{burst, limits};
use super::values::time;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::RateLimit;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RLM006", "lockout-risk"),
    level: Severity::Warning,
    explanation: "Many clients share one address: behind a provider's NAT, in an office, in a mobile network. A block \
        that lasts more than sixty times as long as the limit itself would hold a client back lets one of them lock \
        out all the others.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "public" { rate-limit "100/s" burst=200 block="5m"; }
route "/**" { respond 200 "ok"; use "public"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "public" { rate-limit "100/s" burst=200; }
policy "login" { rate-limit "10/m" burst=5 block="5m"; }
route "/**" { respond 200 "ok"; use "public"; }
route "/login" method="POST" { respond 200 "ok"; use "login"; }
"#,
    check,
};

/// How many times as long as without it a block may hold a client back.
const RATIO_MAX: u64 = 60;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    limits(facts).filter_map(lockout).collect()
}

fn lockout(limit: &RateLimit) -> Option<Diagnostic> {
    let block = limit.block.as_ref()?;
    // The time until a client that used up its burst has all of it again.
    let recovers =
        u64::from(burst(limit)).saturating_mul(limit.period.0) / u64::from(limit.requests.value.max(1));
    let ratio = block.value.0 / recovers.max(1);
    if ratio <= RATIO_MAX {
        return None;
    }
    let message = format!("one client locks out all that share its address for {}", time(block));
    let found = LINT
        .finding(message, block.span, format!("{ratio} times as long as without it"))
        .label(limit.at.0, "counts by address");
    Some(found.help("take it away: 429 with `Retry-After` holds back who is over the rate"))
}
