//! Pages of errors, read from their files.

use std::io::Read;

use super::read_path;
use crate::model::{ErrorPage, Model, Page};
use crate::source::{SourceMap, Spanned};

/// Bytes of a page: each is in the plan, and in memory where that runs.
const BYTES_MAX: u64 = 256 * 1024;

/// A file with a page, read.
pub(crate) struct ReadPage<'m> {
    /// The file, as written.
    pub(crate) file: &'m Spanned<String>,
    /// What is in it, or why that is not known.
    pub(crate) text: Result<String, String>,
}

/// All files with pages.
pub(super) fn pages<'m>(model: &'m Model, sources: &SourceMap) -> Vec<ReadPage<'m>> {
    let pages = model.hosts.iter().flat_map(|host| &host.error_pages);
    let file = |page: &'m ErrorPage| match &page.page {
        Page::File(file) => Some(file),
        Page::Text(_) => None,
    };
    pages.filter_map(file).map(|file| ReadPage { file, text: read(sources, file) }).collect()
}

fn read(sources: &SourceMap, file: &Spanned<String>) -> Result<String, String> {
    let opened = std::fs::File::open(read_path(sources, file)).map_err(|error| error.to_string())?;
    let mut bytes = vec![];
    // One byte more tells a file that is too long.
    opened.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err("it is longer than 256KiB, and each page is in the plan".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
