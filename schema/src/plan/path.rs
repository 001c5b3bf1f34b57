//! The one form of a path: what is routed is what the backend is sent.

use std::borrow::Cow;

/// Why a path is refused (400). All of these are spellings that some backends read as another path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// Does not begin with `/`.
    Relative,
    /// A control character, a space, a character outside ASCII, `#`, or `?`, written as it is.
    Character(u8),
    /// A control character written as `%00` to `%1F`, or `%7F`.
    Control(u8),
    /// A backslash, or a slash that is no separator where the route does not keep it: `%5C`, `\`, `%2F`.
    Slash,
    /// A `%` without two hexadecimal digits.
    Percent,
    /// `..` leads above the root.
    AboveRoot,
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Relative => write!(f, "the path does not begin with `/`"),
            Self::Character(byte) => {
                write!(f, "the path has a byte {byte:#04x} that must be written as `%{byte:02X}`")
            }
            Self::Control(byte) => write!(f, "the path has a control character, `%{byte:02X}`"),
            Self::Slash => write!(f, "the path has an encoded slash or a backslash"),
            Self::Percent => write!(f, "the path has a `%` without two hexadecimal digits"),
            Self::AboveRoot => write!(f, "the path leads above the root"),
        }
    }
}

impl std::error::Error for PathError {}

/// The normal form of `path`, which has no query (RFC 3986, section 6.2.2): percent-encoding of unreserved characters
/// undone, hexadecimal digits in upper case, `.` and `..` resolved, empty segments merged unless `keep_empty`.
/// An encoded slash stays as it is: whether it may is for the route to say ([`has_encoded_slash`]). Borrows when the
/// path is normal already.
///
/// # Errors
/// [`PathError`] for a path that is refused.
pub fn normalise(path: &str, keep_empty: bool) -> Result<Cow<'_, str>, PathError> {
    if is_plain(path.as_bytes(), keep_empty) {
        return Ok(Cow::Borrowed(path));
    }
    let normal = rewrite(path, keep_empty)?;
    Ok(if normal == path { Cow::Borrowed(path) } else { Cow::Owned(normal) })
}

/// Whether a normal path has an encoded slash, which some backends read as a separator.
pub fn has_encoded_slash(path: &str) -> bool {
    path.contains("%2F")
}

/// Whether `path` is normal at first sight, as nearly all are.
fn is_plain(path: &[u8], keep_empty: bool) -> bool {
    let mut previous = 0;
    for &byte in path {
        let plain = match byte {
            b'.' => previous != b'/', // perhaps a dot segment
            b'/' => previous != b'/' || keep_empty,
            b'%' => false,
            _ => is_literal(byte),
        };
        if !plain {
            return false;
        }
        previous = byte;
    }
    path.first() == Some(&b'/')
}

fn rewrite(path: &str, keep_empty: bool) -> Result<String, PathError> {
    let mut segments = path.strip_prefix('/').ok_or(PathError::Relative)?.split('/').peekable();
    let mut normal = String::with_capacity(path.len());
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        let parent = normal.len();
        normal.push('/');
        push_segment(&mut normal, segment)?;
        match &normal[parent + 1..] {
            "" if last || keep_empty => continue,
            "" | "." => normal.truncate(parent),
            ".." => {
                normal.truncate(parent);
                let above = normal.rfind('/').ok_or(PathError::AboveRoot)?;
                normal.truncate(above);
            }
            _ => continue,
        }
        if last {
            normal.push('/');
        }
    }
    Ok(normal)
}

fn push_segment(normal: &mut String, segment: &str) -> Result<(), PathError> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let byte = hex(bytes.next())? << 4 | hex(bytes.next())?;
                push_encoded(normal, byte)?;
            }
            b'\\' => return Err(PathError::Slash),
            _ if is_literal(byte) => normal.push(char::from(byte)),
            _ => return Err(PathError::Character(byte)),
        }
    }
    Ok(())
}

fn push_encoded(normal: &mut String, byte: u8) -> Result<(), PathError> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        0..b' ' | 0x7f => return Err(PathError::Control(byte)),
        b'\\' => return Err(PathError::Slash),
        b'-' | b'.' | b'_' | b'~' => normal.push(char::from(byte)),
        _ if byte.is_ascii_alphanumeric() => normal.push(char::from(byte)),
        _ => {
            let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
            normal.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    Ok(())
}

fn hex(digit: Option<u8>) -> Result<u8, PathError> {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16)).ok_or(PathError::Percent)?;
    Ok(value as u8)
}

