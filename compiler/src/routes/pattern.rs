//! Path patterns: what may be written, and what it means.
//!
//! A path is the list of the segments after its leading `/`: `/a/b` is `a`, `b`; `/a/` is `a`, empty; `/` is one
//! empty segment. A pattern is a list of segment patterns, and may end in a subtree.

use std::ops::Range;
use std::sync::Arc;

use divisor_schema::plan::TemplatePart;

use super::language::{Language, Regex, RegexErrorKind};
use super::{normal, regex};

/// A set of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As written.
    pub(crate) text: String,
    /// What the first segments must be.
    pub(crate) segments: Vec<Segment>,
    /// Whether any number of segments may follow; none at all only if there is a segment before.
    pub(crate) subtree: bool,
    /// What the path behind the segments must be, from its slash on, if a regex says so.
    pub(crate) tail: Option<Arc<Language>>,
    /// Where `^` and `$` stand in it, which say nothing.
    pub(crate) anchors: Vec<Range<usize>>,
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
    /// One of these normal segments: neither a single one nor all that are not empty.
    Regex(Arc<Language>),
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
    /// Bytes of the segment before it and behind it.
    pub(crate) around: (u16, u16),
}

impl Capture {
    /// The hole of a template that it fills.
    pub(crate) fn part(&self) -> TemplatePart {
        let segment = self.segment;
        match (self.rest, self.around) {
            (true, _) => TemplatePart::Rest(segment),
            (false, (0, 0)) => TemplatePart::Segment(segment),
            (false, (lead, trail)) => TemplatePart::Within { segment, lead, trail },
        }
    }
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
    /// A regex that cannot be compiled.
    Regex(RegexErrorKind),
    /// A regex that no normal path meets.
    Impossible,
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
            Self::Regex(kind) => kind.label(),
            Self::Impossible => "no normal path has this".into(),
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
            Self::PartlyWildcard => {
                "let the wildcard be the whole segment, `*` or `{name}`, or say what it is: `{name:[0-9]+}`".into()
            }
            Self::Regex(kind) => kind.help().into(),
            Self::Impossible => {
                "paths have no `?`, `#`, blank or `..`; bytes beyond ASCII are `%C3`, what need not be encoded is not".into()
            }
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
        let mut pattern = Self::empty(text);
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

    /// Reads a regex for whole paths.
    ///
    /// # Errors
    /// Says what is wrong with the first bytes at fault.
    pub(crate) fn parse_regex(text: &str) -> Result<Self, PatternError> {
        let mut pattern = Self::empty(text);
        let whole = |kind| error(0..text.len(), kind);
        let regex = Regex::parse(text).map_err(|it| error(it.range, PatternErrorKind::Regex(it.kind)))?;
        let too_big = |_| whole(PatternErrorKind::Regex(RegexErrorKind::TooBig));
        let (pieces, rest) = regex::cut(&regex.hir);
        for piece in &pieces {
            let language = Language::of(piece).and_then(|it| it.and(Language::segments_and_empty()));
            let segment = segment(language.map_err(too_big)?);
            pattern.segments.push(segment.ok_or_else(|| whole(PatternErrorKind::Impossible))?);
        }
        if let Some(rest) = rest {
            let tail = Language::of(&rest).and_then(|it| it.and(Language::paths())).map_err(too_big)?;
            if tail.is_empty() {
                return Err(whole(PatternErrorKind::Impossible));
            }
            if tail == *Language::paths() {
                pattern.segments.push(Segment::Regex(Arc::new(Language::segments_and_empty().clone())));
                pattern.subtree = true;
            } else {
                pattern.tail = Some(Arc::new(tail));
            }
        }
        pattern.anchors = regex.anchors;
        Ok(pattern)
    }

    /// Every path.
    pub(crate) fn every() -> Self {
        Self { subtree: true, ..Self::empty("/**") }
    }

