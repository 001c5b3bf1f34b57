//! One tree for both spellings.
//!
//! [`load`] reads a file and everything it includes. KDL and YAML become the same [`Node`]s; what comes after looks
//! at the [`Spelling`] only to know which names fields have.

mod compose;
mod directive;
mod include;
mod kdl;
mod tree;
mod variables;
mod yaml;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub(crate) use granit_parser::{Event as YamlEvent, ScalarStyle, StructureStyle};

#[cfg(test)]
pub(crate) use self::compose::{Item, ItemKind, compose};
pub use self::directive::Directive;
pub use self::include::{Texts, Unreadable};
pub(crate) use self::kdl::{Token, TokenKind};
pub use self::tree::{Node, Scalar, Shape, Spelling, Style, Value};
use crate::diagnostic::{Diagnostic, Findings};
use crate::source::{File, SourceMap};

/// The tree of a config, and where it comes from.
#[derive(Debug)]
pub struct Syntax {
    /// The files.
    pub sources: SourceMap,
    /// The top-level nodes of all files.
    pub nodes: Vec<Node>,
    /// What the files say to the linter. It is in the tree no more.
    pub directives: Vec<Directive>,
    /// Whether something is missing from the tree because a file could not be read or parsed. What is missing from
    /// an incomplete tree may be in that file.
    pub incomplete: bool,
    /// What was found so far.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a config in KDL that is in no file, and that includes none; its paths start at the folder of `path`.
pub(crate) fn of_text(path: PathBuf, text: String) -> Syntax {
    let include::Loaded { nodes, directives, broken, sources, diagnostics } = include::of_text(path, text);
    Syntax { sources, nodes, directives, incomplete: broken, diagnostics }
}

/// Reads `root` and everything it includes, with `variables` in place of `${…}`.
///
/// # Errors
/// [`Unreadable`] when `root` itself cannot be read; an included file that cannot is a diagnostic.
pub fn load(root: &Path, variables: &BTreeMap<String, String>) -> Result<Syntax, Unreadable> {
    load_texts(root, variables, &Texts::new())
}

/// As [`load`], with texts in place of files.
///
/// # Errors
/// As of [`load`].
pub fn load_texts(
    root: &Path,
    variables: &BTreeMap<String, String>,
    texts: &Texts,
) -> Result<Syntax, Unreadable> {
    let include::Loaded { nodes, directives, broken, sources, diagnostics } =
        include::load(root, variables, texts)?;
    Ok(Syntax { sources, nodes, directives, incomplete: broken, diagnostics })
}

/// One text as it was read, without what it includes and with its variables as they are written.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The text, as the one file of a map.
    pub(crate) sources: SourceMap,
    /// Its top-level nodes; `None` when there is no tree.
    pub(crate) nodes: Option<Vec<Node>>,
    /// What was found.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads one text.
pub(crate) fn parse(text: &str, spelling: Spelling) -> Parsed {
    let mut sources = SourceMap::default();
    let mut findings = Findings::default();
    let extension = match spelling {
        Spelling::Kdl => "kdl",
        Spelling::Yaml => "yaml",
    };
    let name = format!("config.{extension}");
    let nodes = sources.add(name.clone(), name.into(), text.to_owned()).and_then(|file| match spelling {
        Spelling::Kdl => kdl::read(file, &mut findings),
        Spelling::Yaml => yaml::read(file, &mut findings),
    });
    Parsed { sources, nodes, diagnostics: findings.into_diagnostics() }
}

/// The tokens of a KDL file; `None` when it has a mistake.
pub(crate) fn kdl_tokens(file: &File) -> Option<Vec<Token>> {
    kdl::tokens(file)
}

/// The events of a YAML text, comments included, with their places; `None` when it has a mistake.
pub(crate) fn yaml_events(text: &str) -> Option<Vec<(YamlEvent<'_>, Range<usize>)>> {
    compose::events(text)
}

/// Whether a character stands in KDL only as an escape: it cannot be seen, or ends a line.
pub(crate) fn is_unseen_in_kdl(c: char) -> bool {
    kdl::is_unseen(c)
}
