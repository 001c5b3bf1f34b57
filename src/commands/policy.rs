//! What is thought of findings: the policy file, and options that change it.

use std::path::{Path, PathBuf};

use clap::Args;
use divisor_compiler::levels::{BadPolicy, Level, LintPolicy, find_policy};
use divisor_compiler::report::{self, TextStyle};

use crate::Trouble;

#[derive(Args)]
pub(crate) struct Policy {
    /// The policy file [default: the nearest .divisor-lint.kdl or .divisor-lint.yaml up to the root of the repository]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Do not show the findings of a rule, family or group
    #[arg(short = 'A', long = "allow", value_name = "NAME")]
    allow: Vec<String>,
    /// Make the findings of a rule, family or group warnings
    #[arg(short = 'W', long = "warn", value_name = "NAME")]
    warn: Vec<String>,
    /// Make the findings of a rule, family or group errors
    #[arg(short = 'D', long = "deny", value_name = "NAME")]
    deny: Vec<String>,
    /// The same, and nothing in the config can suppress them
    #[arg(short = 'F', long = "forbid", value_name = "NAME")]
    forbid: Vec<String>,
}

impl Policy {
    /// The policy file for a config.
    pub(crate) fn file(&self, config: &Path) -> Result<Option<PathBuf>, Trouble> {
        match &self.policy {
            Some(file) => Ok(Some(file.clone())),
            None => find_policy(config).map_err(trouble),
        }
    }

    /// The policy for a config.
    pub(crate) fn read(&self, config: &Path) -> Result<LintPolicy, Trouble> {
        let file = self.file(config)?;
        let policy = file
            .map_or_else(|| Ok(LintPolicy::default()), |file| LintPolicy::read(&file))
            .map_err(trouble)?;
        let named = [(&self.allow, Level::Off), (&self.warn, Level::Warn), (&self.deny, Level::Error)];
        let levels = named.iter().flat_map(|(names, level)| names.iter().map(|name| (name.clone(), *level)));
        let levels: Vec<(String, Level)> = levels.collect();
        policy.with_levels(&levels).and_then(|policy| policy.forbidding(&self.forbid)).map_err(Trouble::new)
    }
}

fn trouble(bad: BadPolicy) -> Trouble {
    match bad {
        BadPolicy::Unreadable(why) => Trouble::new(why),
        BadPolicy::Two(first, second) => {
            Trouble::new(format_args!("there are two policies, {} and {}", first.display(), second.display()))
        }
        BadPolicy::Wrong { sources, diagnostics } => {
            let shown = report::text(&diagnostics, &sources, TextStyle::default());
            Trouble::new(format_args!("the policy file does not say what it must\n\n{}", shown.trim_end()))
        }
    }
}
