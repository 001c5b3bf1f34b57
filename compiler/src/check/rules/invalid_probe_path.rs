//! A probe that asks for no path.

use super::pools::probes;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS011", "invalid-probe-path"),
    level: Severity::Error,
    explanation: "The path of a probe begins with `/` and is written as it is sent: visible ASCII.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "health"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health?from=divisor"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let is_path = |text: &str| text.starts_with('/') && text.bytes().all(|byte| (b'!'..0x7f).contains(&byte));
    let faulty = probes(facts.model)
        .filter_map(|probe| Some(&probe.http()?.path))
        .filter(|path| !is_path(&path.value));
    faulty
        .map(|path| {
            let message = format!("`{}` is not a path that can be sent", path.value);
            LINT.finding(message, path.span, "path of the probe")
                .help("begin it with `/`, and percent-encode the rest")
        })
        .collect()
}
