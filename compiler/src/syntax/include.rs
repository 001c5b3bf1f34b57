//! Files: the root, and what it includes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File as Handle;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::directive::{self, Directive};
use super::tree::{Node, Scalar, Spelling};
use super::{kdl, variables, yaml};
use crate::diagnostic::{Diagnostic, Findings, Rule};
use crate::source::{FILE_SIZE_MAX, SourceMap, Span, Spanned};

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// Why, as the end of a sentence.
    pub why: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot read `{}`: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for Unreadable {}

/// Texts in place of what is on disk, by the path of the file once symlinks are resolved: what an editor has not saved
/// yet, what would become of a file.
pub type Texts = BTreeMap<PathBuf, String>;

/// The key that names more files.
const INCLUDE: &str = "include";
/// Files that include each other, one the next.
const CHAIN_MAX: usize = 64;

/// Reads files into one tree.
pub(super) struct Loader<'a> {
    pub(super) variables: &'a BTreeMap<String, String>,
    texts: &'a Texts,
    pub(super) sources: SourceMap,
    pub(super) findings: Findings,
    /// The folder of the root file, symlinks resolved: nothing outside is included.
    folder: PathBuf,
    /// Files that were read, symlinks resolved: one file counts once.
    seen: BTreeSet<PathBuf>,
    /// The files that are being read, each included by the one before it.
    chain: Vec<PathBuf>,
    nodes: Vec<Node>,
    directives: Vec<Directive>,
    broken: bool,
}

/// The tree of a config.
pub(super) struct Loaded {
    /// The top-level nodes of all files.
    pub(super) nodes: Vec<Node>,
    /// What the files say to the linter.
    pub(super) directives: Vec<Directive>,
    /// Whether a file is missing from it because it could not be parsed.
    pub(super) broken: bool,
    pub(super) sources: SourceMap,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads `root` and everything it includes.
pub(super) fn load(
    root: &Path,
    variables: &BTreeMap<String, String>,
    texts: &Texts,
) -> Result<Loaded, Unreadable> {
    let spelling = spelling(root).ok_or_else(|| Unreadable {
        path: root.to_owned(),
        why: "a config is named `*.kdl`, `*.yaml` or `*.yml`".into(),
    })?;
    let canonical = root.canonicalize().map_err(|error| unreadable(root, &error.to_string()))?;
    let text = texts.get(&canonical).cloned().map_or_else(|| read(root), Ok)?;
    let mut loader = Loader {
        variables,
        texts,
        sources: SourceMap::default(),
        findings: Findings::default(),
        folder: canonical.parent().unwrap_or(Path::new("/")).to_owned(),
        seen: BTreeSet::from([canonical.clone()]),
        chain: Vec::new(),
        nodes: Vec::new(),
        directives: Vec::new(),
        broken: false,
    };
    let name = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    loader.file(name, canonical, text, spelling);
    let Loader { nodes, directives, broken, sources, findings, .. } = loader;
    Ok(Loaded { nodes, directives, broken, sources, diagnostics: findings.into_diagnostics() })
}

/// The tree of a config in KDL that is in no file. Nothing in it is a variable.
pub(super) fn of_text(path: PathBuf, text: String) -> Loaded {
    let (mut sources, mut findings) = (SourceMap::default(), Findings::default());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let nodes = sources.add(name, path, text).and_then(|file| kdl::read(file, &mut findings));
    let broken = nodes.is_none();
    let nodes = nodes.unwrap_or_default();
    Loaded { nodes, directives: Vec::new(), broken, sources, diagnostics: findings.into_diagnostics() }
}

impl Loader<'_> {
    /// Parses one file and what it includes. Its name was checked, and it is in `seen`.
    fn file(&mut self, name: String, path: PathBuf, text: String, spelling: Spelling) {
        let Some(file) = self.sources.add(name, path.clone(), text) else {
            self.broken = true;
            return;
        };
        let nodes = match spelling {
            Spelling::Kdl => kdl::read(file, &mut self.findings),
            Spelling::Yaml => yaml::read(file, &mut self.findings),
        };
        let Some(mut nodes) = nodes else {
            self.broken = true;
            return;
        };
        self.directives.extend(directive::take(file, spelling, &mut nodes));
        variables::fill(&mut nodes, self.variables, &self.sources, &mut self.findings);
        self.chain.push(path);
        let (includes, others): (Vec<Node>, Vec<Node>) =
            nodes.into_iter().partition(|node| node.name.value == INCLUDE);
        self.nodes.extend(others);
        for include in includes {
            for argument in &include.arguments {
                match argument.value.scalar {
                    Scalar::Text => self.include(&argument.clone().map(|value| value.text)),
                    _ => self.broken = true,
                }
            }
            // Whatever else is wrong with it, the decoder says.
            self.nodes.push(include);
        }
        self.chain.pop();
    }

