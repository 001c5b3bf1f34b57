//! Checks that could not be made, because what they look at is only where the plan runs.

use crate::diagnostic::{Rule, Undecided};
use crate::facts::Facts;

/// Everything that was not decided, sorted by rule.
pub(crate) fn undecided(facts: &Facts<'_>) -> Vec<Undecided> {
    let checks = facts.undecided().into_iter().flat_map(|(file, slot)| {
        let codes = slot.checks();
        codes.iter().filter_map(|code| rule(code)).map(|rule| Undecided {
            rule,
            subject: file.value.clone(),
            reason: "is only where the plan runs",
            recheck: "divisor preflight",
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
