//! Segments and paths in normal form, to which requests are brought before routing, as languages.

use std::sync::LazyLock;

use super::{Classes, Language, TooBig};

/// States are few, so that the limit is never met; without words, nothing would match.
const STATES_MAX: usize = 1_000;

static SEGMENTS: LazyLock<Language> = LazyLock::new(|| build(Spot::SEGMENT, false, false));
static SEGMENTS_AND_EMPTY: LazyLock<Language> = LazyLock::new(|| build(Spot::SEGMENT, false, true));
static PATHS: LazyLock<Language> = LazyLock::new(|| build(Spot::PATH, true, true));

impl Language {
    /// The segments of normal paths, without the empty one.
    pub(crate) fn segments() -> &'static Self {
        &SEGMENTS
    }

    /// The segments of normal paths, with the empty one.
    pub(crate) fn segments_and_empty() -> &'static Self {
        &SEGMENTS_AND_EMPTY
    }

    /// The rests of normal paths: a slash with a segment, as often as one likes, but once at least.
    pub(crate) fn paths() -> &'static Self {
        &PATHS
    }
}

/// How far a path has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Spot {
    /// Dots that the segment consists of so far; `None` once it is more than that.
    dots: Option<u8>,
    code: Code,
}

/// How far a percent-encoded byte has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Code {
    /// A slash must follow.
    Slash,
    None,
    Percent,
    High(u8),
}

impl Spot {
    const SEGMENT: Self = Self { dots: Some(0), code: Code::None };
    const PATH: Self = Self { dots: Some(0), code: Code::Slash };

    /// Whether a segment may end here.
    fn ends(self, may_be_empty: bool) -> bool {
        let dots = match self.dots {
            None => true,
            Some(0) => may_be_empty,
            Some(dots) => dots > 2,
        };
        dots && self.code == Code::None
    }

    fn next(self, byte: u8, slashes: bool) -> Option<Self> {
        let plain = Some(Self { dots: None, code: Code::None });
        match (self.code, byte) {
            (Code::Slash, b'/') => Some(Self::SEGMENT),
            (Code::None, b'/') if slashes && self.ends(true) => Some(Self::SEGMENT),
            (Code::None, b'%') => Some(Self { dots: None, code: Code::Percent }),
            (Code::None, b'.') => {
                Some(Self { dots: self.dots.map(|dots| dots + 1).filter(|dots| *dots < 3), ..self })
            }
            (Code::None, b'/' | b'\\' | b'#' | b'?') => None,
            (Code::None, byte) if byte.is_ascii_graphic() => plain,
            (Code::Percent, _) => Some(Self { dots: None, code: Code::High(digit(byte)?) }),
            (Code::High(high), _) => {
                let value = high << 4 | digit(byte)?;
                let unreserved = value.is_ascii_alphanumeric() || b"-._~".contains(&value);
                let refused = value < b' ' || value == 0x7f || value == b'\\';
                plain.filter(|_| !unreserved && !refused)
            }
            _ => None,
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn build(start: Spot, slashes: bool, may_be_empty: bool) -> Language {
    let classes = Classes::by_key(|byte| byte);
    let step = |spot: &Option<Spot>, byte| spot.and_then(|spot| spot.next(byte, slashes));
    let accepts = |spot: &Option<Spot>| spot.is_some_and(|spot| spot.ends(may_be_empty));
    Language::explore(Some(start), classes, STATES_MAX, step, accepts).unwrap_or_else(|TooBig| nothing())
}

fn nothing() -> Language {
    Language { classes: Classes::by_key(|_| ()), next: vec![0], accepts: vec![false], dead: Some(0) }
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::normalise;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_normal() {
        for segment in ["a", "...", ".a", "a.", "%20", "%C3%A9", "%2F", "a|b", "~"] {
            assert!(Language::segments().holds(segment.as_bytes()), "{segment}");
        }
        for segment in ["", ".", "..", "%41", "%2f", "%00", "%5C", "%", "%2", "a b", "a/b", "a?", "é"] {
            assert!(!Language::segments().holds(segment.as_bytes()), "{segment}");
        }
        assert!(Language::paths().holds(b"/") && Language::paths().holds(b"/a//b/"));
        assert!(
            !Language::paths().holds(b"")
                && !Language::paths().holds(b"a")
                && !Language::paths().holds(b"/../a")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn normal_paths_are_those_that_normalising_leaves_alone(path in "/([a-c./%~|]|%[0-9A-Fa-f]{2}){0,12}") {
            let normal = normalise(&path, true).is_ok_and(|normal| normal == path);
            let encoded_slash = path.contains("%2F");
            prop_assert!(encoded_slash || normal == Language::paths().holds(path.as_bytes()), "{}", path);
        }
    }
}
