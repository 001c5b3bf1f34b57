//! What a config says to the linter about itself: `// divisor: allow(RULE) -- reason` in a comment, or a `lint-allow` block.
//!
//! Here it is only read. Whether there is such a rule, and such a finding, is judged elsewhere.

mod entries;
mod grammar;
mod node;

use super::tree::{Node, Spelling};
use crate::source::{File, Span, Spanned};

/// The key of a block that says the same as a comment, where comments do not survive.
pub(super) const KEY: &str = "lint-allow";
/// The word that begins a directive.
const MARK: &str = "divisor:";

/// A wish not to see the findings of some rules at some place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The comment, or the block.
    pub at: Span,
    /// What it speaks about: findings with a label that begins in here. `None` when nothing follows it.
    pub scope: Option<Span>,
    /// Codes or names of rules, as written.
    pub rules: Vec<Spanned<String>>,
    /// The last day on which it holds, as written.
    pub until: Option<Spanned<String>>,
    /// Why.
    pub reason: Option<String>,
    /// What is wrong with it: where, in a few words, and what to write.
    pub fault: Option<(Span, String, String)>,
    /// What can be deleted to be rid of it: a whole line where it is alone on it. `None` where that takes more.
    pub deletion: Option<Span>,
}

/// Takes `lint-allow` blocks out of `nodes`, the tree of `file`, and reads them and the comments of the file.
pub(super) fn take(file: &File, spelling: Spelling, nodes: &mut Vec<Node>) -> Vec<Directive> {
    let mut directives = Vec::new();
    if file.text.contains(MARK) {
        let read = match spelling {
            Spelling::Kdl => entries::of_kdl(file, nodes),
            Spelling::Yaml => entries::of_yaml(file),
        };
        directives.extend(read.comments.iter().filter_map(|comment| grammar::read(file, *comment, &read)));
    }
    if file.text.contains(KEY) {
        node::take(file, nodes, file.span(), &mut directives);
    }
    directives
}

#[cfg(test)]
mod tests;
