//! Characters of a text, one after the other.

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Offset of the next character; always on the boundary of one.
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The text from an earlier place to this one.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.find(|c| !is(c)).and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    /// A line break; CR LF is one.
    pub(super) fn newline(&mut self) -> bool {
        if self.eat("\r\n") {
            return true;
        }
        let found = self.peek().is_some_and(is_newline);
        if found {
            self.next();
        }
        found
    }

    /// Goes to the end of the text.
    pub(super) fn finish(&mut self) {
        self.at = self.text.len();
    }

    /// Goes back to where a copy of this cursor is.
    pub(super) fn back_to(&mut self, place: Self) {
        self.at = place.at;
    }

    /// Whether space, a line break or a comment ends here.
    pub(super) fn is_behind_space(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.chars().next_back().is_none_or(|c| is_space(c) || is_newline(c)) || before.ends_with("*/")
    }

    /// Whether a node ends here, if one is being read.
    pub(super) fn is_at_end_of_node(&self) -> bool {
        match self.peek() {
            None | Some(';' | '}') => true,
            Some('/') => self.starts_with("//"),
            Some(c) => is_newline(c),
        }
    }

    /// Whether neither an argument nor a property can come here.
    pub(super) fn is_at_end_of_entries(&self) -> bool {
        self.starts_with("{") || self.is_at_end_of_node()
    }

    /// How many `#` begin a raw string here, if one begins.
    pub(super) fn raw_string(&self) -> Option<usize> {
        let rest = self.rest();
        let text = rest.trim_start_matches('#');
        let hashes = rest.len() - text.len();
        (hashes > 0 && text.starts_with('"')).then_some(hashes)
    }
}

/// White space within a line.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
        || !c.is_ascii()
            && matches!(
                c,
                '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
            )
}

/// What ends a line.
pub(super) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What a word is made of: an identifier, a number, a keyword behind its `#`.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        !matches!(c, '(' | ')' | '{' | '}' | '[' | ']' | '/' | '\\' | '"' | '#' | ';' | '=')
            && !matches!(c, ' ' | '\t'..='\r')
    } else {
        !is_space(c) && !is_newline(c)
    }
}

/// What may stand nowhere in a document.
pub(super) fn is_disallowed(c: char) -> bool {
    if c.is_ascii() {
        matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}')
    } else {
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    }
}
