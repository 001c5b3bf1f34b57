//! `divisor completions`.

use clap::Args;
use clap_complete::Shell;

use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// For which shell
    shell: Shell,
}

/// Prints what completes `command` in a shell.
pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<Outcome, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "divisor", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Clean)
}