    fn empty(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            segments: vec![],
            subtree: false,
            tail: None,
            anchors: vec![],
            captures: vec![],
        }
    }

    /// Adds the segment that stands at `range`.
    fn add(&mut self, range: Range<usize>, last: bool) -> Result<(), PatternError> {
        let segment = self.text.get(range.clone()).unwrap_or_default().to_owned();
        let at = |kind| error(range.clone(), kind);
        let position = u16::try_from(self.segments.len()).map_err(|_| at(PatternErrorKind::TooLong))?;
        if let Some(held) = Held::of(&segment) {
            return self.add_held(range, position, &held);
        }
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let subtree = segment == "**" || name.is_some_and(|name| name.starts_with('*'));
        if subtree && !last {
            return Err(at(PatternErrorKind::SubtreeNotLast));
        }
        if let Some(name) = name {
            self.capture_as(name.strip_prefix('*').unwrap_or(name), position, subtree, (0, 0)).map_err(at)?;
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

    /// Adds a segment that is held to a regex.
    fn add_held(&mut self, range: Range<usize>, position: u16, held: &Held<'_>) -> Result<(), PatternError> {
        let at = |kind| error(range.clone(), kind);
        if [held.lead, held.trail].iter().any(|text| text.contains(['*', '{', '}'])) {
            return Err(at(PatternErrorKind::PartlyWildcard));
        }
        let start = range.start + held.lead.len() + held.name.len() + 2;
        for (text, from) in [(held.lead, range.start), (held.trail, range.end - held.trail.len())] {
            if !text.is_empty() {
                normal::check(&self.text, from..from + text.len(), true)?;
            }
        }
        let around = [held.lead, held.trail].map(|text| u16::try_from(text.len()));
        let [Ok(lead), Ok(trail)] = around else { return Err(at(PatternErrorKind::TooLong)) };
        self.capture_as(held.name, position, false, (lead, trail)).map_err(at)?;
        let moved = |range: Range<usize>| start + range.start..start + range.end;
        let faulty =
            |it: super::language::RegexError| error(moved(it.range), PatternErrorKind::Regex(it.kind));
        let regex = Regex::parse(held.regex).map_err(faulty)?;
        let whole = regex::between(held.lead, &regex.hir, held.trail);
        let language = Language::of(&whole).and_then(|it| it.and(Language::segments()));
        let regex_range = moved(0..held.regex.len());
        let language = language
            .map_err(|_| error(regex_range.clone(), PatternErrorKind::Regex(RegexErrorKind::TooBig)))?;
        let segment = segment(language).ok_or_else(|| error(regex_range, PatternErrorKind::Impossible))?;
        self.anchors.extend(regex.anchors.into_iter().map(moved));
        self.segments.push(segment);
        Ok(())
    }

    fn capture_as(
        &mut self,
        name: &str,
        segment: u16,
        rest: bool,
        around: (u16, u16),
    ) -> Result<(), PatternErrorKind> {
        let name = capture_name(name)?;
        if self.captures.iter().any(|capture| capture.name == name) {
            return Err(PatternErrorKind::DuplicateCapture(name.to_owned()));
        }
        self.captures.push(Capture { name: name.to_owned(), segment, rest, around });
        Ok(())
    }

    /// Whether it has no regex.
    pub(crate) fn is_plain(&self) -> bool {
        self.tail.is_none() && !self.segments.iter().any(|segment| matches!(segment, Segment::Regex(_)))
    }

    /// Whether `path`, which is normal, is one of its paths.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut rest = path;
        for wanted in &self.segments {
            let Some(behind) = rest.strip_prefix('/') else { return false };
            let end = behind.find('/').unwrap_or(behind.len());
            let (segment, below) = behind.split_at(end);
            if !wanted.matches(segment) {
                return false;
            }
            rest = below;
        }
        match &self.tail {
            Some(tail) => tail.holds(rest.as_bytes()),
            None => self.subtree || rest.is_empty(),
        }
    }

    /// Whether every path of `self` is one of `other`; both have no regex.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let long_enough = match (self.subtree, other.subtree) {
            (_, true) => self.segments.len() >= other.segments.len(),
            (false, false) => self.segments.len() == other.segments.len(),
            (true, false) => false,
        };
        long_enough && self.segments.iter().zip(&other.segments).all(|(mine, theirs)| mine.is_within(theirs))
    }

    /// Smaller for narrower patterns: if one pattern without regex is strictly within another, its breadth is less. The
    /// converse need not hold.
    pub(crate) fn breadth(&self) -> impl Ord + use<> {
        let wide = |segment: &&Segment| !matches!(segment, Segment::Literal(_));
        let parameters = self.segments.iter().filter(wide).count();
        (self.subtree || self.tail.is_some(), std::cmp::Reverse(self.segments.len()), parameters)
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
            Self::Regex(language) => language.holds(segment.as_bytes()),
        }
    }

    /// Whether every segment of `self` is one of `other`; both are no regex.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(mine), Self::Literal(theirs)) => mine == theirs,
            (Self::Literal(mine), Self::Parameter) => !mine.is_empty(),
            _ => self == other,
        }
    }
}

