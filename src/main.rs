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
    /// Mend what is certain: `lint --fix`
    #[cfg(feature = "compile")]
    Fix(commands::lint::Arguments),
    /// Lay configs out in the one way, or write them in the other spelling
    #[cfg(feature = "compile")]
    Fmt(commands::fmt::Arguments),
    /// Write a config in the flat layout in the full one
    #[cfg(feature = "compile")]
    Migrate(commands::migrate::Arguments),
    /// Check a config and write the plan that `run` serves
    #[cfg(feature = "compile")]
    Compile(commands::compile::Arguments),
    /// Say what a rule of the linter finds, why, and what is right
    #[cfg(feature = "compile")]
    Explain(commands::explain::Arguments),
    /// List all rules of the linter
    #[cfg(feature = "compile")]
    Rules(commands::explain::Rules),
    /// Print the vocabulary of the language: a JSON Schema, or the reference
    #[cfg(feature = "compile")]
    Schema(commands::schema::Arguments),
    /// Print what completes the commands in a shell
    #[cfg(feature = "compile")]
    Completions(commands::completions::Arguments),
    /// Show which route a request takes under a config or a plan, and why
    #[cfg(feature = "compile")]
    Trace(commands::trace::Arguments),
    /// Check what a config expects of requests, and which routes that covers
    #[cfg(feature = "compile")]
    Test(commands::test::Arguments),
    /// Serve a plan; a changed file or SIGHUP swaps it, SIGTERM drains
    #[cfg(feature = "run")]
    Run(commands::run::Arguments),
    /// Serve a config, and swap to each new version as it is saved
    #[cfg(all(feature = "compile", feature = "run"))]
    Dev(commands::dev::Arguments),
    /// Write down and compare what is public of certificates and keys
    #[cfg(feature = "compile")]
    Certs(commands::certs::Arguments),
    /// Check a plan where it is to run: its certificates and keys, open files, addresses that are in use
    #[cfg(feature = "compile")]
    Preflight(commands::preflight::Arguments),
    /// Show what a plan holds
    Inspect(commands::inspect::Arguments),
    /// Show backends, change their weights and drain them, in a process that runs
    Ctl(commands::ctl::Arguments),
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
    /// Something could not be decided, and that was not allowed: exit status 3.
    #[cfg(feature = "compile")]
    Undecided,
}

/// It could not do what it should: exit status 2.
struct Trouble(String);

impl Trouble {
    fn new(what: impl std::fmt::Display) -> Self {
        Self(what.to_string())
    }
}

fn main() -> ExitCode {
    match guarded(|| run(Cli::parse().command)) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        #[cfg(feature = "compile")]
        Ok(Outcome::Findings) => ExitCode::from(1),
        #[cfg(feature = "compile")]
        Ok(Outcome::Undecided) => ExitCode::from(3),
        Err(Trouble(what)) => {
            output::say(&format!("divisor: {what}"));
            ExitCode::from(2)
        }
    }
}

/// A panic is trouble, whatever the command would have said: it must never pass for a clean config.
fn guarded(command: impl FnOnce() -> Result<Outcome, Trouble>) -> Result<Outcome, Trouble> {
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(command));
    ended.unwrap_or_else(|_| {
        let where_to = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");
        Err(Trouble::new(format_args!("this is a bug in divisor; please tell {where_to} what you did")))
    })
}

fn run(command: Command) -> Result<Outcome, Trouble> {
    match command {
        #[cfg(feature = "compile")]
        Command::Lint(arguments) => commands::lint::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Fix(arguments) => commands::lint::fix(arguments),
        #[cfg(feature = "compile")]
        Command::Fmt(arguments) => commands::fmt::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Migrate(arguments) => commands::migrate::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Compile(arguments) => commands::compile::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Explain(arguments) => commands::explain::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Rules(arguments) => commands::explain::rules(&arguments),
        #[cfg(feature = "compile")]
        Command::Schema(arguments) => commands::schema::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Completions(arguments) => {
            commands::completions::run(&arguments, <Cli as clap::CommandFactory>::command())
        }
        #[cfg(feature = "compile")]
        Command::Trace(arguments) => commands::trace::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Test(arguments) => commands::test::run(&arguments),
        #[cfg(feature = "run")]
        Command::Run(arguments) => commands::run::run(&arguments),
        #[cfg(all(feature = "compile", feature = "run"))]
        Command::Dev(arguments) => commands::dev::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Certs(arguments) => commands::certs::run(&arguments),
        #[cfg(feature = "compile")]
        Command::Preflight(arguments) => commands::preflight::run(&arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Ctl(arguments) => commands::ctl::run(&arguments),
        #[cfg(all(feature = "compile", feature = "run"))]
        Command::Demo(arguments) => commands::demo::run(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_trouble() {
        let ended = guarded(|| panic!("as it must not be"));
        assert!(ended.is_err_and(|Trouble(what)| what.contains("a bug in divisor")));
        assert!(matches!(guarded(|| Ok(Outcome::Clean)), Ok(Outcome::Clean)));
    }
}
