//! Fills templates: rewritten paths and the targets of redirects.

use super::{Template, TemplatePart};

/// What fills the holes of a template.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Host name, without port.
    pub host: &'a str,
    /// Normal path.
    pub path: &'a str,
    /// Query without `?`; `None` when there is none.
    pub query: Option<&'a str>,
}

/// The text of `template`, safe in a request line and in a header: whatever is not visible ASCII is percent-encoded.
/// A result that begins with a slash begins with one only, so that no path is taken for a host.
pub fn fill(template: &Template, source: Source<'_>) -> String {
    let mut text = String::with_capacity(source.path.len() + 32);
    template.0.iter().for_each(|part| push_part(&mut text, part, source));
    let slashes = text.bytes().take_while(|&byte| byte == b'/').count();
    text.drain(1.min(slashes)..slashes);
    text
}

/// Adds a part of a template to a text, whatever is not visible ASCII percent-encoded.
pub fn push_part(text: &mut String, part: &TemplatePart, source: Source<'_>) {
    match part {
        TemplatePart::Text(constant) => push(text, constant),
        TemplatePart::Segment(number) => push(text, segments(source.path, *number).next().unwrap_or("")),
        TemplatePart::Within { segment, lead, trail } => {
            let whole = segments(source.path, *segment).next().unwrap_or("");
            let end = whole.len().saturating_sub(usize::from(*trail));
            push(text, whole.get(usize::from(*lead)..end).unwrap_or(""));
        }
        TemplatePart::Rest(number) => push(text, rest(source.path, *number)),
        TemplatePart::Host => push(text, source.host),
        TemplatePart::Path => push(text, source.path),
        TemplatePart::Query => {
            if let Some(query) = source.query {
                text.push('?');
                push(text, query);
            }
        }
    }
}

/// Segments of `path` from `number` on.
fn segments(path: &str, number: u16) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/').skip(number.into())
}

/// `path` from a segment on, without the slash in front of it.
fn rest(path: &str, number: u16) -> &str {
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    for _ in 0..number {
        rest = rest.split_once('/').map_or("", |(_, below)| below);
    }
    rest
}

fn push(text: &mut String, part: &str) {
    for char in part.chars() {
        if char.is_ascii_graphic() {
            text.push(char);
        } else {
            let mut buffer = [0; 4];
            for byte in char.encode_utf8(&mut buffer).bytes() {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(parts: Vec<TemplatePart>, path: &str) -> String {
        fill(&Template(parts), Source { host: "shop.example", path, query: Some("q=1") })
    }

    fn text(text: &str) -> TemplatePart {
        TemplatePart::Text(text.into())
    }

    #[test]
    fn holes_are_filled_from_the_request() {
        let parts = vec![text("https://"), TemplatePart::Host, TemplatePart::Path, TemplatePart::Query];
        assert_eq!(filled(parts, "/a/b"), "https://shop.example/a/b?q=1");
        let swapped = || vec![text("/x/"), TemplatePart::Segment(1), text("/"), TemplatePart::Segment(0)];
        assert_eq!(filled(swapped(), "/a/b"), "/x/b/a");
        assert_eq!(filled(swapped(), "/a"), "/x//a");
        let bare = Template(vec![TemplatePart::Path, TemplatePart::Query]);
        assert_eq!(fill(&bare, Source { host: "h", path: "/a", query: None }), "/a");
    }

    #[test]
    fn a_part_of_a_segment_is_what_stands_between() {
        let within = |lead, trail, path| {
            filled(vec![text("/"), TemplatePart::Within { segment: 1, lead, trail }], path)
        };
        assert_eq!(within(1, 2, "/a/v12-x"), "/12");
        assert_eq!(within(3, 3, "/a/v12-x"), "/");
        assert_eq!(within(0, 9, "/a/b"), "/");
        assert_eq!(within(1, 1, "/a"), "/");
    }

    #[test]
    fn the_rest_is_all_below() {
        let moved = |path| filled(vec![text("/new/"), TemplatePart::Rest(1)], path);
        assert_eq!(moved("/old/a/b/"), "/new/a/b/");
        assert_eq!(moved("/old/"), "/new/");
        assert_eq!(moved("/old"), "/new/");
        assert_eq!(filled(vec![text("/"), TemplatePart::Rest(9)], "/a/b"), "/");
    }

    #[test]
    fn a_path_never_becomes_another_host() {
        assert_eq!(filled(vec![text("/"), TemplatePart::Rest(1)], "/old///evil.example"), "/evil.example");
        assert_eq!(filled(vec![TemplatePart::Path], "//evil.example"), "/evil.example");
        assert_eq!(filled(vec![TemplatePart::Segment(7)], "/"), "");
    }

    #[test]
    fn nothing_breaks_out_of_a_line() {
        assert_eq!(filled(vec![text("/a b\r\né")], "/"), "/a%20b%0D%0A%C3%A9");
    }

    proptest! {
        #[test]
        fn any_request_gives_visible_text(path in "/\\PC{0,20}", query in "\\PC{0,20}", number in 0u16..4) {
            let template = Template(vec![
                TemplatePart::Segment(number), TemplatePart::Rest(number), TemplatePart::Path, TemplatePart::Query,
            ]);
            let text = fill(&template, Source { host: "h", path: &path, query: Some(&query) });
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", text);
            prop_assert!(!text.starts_with("//"));
        }
    }
}
