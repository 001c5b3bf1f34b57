//! The tree against the vocabulary: every key known, every value of its type, nothing missing.

mod alternatives;
mod conditions;
mod held;
mod magnitude;
mod yaml11;

use std::collections::BTreeMap;

use divisor_schema::config::{Block, Field, Kind, Presence, Status};

use super::block::{Checked, Content, Held};
use super::unknown;
use crate::diagnostic::{Diagnostic, Findings, Fix, Rule, Severity};
use crate::source::{Span, Spanned};
use crate::syntax::{Node, Shape, Spelling, Value};

/// What stands in a block.
#[derive(Clone, Copy)]
pub(super) struct Contents<'a> {
    /// The word that begins the block.
    pub(super) at: Span,
    pub(super) arguments: &'a [Spanned<Value>],
    pub(super) children: &'a [Node],
    pub(super) spelling: Spelling,
}

/// Checks blocks and gathers what is wrong with them.
pub(super) struct Decoder<'a> {
    /// The outermost block: where words are looked for that have no meaning where they stand.
    pub(super) vocabulary: &'static Block,
    pub(super) findings: &'a mut Findings,
    /// Part of the tree is missing, so what is missing at the top level may be there.
    pub(super) incomplete: bool,
}

impl Decoder<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.findings.push(diagnostic);
    }

    pub(super) fn invalid(&mut self, span: Span, message: String, label: &str, help: String) {
        self.report(Diagnostic::error(Rule::INVALID_VALUE, message, span, label).help(help));
    }

    /// The outermost block.
    pub(super) fn root(&mut self, nodes: &[Node]) -> Checked {
        let spelling = nodes.first().map_or(Spelling::Kdl, |node| node.spelling);
        let contents = Contents { at: Span::default(), arguments: &[], children: nodes, spelling };
        self.block(self.vocabulary, contents)
    }

    /// A block.
    pub(super) fn block(&mut self, block: &'static Block, contents: Contents<'_>) -> Checked {
        let mut checked = Checked::empty(block, contents.at);
        let stray = self.arguments(&mut checked, contents);
        for node in contents.children {
            match field(block, node) {
                Some(field) => self.child(&mut checked, field, node),
                None => self.unknown(&mut checked, contents, node),
            }
        }
        self.single(&mut checked);
        if !stray {
            self.missing(&checked, contents);
        }
        self.alternatives(&checked, contents, stray);
        self.conditions(&checked, contents);
        checked
    }

    /// Arguments without a name stand for the fields that the block lists. Whether there was one too many.
    fn arguments(&mut self, checked: &mut Checked, contents: Contents<'_>) -> bool {
        let block = checked.block;
        let nothing = matches!(contents.arguments, [only] if only.value.is_null());
        if nothing && contents.spelling == Spelling::Yaml {
            return false;
        }
        for (place, argument) in contents.arguments.iter().enumerate() {
            let last = block.arguments.len().checked_sub(1);
            let takes_rest =
                |name: &&&str| matches!(block.field(name).map(|it| it.kind), Some(Kind::List(_)));
            let name = block
                .arguments
                .get(place)
                .or_else(|| last.and_then(|last| block.arguments.get(last)).filter(takes_rest));
            let Some(field) = name.and_then(|name| block.field(name)) else {
                self.too_many(block, argument, contents.spelling);
                return true;
            };
            let held = self.leaves(field, std::slice::from_ref(argument), contents.spelling);
            checked.contents.push((field, Content { at: argument.span, held }));
        }
        false
    }

    fn too_many(&mut self, block: &'static Block, argument: &Spanned<Value>, spelling: Spelling) {
        let (message, label) = match block.arguments {
            [] => (format!("`{}` is a block and takes no value", block.name), "a value"),
            [_] => (format!("`{}` takes one value", block.name), "one too many"),
            more => (format!("`{}` takes {} values", block.name, more.len()), "one too many"),
        };
        let keys = unknown::keys(block, spelling).join(", ");
        self.invalid(argument.span, message, label, format!("keys of `{}` are {keys}", block.name));
    }

    /// Reports a key that the block does not have, and goes on with the one that was most likely meant, if that is
    /// not there too.
    fn unknown(&mut self, checked: &mut Checked, contents: Contents<'_>, node: &Node) {
        if self.findings.is_full() {
            return self.findings.count_more(Severity::Error);
        }
        let (found, meant) = unknown::key(self.vocabulary, checked.block, node);
        let there = meant.filter(|meant| !repeats(meant.kind)).and_then(|meant| {
            let is_named = |other: &&Node| field(checked.block, other).is_some_and(|it| it.kdl == meant.kdl);
            let child = contents.children.iter().find(is_named).map(|other| other.name.span);
            checked.written_at(meant.kdl).or(child).map(|at| (meant, at))
        });
        match (meant, there) {
            (_, Some((meant, at))) if unknown::same_word(&node.name.value, meant, node.spelling) => {
                let found = duplicate(meant.kdl, checked.block.name, at, node.name.span);
                let help = format!("keep one: `{}` is another spelling of it", node.name.value);
                self.report(found.help(help));
            }
            (Some(meant), None) => {
                self.report(unknown::renamed(found, checked.block, meant, node));
                self.child(checked, meant, node);
            }
            _ => self.report(found),
        }
    }

    fn child(&mut self, checked: &mut Checked, field: &'static Field, node: &Node) {
        let name = node.name.value.as_str();
        self.status(field, node);
        if node.shape == Shape::Item && !repeats(field.kind) {
            if checked.written_at(field.kdl).is_none() {
                let message = format!("`{name}` is one block, not a list");
                self.invalid(node.name.span, message, "an item of a list", "write one block".to_owned());
                checked.contents.push((field, Content { at: node.name.span, held: Held::Broken }));
            }
            return;
        }
        let held = match field.status {
            Status::Works | Status::Historical(_) => self.held(field, node),
            Status::Planned => {
                // It is checked and then left out of the model: nothing after this knows the word.
                self.held(field, node);
                Held::Broken
            }
            Status::NoEffect(_) => Held::Broken,
        };
        checked.contents.push((field, Content { at: node.name.span, held }));
    }

    /// What there is to say about a key that is known but not used as any other.
    fn status(&mut self, field: &'static Field, node: &Node) {
        let (name, span) = (node.name.value.as_str(), node.name.span);
        let found = match field.status {
            Status::Works => return,
            Status::Historical(today) => {
                let message = format!("`{name}` is an old name of `{today}`");
                let found = Diagnostic::info(Rule::DEPRECATED_KEY, message, span, "still read");
                let fix = Fix::safe(format!("rename it to `{today}`"), span, today);
                found.help(format!("write `{today}`")).fix(fix)
            }
            Status::Planned => {
                let message = format!("`{name}` is not supported by this version yet");
                Diagnostic::error(Rule::UNKNOWN_KEY, message, span, "not supported yet")
                    .help("take it away, or wait for a version that has it")
            }
            Status::NoEffect(instead) => {
                let message = format!("`{name}` has no effect");
                Diagnostic::warning(Rule::LEGACY_CONFIG, message, span, "not used").help(instead)
            }
        };
        self.report(found);
    }

    /// A key that takes one value may stand once.
    fn single(&mut self, checked: &mut Checked) {
        let mut first: BTreeMap<&'static str, Span> = BTreeMap::new();
        let mut duplicates = Vec::new();
        checked.contents.retain(|(field, content)| {
            let repeats =
                matches!(field.kind, Kind::Blocks(_) | Kind::Named(_) | Kind::List(_) | Kind::Pairs);
            if repeats {
                return true;
            }
            let before = *first.entry(field.kdl).or_insert(content.at);
            if before != content.at {
                duplicates.push((*field, before, content.at));
            }
            before == content.at
        });
        for (field, before, at) in duplicates {
            self.report(duplicate(field.kdl, checked.block.name, before, at).help("keep one"));
        }
    }

    fn missing(&mut self, checked: &Checked, contents: Contents<'_>) {
        let outermost = std::ptr::eq(checked.block, self.vocabulary);
        if outermost && self.incomplete {
            return;
        }
        for field in checked.block.fields().filter(|field| is_required(field)) {
            let written = checked.contents.iter().filter(|(known, _)| known.kdl == field.kdl);
            let present = written.clone().any(|(_, content)| !content.held.is_empty());
            if present {
                continue;
            }
            let at = written.map(|(_, content)| content.at).next().unwrap_or(checked.at);
            let name = unknown::name(field, contents.spelling);
            let help = match field.kind {
                Kind::Blocks(_) | Kind::Named(_) => format!("write at least one `{}`", field.kdl),
                kind => format!("give it {}", kind.takes()),
            };
            let message = format!("`{}` has no `{name}`", checked.block.name);
            let found = Diagnostic::error(Rule::MISSING_KEY, message, at, format!("`{name}` missing here"));
            self.report(found.help(help));
        }
    }
}

/// A key that stands twice, wherever the two stand in the file.
fn duplicate(key: &str, block: &str, one: Span, other: Span) -> Diagnostic {
    let message = format!("key `{key}` is defined twice in `{block}`");
    Diagnostic::error(Rule::DUPLICATE_KEY, message, one.max(other), "second definition")
        .label(one.min(other), "first definition")
}

/// The field that a node stands for.
fn field(block: &'static Block, node: &Node) -> Option<&'static Field> {
    block.fields().find(|field| unknown::name(field, node.spelling) == node.name.value)
}

/// Whether a field must be there, whatever else is.
fn is_required(field: &Field) -> bool {
    field.presence == Presence::Required && field.condition.is_none()
}

/// Whether a key can stand more than once.
fn repeats(kind: Kind) -> bool {
    matches!(kind, Kind::Blocks(_) | Kind::Named(_) | Kind::List(_) | Kind::Pairs | Kind::Any)
}
