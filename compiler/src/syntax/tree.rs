//! The tree that both spellings are read into.

use crate::source::{Span, Spanned};

/// Levels of a tree: what walks one may recurse.
pub(super) const DEPTH_MAX: usize = 64;

/// How many nodes and values a file of so many bytes may hold. No config that means something has as many; without a
/// bound, a tree takes a hundred times the room of a text such as `a;a;a;`.
pub(super) const fn contents_max(bytes: usize) -> usize {
    10_000 + bytes / 5
}

/// A key with everything that belongs to it. In KDL a node; its properties are children, so that `weight=3` and
/// `{ weight 3 }` are the same. In YAML an entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The key.
    pub name: Spanned<String>,
    /// Values without a name of their own.
    pub arguments: Vec<Spanned<Value>>,
    /// Named contents.
    pub children: Vec<Node>,
    /// From the key to the end of the contents.
    pub span: Span,
    /// Which names of fields apply.
    pub spelling: Spelling,
    /// Whether it stands for itself or for a list.
    pub shape: Shape,
}

/// Whether a node stands for itself or for a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A node of KDL; an entry of a YAML mapping that is no list.
    Single,
    /// A YAML list of scalars, which are its arguments: where blocks are due, each is one.
    List,
    /// One item of a YAML list that holds more than scalars.
    Item,
}

/// The language a node was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// KDL 2.0.
    Kdl,
    /// YAML 1.2.
    Yaml,
}

/// A scalar and how it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub scalar: Scalar,
    /// Its text: what stands between quotes, or the word or number as written.
    pub text: String,
    /// Whether its type is only a guess.
    pub style: Style,
}

/// The type of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// Text.
    Text,
    /// A whole number.
    Integer(i128),
    /// A number that is not whole, or too large.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
    /// It could not be found out, and that was reported.
    Unknown,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text that says it is text.
    Quoted,
    /// A number or keyword of KDL.
    Literal,
    /// A YAML scalar without quotes: where text is due, it is text.
    Plain,
    /// Text with a variable in it, or put together elsewhere: where text is due, it is text.
    Filled,
}

impl Value {
    /// Text in quotes.
    pub fn quoted(text: String) -> Self {
        Self { scalar: Scalar::Text, text, style: Style::Quoted }
    }

    /// A scalar whose type YAML 1.2 (core schema) takes from its text.
    pub fn plain(text: String) -> Self {
        Self { scalar: resolve(&text), text, style: Style::Plain }
    }

    /// A scalar from text that was put together elsewhere: as in YAML, but nothing is text too.
    pub fn filled(text: String) -> Self {
        let plain = Self::plain(text);
        if plain.is_null() { Self::quoted(plain.text) } else { Self { style: Style::Filled, ..plain } }
    }

    /// A value that could not be found out; it was reported where that was noticed.
    pub fn unknown(text: String) -> Self {
        Self { scalar: Scalar::Unknown, text, style: Style::Plain }
    }

    /// Nothing, as an empty YAML value.
    pub fn is_null(&self) -> bool {
        self.scalar == Scalar::Null
    }

    /// What it is, in words.
    pub fn describe(&self) -> String {
        match self.scalar {
            Scalar::Text => format!("the text `{}`", self.text),
            Scalar::Integer(_) | Scalar::Float(_) => format!("the number `{}`", self.text),
            Scalar::Bool(_) => format!("the truth value `{}`", self.text),
            Scalar::Null => "nothing".into(),
            Scalar::Unknown => "an unknown value".into(),
        }
    }
}

/// YAML 1.2.2, section 10.3.2.
fn resolve(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => number(text).unwrap_or(Scalar::Text),
    }
}

fn number(text: &str) -> Option<Scalar> {
    if let Some(digits) = text.strip_prefix("0x") {
        return unsigned(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return unsigned(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let in_alphabet = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if !starts || !in_alphabet || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let integer = text.parse().ok().map(Scalar::Integer);
    integer.or_else(|| text.parse().ok().map(Scalar::Float))
}

fn unsigned(digits: &str, radix: u32) -> Option<Scalar> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    i128::from_str_radix(digits, radix).ok().filter(|_| plain).map(Scalar::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_resolved_by_the_core_schema() {
        let is = |text: &str| Value::plain(text.into()).scalar;
        for text in ["", "~", "null"] {
            assert_eq!(is(text), Scalar::Null);
        }
        assert_eq!(is("true"), Scalar::Bool(true));
        assert_eq!(is("False"), Scalar::Bool(false));
        assert_eq!(is("0x1f"), Scalar::Integer(31));
        assert_eq!(is("0o17"), Scalar::Integer(15));
        assert_eq!(is("-3"), Scalar::Integer(-3));
        assert_eq!(is("+3"), Scalar::Integer(3));
        assert_eq!(is("1.5e3"), Scalar::Float(1500.0));
        assert_eq!(is(".5"), Scalar::Float(0.5));
        for text in
            ["yes", "no", "30s", "1.2.3", "nan", "inf", "0x", "0x+1", ".", "-", "e3", "10.0.0.1", "::1"]
        {
            assert_eq!(is(text), Scalar::Text, "{text}");
        }
    }
}
