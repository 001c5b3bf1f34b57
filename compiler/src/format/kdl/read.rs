//! Tokens into a document.

use super::{Block, Line, Node, Part};
use crate::format::scalar::{kdl_name, kdl_text};
use crate::syntax::{Token, TokenKind};

/// Reads the document that `tokens` make up: those of a text without mistakes.
pub(in crate::format) fn read(text: &str, tokens: &[Token]) -> Block {
    Reader { text, tokens, at: 0 }.block(false)
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

/// Lines of a block as they come.
#[derive(Default)]
struct Lines {
    block: Block,
    /// Line breaks since what came last.
    breaks: usize,
    /// Whether there was more than one line.
    several: bool,
}

impl Lines {
    fn push(&mut self, line: Line) {
        if self.breaks > 1 && !self.block.lines.is_empty() {
            self.block.lines.push(Line::Blank);
        }
        self.breaks = 0;
        self.block.lines.push(line);
    }

    /// A comment: behind what stands on its line, or on a line of its own.
    fn comment(&mut self, comment: String, nested: bool) {
        self.several = true;
        match self.block.lines.last_mut() {
            None if nested && self.breaks == 0 && self.block.opening.is_none() => {
                self.block.opening = Some(comment);
            }
            Some(Line::Node(node)) if self.breaks == 0 && node.trail.is_none() => node.trail = Some(comment),
            _ => self.push(Line::Comment(comment)),
        }
    }
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn kind(&self) -> Option<TokenKind> {
        self.peek().map(|token| token.kind)
    }

    /// The text of the next token.
    fn take(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token.and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    fn take_comment(&mut self) -> String {
        self.take().trim_end().replace("\r\n", "\n")
    }

    /// The lines up to the `}` that ends them, or to the end.
    fn block(&mut self, nested: bool) -> Block {
        let mut lines = Lines::default();
        loop {
            match self.kind() {
                None | Some(TokenKind::Close) => break,
                Some(TokenKind::Newline) => {
                    self.at += 1;
                    lines.breaks += 1;
                    lines.several = true;
                }
                Some(TokenKind::LineComment | TokenKind::BlockComment) => {
                    let comment = self.take_comment();
                    lines.comment(comment, nested);
                }
                Some(TokenKind::Semicolon | TokenKind::Continuation | TokenKind::Equals) => self.at += 1,
                Some(_) => {
                    let node = self.node(&mut lines);
                    lines.push(Line::Node(node));
                }
            }
        }
        Block { one_line: !lines.several, ..lines.block }
    }

    fn node(&mut self, lines: &mut Lines) -> Node {
        let mut node = Node::default();
        let mut is_name = true;
        loop {
            match self.kind() {
                None | Some(TokenKind::Newline | TokenKind::LineComment | TokenKind::Close) => break,
                Some(TokenKind::Semicolon) => {
                    self.at += 1;
                    break;
                }
                Some(TokenKind::Continuation) => {
                    let end = self.peek().map_or(0, |token| token.end);
                    self.at += 1;
                    if self.kind() == Some(TokenKind::LineComment) && self.same_line(end) {
                        node.parts.push(Part::Continued(self.take_comment()));
                    }
                }
                Some(TokenKind::BlockComment) => node.push(self.take_comment()),
                Some(TokenKind::Open) => self.open(false, &mut node),
                Some(TokenKind::Slashdash) => self.dropped(&mut node, lines, is_name),
                Some(TokenKind::Value | TokenKind::Annotation | TokenKind::Equals) => {
                    self.entry("", &mut node, is_name);
                }
            }
            is_name &=
                node.parts.iter().all(|part| matches!(part, Part::Text(text) if text.starts_with("/*")));
        }
        node
    }

    fn same_line(&self, from: usize) -> bool {
        let until = self.peek().map_or(from, |token| token.start);
        self.text.get(from..until).is_some_and(|between| !between.contains(['\n', '\r']))
    }

    fn open(&mut self, dropped: bool, node: &mut Node) {
        self.at += 1;
        let block = self.block(true);
        self.at += 1; // its `}`
        node.parts.push(Part::Block { dropped, block });
    }

    /// What a `/-` comments out: an entry, a block, or the whole node.
    fn dropped(&mut self, node: &mut Node, lines: &mut Lines, is_name: bool) {
        self.at += 1;
        loop {
            match self.kind() {
                Some(TokenKind::Newline | TokenKind::Continuation) => self.at += 1,
                Some(TokenKind::LineComment | TokenKind::BlockComment) => {
                    let comment = self.take_comment();
                    match (is_name, comment.starts_with("//")) {
                        (true, _) => lines.push(Line::Comment(comment)),
                        (false, true) => node.parts.push(Part::Continued(comment)),
                        (false, false) => node.push(comment),
                    }
                }
                _ => break,
            }
        }
        if self.kind() == Some(TokenKind::Open) {
            self.open(true, node);
        } else {
            self.entry("/-", node, is_name);
        }
    }

    /// A name, an argument or a property.
    fn entry(&mut self, prefix: &str, node: &mut Node, is_name: bool) {
        let annotation = self.annotation(node);
        let first = self.take();
        if is_name {
            return node.push(format!("{prefix}{annotation}{}", name(first)));
        }
        let after = self.at;
        let comments = self.comments();
        if self.kind() != Some(TokenKind::Equals) {
            self.at = after;
            return node.push(format!("{prefix}{annotation}{}", value(first)));
        }
        self.at += 1;
        node.parts.extend(comments.into_iter().map(Part::Text));
        let annotation = self.annotation(node);
        let second = self.take();
        node.push(format!("{prefix}{}={annotation}{}", name(first), value(second)));
    }

    fn annotation(&mut self, node: &mut Node) -> &'a str {
        node.parts.extend(self.comments().into_iter().map(Part::Text));
        if self.kind() != Some(TokenKind::Annotation) {
            return "";
        }
        let annotation = self.take();
        node.parts.extend(self.comments().into_iter().map(Part::Text));
        annotation
    }

    /// The comments between two pieces of an entry.
    fn comments(&mut self) -> Vec<String> {
        let mut comments = Vec::new();
        loop {
            match self.kind() {
                Some(TokenKind::BlockComment) => comments.push(self.take_comment()),
                Some(TokenKind::Continuation) => self.at += 1,
                _ => return comments,
            }
        }
    }
}

/// A name as it is written: without quotes where it needs none.
fn name(raw: &str) -> String {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) if !text.contains(['\\', '"']) => kdl_name(text),
        _ => raw.to_owned(),
    }
}

/// A value as it is written: text in quotes, without the hashes that it does not need.
fn value(raw: &str) -> String {
    let first = raw.trim_start_matches(['-', '+', '.']);
    let is_number = first.starts_with(|c: char| c.is_ascii_digit());
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    let inner = raw.get(hashes..raw.len().saturating_sub(hashes)).unwrap_or_default();
    match inner.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(text) if hashes > 0 && !text.contains(['\\', '"', '\n', '\r']) => kdl_text(text),
        Some(_) => raw.to_owned(),
        None if is_number || raw.starts_with('#') => raw.to_owned(),
        None => kdl_text(raw),
    }
}
