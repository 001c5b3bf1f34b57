//! Notices that files may have changed.
//!
//! Folders are watched, not files: an editor renames a new file over the old one, and Kubernetes swaps a symbolic link
//! beside the file; a watch on the file itself would die with the file. Whoever waits must compare contents, because a
//! folder also tells of its other files. File systems that tell nothing are looked at every few seconds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, sleep_until};

/// A change is told when nothing more has happened for so long, …
const QUIET: Duration = Duration::from_millis(200);
/// … or after this, however busy the folder is.
const BUSY_MAX: Duration = Duration::from_secs(2);
/// From one look at the files to the next.
const LOOK: Duration = Duration::from_secs(5);

/// Watches some files.
#[derive(Debug)]
pub struct Watcher {
    files: Vec<PathBuf>,
    /// How the files looked when they were last known to be read.
    seen: Vec<Option<Look>>,
    /// Woken by the system's events.
    events: Arc<Notify>,
    /// `None` where the system offers none; then the files are only looked at.
    system: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    looks: Interval,
    /// Something happened that was not told yet.
    pending: bool,
}

/// How a file looks without reading it: where it really is, when it was written, its length.
type Look = (PathBuf, Option<SystemTime>, u64);

impl Watcher {
    /// Watches `files`, which need not exist. Read them after this, so that no change is missed. To be called within a
    /// tokio runtime.
    pub fn new(files: Vec<PathBuf>) -> Self {
        let events = Arc::new(Notify::new());
        let system = system(Arc::clone(&events));
        let system =
            system.inspect_err(|error| tracing::warn!(%error, "cannot watch files: looking at them instead"));
        Self::with(files, events, system.ok(), LOOK)
    }

    fn with(
        files: Vec<PathBuf>,
        events: Arc<Notify>,
        system: Option<RecommendedWatcher>,
        look: Duration,
    ) -> Self {
        let mut looks = interval_at(Instant::now() + look, look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (seen, folders) = (Vec::new(), BTreeSet::new());
        let mut watcher = Self { files, seen, events, system, folders, looks, pending: false };
        watcher.arm();
        watcher
    }

    /// Watches other files from now on. A file that is new among them is to be read after this, or a change that comes
    /// between may be missed.
    pub fn set_files(&mut self, files: Vec<PathBuf>) {
        self.files = files;
        self.arm();
    }

    /// Somebody has seen a change: it is told as any other, when nothing more has happened for a while.
    pub fn tell(&mut self) {
        self.pending = true;
    }

    /// Waits until the files may have changed. No change is lost when this future is dropped before its end.
    pub async fn changed(&mut self) {
        while !self.pending {
            tokio::select! {
                () = self.events.notified() => self.pending = true,
                _ = self.looks.tick() => self.pending = looks(&self.files) != self.seen,
            }
        }
        let busy = Instant::now() + BUSY_MAX;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(busy) => break,
                () = self.events.notified() => {}
                () = sleep(QUIET) => break,
            }
        }
        self.pending = false;
        self.arm();
    }

    /// Watches the folders anew, because a folder may have been replaced by another of the same name, and a link may
    /// point elsewhere. What changes meanwhile is seen by the reading that follows.
    fn arm(&mut self) {
        self.seen = looks(&self.files);
        let Some(system) = &mut self.system else { return };
        for folder in std::mem::replace(&mut self.folders, folders(&self.files)) {
            _ = system.unwatch(&folder); // fails if the folder is gone, and its watch with it
        }
        for folder in &self.folders {
            // A folder that does not exist cannot be watched; looking finds its files when it is there.
            _ = system.watch(folder, RecursiveMode::NonRecursive);
        }
    }
}

fn system(events: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    // Runs on a thread of the watcher. An error means that events were lost.
    notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| !is_change(&event.kind)) {
            return;
        }
        events.notify_one();
    })
}

/// Whether an event can be a change. Reading is none: whoever is told of a change reads.
fn is_change(kind: &EventKind) -> bool {
    !kind.is_access() || matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// The folders to watch: those in which the files are named, and those in which they really are.
fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let real = files.iter().filter_map(|file| file.canonicalize().ok());
    let folder = |file: PathBuf| match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Some(PathBuf::from(".")),
        parent => parent.map(Path::to_owned),
    };
    files.iter().cloned().chain(real).filter_map(folder).collect()
}

