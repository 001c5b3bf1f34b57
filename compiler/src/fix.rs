//! What a config becomes when its findings are mended. Nothing is written: whoever asks gets the texts.
//!
//! Fixes are applied in rounds. Of two that overlap, the first by place is applied, and the next round sees what is left
//! of the other. A round whose safe fixes change the plan, or leave a file worse to read than it was, does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Edit, Fix, Rule, Safety};
use crate::source::{File, SourceMap, Span};
use crate::syntax::{Texts, Unreadable};
use crate::{Compilation, Options, compile_texts};

/// Rounds after which no fix is looked for any more: two may undo each other.
const ROUNDS_MAX: usize = 10;

/// Which fixes are wanted.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Whether those are, too, that may change what requests get.
    pub unsafe_too: bool,
    /// Names of the rules whose findings are mended; none means all.
    pub only: Vec<String>,
}

impl Selection {
    /// The fix of a finding that is applied, if one is wanted.
    fn of<'a>(&self, found: &'a Diagnostic) -> Option<&'a Fix> {
        let wanted = self.only.is_empty() || self.only.iter().any(|name| name == found.name);
        let allowed = |fix: &&Fix| self.unsafe_too || fix.safety == Safety::Safe;
        found.fixes.iter().filter(|_| wanted).find(allowed)
    }
}

/// A file and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path for people.
    pub name: String,
    /// Where it lies, symlinks resolved.
    pub path: PathBuf,
    /// Its text.
    pub before: String,
    /// Its text with the fixes.
    pub after: String,
}

/// What came of fixing.
#[derive(Debug)]
pub struct Fixed {
    /// The files that change, by path.
    pub changes: Vec<Change>,
    /// How many fixes were applied.
    pub applied: usize,
    /// The config as it is then.
    pub compilation: Compilation,
}

/// Mends what can be mended in the config whose root file is `root`.
///
/// # Errors
/// [`Unreadable`] when the root file cannot be read.
pub fn fix(root: &Path, options: &Options, selection: &Selection) -> Result<Fixed, Unreadable> {
    let compilation = compile_texts(root, options, &Texts::new())?;
    let originals: Vec<File> = compilation.sources.files().to_vec();
    let mut state = State { root, options, texts: Texts::new(), compilation, applied: 0 };
    for _ in 0..ROUNDS_MAX {
        if !state.round(selection)? {
            break;
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    for file in originals {
        let before = whole(&file);
        if let Some(after) = state.texts.remove(&file.path).filter(|after| *after != before) {
            changes.push(Change { name: file.name, path: file.path, before, after });
        }
    }
    Ok(Fixed { changes, applied: state.applied, compilation: state.compilation })
}

struct State<'a> {
    root: &'a Path,
    options: &'a Options,
    /// Files that have changed.
    texts: Texts,
    /// The config with these.
    compilation: Compilation,
    applied: usize,
}

impl State<'_> {
    /// Applies all fixes that do not overlap. Whether there may be more.
    fn round(&mut self, selection: &Selection) -> Result<bool, Unreadable> {
        let chosen = choose(&self.compilation, selection);
        if chosen.is_empty() || self.apply(&chosen)? {
            return Ok(!chosen.is_empty());
        }
        // One of them does harm: those are applied that do none alone.
        let mut harmless = Vec::new();
        for fix in chosen.into_iter().take(SINGLES_MAX) {
            if self.outcome(std::slice::from_ref(&fix))?.is_some() {
                harmless.push(fix);
            }
        }
        Ok(!harmless.is_empty() && self.apply(&harmless)?)
    }

    /// Applies fixes, unless that does harm. Whether it did not.
    fn apply(&mut self, fixes: &[Fix]) -> Result<bool, Unreadable> {
        let Some((texts, compilation)) = self.outcome(fixes)? else { return Ok(false) };
        (self.texts, self.compilation) = (texts, compilation);
        self.applied += fixes.len();
        Ok(true)
    }

    /// What comes of fixes; nothing when they do harm.
    fn outcome(&self, fixes: &[Fix]) -> Result<Option<(Texts, Compilation)>, Unreadable> {
        let mut texts = self.texts.clone();
        texts.extend(applied(&self.compilation.sources, fixes));
        let after = compile_texts(self.root, self.options, &texts)?;
        let all_safe = fixes.iter().all(|fix| fix.safety == Safety::Safe);
        let before = self.compilation.plan.as_ref();
        let keeps_plan = before.is_none_or(|before| {
            after.plan.as_ref().is_some_and(|after| !all_safe || after.encode() == before.encode())
        });
        let does_harm = !keeps_plan || unread(&after) > unread(&self.compilation);
        Ok((!does_harm).then_some((texts, after)))
    }
}

