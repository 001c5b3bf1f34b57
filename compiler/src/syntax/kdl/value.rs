//! Entries of a node: arguments and properties, and the words they are made of.

use std::ops::Range;

use super::super::tree::{Node, Scalar, Style, Value};
use super::cursor::{is_newline, is_space, is_word};
use super::mistake::{self, Mistake};
use super::number;
use super::parser::{Parser, Partial, Stage};
use super::token::TokenKind;
use crate::diagnostic::Fix;
use crate::source::Spanned;

impl Parser<'_> {
    /// One argument or property of a node.
    pub(super) fn entry(&mut self, partial: &mut Partial, slashdashed: bool) {
        if !self.cursor.peek().is_some_and(|c| is_word(c) || matches!(c, '"' | '#' | '(')) {
            return self.unexpected();
        }
        if partial.stage == Stage::Entries && !slashdashed {
            self.space_before();
        }
        let dropped = partial.dropped || slashdashed;
        let start = self.cursor.at();
        let annotated = self.annotation(dropped);
        let value = self.value(start, &mistake::ANNOTATES_NOTHING, false);
        let end = self.cursor.at();
        if partial.stage != Stage::Entries {
            self.mistake(&mistake::BEHIND_BLOCK, start..end);
            self.silence_line();
        }
        self.space();
        let node = &mut partial.node;
        if self.cursor.starts_with("=") {
            if annotated {
                self.mistake(&mistake::ANNOTATED_KEY, start..end);
            }
            let property = self.property(start, end, value, dropped);
            if !dropped {
                node.span = node.span.to(property.span);
                node.children.push(property);
            }
        } else if !dropped {
            node.span = node.span.to(self.file.local_span(start, end));
            node.arguments.push(value);
        }
    }

    /// The rest of a property, from its `=`.
    fn property(&mut self, start: usize, end: usize, key: Spanned<Value>, dropped: bool) -> Node {
        self.must_be_text(&key.value, start..end);
        let equals = self.cursor.at();
        self.cursor.eat("=");
        self.token(TokenKind::Equals, equals);
        self.space();
        self.annotation(dropped);
        let value = self.value(start, &mistake::NO_PROPERTY_VALUE, false);
        let span = self.file.local_span(start, self.cursor.at());
        Node { span, arguments: vec![value], ..self.named(key.map(|key| key.text)) }
    }

    /// A type annotation with the space behind it, if there is one.
    pub(super) fn annotation(&mut self, dropped: bool) -> bool {
        let start = self.cursor.at();
        let before = self.tokens.as_ref().map_or(0, Vec::len);
        if !self.cursor.eat("(") {
            return false;
        }
        self.space();
        let is_empty = self.cursor.starts_with(")");
        if !is_empty && !self.cursor.is_at_end_of_entries() {
            self.name(start, &mistake::UNCLOSED_ANNOTATION);
            self.space();
        }
        if !self.cursor.eat(")") {
            self.mistake(&mistake::UNCLOSED_ANNOTATION, start..start + 1);
            self.silence_line();
        } else if is_empty {
            self.mistake(&mistake::EMPTY_ANNOTATION, start..self.cursor.at());
        } else if !dropped {
            self.note(&mistake::ANNOTATION, start..self.cursor.at());
        }
        if let Some(tokens) = &mut self.tokens {
            tokens.truncate(before);
        }
        self.token(TokenKind::Annotation, start);
        self.space();
        true
    }

    /// A value that is text. The rest as for [`Parser::value`].
    pub(super) fn name(&mut self, start: usize, missing: &Mistake) -> Spanned<String> {
        let from = self.cursor.at();
        let name = self.value(start, missing, true);
        self.must_be_text(&name.value, from..self.cursor.at());
        name.map(|value| value.text)
    }

    fn must_be_text(&mut self, value: &Value, at: Range<usize>) {
        if !matches!(value.scalar, Scalar::Text | Scalar::Unknown) {
            self.mistake(&mistake::VALUE_AS_NAME, at);
        }
    }

    /// A value. Where nothing stands that could be one, `missing` is what is wrong with the text since `start`. What
    /// is returned after a mistake only holds the place.
    fn value(&mut self, start: usize, missing: &Mistake, is_name: bool) -> Spanned<Value> {
        let from = self.cursor.at();
        let value = match self.cursor.peek() {
            Some('"') => Value::quoted(self.string()),
            Some('#') => match self.cursor.raw_string() {
                Some(hashes) => Value::quoted(self.raw_string(hashes)),
                None => self.keyword(),
            },
            Some(c) if is_word(c) => self.word(is_name),
            _ => {
                if self.cursor.is_at_end_of_entries() {
                    self.mistake(missing, start..from);
                } else {
                    self.unexpected();
                }
                Value::unknown(String::new())
            }
        };
        self.token(TokenKind::Value, from);
        Spanned::new(value, self.file.local_span(from, self.cursor.at()))
    }

    fn keyword(&mut self) -> Value {
        let start = self.cursor.at();
        self.cursor.take_while(|c| c == '#');
        self.cursor.take_while(is_word);
        let text = self.cursor.since(start);
        let scalar = match text {
            "#true" => Scalar::Bool(true),
            "#false" => Scalar::Bool(false),
            "#null" => Scalar::Null,
            "#inf" => Scalar::Float(f64::INFINITY),
            "#-inf" => Scalar::Float(f64::NEG_INFINITY),
            "#nan" => Scalar::Float(f64::NAN),
            _ => {
                self.mistake(&mistake::UNKNOWN_KEYWORD, start..self.cursor.at());
                Scalar::Unknown
            }
        };
        literal(scalar, text)
    }

    /// A number, or text without quotes.
    fn word(&mut self, is_name: bool) -> Value {
        let start = self.cursor.at();
        let word = self.cursor.take_while(is_word);
        let is_name = is_name || self.cursor.starts_with("=");
        let mistake = match word {
            "r" if self.cursor.starts_with("\"") || self.cursor.raw_string().is_some() => {
                let hashes = self.cursor.raw_string().unwrap_or(0);
                let text = self.raw_string(hashes);
                let (mark, end) = (self.file.local_span(start, start + 1), self.cursor.at());
                let fix = Fix::safe("write a raw string of KDL 2", mark, if hashes == 0 { "#" } else { "" });
                let fix = if hashes == 0 { fix.edit(self.file.local_span(end, end), "#") } else { fix };
                self.mistake_with(&mistake::KDL1_RAW_TEXT, start..start + 1, fix);
                return Value::quoted(text);
            }
            "true" | "false" | "null" | "inf" | "-inf" | "nan" if is_name => &mistake::KEYWORD_AS_NAME,
            "true" | "false" | "null" => &mistake::KDL1_KEYWORD,
            "inf" | "-inf" | "nan" => &mistake::BARE_FLOAT_KEYWORD,
            _ if !number::begins(word) => return Value::quoted(word.to_owned()),
            _ => match number::parse(word) {
                Some(scalar) => return literal(scalar, word),
                None => {
                    // Such a word is most often an address, a size or a time, and goes on.
                    self.cursor.take_while(|c| !is_space(c) && !is_newline(c) && !";{}()\"".contains(c));
                    &mistake::NEITHER
                }
            },
        };
        self.mistake(mistake, start..self.cursor.at());
        literal(Scalar::Unknown, word)
    }

    /// Makes sure that the next entry stands apart from what is before it.
    pub(super) fn space_before(&mut self) {
        if self.cursor.is_behind_space() {
            return;
        }
        if self.cursor.starts_with("\"") {
            // Which quotes belong together is not known any more.
            self.mistake_at_next(&mistake::MID_WORD_TEXT);
            self.silence_line();
        } else {
            self.mistake_at_next(&mistake::MISSING_SPACE);
        }
    }

    /// Reports the next character and skips what may belong to it: the rest of the node, up to a block.
    pub(super) fn unexpected(&mut self) {
        self.mistake_at_next(match self.cursor.peek() {
            Some('=') => &mistake::EQUALS,
            Some('[' | ']') => &mistake::BRACKET,
            Some('\\') => &mistake::BACKSLASH,
            _ => &mistake::UNEXPECTED,
        });
        self.silence_line();
        self.cursor.next();
        self.space();
        while !self.cursor.is_at_end_of_entries() {
            match self.cursor.peek() {
                Some('"') => drop(self.string()),
                Some('#') => match self.cursor.raw_string() {
                    Some(hashes) => drop(self.raw_string(hashes)),
                    None => drop(self.cursor.take_while(|c| c == '#')),
                },
                _ => drop(self.cursor.next()),
            }
            self.space();
        }
    }
}

/// A number or keyword as it was written.
fn literal(scalar: Scalar, text: &str) -> Value {
    Value { scalar, text: text.to_owned(), style: Style::Literal }
}
