//! What is thought of findings: how bad each one is, and whether it is to be shown.
//!
//! Rules say how bad their findings usually are. A [`LintPolicy`] changes that, layer by layer: presets and files that it
//! extends, the policy file itself, its part for the path of the finding, options of the command, and last what is
//! forbidden. Within a layer the nearer name wins: a rule before its family before its group. Errors without which a config
//! would have no meaning stay what they are.

mod apply;
mod day;
mod file;
mod selector;
mod suppress;

use std::path::{Path, PathBuf};

pub(crate) use self::apply::{Case, Judged, judge};
pub use self::file::{BadPolicy, find_policy};
use self::selector::Selector;
pub use self::selector::UnknownRule;
use crate::FilePattern;
use crate::diagnostic::{LevelSource, Severity};

/// How bad something is, or that it is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not shown.
    Off,
    /// Advice.
    Info,
    /// A warning.
    Warn,
    /// An error: there is no plan.
    Error,
}

impl Level {
    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warn,
            Severity::Error => Self::Error,
        }
    }

    fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Info => Some(Severity::Info),
            Self::Warn => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// What is thought of findings. The default is what the rules themselves think.
#[derive(Debug, Clone)]
pub struct LintPolicy {
    /// The least severity that fails; `None` is that nothing fails.
    pub fail_on: Option<Severity>,
    /// Files that are only where the plan runs, beside those that [`Options`](crate::Options) name.
    pub elsewhere: Vec<FilePattern>,
    /// Files that are made for tests, beside those that [`Options`](crate::Options) name.
    pub fixtures: Vec<FilePattern>,
    /// The worst that a finding can be which a policy may change.
    cap: Option<Severity>,
    layers: Vec<Layer>,
    forbidden: Vec<Selector>,
    suppressions: Suppressions,
}

impl Default for LintPolicy {
    fn default() -> Self {
        Self {
            fail_on: Some(Severity::Error),
            elsewhere: Vec::new(),
            fixtures: Vec::new(),
            cap: None,
            layers: Vec::new(),
            forbidden: Vec::new(),
            suppressions: Suppressions::default(),
        }
    }
}

impl LintPolicy {
    /// With levels from the command line, which hold before those of any file.
    ///
    /// # Errors
    /// [`UnknownRule`] for a name that no rule, family or group bears, or whose level cannot be changed.
    pub fn with_levels(mut self, levels: &[(String, Level)]) -> Result<Self, UnknownRule> {
        let change = |(name, level): &(String, Level)| {
            let selector = Selector::changeable(name)?;
            Ok(Change { selector, files: None, effect: Effect::Set(*level) })
        };
        let changes = levels.iter().map(change).collect::<Result<_, _>>()?;
        self.layers.push(Layer { source: LevelSource::CommandLine, changes });
        Ok(self)
    }

    /// With nothing worse than `cap` among the findings that a policy may change: for the night on which something must be
    /// deployed.
    pub fn capped_at(mut self, cap: Severity) -> Self {
        self.cap = Some(cap);
        self
    }

    /// With rules that are errors and cannot be suppressed.
    ///
    /// # Errors
    /// [`UnknownRule`] for a name that no rule, family or group bears.
    pub fn forbidding(mut self, names: &[String]) -> Result<Self, UnknownRule> {
        for name in names {
            self.forbidden.push(Selector::named(name)?);
        }
        Ok(self)
    }
}

/// Changes that hold at once.
#[derive(Debug, Clone)]
struct Layer {
    source: LevelSource,
    changes: Vec<Change>,
}

/// A change of the levels of some rules.
#[derive(Debug, Clone)]
struct Change {
    selector: Selector,
    /// The files it holds in; `None` is all.
    files: Option<Files>,
    effect: Effect,
}

/// What a change makes of a level.
#[derive(Debug, Clone, Copy)]
enum Effect {
    /// This level.
    Set(Level),
    /// These, for what was advice, a warning or an error.
    Map { info: Level, warn: Level, error: Level },
}

impl Effect {
    fn on(self, level: Level) -> Level {
        match (self, level) {
            (Self::Set(level), _) => level,
            (Self::Map { .. }, Level::Off) => Level::Off,
            (Self::Map { info, .. }, Level::Info) => info,
            (Self::Map { warn, .. }, Level::Warn) => warn,
            (Self::Map { error, .. }, Level::Error) => error,
        }
    }
}

/// Patterns over paths below a folder.
#[derive(Debug, Clone)]
struct Files {
    folder: PathBuf,
    patterns: Vec<FilePattern>,
}

impl Files {
    fn hold(&self, file: &Path) -> bool {
        let inside = file.strip_prefix(&self.folder);
        inside.is_ok_and(|inside| self.patterns.iter().any(|pattern| pattern.matches_path(inside)))
    }
}

/// What a suppression must be like to have an effect.
#[derive(Debug, Clone)]
struct Suppressions {
    reason_required: bool,
    days_max: Option<i64>,
    files: Option<Files>,
}

impl Default for Suppressions {
    fn default() -> Self {
        Self { reason_required: true, days_max: None, files: None }
    }
}

#[cfg(test)]
mod tests;
