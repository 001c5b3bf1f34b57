//! What every stage reports.

use crate::source::Span;

/// How bad it is. Ordered: the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Advice.
    Info,
    /// Runs, but hardly as meant.
    Warning,
    /// Nothing is compiled.
    Error,
}

impl Severity {
    /// The word for it in output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The identity of a rule. Both parts are stable for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// Code, `SYN003`.
    pub code: &'static str,
    /// Name, `unknown-key`.
    pub name: &'static str,
}

impl Rule {
    /// The rule with this code and name.
    pub const fn new(code: &'static str, name: &'static str) -> Self {
        Self { code, name }
    }

    /// The text is no KDL 2 or no YAML 1.2.
    pub const SYNTAX_ERROR: Self = Self::new("SYN001", "syntax-error");
    /// A key twice where one value is meant.
    pub const DUPLICATE_KEY: Self = Self::new("SYN002", "duplicate-key");
    /// A key that the language does not have.
    pub const UNKNOWN_KEY: Self = Self::new("SYN003", "unknown-key");
    /// A key of the language at a place where it has no meaning.
    pub const MISPLACED_KEY: Self = Self::new("SYN004", "misplaced-key");
    /// A value of the wrong type, form or range.
    pub const INVALID_VALUE: Self = Self::new("SYN005", "invalid-value");
    /// A key that must be there.
    pub const MISSING_KEY: Self = Self::new("SYN006", "missing-key");
    /// Two keys that exclude each other.
    pub const CONFLICTING_KEYS: Self = Self::new("SYN007", "conflicting-keys");
    /// A key that changes nothing, as things are.
    pub const INEFFECTIVE_OPTION: Self = Self::new("SYN008", "ineffective-option");
    /// A number where a unit is needed.
    pub const BARE_NUMBER: Self = Self::new("SYN009", "bare-number-duration");
    /// A value that is hardly meant.
    pub const SUSPICIOUS_MAGNITUDE: Self = Self::new("SYN010", "suspicious-magnitude");
    /// A plain scalar of YAML that other readers take for something else.
    pub const YAML_IMPLICIT_TYPING: Self = Self::new("SYN011", "yaml-implicit-typing");
    /// A variable without value, or a file that cannot be included.
    pub const UNRESOLVED_VARIABLE: Self = Self::new("SYN012", "unresolved-variable");
    /// A backend address that nothing can connect to.
    pub const INVALID_BACKEND_ADDRESS: Self = Self::new("UPS002", "invalid-backend-address");
    /// A rate as bucket and as window at once.
    pub const WINDOW_BUCKET_MIX: Self = Self::new("RLM003", "window-bucket-mix");
    /// A key that has a better name.
    pub const DEPRECATED_KEY: Self = Self::new("DEP001", "deprecated-key");
    /// Something was not looked at, or not listed.
    pub const ANALYSIS_INCOMPLETE: Self = Self::new("INV002", "analysis-incomplete");
    /// A suppression that suppresses nothing.
    pub const UNUSED_SUPPRESSION: Self = Self::new("DEP003", "unused-suppression");
    /// A suppression whose last day has passed.
    pub const EXPIRED_SUPPRESSION: Self = Self::new("DEP004", "expired-suppression");
    /// A key of the flat layout that has no effect here.
    pub const LEGACY_CONFIG: Self = Self::new("DEP002", "legacy-config");
}

/// A place that a diagnostic talks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What it is, in a few words; may be empty.
    pub text: String,
    /// Whether this is where to edit. One label of a diagnostic is.
    pub primary: bool,
}

/// Whether a fix can be applied without a human who looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// The plan stays the same, or the text could not be compiled before and this is its only reading.
    Safe,
    /// What requests get may change.
    Unsafe,
}

impl Safety {
    /// The word for it in output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// A change that removes a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it can be applied without a human who looks at it.
    pub safety: Safety,
    /// What it does, in the imperative: ``replace `balanse` by `balance` ``.
    pub title: String,
    /// What changes: places that do not overlap, in one file or several.
    pub edits: Vec<Edit>,
}

/// A place whose text is replaced. An empty span is an insertion, an empty text a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The place.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Fix {
    /// A safe fix with one edit: `text` in place of what stands at `span`.
    pub fn safe(title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self::new(Safety::Safe, title).edit(span, text)
    }

    /// An unsafe fix with one edit: `text` in place of what stands at `span`.
    pub fn risky(title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self::new(Safety::Unsafe, title).edit(span, text)
    }

    /// A fix that changes nothing yet.
    pub fn new(safety: Safety, title: impl Into<String>) -> Self {
        Self { safety, title: title.into(), edits: Vec::new() }
    }

    /// With one more edit.
    pub fn edit(mut self, span: Span, text: impl Into<String>) -> Self {
        self.edits.push(Edit { span, text: text.into() });
        self
    }
}

/// Who decided how bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LevelSource {
    /// The rule itself.
    #[default]
    Rule,
    /// The policy file, or a preset that it names.
    Policy,
    /// An option of the command.
    CommandLine,
}

impl LevelSource {
    /// The word for it in output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rule => "default",
            Self::Policy => "policy",
            Self::CommandLine => "command-line",
        }
    }
}

/// Why a finding is not to be shown: the author of the config said so, beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `2027-01-31`.
    pub until: Option<String>,
}

