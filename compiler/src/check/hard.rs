//! What of a rule cannot be changed, and what can be mended by the program.

use super::{Lint, stages};
use crate::diagnostic::{Safety, Severity};

/// Errors of this stage that no policy demotes and no suppression hides: the config would have no meaning, or the runtime
/// would refuse the plan. A config with any other error means something, and can be served by whoever insists.
const HARD: [&str; 34] = [
    "CRT001", "CRT002", "CRT003", "CRT004", "CRT005", "CRT010", "CRT012", "CRT019", "OPS001", "REF001",
    "REF002", "REF007", "RTE002", "RTE003", "RTE005", "RTE010", "RTE012", "RTE014", "RTE015", "RTE016",
    "SEC005", "SEC012", "SYN007", "TLS001", "TLS002", "TLS003", "TLS004", "TLS006", "TLS011", "TLS019",
    "TLS020", "UPS001", "UPS011", "UPS020",
];

/// Rules that come with a fix, and how safe it is.
const FIXES: &[(&str, Safety)] = &[
    ("CRT002", Safety::Safe),
    ("DEP001", Safety::Safe),
    ("DEP003", Safety::Safe),
    ("OPS002", Safety::Unsafe),
    ("RLM002", Safety::Unsafe),
    ("RLM004", Safety::Unsafe),
    ("SEC009", Safety::Unsafe),
    ("SEC012", Safety::Unsafe),
    ("SYN001", Safety::Safe),
    ("SYN003", Safety::Safe),
    ("SYN009", Safety::Unsafe),
    ("SYN011", Safety::Safe),
    ("TLS001", Safety::Safe),
    ("TLS002", Safety::Unsafe),
    ("TLS003", Safety::Safe),
    ("TLS005", Safety::Unsafe),
    ("TLS006", Safety::Safe),
    ("TLS008", Safety::Unsafe),
    ("TLS010", Safety::Unsafe),
    ("TLS011", Safety::Unsafe),
    ("TLS018", Safety::Unsafe),
    ("TMO007", Safety::Unsafe),
    ("TMO011", Safety::Unsafe),
    ("UPS006", Safety::Unsafe),
    ("UPS007", Safety::Unsafe),
    ("UPS010", Safety::Unsafe),
];

impl Lint {
    /// Whether its errors stay errors whatever a policy, a suppression or an option says.
    pub fn is_hard(&self) -> bool {
        let reading = stages::LINTS.iter().any(|lint| lint.rule == self.rule);
        let expired = self.rule == crate::diagnostic::Rule::EXPIRED_SUPPRESSION;
        // What could not be read is not in the model.
        self.level == Severity::Error && (reading && !expired || HARD.contains(&self.rule.code))
    }

    /// How safe its fix is, if it has one.
    pub fn fix(&self) -> Option<Safety> {
        FIXES.iter().find(|(code, _)| *code == self.rule.code).map(|(_, safety)| *safety)
    }
}
