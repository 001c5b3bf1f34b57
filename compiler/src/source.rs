//! Source files and places in them.
//!
//! All files of one config share one range of offsets: the root file begins at 0, every other file behind the one
//! loaded before it. A [`Span`] therefore names file and place at once, in eight bytes.

use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes.
pub const FILE_SIZE_MAX: u64 = 64 << 20;

/// A range of bytes in a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte; not smaller than `start`.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Length in bytes.
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether it holds no byte.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A value and where it comes from. Comparison looks at the value alone: the same config in another spelling is the
/// same config.
#[derive(Debug, Clone, Copy)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written; for a default, the name of the block that would hold it.
    pub span: Span,
    /// Whether the author wrote it; otherwise it is a default.
    pub written: bool,
}

impl<T> Spanned<T> {
    /// A value that was written at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span, written: true }
    }

    /// A value that nobody wrote, for the block at `span`.
    pub const fn default_at(value: T, span: Span) -> Self {
        Self { value, span, written: false }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span, written: self.written }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}
impl<T: Eq> Eq for Spanned<T> {}

/// The place of something that is more than a leaf: its name or its first word. All places are equal, so that a
/// comparison of two things looks at their content alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct At(pub Span);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for At {}

/// One file.
#[derive(Debug, Clone)]
pub struct File {
    /// Path for people: relative to the folder of the root config where possible, with `/`.
    pub name: String,
    /// Path it was read from.
    pub path: PathBuf,
    /// Its text, without byte order mark.
    pub text: String,
    /// Offset of its first byte in the source map.
    pub base: u32,
    /// Bytes of the byte order mark that was taken off: 0 or 3.
    pub bom: u32,
    line_starts: Vec<u32>,
}

impl File {
    /// Offset one past its last byte.
    pub fn end(&self) -> u32 {
        self.base + self.text.len() as u32
    }

    /// The span of the whole file.
    pub fn span(&self) -> Span {
        Span::new(self.base, self.end())
    }

    /// A span of this file from offsets that count from its beginning. Offsets beyond its end are taken back to it.
    pub fn local_span(&self, start: usize, end: usize) -> Span {
        let at = |offset: usize| self.base + offset.min(self.text.len()) as u32;
        Span::new(at(start), at(end))
    }

    /// Line (from 0) of an offset that counts from the beginning of the file.
    pub(crate) fn line_of(&self, local: u32) -> usize {
        self.line_starts.partition_point(|&start| start <= local).saturating_sub(1)
    }

    /// Offset of the first byte of a line (from 0), from the beginning of the file; the end of the file for a line
    /// that it does not have.
    pub fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line).map_or(self.text.len(), |&start| start as usize)
    }
}

/// A place for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location<'a> {
    /// The file's [`File::name`].
    pub file: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column in Unicode scalar values, from 1.
    pub column: usize,
    /// Byte of the file as it lies on disk, from 0.
    pub byte: usize,
}

/// All files of one config.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<File>,
}

