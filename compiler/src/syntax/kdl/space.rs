//! What stands between nodes and entries: space, line breaks and comments.

use super::cursor::{is_newline, is_space};
use super::mistake;
use super::parser::Parser;
use super::token::TokenKind;

impl Parser<'_> {
    /// Space within a node: line breaks only behind `\`.
    pub(super) fn space(&mut self) {
        loop {
            self.cursor.take_while(is_space);
            if self.cursor.starts_with("/*") {
                self.comment();
            } else if !self.cursor.starts_with("\\") || !self.continuation() {
                return;
            }
        }
    }

    /// Space between nodes.
    pub(super) fn line_space(&mut self) {
        loop {
            self.space();
            let start = self.cursor.at();
            if self.cursor.starts_with("//") {
                self.line_comment();
            } else if self.cursor.newline() {
                self.token(TokenKind::Newline, start);
            } else {
                return;
            }
        }
    }

    /// The `\` that continues a node on the next line.
    fn continuation(&mut self) -> bool {
        let start = self.cursor;
        self.cursor.next();
        self.token(TokenKind::Continuation, start.at());
        loop {
            self.cursor.take_while(is_space);
            if !self.cursor.starts_with("/*") {
                break;
            }
            self.comment();
        }
        if self.cursor.starts_with("//") {
            self.line_comment();
        }
        let continues = self.cursor.newline() || self.cursor.peek().is_none();
        if !continues {
            self.cursor.back_to(start);
        }
        continues
    }

    fn line_comment(&mut self) {
        let start = self.cursor.at();
        self.cursor.take_while(|c| !is_newline(c));
        self.token(TokenKind::LineComment, start);
    }

    fn comment(&mut self) {
        let start = self.cursor.at();
        let mut depth = 0_usize;
        loop {
            if self.cursor.eat("/*") {
                depth += 1;
            } else if self.cursor.eat("*/") {
                depth -= 1;
            } else if self.cursor.next().is_none() {
                return self.unclosed(&mistake::UNCLOSED_COMMENT, start..start + 2);
            }
            if depth == 0 {
                return self.token(TokenKind::BlockComment, start);
            }
            self.cursor.take_while(|c| c != '/' && c != '*');
        }
    }
}
