//! Comments, and the things that they can stand in front of.

use granit_parser::Event;

use super::super::kdl::{Token, TokenKind};
use super::super::tree::Node;
use super::super::{compose, kdl};
use crate::source::{File, Span};

/// How many comments may stand between one and what it is about.
const STACKED_MAX: usize = 64;

/// The comments of a file, and its entries: nodes, keys with their values, arguments, items.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// In the order of the file.
    pub(super) comments: Vec<Span>,
    /// By their beginning, the longest first of those that begin at one place.
    spans: Vec<Span>,
}

impl Entries {
    fn sorted(mut self) -> Self {
        self.spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        self
    }

    /// The first entry behind a comment, if nothing but space and other comments stands between the two.
    pub(super) fn behind(&self, file: &File, comment: Span) -> Option<Span> {
        let next = self.spans.partition_point(|span| span.start < comment.end);
        let entry = *self.spans.get(next)?;
        let mut at = comment.end;
        let first = self.comments.partition_point(|it| it.start < comment.end);
        let between = self.comments.get(first..)?.iter().take_while(|it| it.end <= entry.start);
        // Whoever stacks more comments than that puts something else in front of the entry.
        for other in between.take(STACKED_MAX).chain([&entry]) {
            let space = file.text.get((at - file.base) as usize..(other.start - file.base) as usize)?;
            // An item of a YAML list begins with a dash.
            if !space.chars().all(|c| c.is_whitespace() || c == '-') {
                return None;
            }
            at = other.end;
        }
        Some(entry)
    }

    /// Whether a comment stands in front of everything else.
    pub(super) fn none_before(&self, comment: Span) -> bool {
        self.spans.first().is_none_or(|first| first.start >= comment.end)
    }
}

/// Of a KDL file with its tree.
pub(super) fn of_kdl(file: &File, nodes: &[Node]) -> Entries {
    let mut entries = Entries { comments: comments(file), spans: Vec::new() };
    nodes.iter().for_each(|node| add(node, &mut entries.spans));
    entries.sorted()
}

/// All comments but for those in what is commented out as a whole.
fn comments(file: &File) -> Vec<Span> {
    let tokens = kdl::tokens(file).unwrap_or_default();
    let mut comments = Vec::new();
    let mut depth = 0_usize;
    let mut dropped: Option<Dropped> = None;
    let mut begins_node = true;
    for Token { kind, start, end } in tokens {
        match kind {
            TokenKind::LineComment | TokenKind::BlockComment => {
                if dropped.is_none() {
                    comments.push(file.local_span(start, end));
                }
                continue;
            }
            TokenKind::Slashdash if dropped.is_none() => {
                dropped = Some(Dropped { depth, node: begins_node, begun: false });
            }
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        begins_node = matches!(kind, TokenKind::Newline | TokenKind::Semicolon | TokenKind::Open)
            || kind == TokenKind::Close && begins_node;
        dropped = dropped.and_then(|it| it.after(kind, depth));
    }
    comments
}

/// Something that is commented out, while it lasts.
struct Dropped {
    /// The blocks around it.
    depth: usize,
    /// It is a node with all it holds, not an entry or a block alone.
    node: bool,
    /// It has begun: a line break may stand in front.
    begun: bool,
}

impl Dropped {
    fn after(mut self, kind: TokenKind, depth: usize) -> Option<Self> {
        let here = depth == self.depth;
        let ends = match kind {
            TokenKind::Newline | TokenKind::Semicolon => here && self.begun,
            TokenKind::Close => depth < self.depth || here && !self.node,
            TokenKind::Value => here && !self.node,
            _ => false,
        };
        self.begun |= kind == TokenKind::Value || kind == TokenKind::Open;
        (!ends).then_some(self)
    }
}

fn add(node: &Node, spans: &mut Vec<Span>) {
    spans.push(node.span);
    spans.extend(node.arguments.iter().map(|argument| argument.span));
    node.children.iter().for_each(|child| add(child, spans));
}

/// Of a YAML file that could be read before.
pub(super) fn of_yaml(file: &File) -> Entries {
    let mut walk = Walk::default();
    for (event, range) in compose::events(&file.text).unwrap_or_default() {
        walk.event(&event, file.local_span(range.start, range.end));
    }
    walk.entries.sorted()
}

#[derive(Default)]
struct Walk {
    entries: Entries,
    open: Vec<Open>,
    /// Where the last thing with text ended: the end of a block is only noticed behind it.
    end: u32,
}

/// A collection that is still open.
struct Open {
    start: u32,
    /// In a mapping, where the key of the next value began; a key comes next otherwise.
    key: Option<u32>,
    is_list: bool,
}

impl Walk {
    fn event(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::Comment(..) => self.entries.comments.push(span),
            Event::Scalar(..) | Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.end = self.end.max(span.end);
                self.value(span.start, span.end);
            }
            Event::SequenceStart(..) => self.open.push(Open { start: span.start, key: None, is_list: true }),
            Event::MappingStart(..) => self.open.push(Open { start: span.start, key: None, is_list: false }),
            Event::SequenceEnd | Event::MappingEnd => {
                // A bracket has a width, the end of indentation has none.
                if !span.is_empty() {
                    self.end = self.end.max(span.end);
                }
                if let Some(open) = self.open.pop() {
                    let end = self.end;
                    self.value(open.start, end);
                }
            }
            _ => {}
        }
    }

    /// A value is complete: the key of an entry, its value, or an item.
    fn value(&mut self, start: u32, end: u32) {
        let Some(open) = self.open.last_mut() else { return };
        if open.is_list {
            self.entries.spans.push(Span::new(start, end));
        } else if let Some(key) = open.key.take() {
            self.entries.spans.push(Span::new(key, end));
        } else {
            open.key = Some(start);
        }
    }
}
