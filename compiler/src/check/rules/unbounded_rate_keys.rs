//! A memory of clients that takes more than it is worth.

use super::limits::limits;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("RLM004", "unbounded-rate-keys"),
    level: Severity::Warning,
    explanation: "Every limit remembers its clients, `max-keys` of them at most (an IPv6 client is its /64). Whoever \
        has many addresses can fill all of that, so that it counts as used: this many take more than a quarter of a \
        gibibyte.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "public" { rate-limit "100/s" burst=200 max-keys=10000000; }
route "/**" { respond 200 "ok"; use "public"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
policy "public" { rate-limit "100/s" burst=200 max-keys=200000; }
route "/**" { respond 200 "ok"; use "public"; }
"#,
    check,
};

/// Bytes that a limit takes for each client that it remembers: measured, with what the tables keep free.
const BYTES: u64 = 128;
/// Bytes that a limit may take.
const MOST: u64 = 256 << 20;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let large = limits(facts).filter(|limit| u64::from(limit.max_keys.value) * BYTES > MOST);
    large
        .map(|limit| {
            let keys = &limit.max_keys;
            let mebibytes = |keys: u64| (keys * BYTES) >> 20;
            let message =
                format!("a rate limit may take {} MiB to remember clients", mebibytes(u64::from(keys.value)));
            let found = LINT.finding(message, keys.span, format!("{} × {BYTES} B", keys.value));
            let help =
                format!("write `max-keys=100000`, which is the default and takes {} MiB", mebibytes(100_000));
            found.help(help).fix(Fix::risky("remember 100000 clients", keys.span, "100000"))
        })
        .collect()
}
