//! Probes that overlap.

use super::pools::probes;
use super::values::{label, round_time};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::in_time;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS006", "health-timeout-ge-interval"),
    level: Severity::Warning,
    explanation: "A probe may take as long as the time to the next one: they pile up on a slow backend, and it \
        takes longer to be taken out than it looks.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health" every="1s" timeout="10s"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000"
    probe "/health" every="10s" timeout="1s"
}
route "/**" pool="app"
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let overlapping = probes(facts.model).filter(|probe| probe.timeout.value >= probe.every.value);
    overlapping
        .map(|probe| {
            let (timeout, every) = (in_time(probe.timeout.value.0), in_time(probe.every.value.0));
            let message = format!("a probe may take {timeout}, and the next one comes after {every}");
            let finding =
                LINT.finding(message, probe.timeout.span, label(&probe.timeout, "time for one probe"));
            let labelled = finding.label(probe.every.span, label(&probe.every, "time to the next one"));
            let half = round_time(probe.every.value.0 / 2);
            let found = labelled.help(format!("write `timeout=\"{half}\"`, or a longer `every`"));
            let fix =
                Fix::risky(format!("wait {half} for an answer"), probe.timeout.span, format!("\"{half}\""));
            if probe.timeout.written { found.fix(fix) } else { found }
        })
        .collect()
}