impl SourceMap {
    /// Adds a file behind the ones that are there. `None` when the map is full: offsets are 32 bits wide.
    pub fn add(&mut self, name: String, path: PathBuf, text: String) -> Option<&File> {
        // One byte between two files keeps the end of one apart from the beginning of the next.
        let base = self.files.last().map_or(Some(0), |last| last.end().checked_add(1))?;
        let (text, bom) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (rest.to_owned(), 3),
            None => (text, 0),
        };
        let length = u32::try_from(text.len()).ok()?;
        base.checked_add(length)?.checked_add(1)?;
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(newlines.map(|(at, _)| at as u32 + 1)).collect();
        self.files.push(File { name, path, text, base, bom, line_starts });
        self.files.last()
    }

    /// Names the files that lie in `folder` by their paths in it, for people who look from there.
    pub fn name_from(&mut self, folder: &Path) {
        for file in &mut self.files {
            if let Ok(inside) = file.path.strip_prefix(folder) {
                let name = inside.to_string_lossy();
                file.name = if cfg!(windows) { name.replace('\\', "/") } else { name.into_owned() };
            }
        }
    }

    /// The same files with other text, which must be as long.
    pub(crate) fn map_text(mut self, change: impl Fn(&File) -> String) -> Self {
        for file in &mut self.files {
            let text = change(file);
            debug_assert_eq!(text.len(), file.text.len());
            file.text = text;
        }
        self
    }

    /// The files, in the order of their offsets; the root first.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file that holds an offset; its end counts as inside.
    pub fn file(&self, offset: u32) -> Option<&File> {
        let index = self.files.partition_point(|file| file.base <= offset).checked_sub(1)?;
        self.files.get(index).filter(|file| offset <= file.end())
    }

    /// The text of a span; empty when it lies in no file, crosses two, or cuts a character.
    pub fn text(&self, span: Span) -> &str {
        let slice = self.file(span.start).and_then(|file| {
            let local = (span.start - file.base) as usize..span.end.checked_sub(file.base)? as usize;
            file.text.get(local)
        });
        slice.unwrap_or_default()
    }

    /// File, line and column of an offset.
    pub fn location(&self, offset: u32) -> Option<Location<'_>> {
        let file = self.file(offset)?;
        let local = offset - file.base;
        let line = file.line_of(local);
        let before = file.text.as_bytes().get(file.line_start(line)..local as usize)?;
        // A byte that continues a character begins no column.
        let column = before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count() + 1;
        let byte = local as usize + file.bom as usize;
        Some(Location { file: &file.name, line: line + 1, column, byte })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> SourceMap {
        let mut map = SourceMap::default();
        map.add("a.kdl".into(), "/x/a.kdl".into(), "one\r\nzwö drei\n".into()).unwrap();
        map.add("b.kdl".into(), "/x/b.kdl".into(), "\u{feff}vier".into()).unwrap();
        map
    }

    #[test]
    fn columns_count_characters_and_lines_end_at_newlines() {
        let map = map();
        let drei = map.files()[0].text.find("drei").unwrap() as u32;
        let found = map.location(drei).unwrap();
        assert_eq!((found.file, found.line, found.column), ("a.kdl", 2, 5));
        assert_eq!(map.text(Span::new(drei, drei + 4)), "drei");
    }

    #[test]
    fn the_byte_order_mark_counts_as_bytes_but_not_as_a_column() {
        let map = map();
        let found = map.location(map.files()[1].base).unwrap();
        assert_eq!((found.file, found.line, found.column, found.byte), ("b.kdl", 1, 1, 3));
    }

    #[test]
    fn a_span_across_files_or_inside_a_character_has_no_text() {
        let map = map();
        assert_eq!(map.text(Span::new(0, map.files()[1].base + 1)), "");
        let inside = map.files()[0].text.find('ö').unwrap() as u32 + 1;
        assert_eq!(map.text(Span::new(inside, inside + 3)), "");
        assert!(map.location(u32::MAX).is_none());
    }

    #[test]
    fn files_are_named_from_a_folder_that_holds_them() {
        let mut map = SourceMap::default();
        map.add("a.kdl".into(), "/x/y/a.kdl".into(), String::new()).unwrap();
        map.add("b.kdl".into(), "/z/b.kdl".into(), String::new()).unwrap();
        map.name_from(Path::new("/x"));
        assert_eq!(map.files()[0].name, "y/a.kdl");
        assert_eq!(map.files()[1].name, "b.kdl");
    }

    #[test]
    fn spans_join_and_never_run_backwards() {
        assert_eq!(Span::new(3, 1), Span::new(3, 3));
        assert!(Span::new(3, 1).is_empty());
        assert_eq!(Span::new(5, 7).to(Span::new(1, 2)), Span::new(1, 7));
        assert_eq!(Spanned::new(1, Span::new(0, 1)), Spanned::default_at(1, Span::new(8, 9)));
    }
}
