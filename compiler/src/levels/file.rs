//! Policy files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use divisor_schema::config::LINT;

use super::selector::{Selector, UnknownRule};
use super::{Change, Effect, Files, Layer, Level, LintPolicy, Suppressions};
use crate::FilePattern;
use crate::diagnostic::{Diagnostic, LevelSource, Rule, Severity};
use crate::model::{Checked, checked, closest};
use crate::source::{SourceMap, Span, Spanned};
use crate::syntax::{Unreadable, load};

/// The names of policy files.
const NAMES: [&str; 3] = [".divisor-lint.kdl", ".divisor-lint.yaml", ".divisor-lint.yml"];
/// Policies that extend each other, one the next.
const CHAIN_MAX: usize = 16;
/// What a preset begins with.
const PRESET: &str = "builtin:";
/// The presets, from the mildest to the strictest.
const PRESETS: [&str; 4] = ["minimal", "recommended", "internet-facing", "strict"];

/// Why there is no policy.
#[derive(Debug)]
pub enum BadPolicy {
    /// The file cannot be read.
    Unreadable(Unreadable),
    /// Two files in one folder, either of which could be meant.
    Two(PathBuf, PathBuf),
    /// What is written in it.
    Wrong {
        /// The file.
        sources: SourceMap,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
}

/// The policy file of a config: the nearest one in the folders from that of the config up to the root of its repository.
/// Outside of a repository, only the folder of the config is looked into.
///
/// # Errors
/// [`BadPolicy::Two`] when a folder has more than one.
pub fn find_policy(config: &Path) -> Result<Option<PathBuf>, BadPolicy> {
    let Ok(config) = config.canonicalize() else { return Ok(None) }; // that it cannot be read, others say
    let folders: Vec<&Path> = config.ancestors().skip(1).collect();
    let root = folders.iter().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    for folder in folders.iter().take(root + 1) {
        let mut there = NAMES.iter().map(|name| folder.join(name)).filter(|path| path.is_file());
        if let Some(first) = there.next() {
            return there.next().map_or(Ok(Some(first.clone())), |second| Err(BadPolicy::Two(first, second)));
        }
    }
    Ok(None)
}

impl LintPolicy {
    /// Reads a policy file and what it extends.
    ///
    /// # Errors
    /// [`BadPolicy`].
    pub fn read(path: &Path) -> Result<Self, BadPolicy> {
        let mut policy = Self::default();
        policy.add(path, 0)?;
        Ok(policy)
    }

