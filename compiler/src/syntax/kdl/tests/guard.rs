//! A linear look over a text before the `kdl` crate reads it.
//!
//! The crate needs exponential time for slashdashed blocks inside each other and a stack frame for each level of
//! nesting, whether the text is well formed or not. So the guard refuses what is nested too deep, and it refuses text
//! where the two could disagree about what is a string.

use crate::syntax::kdl::cursor::is_newline;

/// Blocks, or comments, inside each other.
const DEPTH_MAX: usize = 64;
/// Slashdashed blocks inside each other.
const SLASHDASHED_MAX: usize = 2;

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooDeep,
    Malformed,
}

type Checked = Result<(), Fault>;

/// Looks over `text`.
pub(super) fn check(text: &str) -> Checked {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, open: Vec::new() };
    while scanner.peek(0).is_some() {
        scanner.step()?;
    }
    if scanner.open.is_empty() { Ok(()) } else { Err(Fault::Malformed) }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// For each open block, whether it is slashdashed.
    open: Vec<bool>,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn starts_with(&self, text: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text))
    }

    fn step(&mut self) -> Checked {
        match self.peek(0) {
            Some(b'"') => self.string(),
            Some(b'#') => self.raw_string(),
            Some(b'/') => self.slash(),
            Some(b'{') => self.open(false),
            Some(b'}') if self.open.pop().is_none() => Err(Fault::Malformed),
            _ => self.skip(1),
        }
    }

    fn skip(&mut self, bytes: usize) -> Checked {
        self.at += bytes;
        Ok(())
    }

    fn slash(&mut self) -> Checked {
        match self.peek(1) {
            Some(b'/') => self.line_comment(),
            Some(b'*') => self.block_comment(),
            Some(b'-') => self.slashdash(),
            _ => self.skip(1),
        }
    }

    fn line_comment(&mut self) -> Checked {
        let rest = &self.text[self.at..];
        self.skip(rest.find(is_newline).unwrap_or(rest.len()))
    }

    fn block_comment(&mut self) -> Checked {
        let mut depth = 0;
        loop {
            if self.starts_with(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.starts_with(b"*/") {
                depth -= 1;
                self.at += 2;
            } else if self.peek(0).is_some() {
                self.at += 1;
            } else {
                return Err(Fault::Malformed);
            }
            match depth {
                0 => return Ok(()),
                1..=DEPTH_MAX => {}
                _ => return Err(Fault::TooDeep),
            }
        }
    }

    /// A slashdash with whatever may stand between it and a block.
    fn slashdash(&mut self) -> Checked {
        self.at += 2;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'{' => return self.open(true),
                b'/' if self.peek(1) == Some(b'/') => self.line_comment()?,
                b'/' if self.peek(1) == Some(b'*') => self.block_comment()?,
                // Every space of KDL beyond ASCII begins with one of these bytes; to take more for space is harmless.
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | b'\\' | 0x80.. => self.at += 1,
                _ => break,
            }
        }
        Ok(())
    }

    fn open(&mut self, slashdashed: bool) -> Checked {
        self.open.push(slashdashed);
        let too_many = self.open.iter().filter(|slashdashed| **slashdashed).count() > SLASHDASHED_MAX;
        if too_many || self.open.len() > DEPTH_MAX { Err(Fault::TooDeep) } else { self.skip(1) }
    }

    /// A string may not begin in the middle of a word.
    fn may_begin(&self) -> Checked {
        let before = &self.text[..self.at];
        let bounded = match before.chars().next_back() {
            None | Some('=' | '(' | ')' | '{' | '}' | ';' | '\u{feff}') => true,
            Some('/') => before.ends_with("*/"),
            Some('-') => before.ends_with("/-"),
            Some(last) => last.is_whitespace(),
        };
        if bounded { Ok(()) } else { Err(Fault::Malformed) }
    }

    fn string(&mut self) -> Checked {
        self.may_begin()?;
        if self.starts_with(b"\"\"\"") { self.quoted(b"\"\"\"", true) } else { self.quoted(b"\"", false) }
    }

    fn quoted(&mut self, quotes: &[u8], multiline: bool) -> Checked {
        self.at += quotes.len();
        loop {
            match self.peek(0) {
                _ if self.starts_with(quotes) => return self.skip(quotes.len()),
                Some(b'\\') => self.escape()?,
                Some(b'\n' | b'\r') if !multiline => return Err(Fault::Malformed),
                Some(_) => self.at += 1,
                None => return Err(Fault::Malformed),
            }
        }
    }

    fn escape(&mut self) -> Checked {
        match self.peek(1) {
            Some(b'n' | b'r' | b't' | b'\\' | b'"' | b'b' | b'f' | b's' | b'u') => self.skip(2),
            // An escaped break, with all the space around it, is nothing.
            Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c | 0x80..) => {
                self.at += 1;
                while self.peek(0).is_some_and(|byte| byte.is_ascii_whitespace() || byte == 0x0b) {
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(Fault::Malformed),
        }
    }

    fn raw_string(&mut self) -> Checked {
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        if self.peek(hashes) != Some(b'"') {
            return self.skip(hashes); // a keyword, `#true`
        }
        self.may_begin()?;
        self.at += hashes;
        let quotes: &[u8] = if self.starts_with(b"\"\"\"") { b"\"\"\"" } else { b"\"" };
        self.at += quotes.len();
        let mut end = quotes.to_vec();
        end.resize(quotes.len() + hashes, b'#');
        loop {
            match self.peek(0) {
                _ if self.starts_with(&end) => return self.skip(end.len()),
                Some(b'\n' | b'\r') if quotes.len() == 1 => return Err(Fault::Malformed),
                Some(_) => self.at += 1,
                None => return Err(Fault::Malformed),
            }
        }
    }
}

#[test]
fn the_guard_lets_through_what_the_crate_can_read() {
    for text in [
        "a \"}\\\"\" { b #\"}\"# // }\n /* } /* } */ */ }",
        "a \"\"\"\n }\n \"\"\" #\"\"\"\n } \" \"\"\"#",
        "/- a { b }\n c /- { d /- { e } } #true \"x\\\n   y\"",
        "a /-\"b\" key=\"c\" (t)\"d\";\"e\" 1",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
    for text in
        ["a {".repeat(65), "a /-{\n".repeat(3), "a /- /* x */ // y\n \\\n {".repeat(3), "/*".repeat(65)]
    {
        assert_eq!(check(&text), Err(Fault::TooDeep), "{text}");
    }
    for text in [
        "a }",
        "a {",
        "a \"b\nc",
        "a #\"b\nc",
        "a \"\"\"b",
        "a ##\"b\"#",
        "a\" /-{ \"",
        "a#\"b\"#",
        "a \"\\q\"",
        "/* a",
    ] {
        assert_eq!(check(text), Err(Fault::Malformed), "{text}");
    }
}
