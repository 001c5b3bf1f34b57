//! Checks that could not be made, because what they look at is only where the plan runs.

use crate::diagnostic::{Rule, Undecided};
use crate::facts::Facts;
use crate::tls::{FileFault, Slot};

/// What looks into a certificate, whatever it is for.
const CERTIFICATE: [&str; 8] =
    ["CRT002", "CRT005", "CRT006", "CRT007", "CRT008", "CRT010", "CRT011", "CRT012"];
/// What looks into a private key.
const KEY: [&str; 4] = ["CRT003", "CRT005", "CRT016", "TLS008"];

/// Everything that was not decided, sorted by rule.
pub(crate) fn undecided(facts: &Facts<'_>) -> Vec<Undecided> {
    let missing = super::rules::file_faults(facts)
        .filter(|(file, _, fault)| matches!(fault, FileFault::Unreadable(_)) && facts.is_elsewhere(file));
    let checks = missing.flat_map(|(file, slot, _)| {
        let codes = match slot {
            Slot::Certificate => CERTIFICATE.as_slice(),
            Slot::Key => KEY.as_slice(),
        };
        codes.iter().filter_map(|code| rule(code)).map(|rule| Undecided {
            rule,
            subject: file.value.clone(),
            reason: "is only where the plan runs",
            recheck: "divisor run",
        })
    });
    let mut undecided: Vec<Undecided> = checks.collect();
    undecided.sort_by(|a, b| (&a.subject, a.rule).cmp(&(&b.subject, b.rule)));
    undecided.dedup();
    undecided
}

fn rule(code: &str) -> Option<Rule> {
    super::lints().iter().map(|lint| lint.rule).find(|rule| rule.code == code)
}
