//! The files that a config names: read where they are, where a stand-in is, or from a manifest.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{plan_path, read_path};
use crate::source::{SourceMap, Spanned};
use crate::tls::{FileRecord, Manifest, Origin};
use crate::{FilePattern, Options};

/// Looks files up, each once.
pub(crate) struct Files<'a> {
    sources: &'a SourceMap,
    options: &'a Options,
    known: RefCell<BTreeMap<String, Rc<FileRecord>>>,
}

impl<'a> Files<'a> {
    /// The files of the config in `sources`.
    pub(super) fn new(sources: &'a SourceMap, options: &'a Options) -> Self {
        Self { sources, options, known: RefCell::default() }
    }

    /// What is known of the file that is named here.
    pub(crate) fn find(&self, written: &Spanned<String>) -> Rc<FileRecord> {
        let path = plan_path(self.sources, written);
        if let Some(known) = self.known.borrow().get(&path) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.look(&path, &read_path(self.sources, written)));
        self.known.borrow_mut().insert(path, Rc::clone(&found));
        found
    }

    fn look(&self, path: &str, here: &Path) -> FileRecord {
        if let Some(other) = self.options.mapped.iter().find_map(|map| map.apply(path)) {
            return stand_in(&other);
        }
        if let Some(record) = self.options.manifest.as_ref().and_then(|it: &Manifest| it.record(path)) {
            return record;
        }
        if self.options.fixtures.iter().any(|pattern| pattern.matches(path)) {
            return stand_in(here);
        }
        FileRecord::read(here)
    }

    /// Whether a file need not be here, because it is only where the plan runs.
    pub(crate) fn is_elsewhere(&self, written: &Spanned<String>) -> bool {
        let path = plan_path(self.sources, written);
        self.options.elsewhere.iter().any(|pattern: &FilePattern| pattern.matches(&path))
    }
}

fn stand_in(path: &Path) -> FileRecord {
    FileRecord { origin: Origin::StandIn(path.to_owned()), ..FileRecord::read(path) }
}

/// A folder, or a file, that is read in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathMap {
    /// What stands in the plan: a path, or the beginning of one.
    pub from: String,
    /// What is read in its place.
    pub to: PathBuf,
}

impl PathMap {
    /// What is read in place of `path`; `None` for `path` itself.
    fn apply(&self, path: &str) -> Option<PathBuf> {
        let rest = Path::new(path).strip_prefix(&self.from).ok()?;
        Some(if rest.as_os_str().is_empty() { self.to.clone() } else { self.to.join(rest) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_steps_of_a_path_are_mapped() {
        let map = PathMap { from: "/etc/tls".into(), to: "ci".into() };
        assert_eq!(map.apply("/etc/tls/a/b.pem"), Some("ci/a/b.pem".into()));
        assert_eq!(map.apply("/etc/tls"), Some("ci".into()));
        assert_eq!(map.apply("/etc/tls-old/a.pem"), None);
        assert_eq!(map.apply("tls/a.pem"), None);
    }
}