    /// Adds the layers of a file behind those that are there.
    fn add(&mut self, path: &Path, depth: usize) -> Result<(), BadPolicy> {
        let syntax = load(path, &BTreeMap::new()).map_err(BadPolicy::Unreadable)?;
        let (root, found) = checked(&LINT, &syntax);
        let mut reader = Reader { diagnostics: syntax.diagnostics, folder: folder(&syntax.sources, path) };
        reader.diagnostics.extend(found);
        for extended in root.list::<String>("extends") {
            reader.extend(self, &extended, depth)?;
        }
        reader.read(self, &root);
        let Reader { mut diagnostics, .. } = reader;
        crate::diagnostic::sort(&mut diagnostics);
        if diagnostics.iter().any(|found| found.severity == Severity::Error) {
            return Err(BadPolicy::Wrong { sources: syntax.sources, diagnostics });
        }
        Ok(())
    }
}

/// The folder of a file, symlinks resolved.
fn folder(sources: &SourceMap, path: &Path) -> PathBuf {
    let file = sources.files().first().map_or(path, |file| file.path.as_path());
    file.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Reads one file.
struct Reader {
    diagnostics: Vec<Diagnostic>,
    folder: PathBuf,
}

impl Reader {
    fn extend(
        &mut self,
        policy: &mut LintPolicy,
        name: &Spanned<String>,
        depth: usize,
    ) -> Result<(), BadPolicy> {
        if let Some(word) = name.value.strip_prefix(PRESET) {
            match preset(word) {
                Some(changes) => policy.layers.push(Layer { source: LevelSource::Policy, changes }),
                None => {
                    let near = closest(word, PRESETS).unwrap_or("recommended");
                    let help = format!("write `{PRESET}{near}`; there are {}", PRESETS.join(", "));
                    self.error(name.span, format!("there is no preset `{word}`"), "not a preset", help);
                }
            }
            return Ok(());
        }
        if depth >= CHAIN_MAX {
            let help = "take one of them away".to_owned();
            self.error(name.span, "policies extend each other".to_owned(), "too deep", help);
            return Ok(());
        }
        match policy.add(&self.folder.join(&name.value), depth + 1) {
            Err(BadPolicy::Unreadable(why)) => {
                let help = "name a file relative to this one, or `builtin:recommended`".to_owned();
                let message = format!("cannot read `{}`: {}", name.value, why.why);
                self.error(name.span, message, "named here", help);
                Ok(())
            }
            other => other,
        }
    }

    fn read(&mut self, policy: &mut LintPolicy, root: &Checked) {
        if let Some(word) = root.written::<String>("fail-on") {
            policy.fail_on = fail_on(&word.value);
        }
        policy.elsewhere.extend(self.patterns(&root.list("defer-files")));
        policy.fixtures.extend(self.patterns(&root.list("fixture-files")));
        let changes = self.changes(root, None);
        policy.layers.push(Layer { source: LevelSource::Policy, changes });
        let mut of_paths = Vec::new();
        for path in root.blocks("path") {
            let files = self.files(&path.list("files"));
            of_paths.extend(self.changes(path, Some(files)));
        }
        policy.layers.push(Layer { source: LevelSource::Policy, changes: of_paths });
        for name in root.list::<String>("forbid") {
            let selector = Selector::named(&name.value);
            policy.forbidden.extend(self.known(selector, name.span));
        }
        if let Some(block) = root.block("suppressions") {
            let in_files = block.list::<String>("in-files");
            policy.suppressions = Suppressions {
                reason_required: block.value::<String>("reason").value != "optional",
                days_max: block.written::<u32>("max-days").map(|days| i64::from(days.value)),
                files: block.written_at("in-files").map(|_| self.files(&in_files)),
            };
        }
    }

    fn changes(&mut self, block: &Checked, files: Option<Files>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, word) in block.pairs("level") {
            let level = level(&word.value);
            if level.is_none() {
                let help = "write `off`, `info`, `warn` or `error`".to_owned();
                self.error(word.span, format!("`{}` is not a level", word.value), "not a level", help);
            }
            let selector = self.known(Selector::changeable(&name.value), name.span);
            if let (Some(selector), Some(level)) = (selector, level) {
                changes.push(Change { selector, files: files.clone(), effect: Effect::Set(level) });
            }
        }
        changes
    }

    fn files(&mut self, written: &[Spanned<String>]) -> Files {
        Files { folder: self.folder.clone(), patterns: self.patterns(written) }
    }

    fn patterns(&mut self, written: &[Spanned<String>]) -> Vec<FilePattern> {
        let mut patterns = Vec::new();
        for text in written {
            match FilePattern::new(&text.value) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => {
                    let help = "`*`, `?` and `[abc]` have a meaning, `**` is a folder of its own".to_owned();
                    let message = format!("`{}` is not a pattern: {}", text.value, error.msg);
                    self.error(text.span, message, "pattern", help);
                }
            }
        }
        patterns
    }

    fn known(&mut self, selector: Result<Selector, UnknownRule>, at: Span) -> Option<Selector> {
        selector.map_err(|unknown| self.error(at, unknown.message, "named here", unknown.help)).ok()
    }

    fn error(&mut self, at: Span, message: String, label: &str, help: String) {
        let rule = Rule::new("REF001", "unresolved-reference");
        self.diagnostics.push(Diagnostic::error(rule, message, at, label).help(help));
    }
}

fn level(word: &str) -> Option<Level> {
    match word {
        "off" => Some(Level::Off),
        "info" => Some(Level::Info),
        "warn" => Some(Level::Warn),
        "error" => Some(Level::Error),
        _ => None,
    }
}

fn fail_on(word: &str) -> Option<Severity> {
    level(word).and_then(Level::severity)
}

/// What a preset changes.
fn preset(name: &str) -> Option<Vec<Change>> {
    let change = |selector, info, warn| Change {
        selector,
        files: None,
        effect: Effect::Map { info, warn, error: Level::Error },
    };
    Some(match name {
        "minimal" => vec![change(Selector::All, Level::Off, Level::Off)],
        "recommended" => vec![],
        "internet-facing" => ["CRT", "SEC", "TLS"]
            .map(|family| change(Selector::Family(family), Level::Info, Level::Error))
            .to_vec(),
        "strict" => vec![change(Selector::All, Level::Warn, Level::Error)],
        _ => return None,
    })
}
