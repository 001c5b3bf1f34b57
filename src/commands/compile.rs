//! `divisor compile`.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use divisor_compiler::diagnostic::Severity;
use divisor_schema::plan::{Digest, Plan};

use super::findings;
use super::source::{Source, any};
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Where the plan goes
    #[arg(long, short, value_name = "PLAN", default_value = "plan.bin")]
    output: PathBuf,
    /// Make errors warnings, but for those that leave no plan that could run: when it must be deployed now
    #[arg(long, value_name = "LEVEL", value_parser = ["warn"])]
    cap_lints: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let mut options = arguments.source.options()?;
    if arguments.cap_lints.is_some() {
        options.policy = options.policy.capped_at(Severity::Warning);
    }
    // Warnings are in the way where the policy says so, unless it must be deployed now.
    let stricter = options.policy.fail_on.filter(|_| arguments.cap_lints.is_none());
    let compilation = arguments.source.compile_with(&options)?;
    findings::say(&compilation);
    if stricter.is_some_and(|level| any(&compilation, level)) {
        return Ok(Outcome::Findings);
    }
    let Some(plan) = &compilation.plan else { return Ok(Outcome::Findings) };
    let bytes = plan.encode();
    // What was compiled runs: the loader of the runtime has the last word before anything is written.
    Plan::decode(&bytes).map_err(|error| Trouble::new(format_args!("this is a bug in divisor: {error}")))?;
    let path = &arguments.output;
    replace(path, &bytes)
        .map_err(|error| Trouble::new(format_args!("cannot write {}: {error}", path.display())))?;
    output::say(&format!(
        "{}: {} bytes, {} routes in {} states, digest {}",
        path.display(),
        bytes.len(),
        plan.routes.len(),
        plan.tables.states.len(),
        Digest::of(&bytes)
    ));
    Ok(Outcome::Clean)
}

/// Writes a file in one step: whoever reads it sees the old one or the new one, never a part. Who may read it stays as it
/// is. A device or a pipe is written as it is.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.metadata().is_ok_and(|known| !known.is_file()) {
        return std::fs::write(path, bytes);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = File::create(&beside).and_then(|mut file| {
        if let Ok(known) = path.metadata() {
            file.set_permissions(known.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| std::fs::rename(&beside, path));
    if replaced.is_err() {
        let _ = std::fs::remove_file(&beside); // the error that counts is the first one
    }
    replaced
}
