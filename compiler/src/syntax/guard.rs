//! A linear look over KDL text before it is parsed.
//!
//! The parser needs exponential time for slashdashed blocks inside each other and a stack frame for each level of
//! nesting, whether the text is well formed or not. So the guard refuses what is nested too deep, and it refuses
//! text where the two could disagree about what is a string: a broken string, escape or brace is reported here.

use std::ops::Range;

/// Blocks, or comments, inside each other.
pub(super) const DEPTH_MAX: usize = 64;
/// Slashdashed blocks inside each other.
const SLASHDASHED_MAX: usize = 2;

/// Why text is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) message: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
}

type Checked = Result<(), Fault>;

/// Looks over `text`.
pub(super) fn check(text: &str) -> Checked {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, open: Vec::new() };
    while scanner.peek(0).is_some() {
        scanner.step()?;
    }
    match scanner.open.last() {
        None => Ok(()),
        Some(block) => {
            fault(block.at, 1, "a block is never closed", "opened here", "write `}` where it ends")
        }
    }
}

fn fault(
    at: usize,
    length: usize,
    message: &'static str,
    label: &'static str,
    help: &'static str,
) -> Checked {
    Err(Fault { at: at..at + length, message, label, help })
}

struct Block {
    at: usize,
    slashdashed: bool,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    open: Vec<Block>,
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
            Some(b'}') => self.close(),
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
        while self.peek(0).is_some_and(|byte| byte != b'\n' && byte != b'\r') {
            self.at += 1;
        }
        Ok(())
    }

    fn block_comment(&mut self) -> Checked {
        let start = self.at;
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
                return fault(
                    start,
                    2,
                    "a comment is never closed",
                    "opened here",
                    "write `*/` where it ends",
                );
            }
            match depth {
                0 => return Ok(()),
                1..=DEPTH_MAX => {}
                _ => {
                    return fault(
                        start,
                        2,
                        "comments are nested too deep",
                        "begins here",
                        "at most 64 levels",
                    );
                }
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
        self.open.push(Block { at: self.at, slashdashed });
        let at = self.at;
        self.at += 1;
        if self.open.len() > DEPTH_MAX {
            return fault(at, 1, "blocks are nested too deep", "level 65", "at most 64 levels");
        }
        if slashdashed && self.open.iter().filter(|block| block.slashdashed).count() > SLASHDASHED_MAX {
            let help = "take the inner `/-` away: what stands in it is commented out already";
            return fault(at, 1, "commented-out blocks are nested too deep", "third level", help);
        }
        Ok(())
    }

    fn close(&mut self) -> Checked {
        if self.open.pop().is_none() {
            return fault(self.at, 1, "`}` closes nothing", "no block is open here", "take it away");
        }
        self.skip(1)
    }

    /// A string may not begin in the middle of a word.
    fn may_begin(&self) -> Checked {
        let before = self.text.get(..self.at).unwrap_or_default();
        let bounded = match before.chars().next_back() {
            None | Some('=' | '(' | ')' | '{' | '}' | ';' | '\u{feff}') => true,
            Some('/') => before.ends_with("*/"),
            Some('-') => before.ends_with("/-"),
            Some(last) => last.is_whitespace(),
        };
        if bounded {
            return Ok(());
        }
        let word = before.rsplit(|c: char| c.is_whitespace() || "=(){};".contains(c)).next();
        if word == Some("r") {
            let help = "in KDL 2 a raw string is `#\"text\"#`: take the `r` away";
            return fault(
                self.at - 1,
                1,
                "this raw string is KDL 1; this file is KDL 2",
                "raw string of KDL 1",
                help,
            );
        }
        fault(
            self.at,
            1,
            "text begins in the middle of a word",
            "put a space before it",
            "write `a \"b\"`, not `a\"b\"`",
        )
    }

    fn string(&mut self) -> Checked {
        self.may_begin()?;
        if self.starts_with(b"\"\"\"") { self.quoted(b"\"\"\"", true) } else { self.quoted(b"\"", false) }
    }

    fn quoted(&mut self, quotes: &[u8], multiline: bool) -> Checked {
        let start = self.at;
        self.at += quotes.len();
        loop {
            match self.peek(0) {
                _ if self.starts_with(quotes) => return self.skip(quotes.len()),
                Some(b'\\') => self.escape()?,
                Some(b'\n' | b'\r') if !multiline => return unclosed(start),
                Some(_) => self.at += 1,
                None => return unclosed(start),
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
            _ => fault(self.at, 1, "unknown escape in text", "not an escape", "write `\\\\` for a backslash"),
        }
    }

    fn raw_string(&mut self) -> Checked {
        let hashes =
            self.bytes.get(self.at..).map_or(0, |rest| rest.iter().take_while(|byte| **byte == b'#').count());
        if self.peek(hashes) != Some(b'"') {
            return self.skip(hashes); // a keyword, `#true`
        }
        self.may_begin()?;
        let start = self.at;
        self.at += hashes;
        let quotes: &[u8] = if self.starts_with(b"\"\"\"") { b"\"\"\"" } else { b"\"" };
        self.at += quotes.len();
        let mut end = quotes.to_vec();
        end.resize(quotes.len() + hashes, b'#');
        loop {
            match self.peek(0) {
                _ if self.starts_with(&end) => return self.skip(end.len()),
                Some(b'\n' | b'\r') if quotes.len() == 1 => return unclosed(start),
                Some(_) => self.at += 1,
                None => return unclosed(start),
            }
        }
    }
}

