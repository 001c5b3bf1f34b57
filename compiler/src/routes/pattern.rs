//! Path patterns: what may be written, and what it means.
//!
//! A path is the list of the segments after its leading `/`: `/a/b` is `a`, `b`; `/a/` is `a`, empty; `/` is one
//! empty segment. A pattern is a list of segment patterns, and may end in a subtree.

use std::ops::Range;

use super::normal;

/// A set of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As written.
    pub(crate) text: String,
    /// What the first segments must be.
    pub(crate) segments: Vec<Segment>,
    /// Whether any number of segments may follow; none at all only if there is a segment before.
    pub(crate) subtree: bool,
    /// Named segments, in the order of their positions.
    pub(crate) captures: Vec<Capture>,
}

/// A set of segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// This one.
    Literal(String),
    /// Every one that is not empty.
    Parameter,
}

/// A part of the path with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capture {
    /// Its name.
    pub(crate) name: String,
    /// Its segment, counted from 0; of a subtree, the first.
    pub(crate) segment: u16,
    /// Whether it takes the whole rest of the path.
    pub(crate) rest: bool,
}

/// Why a text is not a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError {
    /// The bytes of the text at fault.
    pub(crate) range: Range<usize>,
    /// What is wrong with them.
    pub(crate) kind: PatternErrorKind,
}

/// What is wrong with a path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatternErrorKind {
    /// The first character is not `/`.
    NoLeadingSlash,
    /// A `{` without `}`, or the other way round.
    UnbalancedBrace,
    /// Braces around something that is not a name.
    BadCaptureName(String),
    /// The same name for two segments.
    DuplicateCapture(String),
    /// `**` or `{*name}` with something behind it.
    SubtreeNotLast,
    /// A wildcard with something beside it in its segment.
    PartlyWildcard,
    /// `{name:regex}`.
    SegmentRegex,
    /// No request has such a path after normalisation; holds the normal form.
    NotNormal(String),
    /// A `?` or `#`: not a part of a path. Holds the part before it.
    NotAPath(String),
    /// More segments than a plan can count.
    TooLong,
}

