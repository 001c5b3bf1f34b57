//! A policy around a route that ends what the route allows.

use divisor_schema::plan::Millis;

use super::values::{chosen, label, longest, round_time_up, time};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Acting, Facts};
use crate::model::{Pool, in_time};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO004", "write-timeout-inversion"),
    level: Severity::Error,
    explanation: "A policy of the listener or the host ends every exchange before a backend may begin to answer, as the \
        route allows it to: the route says more than it gets. What is written nearest to the route holds for each value \
        by itself, so that the limit of the whole comes from further out.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; use "public"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health"
}
policy "public" { timeout "30s"; }
route "/**" pool="app"
route "/export" pool="app" { timeout first-byte="60s"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; use "public"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health"
}
policy "public" { timeout "20s"; }
route "/**" pool="app"
route "/export" pool="app" { timeout first-byte="15s" exchange="30s"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for acting in facts.acting() {
        let Some((outer, exchange)) = acting.exchange() else { continue };
        let Some((inner, first_byte)) = acting.first_byte() else { continue };
        if outer < inner && first_byte.value >= exchange.value {
            let pools = acting.pools(facts.model);
            found.extend(pools.filter_map(|pool| cut(facts, &acting, pool, exchange, first_byte)));
        }
    }
    found
}

/// Adds up what a request may take until its response begins.
fn cut(
    facts: &Facts<'_>,
    acting: &Acting<'_>,
    pool: &Pool,
    exchange: &Spanned<Millis>,
    first_byte: &Spanned<Millis>,
) -> Option<Diagnostic> {
    let queue = longest(pool, |it| &it.queue_timeout)?;
    let connect = longest(pool, |it| &it.connect_timeout)?;
    let tries = (u64::from(acting.attempts(facts).value) + 1).min(chosen(pool).count() as u64);
    let connecting = connect.value.0.saturating_mul(tries);
    let sum = queue.value.0.saturating_add(connecting).saturating_add(first_byte.value.0);
    let (pattern, after) = (&acting.route.pattern.value, time(exchange));
    let message =
        format!("route `{pattern}` may take {} to answer, and is cut off after {after}", in_time(sum));
    let timeline = format!("{} + {} + {}", time(queue), in_time(connecting), time(first_byte));
    let found = LINT
        .finding(message, first_byte.span, format!("{timeline} = {}", in_time(sum)))
        .label(exchange.span, format!("the whole exchange: {after}"))
        .label(queue.span, label(queue, &format!("{} in the queue", time(queue))))
        .label(connect.span, label(connect, &format!("{tries} × {}", time(connect))));
    let help = format!(
        "write `timeout first-byte=\"{}\" exchange=\"{}\"` in the route, or less than {after} for `first-byte`",
        time(first_byte),
        round_time_up(sum)
    );
    Some(found.help(help))
}
