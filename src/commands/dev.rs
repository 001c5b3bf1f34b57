//! `divisor dev`.

use std::path::{Path, PathBuf};

use clap::Args;
use divisor_compiler::Compilation;
use divisor_runtime::control::Control;
use divisor_runtime::watch::Watcher;
use divisor_schema::plan::Digest;
use tokio::signal::unix::{SignalKind, signal};

use super::findings;
use super::source::Source;
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    output::log_events(tracing::Level::INFO);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Trouble::new)?;
    runtime.block_on(live(&arguments.source))
}

/// Compiles and swaps after each change until told to stop. Whatever is wrong with a later version is said, and the
/// one before goes on serving.
async fn live(source: &Source) -> Result<Outcome, Trouble> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Trouble::new)?;
    let mut session = Session::new(source);
    let mut watcher = Watcher::new(vec![source.config.clone()]);
    loop {
        let files = session.follow(source.compile()).await?;
        if let Some(files) = files.filter(|files| *files != session.files) {
            watcher.set_files(files.clone());
            session.files = files;
            continue; // what changed while nobody watched
        }
        tokio::select! {
            () = watcher.changed() => {}
            _ = tokio::signal::ctrl_c() => break,
            _ = terminate.recv() => break,
        }
    }
    if let Some(control) = session.control {
        control.drain().await;
    }
    Ok(Outcome::Clean)
}

/// What is served, and what was said last.
struct Session {
    folder: PathBuf,
    /// What is watched besides the config itself.
    files: Vec<PathBuf>,
    control: Option<Control>,
    said: String,
    served: Option<Digest>,
}

impl Session {
    fn new(source: &Source) -> Self {
        let folder = source.config.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        Self { folder, files: Vec::new(), control: None, said: String::new(), served: None }
    }

    /// Serves what was compiled, if it differs from what is served. Gives the files that it came from, if it could be
    /// read.
    async fn follow(
        &mut self,
        compiled: Result<Compilation, Trouble>,
    ) -> Result<Option<Vec<PathBuf>>, Trouble> {
        let compilation = match compiled {
            Ok(compilation) => compilation,
            Err(Trouble(what)) if self.control.is_some() => {
                self.say(what);
                return Ok(None);
            }
            Err(trouble) => return Err(trouble),
        };
        self.say(findings::text(&compilation, output::colours(&std::io::stderr())));
        if let Some(plan) = &compilation.plan {
            self.serve(&plan.encode()).await?;
        }
        let files = compilation.sources.files().iter();
        Ok(Some(files.map(|file| file.path.clone()).collect()))
    }

    async fn serve(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let digest = Digest::of(bytes);
        if self.served.replace(digest) == Some(digest) {
            return Ok(());
        }
        match &mut self.control {
            Some(control) => drop(control.swap(bytes).await), // a refusal is in the log, and the plan before stays
            None => self.control = Some(Control::start(bytes, &self.folder).await.map_err(Trouble::new)?),
        }
        Ok(())
    }

    /// Says something, once.
    fn say(&mut self, text: String) {
        if self.said != text {
            output::say(text.trim_end());
            self.said = text;
        }
    }
}
