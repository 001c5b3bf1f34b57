//! Languages from what is written: regexes, words, and lists of them.

use std::ops::Range;

use regex_automata::Anchored;
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

use super::{Classes, Language, TooBig};

/// Bytes that the automaton of one regex may take while it is built.
const REGEX_BYTES_MAX: usize = 4 << 20;
/// States that the automaton of one regex may have.
const REGEX_STATES_MAX: usize = 4_000;

/// A regex as it was written, with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Regex {
    /// As written.
    pub(crate) text: String,
    /// Its structure, without anchors.
    pub(crate) hir: Hir,
    /// Where `^` and `$` stand at its ends, which always hold.
    pub(crate) anchors: Vec<Range<usize>>,
}

/// Why a text is no regex that can be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegexError {
    /// The bytes of the text at fault.
    pub(crate) range: Range<usize>,
    /// What is wrong with them.
    pub(crate) kind: RegexErrorKind,
}

/// What is wrong with a regex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RegexErrorKind {
    /// It does not parse; says why.
    Syntax(String),
    /// It looks ahead, back, or at word boundaries.
    Look,
    /// It refers to what a group has matched.
    BackReference,
    /// Its automaton would outgrow its budget.
    TooBig,
}

impl RegexErrorKind {
    /// What is wrong, as the label of a diagnostic.
    pub(crate) fn label(&self) -> String {
        match self {
            // The parser's words, as far as they fit a label.
            Self::Syntax(why) => why.split(' ').take(8).collect::<Vec<_>>().join(" "),
            Self::Look | Self::BackReference => "not in an automaton".into(),
            Self::TooBig => "grows beyond its budget".into(),
        }
    }

    /// What to type instead.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "a character that stands for itself has `\\` before it",
            Self::Look => "write a more specific route for what is left out: it wins",
            Self::BackReference => "write out what the group can be",
            Self::TooBig => "repeat less often, or let the text that is repeated begin and end more clearly",
        }
    }
}

impl Regex {
    /// Reads a regex: over bytes, ASCII, held to the whole text.
    ///
    /// # Errors
    /// Says what is wrong with the first bytes at fault.
    pub(crate) fn parse(text: &str) -> Result<Self, RegexError> {
        let parsed = ParserBuilder::new().unicode(false).utf8(false).nest_limit(64).build().parse(text);
        let hir = parsed.map_err(|error| explained(text, &error))?;
        let (hir, start, end) = without_anchors(hir);
        if !hir.properties().look_set().is_empty() {
            return Err(RegexError { range: 0..text.len(), kind: RegexErrorKind::Look });
        }
        let starts = if start { Some(0..1) } else { None };
        let ends = if end { Some(text.len().saturating_sub(1)..text.len()) } else { None };
        let anchors = starts
            .into_iter()
            .chain(ends)
            .filter(|range| text.get(range.clone()).is_some_and(|at| at == "^" || at == "$"));
        Ok(Self { text: text.to_owned(), hir, anchors: anchors.collect() })
    }

    /// The words that it holds as a whole.
    ///
    /// # Errors
    /// [`RegexErrorKind::TooBig`].
    pub(crate) fn language(&self) -> Result<Language, RegexError> {
        let too_big = |TooBig| RegexError { range: 0..self.text.len(), kind: RegexErrorKind::TooBig };
        Language::of(&self.hir).map_err(too_big)
    }
}

fn explained(text: &str, error: &regex_syntax::Error) -> RegexError {
    use regex_syntax::ast::ErrorKind as Ast;
    let (span, kind) = match error {
        regex_syntax::Error::Parse(error) => {
            let kind = match error.kind() {
                Ast::UnsupportedLookAround => RegexErrorKind::Look,
                Ast::UnsupportedBackreference => RegexErrorKind::BackReference,
                other => RegexErrorKind::Syntax(other.to_string()),
            };
            (Some(*error.span()), kind)
        }
        regex_syntax::Error::Translate(error) => {
            (Some(*error.span()), RegexErrorKind::Syntax(error.kind().to_string()))
        }
        other => (None, RegexErrorKind::Syntax(other.to_string())),
    };
    let range = span.map_or(0..text.len(), |span| span.start.offset..span.end.offset);
    RegexError { range, kind }
}

/// The regex without `^` at its start and `$` at its end, and whether they were there.
fn without_anchors(hir: Hir) -> (Hir, bool, bool) {
    let is_start = |hir: &Hir| matches!(hir.kind(), HirKind::Look(Look::Start));
    let is_end = |hir: &Hir| matches!(hir.kind(), HirKind::Look(Look::End));
    if is_start(&hir) || is_end(&hir) {
        let (start, end) = (is_start(&hir), is_end(&hir));
        return (Hir::empty(), start, end);
    }
    let HirKind::Concat(parts) = hir.kind() else { return (hir, false, false) };
    let start = parts.first().is_some_and(is_start);
    let end = parts.last().is_some_and(is_end);
    let inner =
        parts.iter().skip(usize::from(start)).take(parts.len() - usize::from(start) - usize::from(end));
    (Hir::concat(inner.cloned().collect()), start, end)
}

