//! KDL 2.0 into the tree.
//!
//! One pass over the text, without recursion: [`cursor`] knows the classes of characters, [`string`], [`number`] and
//! [`value`] what entries are made of, [`space`] what stands between them, [`parser`] nodes and blocks. A [`mistake`] is
//! reported where it is found; reading goes on behind it, and a text with a mistake has no tree.
//!
//! The language: <https://kdl.dev/spec/>. Two things are not as its grammar has them: `{` needs no space before it, and
//! characters that cannot be seen are refused in comments too, as its prose has it.

mod cursor;
mod mistake;
mod number;
mod parser;
mod space;
mod string;
#[cfg(test)]
mod tests;
mod token;
mod value;

pub(crate) use self::token::{Token, TokenKind};
use super::tree::Node;
use crate::diagnostic::Findings;
use crate::source::File;

/// Reads a KDL file. `None` when it could not be read; `findings` then says why.
pub(super) fn read(file: &File, findings: &mut Findings) -> Option<Vec<Node>> {
    parser::Parser::new(file, findings).document()
}

/// The tokens of a KDL file without mistakes.
pub(super) fn tokens(file: &File) -> Option<Vec<Token>> {
    parser::Parser::new(file, &mut Findings::default()).tokens()
}

/// Whether a character stands in text only as an escape.
pub(super) fn is_unseen(c: char) -> bool {
    cursor::is_disallowed(c) || cursor::is_newline(c)
}
