//! Comments on their way to the other spelling: each belongs to a node, and goes where that goes.

use std::collections::BTreeMap;

use crate::source::{File, SourceMap, Span};
use crate::syntax::{self, Node, Spelling, Token, TokenKind, YamlEvent};

/// A comment, before it is known what it belongs to.
struct Comment {
    at: usize,
    end: usize,
    /// Its lines without marks.
    lines: Vec<String>,
    /// How deep it stands: blocks around it in KDL, its column in YAML.
    depth: usize,
    /// Whether nothing stands before it on its line.
    alone: bool,
    /// Whether a blank line is behind it.
    apart: bool,
}

/// What was remarked on a node. A line is the text of a comment without its mark; nothing is a blank line.
#[derive(Debug, Default)]
pub(super) struct Remark {
    /// Above it.
    pub(super) head: Vec<Option<String>>,
    /// Behind it.
    pub(super) trail: Vec<String>,
    /// Below all of it.
    pub(super) tail: Vec<Option<String>>,
}

impl Remark {
    /// Adds what was remarked on a part of the same thing.
    pub(super) fn absorb(&mut self, other: Self) {
        self.head.extend(other.head);
        self.trail.extend(other.trail);
        self.tail.extend(other.tail);
    }
}

/// The comments of a file by the offset of what they belong to.
#[derive(Debug, Default)]
pub(in crate::format) struct Remarks {
    of: BTreeMap<u32, Remark>,
    /// Those that open the file, apart from its first node.
    pub(in crate::format) opening: Vec<Option<String>>,
    /// Those that close it.
    closing: Vec<Option<String>>,
}

impl Remarks {
    /// Finds the comments of the one file of `sources`, in which `nodes` stand.
    pub(in crate::format) fn new(sources: &SourceMap, nodes: &[Node], spelling: Spelling) -> Self {
        let Some(file) = sources.files().first() else { return Self::default() };
        let (comments, braces) = match spelling {
            Spelling::Kdl => kdl_comments(file),
            Spelling::Yaml => (yaml_comments(file), Vec::new()),
        };
        let mut places = BTreeMap::new();
        let depth = |at: u32| match spelling {
            Spelling::Kdl => {
                let before = braces.partition_point(|(brace, _)| *brace <= at as usize);
                before.checked_sub(1).and_then(|last| braces.get(last)).map_or(0, |(_, depth)| *depth)
            }
            Spelling::Yaml => column(file, at as usize),
        };
        collect(nodes, &mut |span| {
            places.insert(span.start, depth(span.start));
        });
        let mut remarks = Self::default();
        let comments = grouped(comments, &places, file);
        comments.into_iter().for_each(|comment| remarks.add(comment, &places, file));
        remarks
    }

    fn add(&mut self, comment: Comment, places: &BTreeMap<u32, usize>, file: &File) {
        let at = comment.at as u32;
        let mut lines: Vec<Option<String>> = comment.lines.iter().cloned().map(Some).collect();
        lines.extend(comment.apart.then_some(None));
        let next = places.range(at..).next();
        // What begins the line is what the others on it belong to.
        let first = |(owner, _): (&u32, _)| {
            let line = file.line_start(file.line_of(*owner)) as u32;
            places.range(line..=*owner).find(|(_, depth)| **depth <= comment.depth)
        };
        let before = || places.range(..at).rev().find(|(_, depth)| **depth <= comment.depth).and_then(first);
        if !comment.alone {
            let line = file.line_start(file.line_of(at)) as u32;
            let owner = places.range(line..at).next().or_else(before);
            if let Some((owner, _)) = owner {
                return self.of.entry(*owner).or_default().trail.extend(comment.lines);
            }
        }
        match (next, before()) {
            (Some((_, depth)), Some((owner, _))) if comment.depth > *depth => {
                self.of.entry(*owner).or_default().tail.extend(lines);
            }
            (Some((owner, _)), before) => {
                let opens =
                    before.is_none() && (comment.apart || !self.opening.is_empty() && self.of.is_empty());
                match opens && comment.apart {
                    true => self.opening.extend(lines),
                    false => self.of.entry(*owner).or_default().head.extend(lines),
                }
            }
            (None, Some(_)) if comment.depth == 0 => self.closing.extend(lines),
            (None, Some((owner, _))) => self.of.entry(*owner).or_default().tail.extend(lines),
            (None, None) => self.opening.extend(lines),
        }
    }