impl Language {
    /// The words of a regex without look-around.
    ///
    /// # Errors
    /// [`TooBig`].
    pub(crate) fn of(hir: &Hir) -> Result<Self, TooBig> {
        let limits = thompson::Config::new().utf8(false).nfa_size_limit(Some(REGEX_BYTES_MAX));
        let nfa = thompson::Compiler::new().configure(limits).build_from_hir(hir).map_err(|_| TooBig)?;
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .match_kind(regex_automata::MatchKind::All)
            .dfa_size_limit(Some(REGEX_BYTES_MAX))
            .determinize_size_limit(Some(REGEX_BYTES_MAX));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).map_err(|_| TooBig)?;
        let start = start::Config::new().anchored(Anchored::Yes);
        let start = dfa.start_state(&start).map_err(|_| TooBig)?;
        let classes = Classes::by_key(|byte| dfa.byte_classes().get(byte));
        let step = |state: &StateID, byte| dfa.next_state(*state, byte);
        // What has been matched shows one step later.
        let accepts = |state: &StateID| dfa.is_match_state(dfa.next_eoi_state(*state));
        Self::explore(start, classes, REGEX_STATES_MAX, step, accepts)
    }

    /// This word alone.
    ///
    /// # Errors
    /// [`TooBig`].
    pub(crate) fn word(word: &str) -> Result<Self, TooBig> {
        Self::of(&Hir::literal(word.as_bytes()))
    }

    /// Every word that begins like this.
    ///
    /// # Errors
    /// [`TooBig`].
    pub(crate) fn prefix(prefix: &str) -> Result<Self, TooBig> {
        let rest = Hir::dot(regex_syntax::hir::Dot::AnyByte);
        let rest = Hir::repetition(regex_syntax::hir::Repetition {
            min: 0,
            max: None,
            greedy: true,
            sub: Box::new(rest),
        });
        Self::of(&Hir::concat(vec![Hir::literal(prefix.as_bytes()), rest]))
    }

    /// The lines of a header field (RFC 9110, section 5.5) that hold a word of this language: as the whole line, or as a
    /// member of a list with commas.
    ///
    /// # Errors
    /// [`TooBig`].
    pub(crate) fn lines(&self) -> Result<Self, TooBig> {
        let start = Line {
            whole: Self::START,
            member: Some(Self::START),
            begun: false,
            fits: self.accepts_in(Self::START),
            found: false,
            first: true,
            blank: false,
        };
        let separate = |byte: u8| match byte {
            b',' => 0,
            b' ' | b'\t' => 1,
            0..b' ' | 0x7f => 2,
            _ => 3,
        };
        let classes = Classes::by_key(|byte| (separate(byte), self.classes().of(byte)));
        let accepts = |line: &Option<Line>| {
            line.as_ref().is_some_and(|it| !it.blank && (it.found || it.fits || self.accepts_in(it.whole)))
        };
        let step = |line: &Option<Line>, byte| line.as_ref().and_then(|line| line.next(self, byte));
        Self::explore(Some(start), classes, REGEX_STATES_MAX, step, accepts)
    }
}

/// How far a header line has been read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Line {
    /// Where the line as a whole is in the language.
    whole: u32,
    /// Where the present member is; `None` once a member before has been found.
    member: Option<u32>,
    /// Whether the member has begun: blanks before it do not count.
    begun: bool,
    /// Whether the member, without blanks behind it, is in the language.
    fits: bool,
    /// Whether a member before is.
    found: bool,
    /// Nothing has been read yet: a line does not begin with a blank.
    first: bool,
    /// The last byte was a blank: a line does not end with one.
    blank: bool,
}

impl Line {
    /// The line with one more byte; `None` when no line has it.
    fn next(&self, language: &Language, byte: u8) -> Option<Self> {
        let blank = matches!(byte, b' ' | b'\t');
        if (self.first && blank) || (byte < b' ' && byte != b'\t') || byte == 0x7f {
            return None;
        }
        let whole = language.step(self.whole, byte);
        let found = self.found || (byte == b',' && self.fits);
        let mut next = Self { whole, found, first: false, blank, ..self.clone() };
        if found {
            // Nothing more has to be known.
            return Some(Self { whole: Language::START, member: None, begun: false, fits: false, ..next });
        }
        let member = self.member.unwrap_or_default();
        if byte == b',' {
            next.member = Some(Language::START);
            next.begun = false;
            next.fits = language.accepts_in(Language::START);
        } else if self.begun || !blank {
            let member = language.step(member, byte);
            next.member = Some(member);
            next.begun = true;
            next.fits = if blank { self.fits } else { language.accepts_in(member) };
        }
        Some(next)
    }
}
