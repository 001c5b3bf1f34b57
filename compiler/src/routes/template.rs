//! Templates: the targets of rewrites and redirects, with holes that the path fills.

use std::ops::Range;

use divisor_schema::plan::{Template, TemplatePart};

use super::Pattern;

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// The bytes of the text at fault.
    pub(crate) range: Range<usize>,
    /// What is wrong with them.
    pub(crate) kind: TemplateErrorKind,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateErrorKind {
    /// Nothing there.
    Empty,
    /// A `{` without `}`, or the other way round.
    UnbalancedBrace,
    /// A name that the pattern does not have.
    UnknownName(String),
    /// A character that no path and no URL has.
    Character,
    /// A path that does not begin with `/`.
    NoLeadingSlash,
}

/// Reads the target of a redirect. Beside the names of `pattern`, it may hold `{host}`, `{path}` and `{query}`.
///
/// # Errors
/// Says what is wrong with the first bytes at fault.
pub(crate) fn location(text: &str, pattern: &Pattern) -> Result<Template, TemplateError> {
    let mut parts = vec![];
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let error = |length: usize, kind| Err(TemplateError { range: at..at + length, kind });
        let length = match rest.find(['{', '}']) {
            Some(0) => {
                let Some(end) = rest.find('}').filter(|&end| end > 0) else {
                    return error(1, TemplateErrorKind::UnbalancedBrace);
                };
                let name = rest.get(1..end).unwrap_or_default();
                match hole(name, pattern) {
                    Some(part) => parts.push(part),
                    None => return error(end + 1, TemplateErrorKind::UnknownName(name.to_owned())),
                }
                end + 1
            }
            next => {
                let plain = rest.get(..next.unwrap_or(rest.len())).unwrap_or_default();
                if let Some((bad, character)) = plain.char_indices().find(|(_, it)| !matches!(it, '!'..='~'))
                {
                    let range = at + bad..at + bad + character.len_utf8();
                    return Err(TemplateError { range, kind: TemplateErrorKind::Character });
                }
                parts.push(TemplatePart::Text(plain.to_owned()));
                plain.len()
            }
        };
        at += length;
    }
    match parts.is_empty() {
        true => Err(TemplateError { range: 0..0, kind: TemplateErrorKind::Empty }),
        false => Ok(Template(parts)),
    }
}

/// Reads the path that a backend is sent.
///
/// # Errors
/// Says what is wrong with the first bytes at fault.
pub(crate) fn rewrite(text: &str, pattern: &Pattern) -> Result<Template, TemplateError> {
    let template = location(text, pattern)?;
    let begins = match template.0.first() {
        Some(TemplatePart::Text(text)) => text.starts_with('/'),
        first => first == Some(&TemplatePart::Path),
    };
    if begins {
        return Ok(template);
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    Err(TemplateError { range: 0..first, kind: TemplateErrorKind::NoLeadingSlash })
}

/// Names of the pattern come before those that every template has.
fn hole(name: &str, pattern: &Pattern) -> Option<TemplatePart> {
    if let Some(capture) = pattern.capture(name) {
        return Some(capture.part());
    }
    match name {
        "host" => Some(TemplatePart::Host),
        "path" => Some(TemplatePart::Path),
        "query" => Some(TemplatePart::Query),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern() -> Pattern {
        Pattern::parse("/shop/{id}/{*rest}").unwrap()
    }

    #[test]
    fn holes_are_positions() {
        use TemplatePart::{Host, Path, Query, Rest, Segment, Text, Within};
        let text = |text: &str| Text(text.into());
        let template = |it: &str| location(it, &pattern()).unwrap().0;
        assert_eq!(template("/new/{id}/{rest}"), [text("/new/"), Segment(1), text("/"), Rest(2)]);
        assert_eq!(template("https://{host}{path}{query}"), [text("https://"), Host, Path, Query]);
        assert_eq!(rewrite("{path}", &pattern()).unwrap().0, [Path]);
        let held = Pattern::parse("/v{n:[0-9]+}-x/{k:a|b}").unwrap();
        assert_eq!(
            location("{n}{k}", &held).unwrap().0,
            [Within { segment: 0, lead: 1, trail: 2 }, Segment(1)]
        );
        let shadowing = Pattern::parse("/{host}").unwrap();
        assert_eq!(location("{host}", &shadowing).unwrap().0, [Segment(0)]);
    }

    #[test]
    fn faults_name_their_place() {
        use TemplateErrorKind::{Character, Empty, NoLeadingSlash, UnbalancedBrace, UnknownName};
        for (text, at, kind) in [
            ("", "", Empty),
            ("/a/{id", "{", UnbalancedBrace),
            ("/a}", "}", UnbalancedBrace),
            ("/a/{nam}", "{nam}", UnknownName("nam".into())),
            ("/a b", " ", Character),
            ("/ä", "ä", Character),
            ("new", "n", NoLeadingSlash),
            ("{rest}", "{", NoLeadingSlash),
        ] {
            let error = rewrite(text, &pattern()).unwrap_err();
            assert_eq!((&text[error.range], error.kind), (at, kind), "{text}");
        }
    }
}