    /// Makes what stands above the first node open the file: the nodes come in another order.
    pub(in crate::format) fn open_with(&mut self, first: Option<Span>) {
        let first = first.and_then(|first| self.of.get_mut(&first.start));
        self.opening.extend(first.map(|remark| std::mem::take(&mut remark.head)).unwrap_or_default());
    }

    /// Whether something was remarked on what begins at `span`.
    pub(super) fn has(&self, span: Span) -> bool {
        self.of.contains_key(&span.start)
    }

    /// Whether something was remarked on a node or on one of its values.
    pub(super) fn on(&self, node: &Node) -> bool {
        self.has(node.name.span) || node.arguments.iter().any(|argument| self.has(argument.span))
    }

    /// What was remarked on what begins at `span`. It is given away once.
    pub(super) fn take(&mut self, span: Span) -> Remark {
        self.of.remove(&span.start).unwrap_or_default()
    }

    /// What nobody took, and what closes the file.
    pub(super) fn rest(&mut self) -> Vec<Option<String>> {
        let mut rest = Vec::new();
        for (_, remark) in std::mem::take(&mut self.of) {
            rest.extend(remark.head);
            rest.extend(remark.trail.into_iter().map(Some));
            rest.extend(remark.tail);
        }
        rest.append(&mut self.closing);
        rest
    }
}

/// Comments of which one stands below the other, with nothing between, are one.
fn grouped(comments: Vec<Comment>, places: &BTreeMap<u32, usize>, file: &File) -> Vec<Comment> {
    let mut groups: Vec<Comment> = Vec::new();
    for comment in comments {
        let belongs = |last: &&mut Comment| {
            let between = file.text.get(last.end..comment.at).unwrap_or_default();
            let follows = between.trim().is_empty() && between.matches('\n').count() == 1;
            let alike = last.alone && comment.alone && last.depth == comment.depth;
            follows && alike && places.range(last.at as u32..comment.at as u32).next().is_none()
        };
        match groups.last_mut().filter(belongs) {
            Some(last) => {
                last.lines.extend(comment.lines);
                (last.end, last.apart) = (comment.end, comment.apart);
            }
            None => groups.push(comment),
        }
    }
    groups
}

/// Visits the place of every node and value.
fn collect(nodes: &[Node], visit: &mut impl FnMut(Span)) {
    for node in nodes {
        visit(node.name.span);
        node.arguments.iter().for_each(|argument| visit(argument.span));
        collect(&node.children, visit);
    }
}

fn column(file: &File, at: usize) -> usize {
    at - file.line_start(file.line_of(at as u32)).min(at)
}

fn is_alone(file: &File, at: usize) -> bool {
    let line = file.line_start(file.line_of(at as u32));
    file.text.get(line..at).is_some_and(|before| before.trim().is_empty())
}

fn is_apart(file: &File, end: usize) -> bool {
    let next = file.line_of(end as u32) + 1;
    let line = file.text.get(file.line_start(next)..file.line_start(next + 1)).unwrap_or("x");
    !line.is_empty() && line.trim().is_empty()
}

