//! The rules that other stages find: reading, decoding, and what is said about suppressions. They are listed here so that
//! every code has its page.

use super::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

/// Another stage finds it.
fn elsewhere(_: &Facts<'_>) -> Vec<Diagnostic> {
    vec![]
}

/// Rules of other stages, sorted by code.
pub(super) static LINTS: [&Lint; 16] = [
    &DEPRECATED_KEY,
    &LEGACY_CONFIG,
    &UNUSED_SUPPRESSION,
    &EXPIRED_SUPPRESSION,
    &ANALYSIS_INCOMPLETE,
    &WINDOW_BUCKET_MIX,
    &SYNTAX_ERROR,
    &DUPLICATE_KEY,
    &UNKNOWN_KEY,
    &MISPLACED_KEY,
    &INVALID_VALUE,
    &MISSING_KEY,
    &BARE_NUMBER,
    &YAML_IMPLICIT_TYPING,
    &UNRESOLVED_VARIABLE,
    &INVALID_BACKEND_ADDRESS,
];

/// A config that most good examples are.
const GOOD: &str = r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "ok"; }
"#;

static SYNTAX_ERROR: Lint = Lint {
    rule: Rule::SYNTAX_ERROR,
    level: Severity::Error,
    explanation: "The file is no KDL 2.0 or no YAML 1.2. All mistakes that can be told apart are reported at once, and \
        spellings of KDL 1 are recognised: `true` is written `#true` today.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; http h2=false; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; http h2=#false; }
route "/**" { respond 200 "ok"; }
"#,
    check: elsewhere,
};

static DUPLICATE_KEY: Lint = Lint {
    rule: Rule::DUPLICATE_KEY,
    level: Severity::Error,
    explanation: "The same key twice where one value is meant, written or brought in by merge keys. Most readers of YAML \
        silently keep the last one.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 100; max-connections 1000; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 1000; }
route "/**" { respond 200 "ok"; }
"#,
    check: elsewhere,
};

static UNKNOWN_KEY: Lint = Lint {
    rule: Rule::UNKNOWN_KEY,
    level: Severity::Error,
    explanation: "A key that the language does not have where it stands. A typing error that changes nothing is the \
        classic silent outage: the limit that everybody reads in the file is not there.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; max-conections 100; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; max-connections 100; }
route "/**" { respond 200 "ok"; }
"#,
    check: elsewhere,
};

static MISPLACED_KEY: Lint = Lint {
    rule: Rule::MISPLACED_KEY,
    level: Severity::Error,
    explanation: "A key of the language at a place where it has no meaning: one level too high, or in the wrong section.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; header-timeout "5s"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; http header-timeout="5s"; }
route "/**" { respond 200 "ok"; }
"#,
    check: elsewhere,
};

static INVALID_VALUE: Lint = Lint {
    rule: Rule::INVALID_VALUE,
    level: Severity::Error,
    explanation: "A value of the wrong type, form or range. Nothing is guessed: an address, a duration or a word that is \
        not understood stops the compilation, instead of meaning some default.",
    bad: r#"
listener "web" { bind "127.0.0.1"; }
route "/**" { respond 200 "ok"; }
"#,
    good: GOOD,
    check: elsewhere,
};

static MISSING_KEY: Lint = Lint {
    rule: Rule::MISSING_KEY,
    level: Severity::Error,
    explanation: "A key that must be there, here or because of something else that is written. It is reported at the \
        block that lacks it.",
    bad: r#"
listener "web" { max-connections 100; }
route "/**" { respond 200 "ok"; }
"#,
    good: GOOD,
    check: elsewhere,
};

static BARE_NUMBER: Lint = Lint {
    rule: Rule::BARE_NUMBER,
    level: Severity::Error,
    explanation: "A number where a unit is needed. Go reads `30` as 30 nanoseconds, HAProxy as 30 milliseconds, nginx as \
        30 seconds.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; http header-timeout=5; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; http header-timeout="5s"; }
route "/**" { respond 200 "ok"; }
"#,
    check: elsewhere,
};

static YAML_IMPLICIT_TYPING: Lint = Lint {
    rule: Rule::YAML_IMPLICIT_TYPING,
    level: Severity::Warning,
    explanation: "A scalar without quotes that YAML 1.1, or a program that writes the file anew, takes for something else: \
        `no` for a truth value, `1.20` for 1.2, `22:30` for 1350, `010` for 8. It is read here as it is written.",
    bad: r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
routes: [{ path: "/**", respond: { status: 200, body: no } }]
"#,
    good: r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
routes: [{ path: "/**", respond: { status: 200, body: "no" } }]
"#,
    check: elsewhere,
};

