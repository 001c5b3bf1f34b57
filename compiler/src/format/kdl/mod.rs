//! KDL as it is laid out: a document with its comments and blank lines, read and printed.

mod print;
mod read;

pub(super) use self::print::print;
pub(super) use self::read::read;

use crate::source::SourceMap;
use crate::syntax::{self, Parsed, Spelling, Token, TokenKind};

/// Lays a text out that has no mistake. Nothing when what comes of it is not the same.
pub(super) fn format(text: &str) -> Option<String> {
    let before = syntax::parse(text, Spelling::Kdl);
    let tokens = tokens(&before.sources)?;
    let text = &before.sources.files().first()?.text;
    let formatted = print(&read(text, &tokens));
    let after = syntax::parse(&formatted, Spelling::Kdl);
    let kept = super::same(before.nodes.as_ref()?, after.nodes.as_ref()?);
    (kept && comments(&before) == comments(&after)).then_some(formatted)
}

fn tokens(sources: &SourceMap) -> Option<Vec<Token>> {
    syntax::kdl_tokens(sources.files().first()?)
}

/// The comments of a text, in order, and how much is commented out otherwise.
fn comments(parsed: &Parsed) -> Option<(Vec<String>, usize)> {
    let text = &parsed.sources.files().first()?.text;
    let tokens = tokens(&parsed.sources)?;
    let comments =
        tokens.iter().filter(|token| matches!(token.kind, TokenKind::LineComment | TokenKind::BlockComment));
    let comments = comments.filter_map(|token| text.get(token.start..token.end));
    let dropped = tokens.iter().filter(|token| token.kind == TokenKind::Slashdash).count();
    Some((comments.map(|comment| comment.trim_end().replace("\r\n", "\n")).collect(), dropped))
}

/// What stands between the braces of a block, or in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// A comment behind the opening brace.
    pub(super) opening: Option<String>,
    pub(super) lines: Vec<Line>,
    /// Whether it stood on one line: where it fits, it still does.
    pub(super) one_line: bool,
}

/// A line of a block, or what begins on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    /// A comment with its marks, `// …` or `/* … */`.
    Comment(String),
    Node(Node),
}

/// A node with everything that belongs to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Its name, its entries, its blocks, and the comments between them, in order.
    pub(super) parts: Vec<Part>,
    /// A comment behind it.
    pub(super) trail: Option<String>,
}

/// A part of a node. One that is commented out begins with `/-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A name, an argument, a property or a comment between them, as it is written.
    Text(String),
    /// A comment behind a `\`: the node goes on on the next line.
    Continued(String),
    /// A block, with `/-` before it where it is commented out.
    Block { dropped: bool, block: Block },
}

impl Node {
    /// A node of which only the name is known.
    pub(super) fn named(name: &str) -> Self {
        Self { parts: vec![Part::Text(super::scalar::kdl_name(name))], trail: None }
    }

    pub(super) fn push(&mut self, text: String) {
        self.parts.push(Part::Text(text));
    }
}
