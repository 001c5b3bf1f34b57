//! YAML events into items: anchors resolved, merge keys merged, duplicate keys reported.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Tag};

use super::tree::{DEPTH_MAX, Value, contents_max};
use crate::diagnostic::{Diagnostic, Findings, Fix, Rule};
use crate::source::{File, Span, Spanned};

/// A value with its place.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) span: Span,
    pub(crate) kind: ItemKind,
    /// Levels below it, aliases followed: a bound for everything that walks it.
    depth: usize,
}

#[derive(Debug)]
pub(crate) enum ItemKind {
    Scalar(Value),
    List(Vec<Rc<Item>>),
    /// Keys are unique.
    Map(Vec<(Spanned<String>, Rc<Item>)>),
}

/// The one document of a file: `Some(None)` when it is empty, `None` when it could not be read.
pub(crate) fn compose(file: &File, findings: &mut Findings) -> Option<Option<Rc<Item>>> {
    let mut composer = Composer {
        file,
        findings,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        root: None,
        documents: 0,
        left: contents_max(file.text.len()),
        merges_left: 10_000 + file.text.len(),
    };
    for event in Parser::new_from_str_with_options(&file.text, options(false)) {
        match event {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or_default();
                composer.event(event, file.local_span(range.start, range.end))?;
            }
            Err(error) => {
                composer.broken(&error);
                return None;
            }
        }
    }
    Some(composer.root)
}

/// How YAML is read; for those who lay it out, with its comments and the names of its anchors.
fn options(with_comments: bool) -> Options {
    let mut options = Options::default();
    options.strict_indentation = true;
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    options.emit_comments = with_comments;
    options.emit_anchor_events = with_comments;
    options.max_buffered_comment_events = usize::MAX;
    options
}

/// The events of a text, comments included; `None` when it has a mistake.
pub(super) fn events(text: &str) -> Option<Vec<(Event<'_>, Range<usize>)>> {
    let events = Parser::new_from_str_with_options(text, options(true));
    let placed = |(event, span): (_, granit_parser::Span)| Some((event, span.byte_range()?));
    events.map(|event| event.ok().and_then(placed)).collect()
}

/// A list or mapping that is still open.
struct Open {
    start: Span,
    anchor: usize,
    contents: Contents,
}

enum Contents {
    List(Vec<Rc<Item>>),
    Map { entries: Entries, key: Option<Spanned<String>>, merges: Vec<(Span, Rc<Item>)> },
}

/// Entries of a mapping, with their keys to find them by.
#[derive(Default)]
struct Entries {
    list: Vec<(Spanned<String>, Rc<Item>)>,
    places: HashMap<String, usize>,
}

impl Entries {
    /// Adds an entry, or tells where one with the same key is.
    fn add(&mut self, key: Spanned<String>, item: Rc<Item>) -> Result<(), (Spanned<String>, usize)> {
        if let Some(&place) = self.places.get(&key.value) {
            return Err((key, place));
        }
        self.places.insert(key.value.clone(), self.list.len());
        self.list.push((key, item));
        Ok(())
    }

    fn span(&self, place: usize) -> Span {
        self.list.get(place).map_or_else(Span::default, |(key, _)| key.span)
    }
}

struct Composer<'a> {
    file: &'a File,
    findings: &'a mut Findings,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Item>>,
    root: Option<Rc<Item>>,
    documents: usize,
    /// How many more values are read.
    left: usize,
    /// Entries that merge keys may still bring: they can bring the same mapping again and again.
    merges_left: usize,
}

/// The key that merges another mapping into this one.
const MERGE: &str = "<<";

