//! A value far from that of everything like it. Values outside of what is usual for their key, the decoder finds.

use divisor_schema::plan::Millis;

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Pool, in_time};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::SUSPICIOUS_MAGNITUDE,
    level: Severity::Warning,
    explanation: "A value that can be read and is hardly meant: outside of what is usual for its key, or ten times away \
        from all pools that agree with each other. A slip of a unit, `30ms` for `30s`, is invisible in a review.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; http header-timeout="2ms"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; http header-timeout="2s"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

/// How many others have to agree.
const SIBLINGS_MIN: usize = 3;
/// How many times more or less is suspicious.
const TIMES: u64 = 10;

/// A duration of a pool.
type Duration = fn(&Pool) -> Option<&Spanned<Millis>>;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let durations: [(&str, Duration); 5] = [
        ("every", |pool| pool.probe.as_ref().map(|probe| &probe.every)),
        ("timeout", |pool| pool.probe.as_ref().map(|probe| &probe.timeout)),
        ("connect-timeout", |pool| Some(&pool.connections.connect_timeout)),
        ("queue-timeout", |pool| Some(&pool.connections.queue_timeout)),
        ("idle-timeout", |pool| Some(&pool.connections.idle_timeout)),
    ];
    durations.into_iter().filter_map(|(key, read)| outlier(&facts.model.pools, key, read)).collect()
}

/// The one pool that is far away from all others, which agree.
fn outlier(pools: &[Pool], key: &str, read: Duration) -> Option<Diagnostic> {
    let values: Vec<&Spanned<Millis>> = pools.iter().filter_map(read).collect();
    let mut sorted: Vec<u64> = values.iter().map(|value| value.value.0).collect();
    sorted.sort_unstable();
    let usual = *sorted.get(sorted.len() / 2)?;
    let mut others = values.iter().filter(|value| value.value.0 != usual);
    let (Some(odd), None) = (others.next(), others.next()) else { return None };
    let (is, count) = (odd.value.0, values.len() - 1);
    let far = is >= usual.saturating_mul(TIMES) || usual >= is.saturating_mul(TIMES);
    if !odd.written || !far || count < SIBLINGS_MIN {
        return None;
    }
    let (is, usual) = (in_time(is), in_time(usual));
    let message = format!("`{is}` for `{key}` is far from the `{usual}` of the other {count} pools");
    let found = LINT.finding(message, odd.span, "the only one");
    let sibling = values.iter().find(|value| value.written && value.span != odd.span);
    let found = sibling.iter().fold(found, |found, value| found.label(value.span, "one of the others"));
    Some(found.help(format!("write `{usual}`, if that was meant")))
}
