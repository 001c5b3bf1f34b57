//! What a document is written with, comments and line breaks included.

/// A piece of a document. Between two of them there is nothing but space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    /// Offset of its first byte in the file.
    pub(crate) start: usize,
    /// Offset one past its last byte.
    pub(crate) end: usize,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name, a key, or a value.
    Value,
    /// The `=` between a key and its value.
    Equals,
    /// `(type)`, with its parentheses.
    Annotation,
    Open,
    Close,
    Semicolon,
    Newline,
    /// The `\` that makes a node go on on the next line. A comment behind it is a token of its own, the line break is
    /// not.
    Continuation,
    /// `/-`: what comes next is commented out.
    Slashdash,
    LineComment,
    BlockComment,
}
