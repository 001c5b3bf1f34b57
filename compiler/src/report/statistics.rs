//! How often which rule was broken.

use std::collections::BTreeMap;

use super::Report;
use crate::diagnostic::Safety;

/// A line for each rule with a finding, the most frequent first: how often, code, `[*]` where `--fix` mends all of them,
/// `[!]` where it needs `--fix=unsafe`, and name.
pub fn statistics(report: &Report) -> String {
    let mut rules: BTreeMap<(&str, &str), (usize, Option<Safety>)> = BTreeMap::new();
    for found in report.active() {
        let safety = found.fixes.first().map(|fix| fix.safety);
        let entry = rules.entry((found.code, found.name)).or_insert((0, safety));
        // Without a fix for one of them, the rule is not fixable; the least safe fix counts.
        *entry = (entry.0 + 1, entry.1.zip(safety).map(|(all, this)| all.max(this)));
    }
    let mut lines: Vec<_> = rules.into_iter().collect();
    lines.sort_by_key(|(rule, (count, _))| (std::cmp::Reverse(*count), *rule));
    let line = |((code, name), (count, safety)): ((&str, &str), (usize, Option<Safety>))| {
        let fixable = match safety {
            Some(Safety::Safe) => "[*]",
            Some(Safety::Unsafe) => "[!]",
            None => "[ ]",
        };
        format!("{count:>5}  {code}  {fixable}  {name}\n")
    };
    lines.into_iter().map(line).collect()
}
