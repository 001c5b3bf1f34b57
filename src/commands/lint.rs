//! `divisor lint`.

use clap::{Args, ValueEnum};
use divisor_compiler::diagnostic::Severity;

use super::source::{Format, Source, any, render};
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// How findings are written to standard output
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
    /// The least bad finding that fails
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Info,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let compilation = arguments.source.compile()?;
    let colours = arguments.output == Format::Text && output::colours(&std::io::stdout());
    output::print(&render(&compilation, arguments.output, colours))?;
    let level = match arguments.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
    };
    Ok(if any(&compilation, level) { Outcome::Findings } else { Outcome::Clean })
}
