//! Scalars as text.

use divisor_schema::config::Kind;

use crate::syntax::{Scalar, Style, Value};

/// Whether text is due: there, numbers and words of YAML are text.
fn wants_text(kind: Option<&Kind>) -> bool {
    match kind {
        Some(Kind::List(inner)) => wants_text(Some(inner)),
        Some(
            Kind::Text
            | Kind::File
            | Kind::Choice(_)
            | Kind::Address
            | Kind::Bind
            | Kind::Network
            | Kind::Backend
            | Kind::Request
            | Kind::Reference(_)
            | Kind::Pairs,
        ) => true,
        _ => false,
    }
}

/// A value in KDL.
pub(super) fn kdl_value(value: &Value, kind: Option<&Kind>) -> String {
    match value.scalar {
        Scalar::Null => "#null".to_owned(),
        _ if value.style == Style::Plain && wants_text(kind) => kdl_text(&value.text),
        Scalar::Bool(true) => "#true".to_owned(),
        Scalar::Bool(false) => "#false".to_owned(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Float(number) if number.is_finite() => format!("{number:?}"),
        Scalar::Float(_) | Scalar::Text | Scalar::Unknown => kdl_text(&value.text),
    }
}

/// Text in the quotes of KDL.
pub(super) fn kdl_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if crate::syntax::is_unseen_in_kdl(c) => quoted.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A name in KDL: without quotes where it needs none.
pub(super) fn kdl_name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.$".contains(c))
        && !matches!(name, "true" | "false" | "null" | "inf" | "nan");
    if plain { name.to_owned() } else { kdl_text(name) }
}

/// A value in YAML.
pub(super) fn yaml_value(value: &Value) -> String {
    match value.scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Float(number) if number.is_finite() => format!("{number:?}"),
        Scalar::Float(_) | Scalar::Text | Scalar::Unknown => yaml_text(&value.text),
    }
}

/// Text in YAML: without quotes where nobody could take it for anything else.
pub(super) fn yaml_text(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "/_$".contains(c))
        && text.chars().all(|c| c.is_alphanumeric() || "-_./+@%$= ".contains(c))
        && !text.ends_with(' ')
        && Value::plain(text.to_owned()).scalar == Scalar::Text
        && !is_surprising(text);
    if plain { text.to_owned() } else { yaml_quoted(text) }
}

/// What older readers of YAML take for truth values.
fn is_surprising(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off" | "y" | "n")
}

/// Text in quotes: double ones, unless they would need escapes that single ones do not.
pub(super) fn yaml_quoted(text: &str) -> String {
    let is_seen = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}');
    if text.contains(['"', '\\']) && text.chars().all(is_seen) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_seen(c) => quoted.push(c),
            c => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}
