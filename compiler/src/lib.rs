//! Reads, lints and compiles Divisor configurations.
//!
//! Stages, each a module that takes the one before as an immutable value: [`source`] → [`syntax`] → [`model`] → `facts`
//! → [`check`] → [`levels`] → `lower`; [`compile`] is all of them. Beside them, `routes` and `tls` know what patterns and
//! certificates mean, [`diagnostic`] is what every stage reports, and [`report`] renders it; [`mod@format`] knows how configs
//! are written, and [`fix`] what they become when findings are mended. Nothing here opens a socket, resolves a name or
//! writes a file.

pub mod check;
pub mod diagnostic;
pub mod expect;
mod facts;
pub mod fix;
pub mod format;
pub mod levels;
mod lower;
pub mod model;
mod preflight;
pub mod report;
mod routes;
pub mod source;
pub mod syntax;
mod tls;
pub mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use divisor_schema::plan::Plan;

use self::diagnostic::{Diagnostic, Rule, Severity, Undecided};
use self::facts::{Facts, Gaps, Patterns};
use self::levels::{Case, Judged, LintPolicy};
use self::source::{SourceMap, Span};
use self::syntax::{Spelling, Syntax, Texts, Unreadable};

pub use self::facts::PathMap;
pub use self::preflight::preflight;
pub use self::tls::{Difference, InvalidManifest, Manifest};

/// A pattern over paths: `*`, `?`, `[abc]`, and `**` for whole folders.
pub use glob::Pattern as FilePattern;

/// What a compilation depends on beside the files.
#[derive(Debug, Clone)]
pub struct Options {
    /// Values for `${NAME}`.
    pub variables: BTreeMap<String, String>,
    /// The time at which certificates are judged.
    pub now: SystemTime,
    /// Files that are only where the plan runs: patterns over their paths as they stand in the plan. Where one is
    /// missing, nothing is decided about it, and the runtime has the last word.
    pub elsewhere: Vec<FilePattern>,
    /// What is thought of findings.
    pub policy: LintPolicy,
    /// Files that are read in place of others. Their dates and modes say nothing.
    pub mapped: Vec<PathMap>,
    /// Certificates and keys that are made for tests, as patterns over their paths in the plan: their dates and modes
    /// say nothing, and their keys are no secrets.
    pub fixtures: Vec<FilePattern>,
    /// What is known of files that are elsewhere; for those that it knows, they are not looked at here.
    pub manifest: Option<Manifest>,
    /// How long a certificate must last at least, in place of a third of its life and 30 days.
    pub expires_within: Option<Duration>,
}

impl Default for Options {
    /// No variables, now, and every rule as it is.
    fn default() -> Self {
        Self {
            variables: BTreeMap::new(),
            now: SystemTime::now(),
            elsewhere: Vec::new(),
            policy: LintPolicy::default(),
            mapped: Vec::new(),
            fixtures: Vec::new(),
            manifest: None,
            expires_within: None,
        }
    }
}