fn looks(files: &[PathBuf]) -> Vec<Option<Look>> {
    let look = |file: &PathBuf| {
        let real = file.canonicalize().ok()?;
        let metadata = real.metadata().ok()?;
        Some((real, metadata.modified().ok(), metadata.len()))
    };
    files.iter().map(look).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::future::Future;

    use notify::event::{CreateKind, ModifyKind};
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    /// Far longer than any test: with it, only the system's events wake the watcher.
    const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

    fn told(file: &Path) -> Watcher {
        let events = Arc::new(Notify::new());
        let system = system(Arc::clone(&events)).unwrap();
        Watcher::with(vec![file.to_owned()], events, Some(system), NEVER)
    }

    fn folder() -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plan.bin");
        fs::write(&file, "0").unwrap();
        (dir, file)
    }

    async fn soon(change: impl Future<Output = ()>) {
        timeout(Duration::from_secs(30), change).await.expect("no change was noticed");
    }

    #[tokio::test]
    async fn writing_renaming_deleting_and_creating_are_noticed_every_time() {
        let (dir, file) = folder();
        let mut watcher = told(&file);
        for round in 1..3 {
            fs::write(&file, format!("{round}")).unwrap();
            soon(watcher.changed()).await;
            let new = dir.path().join("plan.bin.new");
            fs::write(&new, format!("{round} again")).unwrap();
            fs::rename(&new, &file).unwrap();
            soon(watcher.changed()).await;
            fs::remove_file(&file).unwrap();
            soon(watcher.changed()).await;
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn swapped_links_are_noticed_every_time() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let version = |name: &str| {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("plan.bin"), name).unwrap();
            symlink(name, at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
        };
        version("..1");
        symlink("..data/plan.bin", at("plan.bin")).unwrap();
        let mut watcher = told(&at("plan.bin"));
        for name in ["..2", "..3", "..4"] {
            version(name);
            soon(watcher.changed()).await;
            assert_eq!(fs::read_to_string(at("plan.bin")).unwrap(), name);
        }
        fs::write(at("..4").join("plan.bin"), "in place, behind the link").unwrap();
        soon(watcher.changed()).await;
    }

    #[tokio::test]
    async fn other_files_can_be_watched_instead() {
        let (_first, file) = folder();
        let (_second, other) = folder();
        let mut watcher = told(&file);
        watcher.set_files(vec![other.clone()]);
        fs::write(&other, "1").unwrap();
        soon(watcher.changed()).await;
        assert_eq!(watcher.files, [other]);
    }

    #[tokio::test(start_paused = true)]
    async fn looking_finds_what_the_system_does_not_tell() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("missing").join("plan.bin");
        let mut watcher = Watcher::with(vec![file.clone()], Arc::new(Notify::new()), None, LOOK);
        assert!(timeout(LOOK * 3, watcher.changed()).await.is_err());
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, "1").unwrap();
        watcher.changed().await;
        fs::write(&file, "longer").unwrap();
        watcher.changed().await;
    }

    #[tokio::test(start_paused = true)]
    async fn no_change_is_lost_when_waiting_is_given_up() {
        let events = Arc::new(Notify::new());
        let mut watcher = Watcher::with(vec![], Arc::clone(&events), None, NEVER);
        events.notify_one();
        assert!(timeout(QUIET / 2, watcher.changed()).await.is_err());
        let start = Instant::now();
        watcher.changed().await;
        assert!(start.elapsed() < LOOK);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_folder_does_not_hold_a_change_back_for_ever() {
        let events = Arc::new(Notify::new());
        let mut watcher = Watcher::with(vec![], Arc::clone(&events), None, NEVER);
        let busy = tokio::spawn(async move {
            loop {
                events.notify_one();
                sleep(QUIET / 4).await;
            }
        });
        timeout(BUSY_MAX * 2, watcher.changed()).await.unwrap();
        busy.abort();
    }

    #[test]
    fn reading_is_no_change() {
        assert!(!is_change(&EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(!is_change(&EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(is_change(&EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(
            is_change(&EventKind::Modify(ModifyKind::Any)) && is_change(&EventKind::Create(CreateKind::Any))
        );
    }

    #[tokio::test]
    async fn a_file_without_a_folder_is_in_this_one() {
        assert_eq!(folders(&[PathBuf::from("no-such-plan.bin")]), BTreeSet::from([PathBuf::from(".")]));
        assert!(Watcher::new(vec![]).system.is_some());
    }
}