fn unclosed(start: usize) -> Checked {
    let help = "text ends on the line where it begins; text of several lines stands between `\"\"\"`";
    fault(start, 1, "text is never closed", "begins here", help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<&'static str> {
        check(text).err().map(|fault| fault.message)
    }

    #[test]
    fn well_formed_text_passes() {
        for text in [
            "a \"}\\\"\" { b #\"}\"# // }\n /* } /* } */ */ }",
            "a \"\"\"\n }\n \"\"\" #\"\"\"\n } \" \"\"\"#",
            "/- a { b }\n c /- { d /- { e } } #true \"x\\\n   y\"",
            "a /-\"b\" key=\"c\" (t)\"d\";\"e\" 1",
        ] {
            assert_eq!(message(text), None, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(message(&format!("{}{}", "a {\n".repeat(64), "}".repeat(64))), None);
        assert_eq!(message(&"a {".repeat(65)), Some("blocks are nested too deep"));
        assert_eq!(message(&"a /-{\n".repeat(16)), Some("commented-out blocks are nested too deep"));
        assert_eq!(
            message(&"a /- /* x */ // y\n \\\n {".repeat(3)),
            Some("commented-out blocks are nested too deep")
        );
        assert_eq!(message(&"/*".repeat(65)), Some("comments are nested too deep"));
    }

    #[test]
    fn what_the_parser_could_read_otherwise_is_refused() {
        assert_eq!(message("a }"), Some("`}` closes nothing"));
        assert_eq!(message("a {"), Some("a block is never closed"));
        assert_eq!(message("a \"b\nc"), Some("text is never closed"));
        assert_eq!(message("a #\"b\nc"), Some("text is never closed"));
        assert_eq!(message("a \"\"\"b"), Some("text is never closed"));
        assert_eq!(message("a ##\"b\"#"), Some("text is never closed"));
        for text in ["a\" /-{ \"", "a-\"b\"", "\"a\"\"b\"", "ä\"b\"", "a#\"b\"#"] {
            assert_eq!(message(text), Some("text begins in the middle of a word"), "{text}");
        }
        assert_eq!(message("a r#\"b\"#"), Some("this raw string is KDL 1; this file is KDL 2"));
        assert_eq!(message("a \"\\q\""), Some("unknown escape in text"));
        assert_eq!(message("/* a"), Some("a comment is never closed"));
    }
}
