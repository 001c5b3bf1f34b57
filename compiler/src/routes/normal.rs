//! The normal form of paths (RFC 3986, section 6.2.2), to which requests are brought before routing.

use std::ops::Range;

use super::pattern::{PatternError, PatternErrorKind, error};

/// Checks the literal segment at `range` of a pattern.
///
/// # Errors
/// Names the bytes that no normalised path has, and the normal form of the pattern.
pub(super) fn check(text: &str, range: Range<usize>, last: bool) -> Result<(), PatternError> {
    let segment = text.get(range.clone()).unwrap_or_default();
    let not_normal = || PatternErrorKind::NotNormal(normal_form(text));
    if (segment.is_empty() && !last) || segment == "." || segment == ".." {
        return Err(error(range.start.saturating_sub(1)..range.end, not_normal()));
    }
    let mut at = range.start;
    while let Some(piece) = text.get(at..range.end).and_then(|rest| first_piece(rest)) {
        if piece == "?" || piece == "#" {
            let path = text.get(..at).unwrap_or_default().to_owned();
            return Err(error(at..at + 1, PatternErrorKind::NotAPath(path)));
        }
        if normal_piece(piece) != piece {
            return Err(error(at..at + piece.len(), not_normal()));
        }
        at += piece.len();
    }
    Ok(())
}

/// The pattern as it would have to be written. Braces and what they hold stay.
fn normal_form(text: &str) -> String {
    let mut spelled = String::new();
    let mut rest = text.split(['?', '#']).next().unwrap_or_default();
    let mut depth = 0usize;
    while let Some(piece) = first_piece(rest) {
        match piece {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let keep = depth > 0 || matches!(piece, "/" | "}");
        spelled.push_str(&if keep { piece.to_owned() } else { normal_piece(piece) });
        rest = rest.get(piece.len()..).unwrap_or_default();
    }
    without_dots(&spelled)
}

/// Resolves `.` and `..` and merges empty segments.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = vec![];
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let last = segments.len().saturating_sub(1);
    for (position, segment) in segments.into_iter().enumerate() {
        match segment {
            ".." => drop(kept.pop()),
            "." | "" => {}
            other => kept.push(other),
        }
        if position == last && matches!(segment, ".." | "." | "") {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// One character, or one percent-encoded byte.
fn first_piece(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let encoded = text.get(..3).filter(|piece| decoded(piece).is_some());
    Some(encoded.unwrap_or(text.get(..first.len_utf8()).unwrap_or(text)))
}

fn normal_piece(piece: &str) -> String {
    match (decoded(piece), piece.chars().next()) {
        (Some(byte), _) if is_unreserved(byte) => char::from(byte).to_string(),
        (Some(byte), _) => format!("%{byte:02X}"),
        (None, Some(plain)) if plain.is_ascii() && is_segment_byte(plain as u8) => piece.to_owned(),
        (None, _) => piece.bytes().map(|byte| format!("%{byte:02X}")).collect(),
    }
}

fn decoded(piece: &str) -> Option<u8> {
    let digits =
        piece.strip_prefix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// RFC 3986, section 3.3: `pchar`, without percent-encoding.
fn is_segment_byte(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::pattern::{Pattern, PatternErrorKind};

    fn normal(text: &str) -> (&str, String) {
        let error = Pattern::parse(text).unwrap_err();
        match error.kind {
            PatternErrorKind::NotNormal(form) | PatternErrorKind::NotAPath(form) => {
                (&text[error.range], form)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_no_request_can_have_is_refused_with_its_normal_form() {
        assert_eq!(normal("/%7Ejoe/{id}"), ("%7E", "/~joe/{id}".into()));
        assert_eq!(normal("/a%2fb"), ("%2f", "/a%2Fb".into()));
        assert_eq!(normal("/a/../b"), ("/..", "/b".into()));
        assert_eq!(normal("/a/./b/."), ("/.", "/a/b/".into()));
        assert_eq!(normal("/a//b"), ("/", "/a/b".into()));
        assert_eq!(normal("/äpfel"), ("ä", "/%C3%A4pfel".into()));
        assert_eq!(normal("/a b"), (" ", "/a%20b".into()));
        assert_eq!(normal("/a\u{1}"), ("\u{1}", "/a%01".into()));
        assert_eq!(normal("/100%"), ("%", "/100%25".into()));
        assert_eq!(normal("/a?b=1"), ("?", "/a".into()));
        assert_eq!(normal("/a#b"), ("#", "/a".into()));
    }

    #[test]
    fn what_is_normal_is_taken_as_it_stands() {
        for text in ["/", "/a%2Fb", "/~joe/-._!$&'()+,;=:@", "/a%20b/", "/%C3%A4"] {
            assert!(Pattern::parse(text).is_ok(), "{text}");
        }
    }
}
