//! YAML as it is laid out: a document with its comments and blank lines, read and printed.

mod print;

pub(super) use self::print::print;

/// A file.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Directives, comments and blank lines before the first key, and a `---` if there was one.
    pub(super) head: Vec<Line>,
    /// The mapping; nothing in an empty file.
    pub(super) root: Option<Value>,
}

/// What stands on a line of its own.
#[expect(dead_code, reason = "read from texts with comments")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    /// A comment with its mark, or a directive, or `---`.
    Text(String),
}

/// An entry of a mapping, or an item of a list.
#[derive(Debug)]
pub(super) struct Entry {
    /// What stands above it.
    pub(super) head: Vec<Line>,
    /// The key as it is written; an item has none.
    pub(super) key: Option<String>,
    pub(super) value: Value,
    /// A comment behind it, on its first line.
    pub(super) trail: Option<String>,
}

/// A value.
#[derive(Debug)]
pub(super) struct Value {
    /// Anchor and tag.
    pub(super) properties: String,
    pub(super) kind: Kind,
}

#[expect(dead_code, reason = "read from texts with comments")]
#[derive(Debug)]
pub(super) enum Kind {
    /// A scalar or an alias as it is written; empty for nothing.
    Scalar(String),
    /// The header of a block scalar, and its lines without their common indentation.
    Lines { header: String, lines: Vec<String> },
    /// A list or a mapping.
    Collection { is_list: bool, entries: Vec<Entry>, flow: bool, foot: Vec<Line> },
}

impl Value {
    pub(super) fn scalar(text: String) -> Self {
        Self { properties: String::new(), kind: Kind::Scalar(text) }
    }

    pub(super) fn collection(is_list: bool, entries: Vec<Entry>, flow: bool) -> Self {
        let kind = Kind::Collection { is_list, entries, flow, foot: Vec::new() };
        Self { properties: String::new(), kind }
    }
}

impl Entry {
    /// An entry without comments.
    pub(super) fn new(key: Option<String>, value: Value) -> Self {
        Self { head: Vec::new(), key, value, trail: None }
    }
}
