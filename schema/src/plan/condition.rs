//! Conditions on header fields and query parameters.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{DfaId, Tables};

/// Something that must hold for a header field or a query parameter. A field may come several times: one right value is
/// enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// What it looks at.
    pub subject: Subject,
    /// Name of the field, in lower case, or of the parameter, decoded.
    pub name: String,
    /// What a value must be.
    pub test: Test,
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// A header field. Its values are its lines, and the members of each line that is a list with commas.
    Header,
    /// A parameter of the query.
    Query,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Test {
    /// Anything.
    Present,
    /// This.
    Equals(String),
    /// Something that begins like this.
    Prefix(String),
    /// Something for which this automaton has another outcome than 0.
    Regex(DfaId),
}

impl Condition {
    /// Whether a line of the field meets it, as a whole or with one member of its list (RFC 9110, section 5.6.1).
    pub fn holds_for_line(&self, line: &[u8], tables: &Tables) -> bool {
        let member = |member: &[u8]| self.test.holds(trim(member), tables);
        self.test.holds(trim(line), tables) || line.split(|&byte| byte == b',').any(member)
    }

    /// Whether a parameter of `query` meets it. Names and values are compared decoded, as forms encode them.
    pub fn holds_for_query(&self, query: &str, tables: &Tables) -> bool {
        query.split('&').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            *decoded(name) == *self.name.as_bytes() && self.test.holds(&decoded(value), tables)
        })
    }
}

impl Test {
    /// Whether `value` is right.
    pub fn holds(&self, value: &[u8], tables: &Tables) -> bool {
        match self {
            Self::Present => true,
            Self::Equals(text) => value == text.as_bytes(),
            Self::Prefix(text) => value.starts_with(text.as_bytes()),
            Self::Regex(dfa) => tables.run(*dfa, value) != 0,
        }
    }
}

/// Without blanks at both ends.
fn trim(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = line.iter().take_while(|byte| is_blank(byte)).count();
    let line = &line[start..];
    &line[..line.len() - line.iter().rev().take_while(|byte| is_blank(byte)).count()]
}

/// A name or value of a query: `%XX` is a byte, `+` a blank; what is neither stands for itself.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut rest = text.as_bytes();
    let mut plain = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        let encoded = match after {
            [high, low, ..] if *first == b'%' => hex(high).zip(hex(low)),
            _ => None,
        };
        plain.push(match (encoded, first) {
            (Some((high, low)), _) => (high << 4 | low) as u8,
            (None, b'+') => b' ',
            (None, byte) => *byte,
        });
        rest = if encoded.is_some() { &after[2..] } else { after };
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(test: Test) -> Condition {
        Condition { subject: Subject::Header, name: "x".into(), test }
    }

    #[test]
    fn a_line_is_a_value_and_so_are_its_members() {
        let tables = Tables::default();
        let holds =
            |test: &Test, line: &str| condition(test.clone()).holds_for_line(line.as_bytes(), &tables);
        let one = Test::Equals("1".into());
        assert!(holds(&one, "1") && holds(&one, " 1\t") && holds(&one, "0, 1") && holds(&one, "1,2"));
        assert!(!holds(&one, "11") && !holds(&one, "") && !holds(&one, "0 1"));
        assert!(holds(&Test::Equals("a, b".into()), "a, b"));
        assert!(holds(&Test::Prefix("text/".into()), "image/png, text/html"));
        assert!(holds(&Test::Present, "") && holds(&Test::Equals(String::new()), ","));
    }

    #[test]
    fn parameters_are_compared_decoded() {
        let tables = Tables::default();
        let holds =
            |value: &str, query: &str| condition(Test::Equals(value.into())).holds_for_query(query, &tables);
        assert!(holds("1", "x=1") && holds("1", "a=b&%78=%31") && holds("", "x") && holds("a b%", "x=a+b%"));
        assert!(holds("2", "x=1&x=2") && !holds("1", "y=1") && !holds("1", "x=1,2") && !holds("1", ""));
    }
}