impl Composer<'_> {
    fn error(&mut self, message: impl Into<String>, span: Span, label: &str, help: &str) {
        let found = Diagnostic::error(Rule::SYNTAX_ERROR, message, span, label);
        self.findings.push(found.help(help));
    }

    fn broken(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or_default().min(self.file.text.len());
        let width = self.file.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = self.file.local_span(at, at + width);
        let help = match error.kind() {
            ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation | ErrorKind::TabNotAllowed => {
                "indent with spaces"
            }
            ErrorKind::MappingValueNotAllowed => {
                "put a value that holds `: ` in quotes, and keys in the same column"
            }
            ErrorKind::UnclosedFlowCollection { .. } => "close it, or put the value in quotes",
            ErrorKind::UnexpectedCharacter { .. } => "put the value in quotes",
            _ => "look at the lines above for an open quote or bracket, and at the columns of the keys",
        };
        self.error(error.info().replace("invalid", "unexpected"), span, "here", help);
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::DocumentStart(..) => return self.document(span),
            Event::Scalar(text, style, anchor, tag) => return self.scalar(&text, style, anchor, tag, span),
            Event::SequenceStart(_, anchor, tag) => {
                self.no_tag(tag, "seq", span);
                self.open.push(Open { start: span, anchor, contents: Contents::List(Vec::new()) });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.no_tag(tag, "map", span);
                let contents = Contents::Map { entries: Entries::default(), key: None, merges: Vec::new() };
                self.open.push(Open { start: span, anchor, contents });
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.error(
                    format!("anchor `{name}` is not defined"),
                    span,
                    "alias of nothing",
                    "define it above",
                );
                return self.add(Rc::new(unknown(span)), span);
            }
            _ => {}
        }
        Some(())
    }

    fn document(&mut self, span: Span) -> Option<()> {
        self.documents += 1;
        if self.documents > 1 {
            self.error(
                "a config is one document",
                span,
                "second document",
                "put it in a file of its own and `include` it",
            );
            return None;
        }
        Some(())
    }

    fn no_tag(&mut self, tag: Option<Cow<'_, Tag>>, allowed: &str, span: Span) {
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some(allowed)) {
            let message = format!("tag `{}` has no meaning here", tag.original());
            self.error(message, span, "tagged value", "take the tag away");
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        span: Span,
    ) -> Option<()> {
        let is_text = tag.as_ref().is_some_and(|tag| tag.core_suffix() == Some("str"));
        self.no_tag(tag, "str", span);
        let value = match style {
            // An empty value has no width, and the parser gives it the text of a null.
            ScalarStyle::Plain if span.is_empty() => Value::plain(String::new()),
            ScalarStyle::Plain if !is_text => Value::plain(text.to_owned()),
            _ => Value::quoted(text.to_owned()),
        };
        if let Some(Open { contents: Contents::Map { key: key @ None, .. }, .. }) = self.open.last_mut() {
            let merges = text == MERGE && style == ScalarStyle::Plain;
            // A quoted `<<` is a key like any other, and none that the language has.
            let name = if text == MERGE && !merges { "\"<<\"".to_owned() } else { text.to_owned() };
            *key = Some(Spanned::new(name, span));
            if anchor != 0 {
                self.anchors.insert(anchor, Rc::new(Item { span, kind: ItemKind::Scalar(value), depth: 0 }));
            }
            return Some(());
        }
        self.finish(Item { span, kind: ItemKind::Scalar(value), depth: 0 }, anchor)
    }

    fn close(&mut self, end: Span) -> Option<()> {
        let open = self.open.pop()?;
        let span = open.start.to(end);
        let kind = match open.contents {
            Contents::List(items) => ItemKind::List(items),
            Contents::Map { entries, merges, .. } => ItemKind::Map(self.merge(entries, &merges)?),
        };
        let below = match &kind {
            ItemKind::Scalar(_) => None,
            ItemKind::List(items) => items.iter().map(|item| item.depth).max(),
            ItemKind::Map(entries) => entries.iter().map(|(_, item)| item.depth).max(),
        };
        let depth = below.unwrap_or(0) + 1;
        if depth > DEPTH_MAX {
            self.error("values are nested too deep", span, "level 65", "at most 64 levels, aliases followed");
            return None;
        }
        self.finish(Item { span, kind, depth }, open.anchor)
    }

    fn finish(&mut self, item: Item, anchor: usize) -> Option<()> {
        let span = item.span;
        let Some(left) = self.left.checked_sub(1) else {
            let help = "write a config: keys with values";
            self.error("this file has more values than mean anything", span, "not read from here on", help);
            return None;
        };
        self.left = left;
        let item = Rc::new(item);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&item));
        }
        self.add(item, span)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        match self.anchors.get(&anchor) {
            Some(item) => {
                let item = Rc::clone(item);
                self.add(item, span)
            }
            None => {
                self.error(
                    "a value cannot hold itself",
                    span,
                    "alias of what it is in",
                    "write out what is meant",
                );
                None
            }
        }
    }

    /// Puts an item where the next one belongs. `span` is where it is used, which is not where it is written when
    /// it came by an alias.
    fn add(&mut self, item: Rc<Item>, span: Span) -> Option<()> {
        match self.open.last_mut().map(|open| &mut open.contents) {
            None => self.root = Some(item),
            Some(Contents::List(items)) => items.push(item),
            Some(Contents::Map { entries, key, merges }) => match key.take() {
                Some(key) if key.value == MERGE => merges.push((key.span, item)),
                Some(key) => {
                    if let Err((key, first)) = entries.add(key, item) {
                        let mut found = duplicate(&key, entries.span(first));
                        let line = entries
                            .list
                            .get(first)
                            .and_then(|(key, item)| line_of(self.file, key.span, item));
                        if let Some(line) = line {
                            found = found.fix(Fix::risky("delete the first one", line, ""));
                        }
                        self.findings.push(found);
                    }
                }
                None => {
                    self.error("a key is a word", span, "used as a key", "write `key: value`");
                    return None;
                }
            },
        }
        Some(())
    }

    /// What merge keys bring. A key of the mapping itself overrides one that is brought in; two merges that bring
    /// the same key are a duplicate.
    fn merge(
        &mut self,
        mut entries: Entries,
        merges: &[(Span, Rc<Item>)],
    ) -> Option<Vec<(Spanned<String>, Rc<Item>)>> {
        let own = entries.list.len();
        for (at, item) in merges {
            let sources = match &item.kind {
                ItemKind::List(items) => items.as_slice(),
                ItemKind::Scalar(_) | ItemKind::Map(_) => std::slice::from_ref(item),
            };
            for source in sources {
                let ItemKind::Map(brought) = &source.kind else {
                    self.error("`<<` merges mappings", *at, "merges something else", "write `<<: *anchor`");
                    continue;
                };
                let Some(left) = self.merges_left.checked_sub(brought.len()) else {
                    self.error(
                        "merge keys make this file many times larger",
                        *at,
                        "merges",
                        "write out what is meant",
                    );
                    return None;
                };
                self.merges_left = left;
                for (key, value) in brought {
                    match entries.add(key.clone(), Rc::clone(value)) {
                        Err((key, first)) if first >= own => {
                            let found = duplicate(&key, entries.span(first)).label(*at, "merged here");
                            self.findings.push(found);
                        }
                        _ => {}
                    }
                }
            }
        }
        Some(entries.list)
    }
}

fn unknown(span: Span) -> Item {
    Item { span, kind: ItemKind::Scalar(Value::unknown(String::new())), depth: 0 }
}

/// The line of an entry that has one to itself, with its line break.
fn line_of(file: &File, key: Span, item: &Item) -> Option<Span> {
    let local = |at: u32| at.checked_sub(file.base).map(|at| at as usize);
    let line = file.line_of(key.start.checked_sub(file.base)?);
    let (start, end) = (file.line_start(line), file.line_start(line + 1));
    let before = file.text.get(start..local(key.start)?)?;
    // A value that came by an alias, or has lines of its own, stands elsewhere.
    let value = item.span.start >= key.end && local(item.span.end)? <= end;
    let behind = file.text.get(local(item.span.end)?..end)?;
    (value && before.trim().is_empty() && behind.trim().is_empty()).then(|| file.local_span(start, end))
}

fn duplicate(key: &Spanned<String>, first: Span) -> Diagnostic {
    let message = format!("key `{}` is defined twice", key.value);
    Diagnostic::error(Rule::DUPLICATE_KEY, message, key.span, "second definition")
        .label(first, "first definition")
        .help("keep one: other loaders would silently use the last")
}
