//! Findings and a policy into what is shown.

use std::collections::BTreeMap;
use std::path::Path;

use super::suppress::suppress;
use super::{Change, Level, LintPolicy};
use crate::check::{Lint, catalogue};
use crate::diagnostic::{Diagnostic, LevelSource, Severity, Undecided};
use crate::source::SourceMap;
use crate::syntax::Directive;

/// What findings are judged by.
pub(crate) struct Case<'a> {
    pub(crate) policy: &'a LintPolicy,
    pub(crate) sources: &'a SourceMap,
    pub(crate) directives: &'a [Directive],
    /// What was not decided: whether a suppression of it is needed is not known.
    pub(crate) undecided: &'a [Undecided],
    /// Today, in days since the epoch.
    pub(crate) today: i64,
    /// Part of the config could not be read, and what is suppressed may be there.
    pub(crate) incomplete: bool,
}

/// What became of findings.
pub(crate) struct Judged {
    /// What is shown.
    pub(crate) findings: Vec<Diagnostic>,
    /// What the author of the config does not want to see.
    pub(crate) suppressed: Vec<Diagnostic>,
}

/// Suppresses what is to be suppressed, and gives everything else its level.
pub(crate) fn judge(case: &Case<'_>, findings: Vec<Diagnostic>) -> Judged {
    let rules = Rules::new();
    let Judged { findings, suppressed } = suppress(case, &rules, findings);
    let level = |found| level(case, &rules, found);
    Judged { findings: findings.into_iter().filter_map(level).collect(), suppressed }
}

/// The catalogue, by code.
pub(super) struct Rules(BTreeMap<&'static str, &'static Lint>);

impl Rules {
    fn new() -> Self {
        Self(catalogue().into_iter().map(|lint| (lint.rule.code, lint)).collect())
    }

    /// The rule of a finding, unless nothing can be changed about it.
    pub(super) fn changeable(&self, found: &Diagnostic) -> Option<&'static Lint> {
        let lint = self.0.get(found.code)?;
        (!(lint.is_hard() && found.severity == Severity::Error)).then_some(lint)
    }
}

/// A finding at its level; `None` when it is off.
fn level(case: &Case<'_>, rules: &Rules, mut found: Diagnostic) -> Option<Diagnostic> {
    let Some(lint) = rules.changeable(&found) else { return Some(found) };
    let file = case.sources.file(found.primary_span().start).map(|file| file.path.as_path());
    let (level, source) = case.policy.level(lint, Level::of(found.severity), file);
    found.severity = level.severity()?;
    found.level_source = source;
    Some(found)
}

impl LintPolicy {
    /// The level of a finding in a file, and who says so.
    fn level(&self, lint: &Lint, own: Level, file: Option<&Path>) -> (Level, LevelSource) {
        let (mut level, mut source) = (own, LevelSource::Rule);
        for layer in &self.layers {
            let holds = |change: &&Change| {
                let here =
                    change.files.as_ref().is_none_or(|files| file.is_some_and(|file| files.hold(file)));
                here && change.selector.holds(lint)
            };
            let changes = layer.changes.iter().filter(holds);
            // Of two that are equally near, the stricter one.
            let nearest = changes.max_by_key(|change| (change.selector.nearness(), change.effect.on(level)));
            let changed = nearest.map_or(level, |change| change.effect.on(level));
            if changed != level {
                (level, source) = (changed, layer.source);
            }
        }
        if self.forbids(lint) {
            return (Level::Error, if own == Level::Error { source } else { LevelSource::Policy });
        }
        match self.cap.map(Level::of) {
            Some(cap) if level > cap => (cap, LevelSource::CommandLine),
            _ => (level, source),
        }
    }

    /// Whether a rule cannot be suppressed.
    pub(super) fn forbids(&self, lint: &Lint) -> bool {
        self.forbidden.iter().any(|selector| selector.holds(lint))
    }
}