/// Whether a byte stands for itself in a path. More than RFC 3986 allows (`|`, `{`, `"` …), as clients send more.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'?')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(path: &str, normal: &str) {
        assert_eq!(normalise(path, false).as_deref(), Ok(normal), "{path}");
    }

    #[track_caller]
    fn refused(path: &str, error: PathError) {
        assert_eq!(normalise(path, false), Err(error), "{path}");
    }

    #[test]
    fn a_normal_path_is_borrowed() {
        for path in
            ["/", "/a", "/a/b.c/", "/~joe/x-y_z", "/a%20b", "/%C3%A9", "/a;b=c,d@e:f!$&'()*+", "/..a/b.."]
        {
            assert!(matches!(normalise(path, false), Ok(Cow::Borrowed(same)) if same == path), "{path}");
        }
    }

    #[test]
    fn percent_encoding_is_normal() {
        check("/%7Ejoe", "/~joe");
        check("/%61%2d%5f%2E%7a", "/a-_.z");
        check("/caf%c3%a9", "/caf%C3%A9");
        check("/a%2bb%25", "/a%2Bb%25");
    }

    #[test]
    fn dots_are_resolved() {
        check("/a/./b", "/a/b");
        check("/a/../b", "/b");
        check("/a/%2e%2E/b", "/b");
        check("/a/b/..", "/a/");
        check("/a/.", "/a/");
        check("/.", "/");
        check("/a/..", "/");
        check("/a/...", "/a/...");
        check("/.well-known/x", "/.well-known/x");
    }

    #[test]
    fn empty_segments_are_merged_or_kept() {
        check("//a///b//", "/a/b/");
        check("//", "/");
        check("/a//../b", "/b");
        let kept = |path| normalise(path, true).unwrap().into_owned();
        assert_eq!(kept("//a//b//"), "//a//b//");
        assert_eq!(kept("/a//../b"), "/a/b");
        assert_eq!(kept("//.."), "/");
    }

    #[test]
    fn paths_with_two_meanings_are_refused() {
        refused("", PathError::Relative);
        refused("a", PathError::Relative);
        refused("/%00", PathError::Control(0));
        refused("/a%0d%0a", PathError::Control(b'\r'));
        refused("/%7f", PathError::Control(0x7f));
        refused("/a b", PathError::Character(b' '));
        refused("/a\t", PathError::Character(b'\t'));
        refused("/é", PathError::Character(0xc3));
        refused("/a#b", PathError::Character(b'#'));
        check("/a%2fb", "/a%2Fb");
        assert!(has_encoded_slash("/a%2Fb") && !has_encoded_slash("/a/%20"));
        refused("/a%5cb", PathError::Slash);
        refused("/a\\b", PathError::Slash);
        refused("/%", PathError::Percent);
        refused("/%4", PathError::Percent);
        refused("/%4g", PathError::Percent);
        refused("/%/41", PathError::Percent);
        refused("/..", PathError::AboveRoot);
        refused("/a/../../b", PathError::AboveRoot);
        refused("/a/%2e%2e/%2e%2e", PathError::AboveRoot);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        assert_eq!(
            PathError::Character(0xc3).to_string(),
            "the path has a byte 0xc3 that must be written as `%C3`"
        );
        assert_eq!(PathError::Control(0).to_string(), "the path has a control character, `%00`");
        for (error, word) in [
            (PathError::Relative, "begin"),
            (PathError::Slash, "slash"),
            (PathError::Percent, "hexadecimal"),
            (PathError::AboveRoot, "above"),
        ] {
            assert!(error.to_string().contains(word));
        }
    }

    proptest! {
        #[test]
        fn normalising_is_idempotent_and_borrows_what_is_normal(
            path in "(/|\\.|%2[eEfF]|%[0-9a-fA-F]{2}|[a-z~{|]|[ -~]|\\PC){0,24}",
            keep_empty: bool,
        ) {
            if let Ok(normal) = normalise(&path, keep_empty) {
                prop_assert_eq!(matches!(normal, Cow::Borrowed(_)), normal == path);
                prop_assert!(normal.starts_with('/'));
                prop_assert!(keep_empty || !normal.contains("//"));
                prop_assert!(normal.split('/').all(|segment| segment != "." && segment != ".."));
                let again = normalise(&normal, keep_empty);
                prop_assert!(matches!(again, Ok(Cow::Borrowed(_))), "{:?}", again);
            }
        }
    }
}
