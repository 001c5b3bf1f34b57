//! Certificate and key files, as they are found on a machine.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::certificate::Certificate;
use super::content::Content;
use super::key::Key;
use super::pem::Held;

/// The largest certificate or key file that is read, in bytes.
const FILE_SIZE_MAX: u64 = 1 << 20;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// A certificate chain, or a bundle of roots.
    Certificate,
    /// A private key.
    Key,
    /// Lists of revoked certificates.
    Revoked,
    /// A key that seals cookies.
    Secret,
}

impl Slot {
    /// The codes of the rules that look into a file in this slot.
    pub(crate) const fn checks(self) -> &'static [&'static str] {
        match self {
            Self::Certificate => &[
                "CRT002", "CRT005", "CRT006", "CRT007", "CRT008", "CRT009", "CRT010", "CRT011", "CRT012",
                "CRT013", "CRT014", "CRT015", "CRT018", "TLS008", "TLS011", "TLS012", "TLS013",
            ],
            Self::Key => &["CRT002", "CRT003", "CRT005", "CRT016", "CRT017"],
            Self::Revoked => &["CRT002"],
            Self::Secret => &["CRT016"],
        }
    }
}

/// Why a file is of no use in its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileFault {
    /// It cannot be read; why.
    Unreadable(String),
    /// It holds something else.
    Wrong(Content),
    /// It holds a private key that cannot be used.
    UnusableKey(Content),
}

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRecord {
    /// What it holds, or why it cannot be read.
    pub(crate) held: Result<Held, String>,
    /// Who may read it; `None` where nobody knows.
    pub(crate) access: Option<Access>,
    /// Where this is known from.
    pub(crate) origin: Origin,
}

/// Where a file is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The file itself, at this path.
    File(PathBuf),
    /// A stand-in for it, whose dates and modes say nothing.
    StandIn(PathBuf),
    /// A manifest of this time, in seconds since the epoch.
    Manifest(i64),
}

/// Who may read and replace a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Access {
    /// Its mode, as in `chmod`.
    pub(crate) mode: u32,
    /// Its owner.
    pub(crate) owner: u32,
    /// A folder above it in which everybody may replace what others own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) open_folder: Option<String>,
}

impl FileRecord {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Self {
        let held = read(path).map(|bytes| Held::of(&bytes));
        let access = held.is_ok().then(|| access(path)).flatten();
        Self { held, access, origin: Origin::File(path.to_owned()) }
    }

    /// Its certificates; at least one.
    ///
    /// # Errors
    /// [`FileFault`] says what the file is instead.
    pub(crate) fn certificates(&self) -> Result<Vec<Certificate>, FileFault> {
        self.held.as_ref().map_err(|why| FileFault::Unreadable(why.clone()))?.certificates()
    }

    /// Its private key.
    ///
    /// # Errors
    /// [`FileFault`] says what the file is instead, or why the key cannot be used.
    pub(crate) fn key(&self) -> Result<Key, FileFault> {
        self.held.as_ref().map_err(|why| FileFault::Unreadable(why.clone()))?.key()
    }

    /// That it holds lists of revoked certificates.
    ///
    /// # Errors
    /// [`FileFault`] says what the file is instead.
    pub(crate) fn revoked(&self) -> Result<(), FileFault> {
        self.held.as_ref().map_err(|why| FileFault::Unreadable(why.clone()))?.revoked()
    }

    /// Whether it is only a stand-in.
    pub(crate) fn is_stand_in(&self) -> bool {
        matches!(self.origin, Origin::StandIn(_))
    }
}

/// Whether the key signs for the certificate.
pub(crate) fn belong_together(certificate: &Certificate, key: &Key) -> bool {
    key.public.as_ref().is_none_or(|public| *public == certificate.public_key_der)
}

/// The bytes of a file.
///
/// # Errors
/// Says why it cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err("not a file".into());
    }
    let mut bytes = vec![];
    file.take(FILE_SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 {
        0 => Err("the file is empty".into()),
        size if size > FILE_SIZE_MAX => Err("larger than 1 MiB".into()),
        _ => Ok(bytes),
    }
}

/// Who may read a file. Nobody knows on systems without modes.
#[cfg(unix)]
fn access(path: &Path) -> Option<Access> {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    const WORLD_WRITABLE: u32 = 0o002;
    let path = path.canonicalize().ok()?;
    let metadata = path.metadata().ok()?;
    let is_open = |folder: &&Path| {
        let mode = folder.metadata().map_or(0, |folder| folder.mode());
        mode & WORLD_WRITABLE != 0 && mode & STICKY == 0
    };
    let open_folder = path.ancestors().skip(1).find(is_open).map(|folder| folder.display().to_string());
    Some(Access { mode: metadata.mode() & 0o7777, owner: metadata.uid(), open_folder })
}

#[cfg(not(unix))]
fn access(_: &Path) -> Option<Access> {
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scratch;
    use super::*;

    #[test]
    fn unreadable_files_say_why() {
        let scratch = Scratch::new();
        let why = |path: PathBuf| FileRecord::read(&path).held.unwrap_err();
        assert_eq!(why(scratch.path("absent")), "no such file");
        assert_eq!(why(scratch.path("")), "not a file");
        assert_eq!(why(scratch.write("empty", "")), "the file is empty");
        assert_eq!(why(scratch.write("large", &" ".repeat(1 << 20 | 1))), "larger than 1 MiB");
        let absent = FileRecord::read(&scratch.path("absent"));
        assert_eq!(absent.key(), Err(FileFault::Unreadable("no such file".into())));
        assert_eq!(absent.certificates(), Err(FileFault::Unreadable("no such file".into())));
    }

    #[cfg(unix)]
    #[test]
    fn modes_of_files_and_folders_are_read() {
        let scratch = Scratch::new();
        let key = scratch.write("folder/key", "x");
        let access = || FileRecord::read(&key).access.unwrap();
        assert_eq!((access().mode, access().open_folder), (0o600, None));
        scratch.set_mode("folder/key", 0o644);
        assert_eq!(access().mode, 0o644);
        scratch.set_mode("folder", 0o777);
        assert!(access().open_folder.unwrap().ends_with("folder"));
        scratch.set_mode("folder", 0o1777);
        assert_eq!(access().open_folder, None);
        assert_eq!(FileRecord::read(&scratch.path("absent")).access, None);
    }
}
