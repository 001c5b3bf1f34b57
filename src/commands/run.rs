//! `divisor run`.

use std::path::PathBuf;

use clap::Args;

use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The plan that `divisor compile` wrote
    plan: PathBuf,
    /// Where certificates and keys with a relative path are [default: beside the plan]
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Log what each connection goes through
    #[arg(short, long)]
    verbose: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    output::log_events(if arguments.verbose { tracing::Level::DEBUG } else { tracing::Level::INFO });
    divisor_runtime::control::run(&arguments.plan, arguments.files.as_deref()).map_err(Trouble::new)?;
    Ok(Outcome::Clean)
}