fn yaml_comments(file: &File) -> Vec<Comment> {
    let events = syntax::yaml_events(&file.text).unwrap_or_default();
    let comment = |(event, at): (YamlEvent<'_>, std::ops::Range<usize>)| {
        let YamlEvent::Comment(text, _) = event else { return None };
        Some(Comment {
            at: at.start,
            end: at.end,
            lines: vec![text.trim_end().to_owned()],
            depth: column(file, at.start),
            alone: is_alone(file, at.start),
            apart: is_apart(file, at.end),
        })
    };
    events.into_iter().filter_map(comment).collect()
}

/// The comments of a KDL file, and how deep what stands behind each of its braces is.
fn kdl_comments(file: &File) -> (Vec<Comment>, Vec<(usize, usize)>) {
    let tokens = syntax::kdl_tokens(file).unwrap_or_default();
    let mut comments = Vec::new();
    let mut braces = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(token) = tokens.get(at) {
        at += 1;
        let mut end = token.end;
        match token.kind {
            TokenKind::Open => {
                depth += 1;
                braces.push((token.end, depth));
                continue;
            }
            TokenKind::Close => {
                depth = depth.saturating_sub(1);
                braces.push((token.end, depth));
                continue;
            }
            TokenKind::LineComment | TokenKind::BlockComment => {}
            TokenKind::Slashdash => {
                at = dropped(&tokens, at - 1);
                end = at.checked_sub(1).and_then(|last| tokens.get(last)).map_or(end, |last| last.end);
            }
            _ => continue,
        }
        let raw = file.text.get(token.start..end).unwrap_or_default();
        comments.push(Comment {
            at: token.start,
            end,
            lines: without_marks(raw),
            depth,
            alone: is_alone(file, token.start),
            apart: is_apart(file, end),
        });
    }
    (comments, braces)
}

/// The first token behind what the `/-` at `slashdash` comments out.
fn dropped(tokens: &[Token], slashdash: usize) -> usize {
    use TokenKind::{
        Annotation, BlockComment, Close, Continuation, Equals, LineComment, Newline, Open, Semicolon, Value,
    };
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let begins_node = slashdash
        .checked_sub(1)
        .is_none_or(|before| matches!(kind(before), Some(Newline | Semicolon | Open | Close | LineComment)));
    let mut at = slashdash + 1;
    while matches!(kind(at), Some(Newline | LineComment | BlockComment | Continuation)) {
        at += 1;
    }
    let mut depth = 0_usize;
    let mut values = 0;
    while let Some(kind) = kind(at) {
        match kind {
            Open => depth += 1,
            Close if depth == 0 => break,
            Close => {
                depth -= 1;
                if depth == 0 && !begins_node {
                    return at + 1;
                }
            }
            Newline | Semicolon | LineComment if depth == 0 => break,
            Value if depth == 0 && !begins_node => {
                values += 1;
                let next = tokens.get(at + 1).map(|token| token.kind);
                if values == 2 || next != Some(Equals) {
                    return at + 1;
                }
            }
            Annotation | Equals | Value | Newline | Semicolon | LineComment | BlockComment | Continuation => {
            }
            TokenKind::Slashdash => {}
        }
        at += 1;
    }
    at
}

/// The lines of a comment without `//`, `/*` and `*/`. What is commented out by `/-` keeps its mark: it is no text.
fn without_marks(raw: &str) -> Vec<String> {
    let tidy = |line: &str| {
        line.chars().map(|c| if syntax::is_unseen_in_kdl(c) { ' ' } else { c }).collect::<String>()
    };
    if let Some(text) = raw.strip_prefix("//") {
        return vec![tidy(text).trim_end().to_owned()];
    }
    if raw.starts_with("/-") {
        return raw.lines().map(|line| format!(" {}", tidy(line).trim_end())).collect();
    }
    let inner = raw.strip_prefix("/*").and_then(|rest| rest.strip_suffix("*/")).unwrap_or(raw);
    let lines = inner.lines().map(|line| tidy(line.trim().trim_start_matches("* ")));
    lines.filter(|line| !line.is_empty()).map(|line| format!(" {line}")).collect()
}