impl PatternErrorKind {
    /// What is wrong, as the label of a diagnostic.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::NoLeadingSlash => "the pattern does not begin with `/`".into(),
            Self::UnbalancedBrace => "a brace has no partner".into(),
            Self::BadCaptureName(name) => format!("`{name}` is not a name for a segment"),
            Self::DuplicateCapture(name) => format!("two segments are named `{name}`"),
            Self::SubtreeNotLast => "a subtree before the end".into(),
            Self::PartlyWildcard => "a wildcard beside other text".into(),
            Self::SegmentRegex => "not supported by this version yet".into(),
            Self::NotNormal(_) => "paths are normalised before routing".into(),
            Self::NotAPath(_) => "a path ends before `?` and `#`".into(),
            Self::TooLong => "the pattern has too many segments".into(),
        }
    }

    /// What to type instead.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::NoLeadingSlash => "begin it with `/`; `/**` is every path".into(),
            Self::UnbalancedBrace => {
                "write `{name}` for one segment; a literal brace is `%7B` or `%7D` in a path".into()
            }
            Self::BadCaptureName(_) => "use letters, digits, `-` and `_`, beginning with a letter".into(),
            Self::DuplicateCapture(_) => "rename one of them".into(),
            Self::SubtreeNotLast => "move `**` to the end, or write `*` for exactly one segment".into(),
            Self::PartlyWildcard => "let the wildcard be the whole segment: `*` or `{name}`".into(),
            Self::SegmentRegex => "write `{name}`, and let the backend refuse what does not fit".into(),
            Self::NotNormal(normal) => format!("write `{normal}`"),
            Self::NotAPath(path) => format!("write `{path}`"),
            Self::TooLong => format!("use at most {} segments", u16::MAX),
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says what is wrong with the first bytes at fault.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut pattern = Self { text: text.to_owned(), segments: vec![], subtree: false, captures: vec![] };
        if !text.starts_with('/') {
            return Err(error(
                0..text.chars().next().map_or(0, char::len_utf8),
                PatternErrorKind::NoLeadingSlash,
            ));
        }
        let ranges = split(text)?;
        let last = ranges.len().saturating_sub(1);
        for (position, range) in ranges.into_iter().enumerate() {
            pattern.add(range, position == last)?;
        }
        Ok(pattern)
    }

    /// Adds the segment that stands at `range`.
    fn add(&mut self, range: Range<usize>, last: bool) -> Result<(), PatternError> {
        let segment = self.text.get(range.clone()).unwrap_or_default().to_owned();
        let at = |kind| error(range.clone(), kind);
        let position = u16::try_from(self.segments.len()).map_err(|_| at(PatternErrorKind::TooLong))?;
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let subtree = segment == "**" || name.is_some_and(|name| name.starts_with('*'));
        if subtree && !last {
            return Err(at(PatternErrorKind::SubtreeNotLast));
        }
        if let Some(name) = name {
            let name = capture_name(name.strip_prefix('*').unwrap_or(name)).map_err(at)?;
            if self.captures.iter().any(|capture| capture.name == name) {
                return Err(at(PatternErrorKind::DuplicateCapture(name.to_owned())));
            }
            self.captures.push(Capture { name: name.to_owned(), segment: position, rest: subtree });
        } else if segment != "*" && !subtree {
            if segment.contains(['*', '{', '}']) {
                return Err(at(PatternErrorKind::PartlyWildcard));
            }
            normal::check(&self.text, range, last)?;
            self.segments.push(Segment::Literal(segment));
            return Ok(());
        }
        if subtree {
            self.subtree = true;
        } else {
            self.segments.push(Segment::Parameter);
        }
        Ok(())
    }

    /// Whether `path`, which is normal, is one of its paths.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        let fits = self.segments.iter().all(|wanted| segments.next().is_some_and(|it| wanted.matches(it)));
        fits && (self.subtree || segments.next().is_none())
    }

    /// Whether every path of `self` is one of `other`.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let long_enough = match (self.subtree, other.subtree) {
            (_, true) => self.segments.len() >= other.segments.len(),
            (false, false) => self.segments.len() == other.segments.len(),
            (true, false) => false,
        };
        long_enough && self.segments.iter().zip(&other.segments).all(|(mine, theirs)| mine.is_within(theirs))
    }

    /// Smaller for narrower patterns: if one pattern is strictly within another, its breadth is less. The converse
    /// need not hold.
    pub(crate) fn breadth(&self) -> impl Ord + use<> {
        let parameters = self.segments.iter().filter(|segment| **segment == Segment::Parameter).count();
        (self.subtree, std::cmp::Reverse(self.segments.len()), parameters)
    }

    /// The capture of this name.
    pub(crate) fn capture(&self, name: &str) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.name == name)
    }
}

impl Segment {
    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Literal(text) => text == segment,
            Self::Parameter => !segment.is_empty(),
        }
    }

    /// Whether every segment of `self` is one of `other`.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(mine), Self::Literal(theirs)) => mine == theirs,
            (Self::Literal(mine), Self::Parameter) => !mine.is_empty(),
            (Self::Parameter, Self::Parameter) => true,
            (Self::Parameter, Self::Literal(_)) => false,
        }
    }
}

