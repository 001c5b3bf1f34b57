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
    /// The least bad finding that fails [default: as the policy says, or else error]
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
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
    let options = arguments.source.options()?;
    let level = match arguments.fail_on {
        None => options.policy.fail_on,
        Some(FailOn::Error) => Some(Severity::Error),
        Some(FailOn::Warn) => Some(Severity::Warning),
        Some(FailOn::Info) => Some(Severity::Info),
        Some(FailOn::Never) => None,
    };
    let compilation = arguments.source.compile_with(&options)?;
    arguments.findings.write(&compilation)?;
    Ok(if level.is_some_and(|level| any(&compilation, level)) {
        Outcome::Findings
    } else if arguments.deny_deferred && !compilation.undecided.is_empty() {
        Outcome::Undecided
    } else {
        Outcome::Clean
    })
}