/// Fixes that are tried one by one, when all together do harm.
const SINGLES_MAX: usize = 20;

/// How much of the files cannot be read.
fn unread(compilation: &Compilation) -> usize {
    let code = Rule::SYNTAX_ERROR.code;
    compilation.diagnostics.iter().filter(|found| found.code == code).count()
}

/// The fixes of this round: the first by place, without those that overlap one before.
fn choose(compilation: &Compilation, selection: &Selection) -> Vec<Fix> {
    let candidates = compilation.diagnostics.iter().filter_map(|found| selection.of(found));
    let mut candidates: Vec<&Fix> = candidates.filter(|fix| is_sound(&compilation.sources, fix)).collect();
    candidates.sort_by_key(|fix| (fix.edits.iter().map(|edit| edit.span).min(), fix.edits.len()));
    let mut taken: BTreeSet<Span> = BTreeSet::new();
    let mut chosen = Vec::new();
    for fix in candidates {
        if fix.edits.iter().any(|edit| taken.iter().any(|other| overlap(edit.span, *other))) {
            continue;
        }
        taken.extend(fix.edits.iter().map(|edit| edit.span));
        chosen.push(fix.clone());
    }
    chosen
}

/// Whether a fix changes something, each place of which lies in one file and on the boundaries of characters.
fn is_sound(sources: &SourceMap, fix: &Fix) -> bool {
    let in_place = |edit: &Edit| {
        let Some(file) = sources.file(edit.span.start) else { return false };
        let local = |at: u32| at.checked_sub(file.base).map(|at| at as usize);
        let range = local(edit.span.start).zip(local(edit.span.end));
        let old = range.and_then(|(start, end)| file.text.get(start..end));
        // What was written with a variable is not what it is filled with.
        old.is_some_and(|old| old != edit.text && (!old.contains("${") || edit.text.is_empty()))
    };
    let mut spans: Vec<Span> = fix.edits.iter().map(|edit| edit.span).collect();
    spans.sort_unstable();
    let apart = spans.iter().zip(spans.iter().skip(1)).all(|(one, next)| !overlap(*one, *next));
    !fix.edits.is_empty() && fix.edits.iter().all(in_place) && apart
}

/// Whether two places cannot both be changed. Two insertions at one place cannot: nobody knows which comes first.
fn overlap(one: Span, other: Span) -> bool {
    one.start == other.start || one.start < other.end && other.start < one.end
}

/// The texts of the files that fixes change, with the changes.
fn applied(sources: &SourceMap, fixes: &[Fix]) -> Texts {
    let mut edits: Vec<&Edit> = fixes.iter().flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    for edit in edits {
        let Some(file) = sources.file(edit.span.start) else { continue };
        let text = texts.entry(file.path.clone()).or_insert_with(|| whole(file));
        // The last place comes first, so that all places before are still where they were.
        let at = |offset: u32| (offset.saturating_sub(file.base) + file.bom) as usize;
        text.replace_range(at(edit.span.start)..at(edit.span.end), &edit.text);
    }
    texts
}

/// The text of a file as it is on disk.
fn whole(file: &File) -> String {
    let mark = if file.bom == 0 { "" } else { "\u{feff}" };
    format!("{mark}{}", file.text)
}

#[cfg(test)]
pub(crate) mod tests;
