//! Nodes and their blocks.

use std::mem;
use std::ops::Range;

use super::super::tree::{DEPTH_MAX, Node, Shape, Spelling, contents_max};
use super::cursor::{Cursor, is_disallowed, is_newline};
use super::mistake::{self, Mistake};
use super::token::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Findings, Fix, Rule, Severity};
use crate::source::{File, Spanned};

/// Reads one file.
pub(super) struct Parser<'a> {
    pub(super) file: &'a File,
    findings: &'a mut Findings,
    pub(super) cursor: Cursor<'a>,
    /// What the innermost block holds so far; without a block, the document.
    nodes: Vec<Node>,
    /// The blocks that are open, the innermost last.
    open: Vec<Block>,
    /// Whether there was a mistake.
    broken: bool,
    /// Where mistakes count again: what is found behind one on the same line may only follow from it.
    silent_until: usize,
    /// Whether a mistake may have swallowed braces.
    unbalanced: bool,
    /// How many more nodes and entries are read.
    left: usize,
    /// What was read, in order, where somebody wants to know.
    pub(super) tokens: Option<Vec<Token>>,
}

/// A node that may go on.
pub(super) struct Partial {
    pub(super) node: Node,
    /// Whether it is commented out, or stands in what is.
    pub(super) dropped: bool,
    pub(super) stage: Stage,
}

/// What may still come in a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Entries and blocks.
    Entries,
    /// Blocks: one was commented out.
    Blocks,
    /// Blocks that are commented out.
    Done,
}

/// A block that is open.
struct Block {
    /// Offset of its `{`.
    brace: usize,
    slashdashed: bool,
    owner: Partial,
    /// The nodes before its owner.
    siblings: Vec<Node>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(file: &'a File, findings: &'a mut Findings) -> Self {
        Self {
            file,
            findings,
            cursor: Cursor::new(&file.text),
            nodes: Vec::new(),
            open: Vec::new(),
            broken: false,
            silent_until: 0,
            unbalanced: false,
            left: contents_max(file.text.len()),
            tokens: None,
        }
    }

    /// Reads all of it, with every token. `None` when there was a mistake.
    pub(super) fn tokens(mut self) -> Option<Vec<Token>> {
        self.tokens = Some(Vec::new());
        self.read();
        self.tokens.filter(|_| !self.broken)
    }

    /// Notes what stands between `start` and here.
    pub(super) fn token(&mut self, kind: TokenKind, start: usize) {
        let end = self.cursor.at();
        if let Some(tokens) = &mut self.tokens {
            tokens.push(Token { kind, start, end });
        }
    }

    /// Reads all of it. `None` when there was a mistake.
    pub(super) fn document(mut self) -> Option<Vec<Node>> {
        self.read();
        (!self.broken).then_some(self.nodes)
    }

    fn read(&mut self) {
        self.characters();
        loop {
            self.line_space();
            match self.cursor.peek() {
                None => break,
                Some('}') => self.close(),
                Some(';') => {
                    self.mistake_at_next(&mistake::STRAY_SEMICOLON);
                    self.cursor.next();
                }
                Some(_) if self.is_spent() => break,
                Some(_) => self.node(),
            }
        }
        if let Some(block) = self.open.last().filter(|_| !self.unbalanced) {
            self.certain(&mistake::UNCLOSED_BLOCK, block.brace..block.brace + 1);
        }
    }

    /// Looks for characters that may stand nowhere, so that nothing else has to.
    fn characters(&mut self) {
        let mut line = 0;
        for (at, c) in self.file.text.char_indices().filter(|(_, c)| is_disallowed(*c)) {
            self.broken = true;
            if at < line {
                continue;
            }
            line = self.end_of_line(at);
            let code = u32::from(c);
            let message = format!("the character U+{code:04X} cannot stand in KDL");
            let span = self.file.local_span(at, at + c.len_utf8());
            let found = Diagnostic::error(Rule::SYNTAX_ERROR, message, span, "cannot be seen");
            self.findings.push(found.help(format!("take it away, or write `\\u{{{code:x}}}` in quotes")));
        }
    }

    fn node(&mut self) {
        let start = self.cursor.at();
        let slashdashed = self.cursor.eat("/-");
        if slashdashed {
            self.token(TokenKind::Slashdash, start);
            self.line_space();
            if self.comments_nothing(start) {
                return;
            }
        }
        let dropped = slashdashed || self.open.last().is_some_and(|it| it.slashdashed || it.owner.dropped);
        if self.cursor.starts_with("{") {
            self.mistake_at_next(&mistake::NAMELESS_BLOCK);
            let nameless = Spanned::new(String::new(), self.file.local_span(start, start));
            let owner = Partial { node: self.named(nameless), dropped: true, stage: Stage::Entries };
            return self.open(owner, false);
        }
        self.annotation(dropped);
        let name = self.name(start, &mistake::ANNOTATES_NOTHING);
        let node = self.named(name);
        self.rest(Partial { node, dropped, stage: Stage::Entries });
    }

