//! `divisor run`: serves a plan file for as long as the process lives.

use std::path::{Path, PathBuf};

use divisor_schema::plan::Digest;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::plan::digest;
use crate::watch::Watcher;

use super::{Control, RunError};

/// Serves the plan in the file `plan` until the process is told to stop. A changed file, or SIGHUP, swaps the plan;
/// SIGTERM and SIGINT drain, a second one stops at once. Files that the plan names by a relative path are looked for
/// in `files`, or else beside the plan.
///
/// # Errors
/// [`RunError`] when the first plan cannot be read or cannot serve. A later one is refused, and the one before stays.
pub fn run(plan: &Path, files: Option<&Path>) -> Result<(), RunError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::System)?;
    allow_open_files();
    let beside = plan.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = files.unwrap_or(beside).to_owned();
    let ended = runtime.block_on(serve(plan.to_owned(), files));
    runtime.shutdown_background(); // a name server that does not answer must not hold up the end
    ended
}

/// Takes all the open files that this process may have: every client and every backend connection is one, and the limit
/// that most systems begin with was made for programs that use few.
fn allow_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        warn!(%error, "cannot raise the limit of open files");
    }
}

/// Asks for the open files that a plan was made for, if the process has not got them yet.
fn ask_for_open_files(wanted: Option<u32>) {
    let limit = getrlimit(Resource::Nofile);
    let (Some(wanted), Some(allowed)) = (wanted.map(u64::from), limit.current) else { return };
    if allowed >= wanted {
        return;
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => info!(wanted, "as many open files are allowed as the plan asks for"),
        Err(_) => warn!(wanted, allowed, "the plan asks for more open files than the system allows"),
    }
}

/// The signals that a server listens to.
struct Signals {
    reload: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            reload: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.reload.recv() => Told::Reload,
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
        }
    }

    async fn stop(&mut self) {
        while !matches!(self.next().await, Told::Stop) {}
    }
}

/// What a signal asks for.
enum Told {
    Reload,
    Stop,
}

async fn serve(path: PathBuf, files: PathBuf) -> Result<(), RunError> {
    // Before anything can happen that a signal or a change should be told of.
    let mut signals = Signals::new().map_err(RunError::System)?;
    let mut watcher = Watcher::new(vec![path.clone()]);
    let bytes = std::fs::read(&path).map_err(|error| RunError::Read(path.clone(), error))?;
    let refused = |refused| RunError::Refused(path.clone(), refused);
    let mut control = Control::start(&bytes, &files).await.map_err(refused)?;
    ask_for_open_files(control.open_files());
    let (mut live, mut latest) = (bytes.clone(), bytes);
    let (mut seen, mut gone) = (seen_by(&control, &live), false);
    loop {
        let found = contents(&latest, &control);
        watcher.set_files([vec![path.clone()], paths(&found)].concat());
        // A file may have changed after it was read and before it was watched; or the plan, which was not there to be read,
        // has come.
        let missed = if gone { std::fs::read(&path).is_ok() } else { contents(&latest, &control) != seen };
        if missed {
            watcher.tell();
        }
        let asked = tokio::select! {
            () = watcher.changed() => false,
            told = signals.next() => match told {
                Told::Reload => true,
                Told::Stop => break,
            },
        };
        let read = std::fs::read(&path);
        gone = read.is_err();
        match read {
            Ok(bytes) => latest = bytes,
            Err(error) if asked => {
                error!(path = %path.display(), %error, "cannot read the plan; the live one stays");
                continue;
            }
            Err(_) => continue, // about to be replaced
        }
        let found = contents(&latest, &control);
        if asked || found != seen {
            seen = try_plan(&mut control, &mut live, &latest).await.unwrap_or(found);
            ask_for_open_files(control.open_files());
        }
    }
    tokio::select! {
        _ = control.drain() => {}
        () = signals.stop() => warn!("told to stop again: connections are cut"),
    }
    info!("stopped");
    Ok(())
}

/// Swaps to the plan in `latest`, which is `live` then, and gives what it found in its files. When it is refused, the live plan
/// goes on, with what its own files hold now.
async fn try_plan(control: &mut Control, live: &mut Vec<u8>, latest: &[u8]) -> Option<Contents> {
    // A refusal is in the log.
    if control.swap(latest).await.is_ok() {
        latest.clone_into(live);
        return Some(seen_by(control, live));
    }
    if latest != live.as_slice() {
        info!("the plan is tried again when it changes, or a file that it names");
        if control.held().iter().any(|(path, held)| digest(path) != *held) {
            let _ = control.swap(live).await;
        }
    }
    None
}

/// A plan file, and the files that it or the live plan names, by what they hold.
type Contents = (Digest, Vec<(PathBuf, Digest)>);

/// What they hold now. A plan that was refused is read as far as that goes.
fn contents(bytes: &[u8], control: &Control) -> Contents {
    let plan = Digest::of(bytes);
    let waited_for = if plan == control.digest() { Vec::new() } else { control.files_of(bytes) };
    let all = control.files().into_iter().chain(waited_for);
    (plan, all.map(|path| (path.clone(), digest(&path))).collect())
}

fn paths((_, files): &Contents) -> Vec<PathBuf> {
    files.iter().map(|(path, _)| path.clone()).collect()
}

/// What the live plan, which came of `bytes`, found in them.
fn seen_by(control: &Control, bytes: &[u8]) -> Contents {
    (Digest::of(bytes), control.held())
}
