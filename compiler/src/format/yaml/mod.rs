//! YAML as it is laid out: a document with its comments and blank lines, read and printed.

mod print;
mod read;

use std::ops::Range;

pub(super) use self::print::print;
use crate::syntax::{self, ScalarStyle, YamlEvent};

/// Lays a text out that has no mistake. Nothing when what comes of it is not the same.
pub(super) fn format(text: &str) -> Option<String> {
    let before = syntax::yaml_events(text)?;
    let formatted = print(&read::read(text, &before)?);
    let after = syntax::yaml_events(&formatted)?;
    (meaning(&before) == meaning(&after)).then_some(formatted)
}

/// What events say, however it is laid out: first the values, then the comments.
fn meaning(events: &[(YamlEvent<'_>, Range<usize>)]) -> (Vec<String>, Vec<String>) {
    let mut comments = Vec::new();
    let mut values = Vec::new();
    for (event, _) in events {
        values.push(match event {
            YamlEvent::Comment(text, _) => {
                comments.push(text.trim_end().to_owned());
                continue;
            }
            YamlEvent::Scalar(text, ScalarStyle::Plain, anchor, tag) => {
                let kind = syntax::Value::plain(text.to_string()).scalar;
                format!("{kind:?} {text} &{anchor} {tag:?}")
            }
            YamlEvent::Scalar(text, _, anchor, tag) => format!("Text {text} &{anchor} {tag:?}"),
            YamlEvent::SequenceStart(_, anchor, tag) => format!("[ &{anchor} {tag:?}"),
            YamlEvent::MappingStart(_, anchor, tag) => format!("{{ &{anchor} {tag:?}"),
            YamlEvent::DocumentStart(..) => "---".to_owned(),
            other => format!("{other:?}"),
        });
    }
    (values, comments)
}

/// A file.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Directives, comments and blank lines before the first key, and a `---` if there was one.
    pub(super) head: Vec<Line>,
    /// The mapping; nothing in an empty file.
    pub(super) root: Option<Value>,
}

/// What stands on a line of its own.
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
