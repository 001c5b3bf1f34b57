//! Tries that time does not suffice for.

use divisor_schema::plan::Millis;

use super::values::{chosen, label, longest, round_time, time};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Pool, Retry, RetryCause, in_time};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO002", "retry-exceeds-deadline"),
    level: Severity::Warning,
    explanation: "When backends do not answer, each try takes `connect-timeout`. Where all tries together take longer \
        than the whole exchange may, the last ones never come about: the client gets 504 while a backend that is \
        alive is not even asked.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    backend "http://127.0.0.1:9002"
    probe "/health"
}
route "/**" pool="app" { retry 2; timeout "5s"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001"
    backend "http://127.0.0.1:9002"
    probe "/health"
    connections connect-timeout="500ms"
}
route "/**" pool="app" { retry 2; timeout "5s"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for acting in facts.acting() {
        let Some(retry) = acting.retry().filter(|retry| retry.attempts.written) else { continue };
        let Some((_, exchange)) = acting.exchange() else { continue };
        // A try that waited for an answer in vain is repeated only where somebody says so.
        let waits = retry.on.iter().any(|cause| cause.value == RetryCause::Timeout);
        let answer = if waits { acting.first_byte_or_default(facts) } else { None };
        found.extend(
            acting.pools(facts.model).filter_map(|pool| late(pool, retry, answer.as_ref(), exchange)),
        );
    }
    found
}

/// Each try goes to another backend, so that there are no more of them than backends.
fn late(
    pool: &Pool,
    retry: &Retry,
    answer: Option<&Spanned<Millis>>,
    exchange: &Spanned<Millis>,
) -> Option<Diagnostic> {
    let attempts = &retry.attempts;
    let connect = longest(pool, |it| &it.connect_timeout)?;
    let each = connect.value.0.saturating_add(answer.map_or(0, |answer| answer.value.0));
    let tries = (u64::from(attempts.value) + 1).min(chosen(pool).count() as u64);
    let fit = exchange.value.0 / each.max(1);
    // Where not even one fits, it is no matter of how many there are.
    if tries < 2 || fit == 0 || fit >= tries {
        return None;
    }
    let message = format!("only {fit} of {tries} tries fit into an exchange of {}", time(exchange));
    let sum = in_time(tries.saturating_mul(each));
    let mut found = LINT
        .finding(message, attempts.span, format!("{tries} × {} = {sum}", in_time(each)))
        .label(connect.span, label(connect, &format!("{} to connect", time(connect))))
        .label(exchange.span, format!("cut off after {}", time(exchange)));
    if let Some(answer) = answer {
        found = found.label(answer.span, label(answer, &format!("{} for an answer", time(answer))));
    }
    let starts: Vec<String> = (0..tries).map(|n| in_seconds(n.saturating_mul(each))).collect();
    let share = round_time(exchange.value.0 / tries);
    let shorter = match answer {
        Some(_) => format!("leave less than {share} to each try"),
        None => format!("`connect-timeout=\"{share}\"`"),
    };
    Some(found.help(format!(
        "tries begin after {}: write `retry {}`, or {shorter}",
        starts.join(", "),
        fit - 1
    )))
}

fn in_seconds(millis: u64) -> String {
    if millis == 0 { "0s".to_owned() } else { in_time(millis) }
}
