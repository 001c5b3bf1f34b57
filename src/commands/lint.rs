//! `divisor lint`.

use clap::{Args, ValueEnum};
use divisor_compiler::Options;
use divisor_compiler::check;
use divisor_compiler::diagnostic::Severity;
use divisor_compiler::fix::{self, Change, Fixed, Selection};

use super::findings::{Findings, timing};
use super::fmt::write;
use super::patch;
use super::source::{Source, any};
use crate::{Outcome, Trouble, output};

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
    /// Say how long the parts took, the longest first
    #[arg(long)]
    timing: bool,
    /// Do it again after each change of a file, until told to stop
    #[cfg(feature = "run")]
    #[arg(long, conflicts_with_all = ["timing", "fix", "diff"])]
    watch: bool,
    /// Mend what is found: what keeps the plan as it is, or, with `unsafe`, what may change what requests get, too
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "safe"
    )]
    fix: Option<Which>,
    /// Mend only the findings of this rule, given by code or name; may be repeated
    #[arg(long, value_name = "RULE")]
    fix_only: Vec<String>,
    /// Write nothing: show what would be mended, and fail if something would
    #[arg(long)]
    diff: bool,
}

/// Which fixes are applied.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Safe,
    Unsafe,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    #[value(alias = "warning")]
    Warn,
    Info,
    Never,
}

/// `divisor fix`.
pub(crate) fn fix(mut arguments: Arguments) -> Result<Outcome, Trouble> {
    arguments.fix.get_or_insert(Which::Safe);
    run(&arguments)
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    #[cfg(feature = "run")]
    if arguments.watch {
        return super::watch::run(&arguments.source, &arguments.findings);
    }
    let options = arguments.source.options()?;
    let level = match arguments.fail_on {
        None => options.policy.fail_on,
        Some(FailOn::Error) => Some(Severity::Error),
        Some(FailOn::Warn) => Some(Severity::Warning),
        Some(FailOn::Info) => Some(Severity::Info),
        Some(FailOn::Never) => None,
    };
    let mends = arguments.fix.is_some() || arguments.diff || !arguments.fix_only.is_empty();
    let compilation = if mends {
        let Fixed { changes, applied, compilation } = fixed(arguments, &options)?;
        if arguments.diff {
            let patch =
                changes.iter().map(|change| patch::unified(&change.name, &change.before, &change.after));
            output::print(&patch.collect::<String>())?;
            return Ok(if changes.is_empty() { Outcome::Clean } else { Outcome::Findings });
        }
        write_all(&changes, applied)?;
        compilation
    } else {
        arguments.source.compile_with(&options)?
    };
    arguments.findings.write(&compilation)?;
    if arguments.timing {
        output::say(timing(&compilation).trim_end());
    }
    Ok(if level.is_some_and(|level| any(&compilation, level)) {
        Outcome::Findings
    } else if arguments.deny_deferred && !compilation.undecided.is_empty() {
        Outcome::Undecided
    } else {
        Outcome::Clean
    })
}

fn write_all(changes: &[Change], applied: usize) -> Result<(), Trouble> {
    for change in changes {
        write(&change.path, &change.after)?;
    }
    if applied > 0 {
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        let s = if applied == 1 { "" } else { "s" };
        output::say(&format!("mended {applied} finding{s} in {}", names.join(", ")));
    }
    Ok(())
}

/// The config with its findings mended, in memory.
fn fixed(arguments: &Arguments, options: &Options) -> Result<Fixed, Trouble> {
    let rule = |word: &String| {
        check::find(word).map(|lint| lint.rule.name.to_owned()).map_err(|near| {
            let help = near.map(|near| format!("; did you mean `{}`?", near.name)).unwrap_or_default();
            Trouble::new(format_args!("`{word}` is no rule{help}"))
        })
    };
    let only = arguments.fix_only.iter().map(rule).collect::<Result<_, _>>()?;
    let selection = Selection { unsafe_too: arguments.fix == Some(Which::Unsafe), only };
    fix::fix(&arguments.source.config, options, &selection).map_err(Trouble::new)
}
