//! What was found, for people and for programs. Nothing here prints: every renderer returns a string, the same one for
//! the same findings on every machine.

mod compact;
mod fingerprint;
mod github;
mod gitlab;
mod json;
mod junit;
mod rules;
mod sarif;
mod secrets;
mod statistics;
mod text;

pub use self::compact::compact;
pub use self::github::github;
pub use self::gitlab::gitlab;
pub use self::json::json;
pub use self::junit::junit;
pub use self::rules::{rules_json, rules_markdown};
pub use self::sarif::sarif;
pub use self::statistics::statistics;
pub use self::text::{TextStyle, text};
use crate::Compilation;
use crate::diagnostic::{Diagnostic, Rule, Safety, Severity, Undecided};
use crate::source::SourceMap;

/// The findings of a compilation, ready to be shown: without secrets.
#[derive(Debug, Clone)]
pub struct Report {
    /// What is listed, in the order in which it is shown. Suppressed findings only where they were asked for.
    pub findings: Vec<Diagnostic>,
    /// How many findings are suppressed, listed or not.
    pub suppressed: usize,
    /// What could not be decided here.
    pub undecided: Vec<Undecided>,
    /// The files.
    pub sources: SourceMap,
}

impl Report {
    /// The report on `compilation`; `show_suppressed` lists what the author of the config does not want to see, too.
    pub fn new(compilation: &Compilation, show_suppressed: bool) -> Self {
        let mut findings = compilation.diagnostics.clone();
        if show_suppressed {
            findings.extend(compilation.suppressed.iter().cloned());
            crate::diagnostic::sort(&mut findings);
        }
        let report = Self {
            findings,
            suppressed: compilation.suppressed.len(),
            undecided: compilation.undecided.clone(),
            sources: compilation.sources.clone(),
        };
        secrets::mask(report)
    }

    /// The findings that count.
    fn active(&self) -> impl Iterator<Item = &Diagnostic> {
        self.findings.iter().filter(|found| found.suppressed.is_none())
    }

    /// How many findings count, of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.active().filter(|found| found.severity == severity).count()
    }

    /// How many findings have a fix, and the best one of this safety.
    fn fixable(&self, safety: Safety) -> usize {
        self.active().filter(|found| found.fixes.first().is_some_and(|fix| fix.safety == safety)).count()
    }

    /// How many there are of each severity, and how many can be fixed: `1 error, 2 warnings · 1 fixable with `--fix``.
    pub fn summary(&self) -> String {
        let words = [
            (Severity::Error, "error", "errors"),
            (Severity::Warning, "warning", "warnings"),
            (Severity::Info, "note", "notes"),
        ];
        let counted = words.iter().filter_map(|(severity, one, many)| match self.count(*severity) {
            0 => None,
            count => Some(counted(count, one, many)),
        });
        let counts: Vec<String> = counted.collect();
        let counts = if counts.is_empty() { "no problems found".to_owned() } else { counts.join(", ") };
        let fixable = match (self.fixable(Safety::Safe), self.fixable(Safety::Unsafe)) {
            (0, 0) => String::new(),
            (safe, 0) => format!(" · {safe} fixable with `--fix`"),
            (0, risky) => format!(" · {risky} fixable with `--fix=unsafe`"),
            (safe, risky) => format!(" · {safe} fixable with `--fix`, {risky} more with `--fix=unsafe`"),
        };
        let suppressed = match self.suppressed {
            0 => String::new(),
            count => format!(" · {count} suppressed"),
        };
        format!("{counts}{fixable}{suppressed}")
    }

    /// What was not decided, in one line; `None` when everything was.
    pub fn gaps(&self) -> Option<String> {
        let first = self.undecided.first()?;
        let mut subjects: Vec<&str> = self.undecided.iter().map(|it| it.subject.as_str()).collect();
        subjects.dedup();
        let checks = counted(self.undecided.len(), "check", "checks");
        let about = match subjects.as_slice() {
            [only] => format!("`{only}` {}", first.reason),
            more => format!("`{}` {}, and {} more", first.subject, first.reason, more.len() - 1),
        };
        Some(format!("{checks} not decided: {about} ({} decides)", first.recheck))
    }
}

/// `1 error`, `2 errors`.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The letters that a code begins with: `TLS`.
pub(crate) fn family(code: &str) -> &str {
    code.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// The page of a rule.
fn url(rule: Rule) -> String {
    let anchor = format!("{}-{}", rule.code.to_ascii_lowercase(), rule.name);
    format!("{}/blob/main/docs/rules.md#{anchor}", env!("CARGO_PKG_REPOSITORY"))
}

fn rule_of(found: &Diagnostic) -> Rule {
    Rule::new(found.code, found.name)
}

#[cfg(test)]
mod tests;
