//! One tree for both spellings.
//!
//! [`load`] reads a file and everything it includes. KDL and YAML become the same [`Node`]s; what comes after looks
//! at the [`Spelling`] only to know which names fields have.

mod compose;
mod include;
mod kdl;
mod tree;
mod variables;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;

pub use self::include::Unreadable;
pub use self::tree::{Node, Scalar, Shape, Spelling, Style, Value};
use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;

/// The tree of a config, and where it comes from.
#[derive(Debug)]
pub struct Syntax {
    /// The files.
    pub sources: SourceMap,
    /// The top-level nodes of all files.
    pub nodes: Vec<Node>,
    /// Whether something is missing from the tree because a file could not be read or parsed. What is missing from
    /// an incomplete tree may be in that file.
    pub incomplete: bool,
    /// What was found so far.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads `root` and everything it includes, with `variables` in place of `${…}`.
///
/// # Errors
/// [`Unreadable`] when `root` itself cannot be read; an included file that cannot is a diagnostic.
pub fn load(root: &Path, variables: &BTreeMap<String, String>) -> Result<Syntax, Unreadable> {
    let include::Loaded { nodes, broken, sources, diagnostics } = include::load(root, variables)?;
    Ok(Syntax { sources, nodes, incomplete: broken, diagnostics })
}