/// The segment that is held to a language of segments; `None` where there is none.
fn segment(language: Language) -> Option<Segment> {
    let example = String::from_utf8(language.example()?).ok()?;
    if language == *Language::segments() {
        return Some(Segment::Parameter);
    }
    match Language::word(&example) {
        Ok(word) if word == language => Some(Segment::Literal(example)),
        _ => Some(Segment::Regex(Arc::new(language))),
    }
}

/// The parts of a segment that is held to a regex: `lead{name:regex}trail`.
struct Held<'t> {
    lead: &'t str,
    name: &'t str,
    regex: &'t str,
    trail: &'t str,
}

impl<'t> Held<'t> {
    /// `None` for any other segment. Its braces balance.
    fn of(segment: &'t str) -> Option<Self> {
        let (lead, behind) = segment.split_once('{')?;
        let mut depth = 1usize;
        let close = behind.bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })?;
        let (inner, trail) = (behind.get(..close)?, behind.get(close + 1..)?);
        let (name, regex) = inner.split_once(':')?;
        Some(Self { lead, name, regex, trail })
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
            BadCaptureName, DuplicateCapture, Impossible, NoLeadingSlash, PartlyWildcard, SubtreeNotLast,
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
        assert_eq!(fault("/v{n:[0-9]+}*"), ("v{n:[0-9]+}*", PartlyWildcard));
        assert_eq!(fault("/{n:a b}"), ("a b", Impossible));
        assert_eq!(fault("/{n:a/b}"), ("a/b", Impossible));
        assert_eq!(fault(r"/{n:a\b}"), (r"a\b", PatternErrorKind::Regex(RegexErrorKind::Look)));
        assert_eq!(
            fault("/x{n:(a}"),
            ("(", PatternErrorKind::Regex(RegexErrorKind::Syntax("unclosed group".into())))
        );
        assert_eq!(fault("/{1:a}"), ("{1:a}", BadCaptureName("1".into())));
        assert_eq!(fault("/a%7Eb{n:a}"), ("%7E", PatternErrorKind::NotNormal("/a~b{n:a}".into())));
    }

    #[test]
    fn a_segment_held_to_a_regex_is_what_the_regex_leaves_of_it() {
        let segments = |text: &str| Pattern::parse(text).unwrap().segments;
        assert_eq!(segments("/{k:a}"), segments("/a"));
        assert_eq!(segments("/v{n:[1]}"), segments("/v1"));
        assert_eq!(segments("/{k:.*}"), segments("/*"), "a capture is never empty");
        assert_eq!(segments("/{k:[0-9]+}"), segments(r"/{k:\d\d*}"));
        let pattern = Pattern::parse("/v{n:[0-9]{2}}-x/y").unwrap();
        assert_eq!(pattern.capture("n").map(|it| (it.segment, it.around)), Some((0, (1, 2))));
        assert!(pattern.matches("/v12-x/y") && !pattern.matches("/v1-x/y") && !pattern.matches("/v12-x"));
    }

    #[test]
    fn a_regex_for_whole_paths_is_cut_into_segments() {
        let regex = |text: &str| Pattern::parse_regex(text).unwrap();
        let same = |a: &str, b: &str| {
            let (a, b) = (regex(a), Pattern::parse(b).unwrap());
            (a.segments, a.subtree, a.tail.is_some()) == (b.segments, b.subtree, false)
        };
        assert!(same("^/r17/[a-z]+/[0-9]+$", "/r17/{a:[a-z]+}/{b:[0-9]+}"));
        assert!(same("/[^/]+/res17", "/*/res17") && same("/a/", "/a/") && same("/", "/"));
        let below = regex("/svc17/.*");
        assert!(below.subtree && below.tail.is_none());
        assert!(below.matches("/svc17/") && below.matches("/svc17/a/b") && !below.matches("/svc17"));
        let optional = regex("/admin(/.*)?");
        assert!(optional.tail.is_some() && optional.matches("/admin") && optional.matches("/admin/x"));
        assert!(!optional.matches("/administrator"));
        assert_eq!(Pattern::parse_regex("/a b").map_err(|it| it.kind), Err(PatternErrorKind::Impossible));
        assert_eq!(Pattern::parse_regex("admin").map_err(|it| it.kind), Err(PatternErrorKind::Impossible));
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