/// What came of a config.
#[derive(Debug)]
pub struct Compilation {
    /// Its files; the spans of the diagnostics point into them.
    pub sources: SourceMap,
    /// Everything that was found, in the order in which it is shown.
    pub diagnostics: Vec<Diagnostic>,
    /// What was found, too, and the author of the config does not want to see.
    pub suppressed: Vec<Diagnostic>,
    /// What could not be decided here.
    pub undecided: Vec<Undecided>,
    /// The plan; `None` when there is an error among the diagnostics.
    pub plan: Option<Plan>,
    /// How long its parts took, rules by their codes.
    pub times: Vec<(&'static str, Duration)>,
}

/// Reads, checks and compiles the config whose root file is `root`. The same files give the same plan everywhere.
///
/// # Errors
/// [`Unreadable`] when the root file cannot be read. Everything else is a diagnostic.
pub fn compile(root: &Path, options: &Options) -> Result<Compilation, Unreadable> {
    compile_texts(root, options, &Texts::new())
}

/// As [`compile`], with texts in place of files.
///
/// # Errors
/// As [`compile`].
pub fn compile_texts(root: &Path, options: &Options, texts: &Texts) -> Result<Compilation, Unreadable> {
    examine(root, options, texts, |_| ()).map(|(compilation, ())| compilation)
}

/// What becomes of a request under the config whose root file is `root`; `None` when the config could not be read as a
/// whole, and so has no meaning.
///
/// # Errors
/// As [`compile`].
pub fn trace(
    root: &Path,
    options: &Options,
    request: &trace::Request,
) -> Result<(Compilation, Option<trace::Trace>), Unreadable> {
    examine(root, options, &Texts::new(), |facts| {
        facts.is_complete().then(|| trace::of_config(facts, request))
    })
}

/// Judges every claim of the config whose root file is `root`, and finds the routes that none of them covers; `None` when
/// the config could not be read as a whole, and so has no meaning.
///
/// # Errors
/// As [`compile`].
pub fn test(
    root: &Path,
    options: &Options,
    spelling: Spelling,
) -> Result<(Compilation, Option<expect::Tests>), Unreadable> {
    examine(root, options, &Texts::new(), |facts| facts.is_complete().then(|| expect::run(facts, spelling)))
}

/// Compiles, and asks the facts something.
fn examine<T>(
    root: &Path,
    options: &Options,
    texts: &Texts,
    ask: impl FnOnce(&Facts<'_>) -> T,
) -> Result<(Compilation, T), Unreadable> {
    let mut clock = Clock::start();
    let syntax = syntax::load_texts(root, &options.variables, texts)?;
    clock.lap("reading");
    Ok(judge(syntax, options, clock, ask))
}

/// Checks and compiles what was read, and asks the facts something.
fn judge<T>(
    syntax: Syntax,
    options: &Options,
    mut clock: Clock,
    ask: impl FnOnce(&Facts<'_>) -> T,
) -> (Compilation, T) {
    let (model, mut diagnostics) = model::build(&syntax);
    clock.lap("decoding");
    diagnostics.extend(syntax.diagnostics);
    let gaps = Gaps { files: syntax.incomplete, parts: has_error(&diagnostics) };
    let patterns = Patterns::new(&model);
    let facts = Facts::new(&model, &syntax.sources, &patterns, gaps, options);
    clock.lap("facts");
    let (found, times) = check::check(&facts);
    let guesses = guesses(&diagnostics);
    let is_about_one = |found: &Diagnostic| found.labels.iter().any(|label| guesses.contains(&label.span));
    diagnostics.extend(found.into_iter().filter(|found| !is_about_one(found)));
    clock.laps(times);
    let undecided = check::undecided(&facts);
    let case = Case {
        policy: &options.policy,
        sources: &syntax.sources,
        directives: &syntax.directives,
        undecided: &undecided,
        today: facts.now / (24 * 60 * 60),
        incomplete: gaps.files || gaps.parts,
    };
    let Judged { findings: mut diagnostics, mut suppressed } = levels::judge(&case, diagnostics);
    let plan = (!has_error(&diagnostics)).then(|| lower::lower(&facts));
    clock.lap("lowering");
    let answer = ask(&facts);
    drop(facts);
    for findings in [&mut diagnostics, &mut suppressed] {
        diagnostic::sort(findings);
        model::name_places(&syntax.nodes, findings);
    }
    let sources = syntax.sources;
    (Compilation { sources, diagnostics, suppressed, undecided, plan, times: clock.times }, answer)
}

/// Times of parts, one after the other.
struct Clock {
    times: Vec<(&'static str, Duration)>,
    start: Instant,
}

impl Clock {
    fn start() -> Self {
        Self { times: Vec::new(), start: Instant::now() }
    }

    /// A part has ended.
    fn lap(&mut self, part: &'static str) {
        self.times.push((part, self.start.elapsed()));
        self.start = Instant::now();
    }

    /// Parts have ended that were timed elsewhere.
    fn laps(&mut self, times: Vec<(&'static str, Duration)>) {
        self.times.extend(times);
        self.start = Instant::now();
    }
}

/// Where a value stands that could not be read. The model has what was most likely meant in its place, and what a rule
/// finds in that is no mistake of its own.
fn guesses(diagnostics: &[Diagnostic]) -> BTreeSet<Span> {
    let rules = [Rule::INVALID_VALUE, Rule::BARE_NUMBER, Rule::INVALID_BACKEND_ADDRESS];
    let unread = diagnostics.iter().filter(|found| rules.iter().any(|rule| rule.code == found.code));
    unread.map(Diagnostic::primary_span).collect()
}

fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|found| found.severity == Severity::Error)
}

#[cfg(test)]
mod tests;
