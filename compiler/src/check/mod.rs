//! The rules: what a config says and is hardly meant to say.
//!
//! One rule is one file in `rules`, with its code, its name, its level, why it is there, an example that breaks it
//! and one that does not. Rules look at `Facts` and return diagnostics; none depends on another.

mod explain;
mod group;
mod hard;
mod rules;
mod stages;
#[cfg(test)]
mod tests;
mod undecided;

use std::time::{Duration, Instant};

#[cfg(test)]
pub(crate) use self::explain::spellings;
pub use self::explain::{explanation, find, markdown, search};
pub use self::group::Group;
pub(crate) use self::undecided::undecided;
use crate::diagnostic::{Diagnostic, Fix, Rule, Safety, Severity};
use crate::facts::Facts;
use crate::source::{SourceMap, Span, Spanned};

/// A rule with what it says of itself.
pub struct Lint {
    /// Code and name.
    pub rule: Rule,
    /// How bad a finding is, where the rule does not say otherwise.
    pub level: Severity,
    /// What it finds and why that is bad.
    pub explanation: &'static str,
    /// A config in KDL that breaks it.
    pub bad: &'static str,
    /// The same config without fault.
    pub good: &'static str,
    check: fn(&Facts<'_>) -> Vec<Diagnostic>,
}

impl Lint {
    /// A finding of this rule whose primary label is at `span`.
    fn finding(&self, message: impl Into<String>, span: Span, label: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.rule, self.level, message, span, label)
    }
}

/// All rules that have a code, whichever stage finds them, sorted by code.
pub fn catalogue() -> Vec<&'static Lint> {
    let mut all: Vec<&Lint> = lints().iter().copied().chain(stages::LINTS).collect();
    all.sort_by_key(|lint| lint.rule);
    all
}

/// The rules of this stage, sorted by code.
pub fn lints() -> &'static [&'static Lint] {
    rules::LINTS
}

/// Everything that the rules find, and how long each of them took.
pub(crate) fn check(facts: &Facts<'_>) -> (Vec<Diagnostic>, Vec<(&'static str, Duration)>) {
    let (mut found, mut times) = (Vec::new(), Vec::new());
    for lint in lints() {
        let start = Instant::now();
        found.extend((lint.check)(facts));
        times.push((lint.rule.code, start.elapsed()));
    }
    (found, times)
}

/// A fix that writes `text` in place of a value, in its quotes if it has some.
fn replace(sources: &SourceMap, safety: Safety, value: &Spanned<String>, text: &str) -> Fix {
    let title = format!("replace `{}` by `{text}`", value.value);
    let inside = part(sources, value, &(0..value.value.len()));
    let bare = inside != value.span || sources.text(value.span) == value.value;
    let text = if bare { text.to_owned() } else { format!("\"{text}\"") };
    Fix::new(safety, title).edit(inside, text)
}

/// The span of some bytes of a value; of the whole value where it was written with escapes.
fn part(sources: &SourceMap, value: &Spanned<String>, range: &std::ops::Range<usize>) -> Span {
    let text = sources.text(value.span);
    let lead = match text.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\''])) {
        Some(inner) if inner == value.value => 1,
        _ if text == value.value => 0,
        _ => return value.span,
    };
    let at = |offset: usize| value.span.start.saturating_add(lead).saturating_add(offset as u32);
    Span::new(at(range.start), at(range.end))
}
