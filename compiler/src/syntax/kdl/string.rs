//! Text in quotes.

use std::ops::Range;

use super::cursor::{Cursor, is_newline, is_space};
use super::mistake;
use super::parser::Parser;

/// What a `\` in quotes stands for.
enum Escape {
    Char(char),
    /// Nothing, with all the space behind it.
    Space,
    Unknown,
}

/// The quotes around text of several lines.
const QUOTES: &str = "\"\"\"";

impl Parser<'_> {
    /// Text in quotes, with escapes.
    pub(super) fn string(&mut self) -> String {
        let start = self.cursor.at();
        if self.cursor.starts_with(QUOTES) {
            return self.lines(0);
        }
        self.cursor.eat("\"");
        let mut text = String::new();
        loop {
            text.push_str(self.cursor.take_while(|c| c != '"' && c != '\\' && !is_newline(c)));
            match self.cursor.peek() {
                Some('"') => {
                    self.cursor.next();
                    return text;
                }
                Some('\\') => match self.escape() {
                    Escape::Char(c) => text.push(c),
                    Escape::Space | Escape::Unknown => {}
                },
                _ => {
                    self.unclosed(&mistake::UNCLOSED_TEXT, start..start + 1);
                    return text;
                }
            }
        }
    }

    /// Text in quotes and as many hashes, without escapes. Without hashes it is a raw string of KDL 1.
    pub(super) fn raw_string(&mut self, hashes: usize) -> String {
        let start = self.cursor.at();
        self.cursor.take_while(|c| c == '#');
        if self.cursor.starts_with(QUOTES) && hashes > 0 {
            return self.lines(hashes);
        }
        self.cursor.eat("\"");
        let end = format!("\"{}", "#".repeat(hashes));
        let from = self.cursor;
        loop {
            self.cursor.take_while(|c| c != '"' && !is_newline(c));
            let text = self.cursor.since(from.at());
            if self.cursor.eat(&end) {
                return text.to_owned();
            }
            if !self.cursor.eat("\"") {
                self.unclosed(&mistake::UNCLOSED_TEXT, start..start + hashes + 1);
                return String::new();
            }
        }
    }

    /// Text of several lines, from its quotes. With hashes it is raw.
    fn lines(&mut self, hashes: usize) -> String {
        let opening = self.cursor.at() - hashes..self.cursor.at() + QUOTES.len();
        self.cursor.eat(QUOTES);
        let begins_line = self.cursor.newline();
        let Some(body) = self.body(hashes) else {
            self.unclosed(&mistake::UNCLOSED_TEXT, opening);
            return String::new();
        };
        if !begins_line {
            self.mistake(&mistake::BEGIN_OF_LINES, opening);
            return String::new();
        }
        self.dedent(&body, hashes > 0)
    }

    /// The lines up to the closing quotes, and these. `None` when there are none.
    fn body(&mut self, hashes: usize) -> Option<Body> {
        let end = format!("{QUOTES}{}", "#".repeat(hashes));
        let mut body = Body { text: String::new(), starts: vec![self.cursor.at()], end: 0..0 };
        loop {
            body.text.push_str(self.cursor.take_while(|c| c != '"' && c != '\\' && !is_newline(c)));
            let at = self.cursor;
            if self.cursor.eat(&end) {
                body.end = at.at()..self.cursor.at();
                return Some(body);
            }
            if self.cursor.newline() {
                body.text.push('\n');
                body.starts.push(self.cursor.at());
            } else if hashes == 0 && self.cursor.starts_with("\\") {
                if !matches!(self.escape(), Escape::Space) {
                    body.text.push_str(self.cursor.since(at.at()));
                }
            } else {
                body.text.push(self.cursor.next()?);
            }
        }
    }

    /// Takes away the space before the closing quotes from the beginning of every line, and replaces the escapes.
    fn dedent(&mut self, body: &Body, raw: bool) -> String {
        let (lines, prefix) = body.text.rsplit_once('\n').map_or((None, &*body.text), |(a, b)| (Some(a), b));
        let mut text = String::with_capacity(body.text.len());
        if !prefix.chars().all(is_space) {
            self.mistake(&mistake::END_OF_LINES, body.end.clone());
            return text;
        }
        for (number, line) in lines.into_iter().flat_map(|lines| lines.split('\n')).enumerate() {
            if number > 0 {
                text.push('\n');
            }
            match line.strip_prefix(prefix) {
                _ if line.chars().all(is_space) => {}
                Some(line) if raw => text.push_str(line),
                Some(line) => unescape(line, &mut text),
                None => {
                    let start = body.starts.get(number).copied().unwrap_or(body.end.start);
                    let space: usize = line.chars().take_while(|c| is_space(*c)).map(char::len_utf8).sum();
                    self.mistake(&mistake::INDENTATION, start..start + space.max(1));
                    return text;
                }
            }
        }
        text
    }

    /// Reads an escape, and reports one that is unknown.
    fn escape(&mut self) -> Escape {
        let start = self.cursor.at();
        let escape = escape(&mut self.cursor);
        if let Escape::Unknown = escape {
            self.mistake(&mistake::UNKNOWN_ESCAPE, start..self.cursor.at());
        }
        escape
    }
}

/// Text of several lines as it was written, but without its escaped space, and with `\n` for every line break.
struct Body {
    text: String,
    /// Where its lines begin in the file.
    starts: Vec<usize>,
    /// The closing quotes.
    end: Range<usize>,
}

fn unescape(mut line: &str, text: &mut String) {
    while let Some((before, _)) = line.split_once('\\') {
        text.push_str(before);
        let mut cursor = Cursor::new(line.get(before.len()..).unwrap_or_default());
        if let Escape::Char(c) = escape(&mut cursor) {
            text.push(c);
        }
        line = cursor.rest();
    }
    text.push_str(line);
}

/// Reads an escape from its `\`.
fn escape(cursor: &mut Cursor<'_>) -> Escape {
    cursor.next();
    if !cursor.take_while(|c| is_space(c) || is_newline(c)).is_empty() {
        return Escape::Space;
    }
    let c = match cursor.peek() {
        Some(c @ ('\\' | '"')) => c,
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('s') => ' ',
        Some('u') => return unicode(cursor),
        _ => {
            cursor.next();
            return Escape::Unknown;
        }
    };
    cursor.next();
    Escape::Char(c)
}

/// Reads `u{…}`: up to six hexadecimal digits that name a character.
fn unicode(cursor: &mut Cursor<'_>) -> Escape {
    cursor.next();
    if !cursor.eat("{") {
        return Escape::Unknown;
    }
    let digits = cursor.take_while(|c| c.is_ascii_hexdigit());
    let c = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() <= 6).and_then(char::from_u32);
    let closed = cursor.eat("}");
    c.filter(|_| closed).map_or(Escape::Unknown, Escape::Char)
}
