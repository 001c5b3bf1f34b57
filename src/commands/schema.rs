//! `divisor schema`.

use clap::{Args, ValueEnum};
use divisor_schema::config;

use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// How it is written
    #[arg(long, short, value_enum, default_value_t = Format::Json)]
    output: Format,
    /// The schema of policy files of the linter instead
    #[arg(long, conflicts_with = "output")]
    policy: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// As a JSON Schema (draft 7) of the YAML spelling, for editors.
    Json,
    /// As the page of the reference, in Markdown.
    Md,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    if arguments.policy {
        output::print(&format!("{:#}\n", config::policy_schema()))?;
        return Ok(Outcome::Clean);
    }
    match arguments.output {
        Format::Json => output::print(&format!("{:#}\n", config::json_schema()))?,
        Format::Md => output::print(&config::reference())?,
    }
    Ok(Outcome::Clean)
}
