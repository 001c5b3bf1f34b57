//! `divisor lint --watch`.

use std::io::IsTerminal;
use std::path::PathBuf;

use divisor_compiler::Compilation;
use divisor_compiler::report::{self, Report};
use divisor_runtime::watch::Watcher;
use tokio::signal::unix::{SignalKind, signal};

use super::findings::Findings;
use super::source::Source;
use crate::{Outcome, Trouble, output};

/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Lints after each change until told to stop.
pub(crate) fn run(source: &Source, findings: &Findings) -> Result<Outcome, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Trouble::new)?;
    runtime.block_on(watch(source, findings))
}

async fn watch(source: &Source, findings: &Findings) -> Result<Outcome, Trouble> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Trouble::new)?;
    let mut files = vec![source.config.clone()];
    let mut watcher = Watcher::new(files.clone());
    let mut shown = None;
    loop {
        let compiled = source.compile();
        let now =
            compiled.as_ref().map_or_else(|_| files.clone(), |compilation| files_of(source, compilation));
        if now != files {
            watcher.set_files(now.clone());
            files = now;
            continue; // what changed while nobody watched
        }
        // A folder tells of its other files, too, and what is written may be one of them.
        let what =
            compiled.as_ref().map(|it| report::json(&Report::new(it, true))).map_err(|it| it.0.clone());
        if shown.as_ref() != Some(&what) {
            show(findings, compiled)?;
            shown = Some(what);
        }
        tokio::select! {
            () = watcher.changed() => {}
            _ = tokio::signal::ctrl_c() => return Ok(Outcome::Clean),
            _ = terminate.recv() => return Ok(Outcome::Clean),
        }
    }
}

/// The files of a config, and the policy that it is judged by.
fn files_of(source: &Source, compilation: &Compilation) -> Vec<PathBuf> {
    let files = compilation.sources.files().iter().map(|file| file.path.clone());
    files.chain(source.policy_file()).collect()
}

fn show(findings: &Findings, compiled: Result<Compilation, Trouble>) -> Result<(), Trouble> {
    if std::io::stdout().is_terminal() {
        output::print(CLEAR)?;
    }
    match compiled {
        Ok(compilation) => findings.write(&compilation),
        Err(Trouble(what)) => {
            output::say(&what);
            Ok(())
        }
    }
}