    /// Includes every file that a path or a pattern names.
    fn include(&mut self, pattern: &Spanned<String>) {
        let files = match self.named(pattern) {
            Ok(files) => files,
            Err(refusal) => return self.refuse(refusal, pattern.span),
        };
        for path in files {
            match self.admit(&path) {
                Ok(Some((canonical, spelling, text))) => {
                    self.seen.insert(canonical.clone());
                    let name = self.shown(&canonical);
                    self.file(name, canonical, text, spelling);
                }
                Ok(None) => {}
                Err(refusal) => self.refuse(refusal, pattern.span),
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal, at: Span) {
        self.broken = true;
        let Refusal { message, label, help } = refusal;
        self.findings.push(Diagnostic::error(Rule::UNRESOLVED_VARIABLE, message, at, label).help(help));
    }

    /// The paths that `pattern` names, in order. A pattern that names none is only odd.
    fn named(&mut self, pattern: &Spanned<String>) -> Result<Vec<PathBuf>, Refusal> {
        let text = pattern.value.as_str();
        let is_pattern = text.contains(['*', '?', '[']);
        let leaves = Path::new(text).components().any(|part| part == Component::ParentDir);
        // A pattern that leaves the folder could search the whole disk before its findings are refused.
        if text.is_empty() || Path::new(text).is_absolute() || is_pattern && leaves {
            let help = "name a file relative to this one, in the folder of the root config";
            return Err(Refusal::new(format!("`{text}` cannot be included"), "leaves the folder", help));
        }
        if self.chain.len() >= CHAIN_MAX {
            let help = "include it from a file closer to the root";
            return Err(Refusal::new(format!("`{text}` is included too deep"), "level 65", help));
        }
        let own = self.chain.last().cloned().unwrap_or_default();
        let folder = own.parent().unwrap_or(Path::new("/"));
        if !is_pattern {
            return Ok(vec![folder.join(text)]);
        }
        let found = search(folder, text)?;
        let found: Vec<PathBuf> =
            found.into_iter().filter(|path| path.canonicalize().is_ok_and(|path| path != own)).collect();
        if found.is_empty() {
            let message = format!("`{text}` matches no file");
            let rule = Rule::UNRESOLVED_VARIABLE;
            let warning = Diagnostic::warning(rule, message, pattern.span, "includes nothing");
            self.findings.push(warning.help("take it away, or put the files in place"));
        }
        Ok(found)
    }

    /// Reads a file that is to be included. `None` when it was included before.
    fn admit(&self, path: &Path) -> Result<Option<(PathBuf, Spelling, String)>, Refusal> {
        let shown = self.shown(path);
        let refusal = |message: String, help| Refusal::new(message, "included here", help);
        let canonical = path
            .canonicalize()
            .map_err(|error| refusal(format!("cannot include `{shown}`: {error}"), "check the path"))?;
        if !canonical.starts_with(&self.folder) {
            let help = "move it into the folder of the root config: a config reads nothing outside";
            return Err(refusal(format!("`{shown}` lies outside the folder of the config"), help));
        }
        if let Some(start) = self.chain.iter().position(|file| *file == canonical) {
            let cycle = self.chain.iter().skip(start).chain([&canonical]).map(|file| self.shown(file));
            let cycle = cycle.collect::<Vec<_>>().join(" → ");
            let message = format!("files include each other: {cycle}");
            return Err(Refusal::new(message, "closes the circle", "take one away"));
        }
        if self.seen.contains(&canonical) {
            return Ok(None);
        }
        let Some(spelling) = spelling(&canonical) else {
            return Err(refusal(
                format!("`{shown}` is no config"),
                "a config is named `*.kdl`, `*.yaml` or `*.yml`",
            ));
        };
        let text = self.texts.get(&canonical).cloned();
        match text.map_or_else(|| read(&canonical), Ok) {
            Ok(text) => Ok(Some((canonical, spelling, text))),
            Err(error) => Err(refusal(format!("cannot include `{shown}`: {}", error.why), "check the file")),
        }
    }

    /// A path for people: relative to the folder of the root file, with `/`.
    fn shown(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.folder).unwrap_or(path);
        let parts: Vec<_> = relative.components().filter(|part| *part != Component::CurDir).collect();
        let text = parts.iter().collect::<PathBuf>().to_string_lossy().into_owned();
        if cfg!(windows) { text.replace('\\', "/") } else { text }
    }
}

/// Why something is not included.
struct Refusal {
    message: String,
    label: &'static str,
    help: &'static str,
}

impl Refusal {
    fn new(message: String, label: &'static str, help: &'static str) -> Self {
        Self { message, label, help }
    }
}

/// The files below `folder` that match a pattern, sorted; hidden ones only when it names them.
fn search(folder: &Path, pattern: &str) -> Result<BTreeSet<PathBuf>, Refusal> {
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    match glob::glob_with(&format!("{folder}/{pattern}"), options) {
        Ok(paths) => Ok(paths.filter_map(Result::ok).filter(|path| path.is_file()).collect()),
        Err(error) => {
            let message = format!("`{pattern}` is no pattern: {}", error.msg);
            Err(Refusal::new(
                message,
                "pattern",
                "`*`, `?` and `[abc]` have a meaning, `**` is a folder of its own",
            ))
        }
    }
}

fn spelling(path: &Path) -> Option<Spelling> {
    match path.extension()?.to_str()? {
        "kdl" => Some(Spelling::Kdl),
        "yaml" | "yml" => Some(Spelling::Yaml),
        _ => None,
    }
}

fn unreadable(path: &Path, why: &str) -> Unreadable {
    Unreadable { path: path.to_owned(), why: why.to_owned() }
}

/// Reads a whole file, unless it is larger than any config.
fn read(path: &Path) -> Result<String, Unreadable> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string());
    // To open a pipe is to wait for its other end.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(unreadable(path, "it is no file"));
    }
    let mut bytes = Vec::new();
    let handle = Handle::open(path).map_err(failed)?;
    handle.take(FILE_SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_SIZE_MAX {
        return Err(unreadable(path, "it is larger than 64 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        unreadable(path, &format!("it is no UTF-8 (byte {at})"))
    })
}
