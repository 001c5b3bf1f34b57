//! `divisor lint`.

use clap::{Args, ValueEnum};
use divisor_compiler::diagnostic::Severity;

use super::findings::Findings;
use super::source::{Source, any};
use crate::{Outcome, Trouble};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    findings: Findings,
    /// The least bad finding that fails
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Fail, with exit status 3, when a check was not decided
    #[arg(long)]
    deny_deferred: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    #[value(alias = "warning")]
    Warn,
    Info,
    Never,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let compilation = arguments.source.compile()?;
    arguments.findings.write(&compilation)?;
    let level = match arguments.fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warn => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    };
    Ok(if level.is_some_and(|level| any(&compilation, level)) {
        Outcome::Findings
    } else if arguments.deny_deferred && !compilation.undecided.is_empty() {
        Outcome::Undecided
    } else {
        Outcome::Clean
    })
}
