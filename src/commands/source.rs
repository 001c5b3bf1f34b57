//! The config that a command works on, and where its variables come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use divisor_compiler::diagnostic::Severity;
use divisor_compiler::{Compilation, FilePattern, Options, PathMap, compile};

use super::policy::Policy;
use super::time;
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
    /// Read TO in place of FROM, a file or a folder; dates and modes of what is read there say nothing
    #[arg(long, value_name = "FROM=TO", value_parser = path_map)]
    map_path: Vec<PathMap>,
    /// Certificates and keys that are made for tests: their dates and modes say nothing, their keys are no secrets
    #[arg(long, value_name = "PATTERN", value_parser = FilePattern::new)]
    fixture_files: Vec<FilePattern>,
    /// What `divisor certs snapshot` wrote where the certificates are; nothing is read of the files that it knows
    #[arg(long, value_name = "MANIFEST")]
    cert_manifest: Option<PathBuf>,
    /// How long certificates must last at least [default: 30d, or a third of their life if that is less]
    #[arg(long, value_name = "TIME", value_parser = time::duration)]
    expires_within: Option<Duration>,
    /// The time that certificates are judged by [default: $SOURCE_DATE_EPOCH, or the clock]
    #[arg(long, value_name = "RFC3339", value_parser = time::instant)]
    now: Option<SystemTime>,
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
        let policy = self.policy.read(&self.config)?;
        let manifest = self.cert_manifest.as_deref().map(super::certs::read).transpose()?;
        Ok(Options {
            variables,
            now: self.now.map_or_else(time::now, Ok)?,
            elsewhere: [&self.defer_files[..], &policy.elsewhere].concat(),
            mapped: self.map_path.clone(),
            fixtures: [&self.fixture_files[..], &policy.fixtures].concat(),
            manifest,
            expires_within: self.expires_within,
            policy,
        })
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

fn path_map(text: &str) -> Result<PathMap, String> {
    let (from, to) = assignment(text).map_err(|_| format!("`{text}` is not FROM=TO"))?;
    Ok(PathMap { from: from.trim_end_matches('/').to_owned(), to: to.into() })
}

/// Whether a finding is at least so bad.
pub(crate) fn any(compilation: &Compilation, level: Severity) -> bool {
    compilation.diagnostics.iter().any(|found| found.severity >= level)
}
