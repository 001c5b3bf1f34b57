//! An inner time limit that is longer than the one around it.

use divisor_schema::plan::Millis;

use super::values::{connections, label, longest, round_time, time};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Acting, Facts};
use crate::model::{Connections, Layout, Pool, Settings};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("TMO003", "timeout-inversion"),
    level: Severity::Warning,
    explanation: "A limit on a part is as long as the limit on the whole: it never acts, or the part may use up all \
        the time there is. A request may wait in the queue of a pool, or for a connection, until its exchange is \
        over; a probe may pass where every request would time out.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health"
    connections queue-timeout="30s"
}
route "/**" pool="app" { timeout "30s"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health"
    connections queue-timeout="5s"
}
route "/**" pool="app" { timeout "30s"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let policies = facts.model.policies.iter().map(|policy| &policy.settings);
    let settings = policies.chain(facts.patterns.routes.iter().map(|read| &read.route.settings));
    let mut found: Vec<Diagnostic> = settings.flat_map(parts).collect();
    for pool in &facts.model.pools {
        found.extend(connections(pool).flat_map(|limits| lives(facts, limits)));
    }
    for acting in facts.acting() {
        found.extend(acting.pools(facts.model).flat_map(|pool| deadlines(&acting, pool)));
    }
    found
}

/// Parts of an exchange, where part and whole stand in one block. Further in, a shorter whole is what nesting is for.
fn parts(settings: &Settings) -> Vec<Diagnostic> {
    let times = &settings.timeouts;
    let Some(exchange) = &times.exchange else { return vec![] };
    let parts = [("first-byte", &times.first_byte), ("body-idle", &times.body_idle)];
    let longer = parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)));
    longer
        .filter(|(_, part)| part.value >= exchange.value)
        .map(|(name, part)| {
            let message = format!("`{name}` of {} never acts: the whole exchange ends before", time(part));
            LINT.finding(message, part.span, "never reached")
                .label(exchange.span, format!("ends after {}", time(exchange)))
                .help(format!("write less than {} for `{name}`, or take it away", time(exchange)))
        })
        .collect()
}

/// Connections that are closed before something that waits for them is over.
fn lives(facts: &Facts<'_>, limits: &Connections) -> Vec<Diagnostic> {
    let Some(age) = &limits.max_age else { return vec![] };
    let flat = facts.model.layout == Layout::Flat;
    let key = |full: &'static str, flat_key: &'static str| if flat { flat_key } else { full };
    let longer = |part: &Spanned<Millis>| part.written && part.value > age.value;
    let mut found = vec![];
    if longer(&limits.queue_timeout) {
        let (wait, life) = (time(&limits.queue_timeout), time(age));
        let message = format!("a request may wait {wait} for a connection that lives for {life}");
        let finding = LINT
            .finding(message, limits.queue_timeout.span, "waits so long for its turn")
            .label(age.span, label(age, "longest life of a connection"));
        let name = key("queue-timeout", "max_conn_timeout");
        found.push(
            finding.help(format!("shed load early: set `{name}` to `{}`", round_time(age.value.0 / 4))),
        );
    }
    if longer(&limits.idle_timeout) {
        let message = format!("no connection is ever idle for {}", time(&limits.idle_timeout));
        let finding = LINT
            .finding(message, limits.idle_timeout.span, "never reached")
            .label(age.span, label(age, "longest life of a connection"));
        let name = key("idle-timeout", "max_idle_conn_duration");
        found.push(finding.help(format!("set `{name}` below {}, or take it away", time(age))));
    }
    found
}

/// What a pool may take before a backend has the request, and what a probe lets pass.
fn deadlines(acting: &Acting<'_>, pool: &Pool) -> Vec<Diagnostic> {
    let mut found = vec![];
    if let Some((_, exchange)) = acting.exchange() {
        // The default is for exchanges of any length, and the end of a short one ends the wait as well. A connection
        // that takes all the time there is leaves none for another backend.
        let queue = longest(pool, |it| &it.queue_timeout).filter(|queue| queue.written);
        let connect = longest(pool, |it| &it.connect_timeout);
        found
            .extend(queue.and_then(|queue| within(queue, exchange, "queue-timeout", "waiting for its turn")));
        found.extend(connect.and_then(|it| within(it, exchange, "connect-timeout", "for one connection")));
    }
    let response = [acting.first_byte(), acting.exchange()].into_iter().flatten().map(|(_, time)| time);
    if let Some(response) = response.min_by_key(|time| time.value) {
        let own = pool.backends.iter().filter_map(|backend| backend.probe.as_ref());
        let probes = pool.probe.iter().chain(own);
        let lenient = probes.filter(|it| it.timeout.written && it.timeout.value > response.value);
        found.extend(lenient.map(|probe| {
            let message = format!(
                "a backend that takes {} passes its probe and fails every request",
                time(&probe.timeout)
            );
            LINT.finding(message, probe.timeout.span, "enough for a probe")
                .label(response.span, format!("a request has {}", time(response)))
                .help(format!("write `timeout=\"{}\"` for the probe", time(response)))
        }));
    }
    found
}

/// A default that is just as long is nobody's mistake.
fn within(part: &Spanned<Millis>, whole: &Spanned<Millis>, key: &str, doing: &str) -> Option<Diagnostic> {
    let longer = if part.written { part.value >= whole.value } else { part.value > whole.value };
    longer.then(|| {
        let message = format!("a request may spend all of its {} {doing}", time(whole));
        LINT.finding(message, part.span, label(part, &format!("up to {}", time(part))))
            .label(whole.span, format!("over after {}", time(whole)))
            .help(format!("write `{key}=\"{}\"`", round_time(whole.value.0 / 4)))
    })
}
