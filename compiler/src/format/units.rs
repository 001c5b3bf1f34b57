//! Numbers with units in the largest unit that leaves them whole.

use std::collections::BTreeMap;

use divisor_schema::config::{Block, Kind, ROOT};

use super::field;
use super::scalar::{kdl_text, yaml_text};
use crate::model::{same_duration, same_size};
use crate::source::{SourceMap, Span, Spanned};
use crate::syntax::{Node, Spelling, Style, Value};

/// The text of the one file of `sources`, in which `nodes` stand, with every duration and size in its largest unit.
pub(super) fn normalise(sources: &SourceMap, nodes: &[Node]) -> String {
    let Some(file) = sources.files().first() else { return String::new() };
    let mut found = Found { sources, places: BTreeMap::new() };
    nodes.iter().for_each(|node| found.node(Some(&ROOT), node));
    let mut text = file.text.clone();
    // From the end, so that places before stay where they are.
    for (span, better) in found.places.iter().rev() {
        if let Some(better) = better {
            text.replace_range(span.start as usize..span.end as usize, better);
        }
    }
    text
}

struct Found<'a> {
    sources: &'a SourceMap,
    /// What to write at a place. Nothing where a value is used twice, once as something else.
    places: BTreeMap<Span, Option<String>>,
}

impl Found<'_> {
    fn node(&mut self, block: Option<&'static Block>, node: &Node) {
        let known = field(block, node);
        match known.map(|field| field.kind) {
            Some(Kind::Named(inner)) if node.spelling == Spelling::Yaml => {
                self.values(None, &node.arguments, node.spelling);
                for child in &node.children {
                    self.block(inner, &child.arguments, &child.children, child.spelling);
                }
            }
            Some(Kind::Named(inner)) => {
                self.block(inner, node.arguments.get(1..).unwrap_or_default(), &node.children, node.spelling);
            }
            Some(kind) => match kind.block() {
                Some(inner) => self.block(inner, &node.arguments, &node.children, node.spelling),
                None => self.other(Some(kind), node),
            },
            None => self.other(None, node),
        }
    }

    fn other(&mut self, kind: Option<Kind>, node: &Node) {
        self.values(kind, &node.arguments, node.spelling);
        node.children.iter().for_each(|child| self.node(None, child));
    }

    fn block(
        &mut self,
        block: &'static Block,
        arguments: &[Spanned<Value>],
        children: &[Node],
        spelling: Spelling,
    ) {
        for (place, argument) in arguments.iter().enumerate() {
            let name = block.arguments.get(place).or(block.arguments.last());
            let kind = name.and_then(|name| block.field(name)).map(|field| field.kind);
            self.values(kind, std::slice::from_ref(argument), spelling);
        }
        children.iter().for_each(|child| self.node(Some(block), child));
    }

    fn values(&mut self, kind: Option<Kind>, values: &[Spanned<Value>], spelling: Spelling) {
        for value in values {
            let text = value.value.text.as_str();
            let better = match kind {
                Some(Kind::Duration { .. }) => same_duration(text),
                Some(Kind::Size { .. }) => same_size(text),
                _ => None,
            };
            let better =
                better.filter(|better| better != text).map(|better| match (spelling, value.value.style) {
                    (Spelling::Kdl, _) => kdl_text(&better),
                    (Spelling::Yaml, Style::Plain) => yaml_text(&better),
                    (Spelling::Yaml, _) => format!("\"{better}\""),
                });
            let plain = self.sources.text(value.span).contains(text);
            let better = better.filter(|_| plain);
            self.places
                .entry(value.span)
                .and_modify(|known| *known = known.take().filter(|it| better.as_ref() == Some(it)))
                .or_insert(better);
        }
    }
}
