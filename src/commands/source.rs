//! The config that a command works on, and where its variables come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use divisor_compiler::diagnostic::Severity;
use divisor_compiler::{Compilation, FilePattern, Options, compile};

use super::policy::Policy;
use crate::Trouble;

#[derive(Args)]
pub(crate) struct Source {
    /// The config: *.kdl, *.yaml or *.yml
    pub(crate) config: PathBuf,
    /// A value for ${NAME} in the config; wins over --env-file and the environment
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// A file with lines NAME=VALUE; wins over the environment
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Certificates and keys that are only where the plan runs; nothing is decided about a missing one
    #[arg(long, value_name = "PATTERN", value_parser = FilePattern::new)]
    defer_files: Vec<FilePattern>,
    #[command(flatten)]
    policy: Policy,
}

impl Source {
    /// Reads, checks and compiles the config.
    pub(crate) fn compile(&self) -> Result<Compilation, Trouble> {
        self.compile_with(&self.options()?)
    }

    /// Reads, checks and compiles the config with options that are not those of the command line alone.
    pub(crate) fn compile_with(&self, options: &Options) -> Result<Compilation, Trouble> {
        compile(&self.config, options).map_err(Trouble::new)
    }

    /// The policy file, if there is one.
    #[cfg(feature = "run")]
    pub(crate) fn policy_file(&self) -> Option<PathBuf> {
        self.policy.file(&self.config).ok().flatten()
    }

    /// What the compilation depends on beside the files.
    pub(crate) fn options(&self) -> Result<Options, Trouble> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?)) // what is no text cannot stand in a config
        });
        let mut variables: BTreeMap<String, String> = environment.collect();
        for path in &self.env_file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Trouble::new(format_args!("cannot read {}: {error}", path.display())))?;
            for (at, line) in text.lines().enumerate() {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    let at = format!("{}:{}", path.display(), at + 1);
                    let (name, value) =
                        assignment(line).map_err(|why| Trouble::new(format_args!("{at}: {why}")))?;
                    variables.insert(name, value);
                }
            }
        }
        variables.extend(self.set.iter().cloned());
        Ok(Options {
            variables,
            now: now()?,
            elsewhere: self.defer_files.clone(),
            policy: self.policy.read(&self.config)?,
        })
    }
}

/// The time that certificates are judged by: `SOURCE_DATE_EPOCH`, so that a build can be repeated, or the clock.
fn now() -> Result<SystemTime, Trouble> {
    let Some(fixed) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(SystemTime::now()) };
    let seconds = fixed.to_str().and_then(|text| text.parse().ok()).map(std::time::Duration::from_secs);
    seconds
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| Trouble::new("SOURCE_DATE_EPOCH is no number of seconds"))
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

/// Whether a finding is at least so bad.
pub(crate) fn any(compilation: &Compilation, level: Severity) -> bool {
    compilation.diagnostics.iter().any(|found| found.severity >= level)
}