    /// Takes one from the bound of nodes and entries. At its end, nothing more is read.
    fn is_spent(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                self.mistake_at_next(&mistake::TOO_DENSE);
                self.unbalanced = true;
                self.cursor.finish();
                return true;
            }
        }
        false
    }

    /// A node of which only the name is known.
    pub(super) fn named(&self, name: Spanned<String>) -> Node {
        Node {
            span: name.span,
            name,
            arguments: Vec::new(),
            children: Vec::new(),
            spelling: Spelling::Kdl,
            shape: Shape::Single,
        }
    }

    /// Reads a node on, up to its end or to the beginning of a block.
    fn rest(&mut self, mut partial: Partial) {
        loop {
            self.space();
            let start = self.cursor.at();
            if self.cursor.starts_with("{") {
                return self.open(partial, false);
            }
            if self.cursor.is_at_end_of_node() {
                if self.cursor.eat(";") {
                    self.token(TokenKind::Semicolon, start);
                }
                return self.finish(partial);
            }
            if self.is_spent() {
                return;
            }
            if !self.cursor.starts_with("/-") {
                self.entry(&mut partial, false);
                continue;
            }
            self.space_before();
            self.cursor.eat("/-");
            self.token(TokenKind::Slashdash, start);
            self.line_space();
            if self.cursor.starts_with("{") {
                return self.open(partial, true);
            }
            if !self.comments_nothing(start) {
                self.entry(&mut partial, true);
            }
        }
    }

    /// Whether nothing stands behind the `/-` at `start` that it could comment out.
    fn comments_nothing(&mut self, start: usize) -> bool {
        let nothing = self.cursor.is_at_end_of_node() || self.cursor.starts_with("/-");
        if nothing {
            self.mistake(&mistake::COMMENTS_NOTHING, start..start + 2);
        }
        nothing
    }

    fn finish(&mut self, mut partial: Partial) {
        if !partial.dropped {
            // Most nodes hold one or two things, for which a vector takes twice the room.
            partial.node.arguments.shrink_to_fit();
            partial.node.children.shrink_to_fit();
            self.nodes.push(partial.node);
        }
    }

    /// Begins a block of `owner`, at its `{`.
    fn open(&mut self, owner: Partial, slashdashed: bool) {
        if owner.stage == Stage::Done && !slashdashed {
            self.mistake_at_next(&mistake::SECOND_BLOCK);
        }
        let brace = self.cursor.at();
        if self.open.len() >= DEPTH_MAX {
            self.mistake_at_next(&mistake::TOO_DEEP);
            self.unbalanced = true;
            return self.cursor.finish();
        }
        self.cursor.next();
        self.token(TokenKind::Open, brace);
        let siblings = mem::take(&mut self.nodes);
        self.open.push(Block { brace, slashdashed, owner, siblings });
    }

    /// Ends a block, at its `}`, and reads its node on.
    fn close(&mut self) {
        let Some(Block { slashdashed, mut owner, siblings, .. }) = self.open.pop() else {
            let brace = self.cursor.at();
            if !self.unbalanced {
                self.certain(&mistake::CLOSES_NOTHING, brace..brace + 1);
            }
            self.cursor.next();
            return;
        };
        let brace = self.cursor.at();
        self.cursor.next();
        self.token(TokenKind::Close, brace);
        let children = mem::replace(&mut self.nodes, siblings);
        owner.stage = owner.stage.max(if slashdashed { Stage::Blocks } else { Stage::Done });
        if let Some(last) = children.last().filter(|_| !slashdashed) {
            owner.node.span = owner.node.span.to(last.span);
            owner.node.children.extend(children);
        }
        self.rest(owner);
    }

    /// Reports a mistake, unless it may only follow from another one.
    pub(super) fn mistake(&mut self, mistake: &Mistake, at: Range<usize>) {
        self.broken = true;
        if at.start >= self.silent_until {
            self.note(mistake, at);
        }
    }

    /// Reports a mistake that follows from no other.
    fn certain(&mut self, mistake: &Mistake, at: Range<usize>) {
        self.broken = true;
        self.note(mistake, at);
    }

    /// Reports what leaves the text well formed.
    pub(super) fn note(&mut self, mistake: &Mistake, at: Range<usize>) {
        if self.findings.is_full() {
            return self.findings.count_more(Severity::Error);
        }
        let span = self.file.local_span(at.start, at.end);
        let text = self.file.text.get(at).unwrap_or_default();
        let [message, label, help] = mistake.words(text);
        let mut found = Diagnostic::error(Rule::SYNTAX_ERROR, message, span, label).help(help);
        found.fixes.extend(mistake.fix(text, span));
        self.findings.push(found);
    }

    /// Reports a mistake as [`Parser::mistake`] does, with a change that mends it.
    pub(super) fn mistake_with(&mut self, mistake: &Mistake, at: Range<usize>, fix: Fix) {
        self.broken = true;
        if at.start >= self.silent_until && !self.findings.is_full() {
            let span = self.file.local_span(at.start, at.end);
            let [message, label, help] = mistake.words(self.file.text.get(at).unwrap_or_default());
            self.findings
                .push(Diagnostic::error(Rule::SYNTAX_ERROR, message, span, label).help(help).fix(fix));
        }
    }

    /// Reports a mistake at the next character.
    pub(super) fn mistake_at_next(&mut self, mistake: &Mistake) {
        let at = self.cursor.at();
        self.mistake(mistake, at..at + self.cursor.peek().map_or(0, char::len_utf8));
    }

    /// Reports text or a comment without end. What it swallowed is not known.
    pub(super) fn unclosed(&mut self, mistake: &Mistake, at: Range<usize>) {
        self.mistake(mistake, at);
        self.unbalanced = true;
    }

    /// Lets no mistake count that is found further on this line, but for those of braces.
    pub(super) fn silence_line(&mut self) {
        if self.cursor.at() >= self.silent_until {
            self.silent_until = self.end_of_line(self.cursor.at());
        }
    }

    fn end_of_line(&self, at: usize) -> usize {
        let rest = self.file.text.get(at..).and_then(|rest| rest.find(is_newline));
        rest.map_or(self.file.text.len(), |length| at + length)
    }
}
