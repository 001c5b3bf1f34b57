//! The command line of Divisor.

mod commands;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A load balancer whose configuration is compiled: what could fail in production fails here.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a config and say all that is wrong with it
    #[cfg(feature = "compile")]
    Lint(commands::lint::Arguments),
    /// Check a config and write the plan that `run` serves
    #[cfg(feature = "compile")]
    Compile(commands::compile::Arguments),
    /// Serve a plan; a changed file or SIGHUP swaps it, SIGTERM drains
    #[cfg(feature = "run")]
    Run(commands::run::Arguments),
    /// Serve a config, and swap to each new version as it is saved
    #[cfg(all(feature = "compile", feature = "run"))]
    Dev(commands::dev::Arguments),
    /// Show what a plan holds
    Inspect(commands::inspect::Arguments),
    /// See it work: three backends, a config, load, a dead backend, swaps
    #[cfg(all(feature = "compile", feature = "run"))]
    Demo(commands::demo::Arguments),
}

/// How a command ends.
enum Outcome {
    /// All is well: exit status 0.
    Clean,
    /// It did what it should, and what it found is not good: exit status 1.
    #[cfg(feature = "compile")]
    Findings,
}

/// It could not do what it should: exit status 2.
struct Trouble(String);

impl Trouble {
    fn new(what: impl std::fmt::Display) -> Self {
        Self(what.to_string())
    }
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        #[cfg(feature = "compile")]
        Command::Lint(arguments) => commands::lint::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Compile(arguments) => commands::compile::run(&arguments),
        #[cfg(feature = "run")]
        Command::Run(arguments) => commands::run::run(&arguments),
        #[cfg(all(feature = "compile", feature = "run"))]
        Command::Dev(arguments) => commands::dev::run(&arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        #[cfg(all(feature = "compile", feature = "run"))]
        Command::Demo(arguments) => commands::demo::run(&arguments),
    };
    match outcome {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        #[cfg(feature = "compile")]
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(Trouble(what)) => {
            output::say(&format!("divisor: {what}"));
            ExitCode::from(2)
        }
    }
}
