//! YAML 1.2 into the tree.

use super::compose::{self, Item, ItemKind};
use super::tree::{Node, Shape, Spelling, Value};
use crate::diagnostic::{Diagnostic, Findings, Rule};
use crate::source::{File, Span, Spanned};

/// Reads a YAML file. `None` when it could not be read; `findings` then says why.
pub(super) fn read(file: &File, findings: &mut Findings) -> Option<Vec<Node>> {
    let root = compose::compose(file, findings)?;
    let Some(root) = root else { return Some(Vec::new()) };
    let ItemKind::Map(entries) = &root.kind else {
        let found =
            Diagnostic::error(Rule::SYNTAX_ERROR, "a config is a mapping", root.span, "something else");
        findings.push(found.help("write keys with values: `listeners: …`, `pools: …`"));
        return None;
    };
    // Aliases can make a small file a large tree. Without aliases no file has more nodes than bytes.
    let mut budget = Budget { left: 10_000 + 4 * file.text.len(), file, findings };
    let anchors = |key: &str| key.starts_with("x-");
    let mut nodes = Vec::new();
    for (key, item) in entries.iter().filter(|(key, _)| !anchors(&key.value)) {
        budget.entry(key, item, &mut nodes)?;
    }
    Some(nodes)
}

struct Budget<'a> {
    left: usize,
    file: &'a File,
    findings: &'a mut Findings,
}

impl Budget<'_> {
    fn spend(&mut self, nodes: usize) -> Option<()> {
        match self.left.checked_sub(nodes) {
            Some(left) => self.left = left,
            None => {
                let message = "aliases make this file many times larger than it is";
                let span = self.file.local_span(0, 0);
                let found = Diagnostic::error(Rule::SYNTAX_ERROR, message, span, "this file");
                self.findings.push(found.help("write out what is meant, or use fewer aliases of aliases"));
                return None;
            }
        }
        Some(())
    }

    /// One entry of a mapping: a node, or one for each item of a list.
    fn entry(&mut self, key: &Spanned<String>, item: &Item, into: &mut Vec<Node>) -> Option<()> {
        match &item.kind {
            ItemKind::List(items) if !items.iter().all(|item| matches!(item.kind, ItemKind::Scalar(_))) => {
                for item in items {
                    let mut node = self.node(key, item)?;
                    node.name.span = begin(item);
                    node.span = node.name.span.to(item.span);
                    node.shape = Shape::Item;
                    into.push(node);
                }
            }
            _ => {
                let node = self.node(key, item)?;
                into.push(node);
            }
        }
        Some(())
    }

    fn node(&mut self, key: &Spanned<String>, item: &Item) -> Option<Node> {
        self.spend(1)?;
        let mut node = empty(key, item.span);
        match &item.kind {
            ItemKind::Scalar(value) => node.arguments.push(Spanned::new(value.clone(), item.span)),
            ItemKind::List(items) => {
                node.shape = Shape::List;
                self.spend(items.len())?;
                for item in items {
                    let value = self.scalar(item)?;
                    node.arguments.push(Spanned::new(value, item.span));
                }
            }
            ItemKind::Map(entries) => {
                for (key, item) in entries {
                    self.entry(key, item, &mut node.children)?;
                }
            }
        }
        Some(node)
    }

    /// An item of a list that is itself an item of a list.
    fn scalar(&mut self, item: &Item) -> Option<Value> {
        match &item.kind {
            ItemKind::Scalar(value) => Some(value.clone()),
            ItemKind::List(_) | ItemKind::Map(_) => {
                let message = "lists are nested too deep";
                let found = Diagnostic::error(Rule::SYNTAX_ERROR, message, item.span, "a list in a list");
                self.findings.push(found.help("no key takes a list of lists of lists"));
                Some(Value::unknown(String::new()))
            }
        }
    }
}

/// Where an item of a list begins: its first key, or itself.
fn begin(item: &Item) -> Span {
    match &item.kind {
        ItemKind::Map(entries) => entries.first().map_or(item.span, |(key, _)| key.span),
        ItemKind::Scalar(_) | ItemKind::List(_) => item.span,
    }
}

fn empty(key: &Spanned<String>, contents: Span) -> Node {
    Node {
        name: key.clone(),
        arguments: Vec::new(),
        children: Vec::new(),
        span: if contents.start >= key.span.start { key.span.to(contents) } else { key.span },
        spelling: Spelling::Yaml,
        shape: Shape::Single,
    }
}
