//! The config that a command works on, and where its variables come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use divisor_compiler::diagnostic::Severity;
use divisor_compiler::report::{self, TextStyle};
use divisor_compiler::{Compilation, FilePattern, Options, compile};

use crate::{Trouble, output};

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
    /// Certificates and keys that are only where the plan runs; a missing one is a note, not an error
    #[arg(long, value_name = "PATTERN", value_parser = FilePattern::new)]
    defer_files: Vec<FilePattern>,
}

impl Source {
    /// Reads, checks and compiles the config.
    pub(crate) fn compile(&self) -> Result<Compilation, Trouble> {
        compile(&self.config, &self.options()?).map_err(Trouble::new)
    }

    fn options(&self) -> Result<Options, Trouble> {
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
        Ok(Options { variables, now: now()?, elsewhere: self.defer_files.clone() })
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

/// How findings are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the lines of the config, marked.
    Text,
    /// One line each: `path:line:col: level[CODE] message`.
    Compact,
    /// For programs.
    Json,
    /// Annotations of GitHub Actions.
    Github,
}

/// The findings of a compilation, in a format; `colours` only for people.
pub(crate) fn render(compilation: &Compilation, format: Format, colours: bool) -> String {
    let (found, sources) = (&compilation.diagnostics, &compilation.sources);
    match format {
        Format::Text => {
            let text = report::text(found, sources, TextStyle { color: colours, ..TextStyle::default() });
            format!("{text}{}\n", report::summary(found))
        }
        Format::Compact => report::compact(found, sources),
        Format::Json => report::json(found, sources),
        Format::Github => report::github(found, sources),
    }
}

/// Says the findings to whoever watches, if there are any.
pub(crate) fn say_findings(compilation: &Compilation) {
    if !compilation.diagnostics.is_empty() {
        output::say(render(compilation, Format::Text, output::colours(&std::io::stderr())).trim_end());
    }
}

/// Whether a finding is at least so bad.
pub(crate) fn any(compilation: &Compilation, level: Severity) -> bool {
    compilation.diagnostics.iter().any(|found| found.severity >= level)
}
