//! Events into a document.

use std::ops::Range;

use super::{Document, Entry, Kind, Line, Value};
use crate::format::scalar::yaml_quoted;
use crate::syntax::{ScalarStyle, StructureStyle, YamlEvent};

/// Reads the document that `events` make up: those of a text without mistakes. Nothing where it holds what no config
/// has, such as a key that is a list.
pub(in crate::format) fn read(text: &str, events: &[(YamlEvent<'_>, Range<usize>)]) -> Option<Document> {
    let is_comment = |event: &YamlEvent<'_>| matches!(event, YamlEvent::Comment(..));
    let comments = events.iter().filter(|(event, _)| is_comment(event)).map(|(_, at)| at.clone()).collect();
    let events: Vec<_> = events.iter().filter(|(event, _)| !is_comment(event)).collect();
    let mut reader = Reader { text, events: &events, at: 0, comments, comments_taken: 0 };
    reader.document()
}

struct Reader<'a> {
    text: &'a str,
    events: &'a [&'a (YamlEvent<'a>, Range<usize>)],
    at: usize,
    /// The comments, in order.
    comments: Vec<Range<usize>>,
    comments_taken: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a YamlEvent<'a>> {
        self.events.get(self.at).map(|(event, _)| event)
    }

    /// Where the next event stands; the end of the text behind the last one.
    fn place(&self) -> Range<usize> {
        self.events.get(self.at).map_or(self.text.len()..self.text.len(), |(_, at)| at.clone())
    }

    fn document(&mut self) -> Option<Document> {
        let mut document = Document::default();
        loop {
            match self.peek() {
                None | Some(YamlEvent::StreamEnd) => break,
                Some(YamlEvent::DocumentStart(explicit, _)) => {
                    if *explicit {
                        self.marker(&mut document.head);
                    }
                    self.at += 1;
                }
                Some(YamlEvent::StreamStart | YamlEvent::DocumentEnd) => self.at += 1,
                Some(_) => {
                    if document.root.is_some() {
                        return None;
                    }
                    let mut root = self.value(None, &mut None, &mut document.head)?;
                    mark(std::mem::take(&mut root.properties), &mut document.head);
                    document.root = Some(root);
                }
            }
        }
        let rest = self.heads(self.text.len());
        match document.root.as_mut().map(|root| &mut root.kind) {
            Some(Kind::Collection { foot, .. }) => foot.extend(rest),
            _ => document.head.extend(rest),
        }
        Some(document)
    }

    /// The `---` that begins a document, and what stands before it.
    fn marker(&mut self, head: &mut Vec<Line>) {
        let marker = self.place().start;
        let marker =
            self.text.get(marker..).and_then(|rest| rest.find("---")).map_or(marker, |at| marker + at);
        let mut at = 0;
        for line in self.text.get(..marker).unwrap_or_default().split_inclusive('\n') {
            head.extend(self.heads(at + line.len()));
            if line.starts_with('%') {
                head.push(Line::Text(line.trim_end().to_owned()));
            }
            at += line.len();
        }
        head.push(Line::Text("---".to_owned()));
    }

    /// The comments and blank lines before an offset, up to what stands on it.
    fn heads(&mut self, until: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(comment) =
            self.comments.get(self.comments_taken).filter(|at| at.start < until).cloned()
        {
            self.comments_taken += 1;
            if self.is_behind_blank(comment.start) {
                lines.push(Line::Blank);
            }
            lines.push(Line::Text(self.comment_text(&comment)));
        }
        if until < self.text.len() && self.is_behind_blank(until) {
            lines.push(Line::Blank);
        }
        lines
    }

    fn comment_text(&self, at: &Range<usize>) -> String {
        self.text.get(at.clone()).unwrap_or_default().trim_end().to_owned()
    }

    /// The offset at which the line of `at` begins.
    fn line_start(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn column(&self, at: usize) -> usize {
        self.text.get(self.line_start(at)..at).unwrap_or_default().chars().count()
    }

    /// Whether the line before that of `at` is blank.
    fn is_behind_blank(&self, at: usize) -> bool {
        let before = self.text.get(..self.line_start(at)).unwrap_or_default();
        let before = before.strip_suffix('\n').unwrap_or("x");
        before.rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
    }

    /// Takes the comment that stands on the line on which `end` is, if nothing but a comma is between.
    fn trail(&mut self, end: usize, until: usize) -> Option<String> {
        let comment =
            self.comments.get(self.comments_taken).filter(|at| at.start >= end && at.start <= until)?;
        let between = self.text.get(end..comment.start)?;
        if between.contains('\n') {
            return None;
        }
        let text = self.comment_text(comment);
        self.comments_taken += 1;
        Some(text)
    }

    /// A value. `trail` and `head` are those of the entry that it is the value of.
    fn value(
        &mut self,
        parent: Option<usize>,
        trail: &mut Option<String>,
        head: &mut Vec<Line>,
    ) -> Option<Value> {
        let (event, place) = self.events.get(self.at)?;
        self.at += 1;
        let properties = self.properties(event);
        let is_collection = matches!(event, YamlEvent::SequenceStart(..) | YamlEvent::MappingStart(..));
        let is_block = matches!(
            event,
            YamlEvent::SequenceStart(StructureStyle::Block, ..)
                | YamlEvent::MappingStart(StructureStyle::Block, ..)
        );
        if !is_block {
            // Comments between a key and what begins on its line have no other place.
            let above = self.heads(place.start);
            head.extend(above.into_iter().filter(|line| *line != Line::Blank));
        }
        let taken = self.comments_taken;
        let mut kind = match event {
            YamlEvent::Scalar(text, style, ..) => self.scalar(text, *style, place)?,
            YamlEvent::Alias(_) | YamlEvent::UnresolvedAlias(_) => {
                Kind::Scalar(self.text.get(place.clone())?.to_owned())
            }
            YamlEvent::SequenceStart(style, ..) => {
                self.collection(true, *style == StructureStyle::Flow, place.start, parent)?
            }
            YamlEvent::MappingStart(style, ..) => {
                self.collection(false, *style == StructureStyle::Flow, place.start, parent)?
            }
            _ => return None,
        };
        let end = if is_collection { self.events.get(self.at.checked_sub(1)?)?.1.end } else { place.end };
        let ends_its_line = !is_block && !matches!(kind, Kind::Lines { .. });
        let comment = if ends_its_line { self.trail(end, self.place().start) } else { None };
        match (comment, &mut kind) {
            (None, _) => {}
            // With comments in it, it ends on a line of its own.
            (Some(comment), Kind::Collection { foot, .. }) if self.comments_taken > taken + 1 => {
                foot.push(Line::Text(comment));
            }
            // One stands behind; what stood behind the key goes above.
            (Some(comment), _) => head.extend(trail.replace(comment).map(Line::Text)),
        }
        Some(Value { properties, kind })
    }

    /// Anchor and tag of the node that was just read.
    fn properties(&mut self, event: &YamlEvent<'_>) -> String {
        let mut properties = Vec::new();
        if let Some(YamlEvent::Anchor(_, name)) = self.peek() {
            properties.push(format!("&{name}"));
            self.at += 1;
        }
        let (YamlEvent::Scalar(.., tag)
        | YamlEvent::SequenceStart(.., tag)
        | YamlEvent::MappingStart(.., tag)) = event
        else {
            return String::new();
        };
        properties.extend(tag.as_ref().map(|tag| tag.original()));
        properties.join(" ")
    }

    /// The entries of a collection, and its end.
    fn collection(&mut self, is_list: bool, flow: bool, start: usize, parent: Option<usize>) -> Option<Kind> {
        let column = self.column(start);
        let mut entries: Vec<Entry> = Vec::new();
        while !matches!(self.peek()?, YamlEvent::SequenceEnd | YamlEvent::MappingEnd) {
            let mut head = self.heads(self.place().start);
            let mut trail = None;
            let key = if is_list { None } else { Some(self.key(&mut trail)?) };
            let value = self.value(Some(column), &mut trail, &mut head)?;
            if entries.is_empty() && (flow || parent.is_some()) {
                let blank = head.iter().take_while(|line| **line == Line::Blank).count();
                head.drain(..blank);
            }
            if flow {
                head.retain(|line| *line != Line::Blank);
            }
            entries.push(Entry { head, key, value, trail });
        }
        let end = self.place().start;
        self.at += 1;
        let foot = if flow { self.heads(end) } else { self.foot(column, parent) };
        let foot = foot.into_iter().filter(|line| !flow || *line != Line::Blank).collect();
        Some(Kind::Collection { is_list, entries, flow, foot })
    }

    /// The comments behind the last entry of a block that stand in its column, not in that of what comes next.
    fn foot(&mut self, column: usize, parent: Option<usize>) -> Vec<Line> {
        let ends = |event: &YamlEvent<'_>| {
            use YamlEvent::{DocumentEnd, MappingEnd, SequenceEnd, StreamEnd};
            matches!(event, SequenceEnd | MappingEnd | DocumentEnd | StreamEnd)
        };
        let rest = self.events.get(self.at..).unwrap_or_default();
        let next = rest.iter().find(|(event, _)| !ends(event)).map_or(self.text.len(), |(_, at)| at.start);
        let mut lines = Vec::new();
        while let Some(comment) = self.comments.get(self.comments_taken).filter(|at| at.start < next).cloned()
        {
            let own = self.column(comment.start);
            if own < column || parent.is_some_and(|parent| own <= parent) {
                break;
            }
            self.comments_taken += 1;
            if self.is_behind_blank(comment.start) {
                lines.push(Line::Blank);
            }
            lines.push(Line::Text(self.comment_text(&comment)));
        }
        lines
    }

    fn key(&mut self, trail: &mut Option<String>) -> Option<String> {
        let (event, place) = self.events.get(self.at)?;
        self.at += 1;
        let YamlEvent::Scalar(text, style, ..) = event else { return None };
        let properties = self.properties(event);
        let Kind::Scalar(key) = self.scalar(text, *style, place)? else { return None };
        *trail = self.trail(place.end, self.place().start);
        Some(if properties.is_empty() { key } else { format!("{properties} {key}") })
    }

    fn scalar(&self, text: &str, style: ScalarStyle, place: &Range<usize>) -> Option<Kind> {
        let raw = self.text.get(place.clone())?;
        let single = !raw.contains(['\n', '\r']);
        Some(match style {
            ScalarStyle::Plain if single => Kind::Scalar(raw.to_owned()),
            ScalarStyle::Plain if !text.contains('\n') => Kind::Scalar(text.to_owned()),
            ScalarStyle::Plain => Kind::Scalar(yaml_quoted(text)),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let quoted = yaml_quoted(text);
                let escapes = quoted.starts_with('"') && quoted.contains('\\');
                let keeps = escapes && single && style == ScalarStyle::DoubleQuoted;
                Kind::Scalar(if keeps { raw.to_owned() } else { quoted })
            }
            ScalarStyle::Literal => block('|', text, text.split('\n').map(str::to_owned).collect()),
            ScalarStyle::Folded => {
                let raw = self.text.get(self.line_start(place.start)..place.end)?;
                block('>', text, dedented(raw))
            }
        })
    }
}

/// Puts anchor and tag of the whole document where they can stand: behind its `---`.
fn mark(properties: String, head: &mut Vec<Line>) {
    if properties.is_empty() {
        return;
    }
    let mark = Line::Text(format!("--- {properties}"));
    match head.iter_mut().find(|line| **line == Line::Text("---".to_owned())) {
        Some(known) => *known = mark,
        None => head.push(mark),
    }
}

/// A scalar of several lines. Its last line breaks are those of its text.
fn block(style: char, text: &str, mut lines: Vec<String>) -> Kind {
    let breaks = text.len() - text.trim_end_matches('\n').len();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.extend(std::iter::repeat_n(String::new(), breaks.saturating_sub(1)));
    let indented = lines.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with(' '));
    let chomping = match breaks {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let header = format!("{style}{}{chomping}", if indented { "2" } else { "" });
    Kind::Lines { header, lines }
}

/// Lines without the space that begins all of them.
fn dedented(raw: &str) -> Vec<String> {
    let lines: Vec<&str> = raw.lines().map(str::trim_end).collect();
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let common = lines.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or(0);
    lines.into_iter().map(|line| line.get(common..).unwrap_or_default().to_owned()).collect()
}