/// A check that could not be made here. It is neither a finding nor the absence of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// The rule that would have been checked.
    pub rule: Rule,
    /// What it would have looked at: a file, a host.
    pub subject: String,
    /// Why it was not checked, as the end of a sentence.
    pub reason: &'static str,
    /// The command that decides it.
    pub recheck: &'static str,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Code of its rule, `SYN003`.
    pub code: &'static str,
    /// Name of its rule, `unknown-key`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One lower-case clause without final period that names the config's own identifiers.
    pub message: String,
    /// Places, in source order; one is primary.
    pub labels: Vec<Label>,
    /// What to type.
    pub help: Option<String>,
    /// An example that proves it: a request, a handshake.
    pub witness: Option<String>,
    /// Changes that remove it, the best first. Each is complete; they are alternatives.
    pub fixes: Vec<Fix>,
    /// Where in the config its primary label is, in YAML names: `listeners.public.tls.cipher-suites`. Filled in for all
    /// diagnostics of a compilation at once; `None` before that, and where there is no such place.
    pub path: Option<String>,
    /// Who decided on the severity.
    pub level_source: LevelSource,
    /// Set where the author of the config does not want to see it.
    pub suppressed: Option<Suppression>,
}

impl Diagnostic {
    /// A finding of `rule` whose primary label is at `span`.
    pub fn new(
        rule: Rule,
        severity: Severity,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        let primary = Label { span, text: label.into(), primary: true };
        Self {
            code: rule.code,
            name: rule.name,
            severity,
            message: message.into(),
            labels: vec![primary],
            help: None,
            witness: None,
            fixes: Vec::new(),
            path: None,
            level_source: LevelSource::Rule,
            suppressed: None,
        }
    }

    /// An error of `rule` at `span`.
    pub fn error(rule: Rule, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(rule, Severity::Error, message, span, label)
    }

    /// A warning of `rule` at `span`.
    pub fn warning(rule: Rule, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(rule, Severity::Warning, message, span, label)
    }

    /// Advice of `rule` at `span`.
    pub fn info(rule: Rule, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(rule, Severity::Info, message, span, label)
    }

    /// With another place, put where it belongs in source order.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        let at = self.labels.partition_point(|label| label.span <= span);
        self.labels.insert(at, Label { span, text: text.into(), primary: false });
        self
    }

    /// With what to type.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With an example that proves it.
    pub fn witness(mut self, witness: impl Into<String>) -> Self {
        self.witness = Some(witness.into());
        self
    }

    /// With a change that removes it.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Where to edit.
    pub fn primary_span(&self) -> Span {
        let primary = self.labels.iter().find(|label| label.primary).or(self.labels.first());
        primary.map_or_else(Span::default, |label| label.span)
    }
}

/// How many diagnostics one stage keeps.
const FINDINGS_MAX: usize = 1000;

/// What a stage that reads text has found, as much of it as anyone would look at: hostile text has a mistake in every
/// byte.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Diagnostic>,
    more: usize,
    worst: Option<Severity>,
}

impl Findings {
    /// Adds a diagnostic.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.count_more(diagnostic.severity);
        } else {
            self.kept.push(diagnostic);
        }
    }

    /// Whether another one would only be counted.
    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= FINDINGS_MAX
    }

    /// Counts one that need not be put together.
    pub(crate) fn count_more(&mut self, severity: Severity) {
        self.more += 1;
        self.worst = self.worst.max(Some(severity));
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.kept.len() + self.more
    }

    /// What was kept, and a count of the rest, as bad as the worst of it.
    pub(crate) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        if let Some(worst) = self.worst {
            let message = format!("{} more findings are not listed", self.more);
            let found =
                Diagnostic::new(Rule::ANALYSIS_INCOMPLETE, worst, message, Span::default(), "this config");
            self.kept.push(found.help("mend the first ones and run it again"));
        }
        self.kept
    }
}

/// Puts diagnostics in the order in which they are shown: by file and place, then by code. Exact repetitions go.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics
        .sort_by(|a, b| (a.primary_span(), a.code, &a.message).cmp(&(b.primary_span(), b.code, &b.message)));
    diagnostics.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_in_source_order_and_the_primary_is_kept() {
        let found =
            Diagnostic::error(Rule::DUPLICATE_KEY, "key `a` is defined twice", Span::new(9, 10), "second")
                .label(Span::new(1, 2), "first");
        assert_eq!(found.labels[0].text, "first");
        assert_eq!(found.primary_span(), Span::new(9, 10));
    }

    #[test]
    fn findings_beyond_the_bound_are_counted_and_keep_their_weight() {
        let mut findings = Findings::default();
        let found = |severity| Diagnostic::new(Rule::UNKNOWN_KEY, severity, "x", Span::default(), "");
        (0..FINDINGS_MAX + 5).for_each(|_| findings.push(found(Severity::Warning)));
        findings.push(found(Severity::Error));
        assert_eq!(findings.count(), FINDINGS_MAX + 6);
        let last = findings.into_diagnostics().pop().unwrap();
        assert_eq!(
            (last.message.as_str(), last.severity),
            ("6 more findings are not listed", Severity::Error)
        );
    }

    #[test]
    fn order_is_by_place_then_code_and_repetitions_go() {
        let late = Diagnostic::error(Rule::SYNTAX_ERROR, "late", Span::new(9, 10), "");
        let early = Diagnostic::error(Rule::UNKNOWN_KEY, "early", Span::new(1, 2), "");
        let mut all = vec![late.clone(), early.clone(), late.clone()];
        sort(&mut all);
        assert_eq!(all, [early, late]);
        assert!(Severity::Error > Severity::Warning && Severity::Warning > Severity::Info);
    }
}