static UNRESOLVED_VARIABLE: Lint = Lint {
    rule: Rule::UNRESOLVED_VARIABLE,
    level: Severity::Error,
    explanation: "A variable without value, or a file that cannot be included: missing, outside of the folder of the \
        config, or including itself. An empty value in its place could mean everything or nothing.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "${EDGE_NETWORK}"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "${EDGE_NETWORK:-10.0.0.0/8}"; }
route "/**" { respond 200 "ok"; }
"#,
    check: elsewhere,
};

static WINDOW_BUCKET_MIX: Lint = Lint {
    rule: Rule::WINDOW_BUCKET_MIX,
    level: Severity::Warning,
    explanation: "A rate in requests for each second beside a window that it is to be counted in. A token bucket has no \
        window: the rate holds, and the window does not.",
    bad: r#"
port: 8080
host: 127.0.0.1
backends: [{ url: "http://127.0.0.1:9000" }]
security: { rate_limit: { enabled: true, requests_per_second: 100, burst_size: 200, window_size: 1m } }
"#,
    good: r#"
port: 8080
host: 127.0.0.1
backends: [{ url: "http://127.0.0.1:9000" }]
security: { rate_limit: { enabled: true, requests_per_second: 100, burst_size: 200 } }
"#,
    check: elsewhere,
};

static DEPRECATED_KEY: Lint = Lint {
    rule: Rule::DEPRECATED_KEY,
    level: Severity::Info,
    explanation: "A key that has a better name today. It is still read.",
    bad: r#"
port: 8080
host: 127.0.0.1
backends: [{ url: "http://127.0.0.1:9000", max_idemponent_call_attempts: 3 }]
"#,
    good: r#"
port: 8080
host: 127.0.0.1
backends: [{ url: "http://127.0.0.1:9000", max_idempotent_call_attempts: 3 }]
"#,
    check: elsewhere,
};

static LEGACY_CONFIG: Lint = Lint {
    rule: Rule::LEGACY_CONFIG,
    level: Severity::Warning,
    explanation: "A key of the flat layout that means nothing here, with what to use instead.",
    bad: r#"
port: 8080
host: 127.0.0.1
backends: [{ url: "http://127.0.0.1:9000" }]
server: { concurrency: 1000 }
"#,
    good: r#"
port: 8080
host: 127.0.0.1
backends: [{ url: "http://127.0.0.1:9000" }]
"#,
    check: elsewhere,
};

static UNUSED_SUPPRESSION: Lint = Lint {
    rule: Rule::UNUSED_SUPPRESSION,
    level: Severity::Warning,
    explanation: "A suppression that suppresses nothing: there is no such finding, no such rule, no reason, or nothing \
        behind it. One that stays would hide the next mistake at its place.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
// divisor: allow(no-health-check) -- the application has none yet
route "/**" { respond 200 "ok"; }
"#,
    good: GOOD,
    check: elsewhere,
};

static EXPIRED_SUPPRESSION: Lint = Lint {
    rule: Rule::EXPIRED_SUPPRESSION,
    level: Severity::Error,
    explanation: "The last day of a suppression has passed, and what it suppressed is back. Without an end, exceptions \
        for a while stay for ever.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
// divisor: allow(no-health-check, until=2026-01-31) -- the application gets its health check in January
pool "app" { backend "http://127.0.0.1:9000"; backend "http://127.0.0.1:9001"; }
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; backend "http://127.0.0.1:9001"; probe "/health"; }
route "/**" pool="app"
"#,
    check: elsewhere,
};

static ANALYSIS_INCOMPLETE: Lint = Lint {
    rule: Rule::ANALYSIS_INCOMPLETE,
    level: Severity::Info,
    explanation: "Something was not looked at, or not listed: of a file with thousands of mistakes the first thousand are \
        shown, and the others counted. Silence never means that nobody looked.",
    bad: "",
    good: "",
    check: elsewhere,
};

static INVALID_BACKEND_ADDRESS: Lint = Lint {
    rule: Rule::INVALID_BACKEND_ADDRESS,
    level: Severity::Error,
    explanation: "An address that nothing can connect to: with a path, with credentials, with an unknown scheme, or with a \
        port that does not exist.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000/v1"; probe "/health"; }
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app" { rewrite "/v1"; }
"#,
    check: elsewhere,
};