/// The ranges of the segments. A slash inside braces is not a border, so that a regex is seen whole.
fn split(text: &str) -> Result<Vec<Range<usize>>, PatternError> {
    let mut ranges = vec![];
    let mut open: Vec<usize> = vec![];
    let mut start = 1;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'{' => open.push(at),
            b'}' if open.pop().is_none() => return Err(error(at..at + 1, PatternErrorKind::UnbalancedBrace)),
            b'/' if open.is_empty() => {
                ranges.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    ranges.push(start..text.len());
    match open.first() {
        Some(&at) => Err(error(at..at + 1, PatternErrorKind::UnbalancedBrace)),
        None => Ok(ranges),
    }
}

fn capture_name(name: &str) -> Result<&str, PatternErrorKind> {
    if name.contains(':') {
        return Err(PatternErrorKind::SegmentRegex);
    }
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if letters && begins { Ok(name) } else { Err(PatternErrorKind::BadCaptureName(name.to_owned())) }
}

pub(super) fn error(range: Range<usize>, kind: PatternErrorKind) -> PatternError {
    PatternError { range, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (&str, PatternErrorKind) {
        let error = Pattern::parse(text).unwrap_err();
        assert!(!error.kind.label().is_empty() && !error.kind.help().is_empty());
        (&text[error.range], error.kind)
    }

    #[test]
    fn segments_parameters_and_subtrees() {
        let pattern = Pattern::parse("/api/{version}/orders/*/{*rest}").unwrap();
        let literal = |text: &str| Segment::Literal(text.into());
        assert_eq!(
            pattern.segments,
            [literal("api"), Segment::Parameter, literal("orders"), Segment::Parameter]
        );
        assert!(pattern.subtree);
        assert_eq!(pattern.capture("version").map(|it| (it.segment, it.rest)), Some((1, false)));
        assert_eq!(pattern.capture("rest").map(|it| (it.segment, it.rest)), Some((4, true)));
        assert_eq!(pattern.capture("other"), None);
    }

    #[test]
    fn the_root_and_a_slash_at_the_end_are_an_empty_segment() {
        let empty = Segment::Literal(String::new());
        assert_eq!(Pattern::parse("/").unwrap().segments, vec![empty.clone()]);
        assert_eq!(Pattern::parse("/a/").unwrap().segments, [Segment::Literal("a".into()), empty]);
        assert_eq!(Pattern::parse("/**").unwrap().segments, []);
    }

    #[test]
    fn faults_name_their_place_and_the_way_out() {
        use PatternErrorKind::{
            BadCaptureName, DuplicateCapture, NoLeadingSlash, PartlyWildcard, SegmentRegex, SubtreeNotLast,
            UnbalancedBrace,
        };
        assert_eq!(fault("api"), ("a", NoLeadingSlash));
        assert_eq!(fault(""), ("", NoLeadingSlash));
        assert_eq!(fault("/a/{id"), ("{", UnbalancedBrace));
        assert_eq!(fault("/a/id}"), ("}", UnbalancedBrace));
        assert_eq!(fault("/{a}/{a}"), ("{a}", DuplicateCapture("a".into())));
        assert_eq!(fault("/{}"), ("{}", BadCaptureName(String::new())));
        assert_eq!(fault("/{1a}"), ("{1a}", BadCaptureName("1a".into())));
        assert_eq!(fault("/**/a"), ("**", SubtreeNotLast));
        assert_eq!(fault("/{*rest}/a"), ("{*rest}", SubtreeNotLast));
        assert_eq!(fault("/a*b"), ("a*b", PartlyWildcard));
        assert_eq!(fault("/v{n}"), ("v{n}", PartlyWildcard));
        assert_eq!(fault("/{n:[^/]{2}}/x"), ("{n:[^/]{2}}", SegmentRegex));
    }

    #[test]
    fn inclusion_is_by_segments() {
        let within = |a: &str, b: &str| Pattern::parse(a).unwrap().is_within(&Pattern::parse(b).unwrap());
        assert!(within("/users/me", "/users/{id}"));
        assert!(within("/users/{id}", "/users/**"));
        assert!(within("/users", "/users/**"));
        assert!(within("/users/**", "/**"));
        assert!(within("/{a}/{b}", "/*/*"));
        assert!(!within("/users/", "/users/{id}"), "a parameter is never empty");
        assert!(!within("/users/{id}", "/users/me"));
        assert!(!within("/users/**", "/users/{id}"));
        assert!(!within("/**", "/users/**"));
        assert!(!within("/a/{x}", "/{x}/b"));
    }

    #[test]
    fn what_is_narrower_has_less_breadth() {
        let narrow_first = ["/a/b", "/a/{x}", "/{y}/{x}", "/a/b/**", "/a/{x}/**", "/a/**", "/**"];
        for pair in narrow_first.windows(2) {
            let [a, b] = [0, 1].map(|index| Pattern::parse(pair[index]).unwrap());
            assert!(a.breadth() < b.breadth(), "{pair:?}");
        }
    }
}
