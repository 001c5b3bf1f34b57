//! Plain scalars of YAML that other readers of YAML take for something else.

use divisor_schema::config::Kind;

use crate::syntax::{Scalar, Style, Value};

/// What YAML 1.1, or a program that writes the file anew, makes of a plain scalar where `kind` is due; `None` where
/// nobody can take it for anything else.
pub(super) fn other_reading(kind: &Kind, value: &Value) -> Option<&'static str> {
    if value.style != Style::Plain {
        return None;
    }
    match kind {
        Kind::List(inner) => other_reading(inner, value),
        Kind::Text
        | Kind::File
        | Kind::Choice(_)
        | Kind::Reference(_)
        | Kind::Address
        | Kind::Bind
        | Kind::Network
        | Kind::Backend
        | Kind::Request => as_text(value),
        Kind::Integer { .. } | Kind::Code(_) | Kind::Port => octal(&value.text).then_some("an octal number"),
        _ => None,
    }
}

fn as_text(value: &Value) -> Option<&'static str> {
    let text = value.text.as_str();
    match value.scalar {
        Scalar::Bool(_) => return Some("a truth value"),
        Scalar::Float(_) => return Some("a number"),
        Scalar::Integer(number) if number.to_string() != text => return Some("a number"),
        Scalar::Integer(_) => return None, // it is read and written back as it stands
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    if ["y", "n", "yes", "no", "on", "off"].contains(&lower.as_str()) {
        return Some("a truth value");
    }
    if is_number(text) {
        return Some("a number");
    }
    is_date(text).then_some("a date")
}

/// Numbers of YAML 1.1 alone: `1_000`, `22:30` (sixty minutes to the hour), `.inf`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase();
    if [".inf", ".nan"].contains(&lower.as_str()) {
        return true;
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let mut parts = digits.split(':');
    let whole = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let first = parts.next().is_some_and(whole);
    let sixtieth =
        |part: &str| part.len() <= 2 && !part.is_empty() && part.parse::<u8>().is_ok_and(|part| part < 60);
    first && digits.contains([':', '_']) && parts.all(sixtieth)
}

/// `0777`: 511 in YAML 1.1, and 777 in YAML 1.2.
fn octal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2026-11-25`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), [year, month, day]
        if year.len() == 4 && month.len() <= 2 && day.len() <= 2 && parts.iter().all(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> Option<&'static str> {
        other_reading(&Kind::Text, &Value::plain(text.to_owned()))
    }

    #[test]
    fn words_numbers_and_dates_are_traps() {
        for text in ["no", "On", "OFF", "y", "true", "False"] {
            assert_eq!(reading(text), Some("a truth value"), "{text}");
        }
        for text in ["1.2", "1.20", "1e3", ".5", "0777", "0x1f", "+5", "22:30", "1_000", "1:30:00", "-.inf"] {
            assert_eq!(reading(text), Some("a number"), "{text}");
        }
        assert_eq!(reading("2026-11-25"), Some("a date"));
    }

    #[test]
    fn what_everybody_reads_alike_is_none() {
        let texts = [
            "nosniff",
            "8080",
            "10.0.0.1",
            "1.2.3",
            "22:99",
            "::1",
            "10:00:00:00:00:ff",
            "a:1",
            "/",
            "2026-11",
        ];
        for text in texts {
            assert_eq!(reading(text), None, "{text}");
        }
        assert_eq!(other_reading(&Kind::Text, &Value::quoted("no".into())), None);
        assert_eq!(other_reading(&Kind::Flag, &Value::plain("no".into())), None, "an error of its own");
        assert_eq!(other_reading(&Kind::Port, &Value::plain("0080".into())), Some("an octal number"));
        assert_eq!(other_reading(&Kind::Port, &Value::plain("0".into())), None);
    }
}
