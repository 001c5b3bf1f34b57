//! YAML to KDL.

use divisor_schema::config::{Block, Field, Kind, ROOT};

use super::field;
use crate::format::kdl::{self, Line, Part};
use crate::format::scalar::{kdl_name, kdl_text, kdl_value};
use crate::source::Spanned;
use crate::syntax::{Node, Shape, Value};

/// Writes the nodes of a file.
pub(in crate::format) fn to_kdl(nodes: &[Node]) -> kdl::Block {
    let mut lines = Vec::new();
    for node in nodes {
        statement(Some(&ROOT), node, &mut lines);
    }
    let mut apart = Vec::new();
    for line in lines {
        let begins_block = matches!(&line, Line::Node(node) if node.parts.iter().any(|part| matches!(part, Part::Block { .. })));
        if begins_block && !apart.is_empty() {
            apart.push(Line::Blank);
        }
        apart.push(line);
    }
    kdl::Block { lines: apart, ..kdl::Block::default() }
}

/// What a block says.
struct Contents<'a> {
    block: Option<&'static Block>,
    arguments: &'a [Spanned<Value>],
    children: &'a [Node],
    /// Whether single values are properties, which stand on the line of their node.
    properties: bool,
}

/// One entry of a mapping: a node, or several.
fn statement(block: Option<&'static Block>, node: &Node, lines: &mut Vec<Line>) {
    let known = field(block, node);
    let name = known.map_or(node.name.value.as_str(), |field| field.kdl);
    match known.map(|field| field.kind) {
        Some(Kind::Named(inner)) if node.shape == Shape::Single && no_value(node) => {
            for child in &node.children {
                let mut written = kdl::Node::named(name);
                written.push(kdl_text(&child.name.value));
                lines.push(Line::Node(block_of(written, contents(Some(inner), child, false))));
            }
        }
        Some(Kind::Blocks(inner)) if node.shape == Shape::List => {
            for argument in &node.arguments {
                let arguments = std::slice::from_ref(argument);
                let contents = Contents { block: Some(inner), arguments, children: &[], properties: true };
                lines.push(Line::Node(block_of(kdl::Node::named(name), contents)));
            }
        }
        Some(Kind::Block(inner) | Kind::Blocks(inner)) => {
            lines.push(Line::Node(block_of(kdl::Node::named(name), contents(Some(inner), node, true))));
        }
        Some(Kind::Pairs) if node.arguments.len() != 2 => pairs(name, node, lines),
        Some(Kind::List(_)) if no_value(node) && node.children.is_empty() => {}
        _ => lines.push(Line::Node(plain(name, known, node))),
    }
}

/// Whether nothing stands behind the key.
fn no_value(node: &Node) -> bool {
    node.arguments.iter().all(|argument| argument.value.is_null())
}

fn pairs(name: &str, node: &Node, lines: &mut Vec<Line>) {
    for child in &node.children {
        let mut written = kdl::Node::named(name);
        written.push(kdl_text(&child.name.value));
        for argument in &child.arguments {
            written.push(kdl_value(&argument.value, Some(&Kind::Pairs)));
        }
        lines.push(Line::Node(written));
    }
}

/// A node with values, or one of which nothing is known.
fn plain(name: &str, known: Option<&'static Field>, node: &Node) -> kdl::Node {
    let mut written = kdl::Node::named(name);
    for argument in
        node.arguments.iter().filter(|argument| !argument.value.is_null() || !argument.span.is_empty())
    {
        written.push(kdl_value(&argument.value, known.map(|field| &field.kind)));
    }
    nest(written, None, &node.children)
}

fn contents<'a>(block: Option<&'static Block>, node: &'a Node, properties: bool) -> Contents<'a> {
    let arguments = if no_value(node) { &[] } else { node.arguments.as_slice() };
    Contents { block, arguments, children: &node.children, properties }
}

/// Adds what a block says to its node.
fn block_of(mut written: kdl::Node, contents: Contents<'_>) -> kdl::Node {
    let Contents { block, arguments, children, properties } = contents;
    let names = block.map_or(&[][..], |block| block.arguments);
    for (place, argument) in arguments.iter().enumerate() {
        let kind =
            names.get(place).or(names.last()).and_then(|name| block?.field(name)).map(|field| &field.kind);
        written.push(kdl_value(&argument.value, kind));
    }
    let mut rest: Vec<&Node> = children.iter().collect();
    // Keys that stand for arguments, as long as none is missing before them.
    for name in names.iter().skip(arguments.len()) {
        let Some(field) = block.and_then(|block| block.field(name)) else { break };
        let mut named = rest
            .iter()
            .enumerate()
            .filter(|(_, child)| self::field(block, child).is_some_and(|it| it.kdl == *name));
        let Some((at, child)) = named.next().filter(|(_, child)| is_leaf(field, child)) else { break };
        if named.next().is_some() {
            break;
        }
        for argument in &child.arguments {
            written.push(kdl_value(&argument.value, Some(&field.kind)));
        }
        rest.remove(at);
    }
    let mut nested = Vec::new();
    for child in rest {
        match self::field(block, child) {
            Some(field) if properties && child.arguments.len() == 1 && is_leaf(field, child) => {
                let value =
                    child.arguments.iter().map(|argument| kdl_value(&argument.value, Some(&field.kind)));
                written.push(format!("{}={}", kdl_name(field.kdl), value.collect::<String>()));
            }
            _ => nested.push(child),
        }
    }
    nest(written, block, nested)
}

/// Whether a field is nothing but values.
fn is_leaf(field: &Field, node: &Node) -> bool {
    let blocks =
        matches!(field.kind, Kind::Block(_) | Kind::Blocks(_) | Kind::Named(_) | Kind::Pairs | Kind::Any);
    !blocks && node.children.is_empty() && !node.arguments.is_empty() && !no_value(node)
}

/// Adds the nodes between the braces.
fn nest<'a>(
    mut written: kdl::Node,
    block: Option<&'static Block>,
    children: impl IntoIterator<Item = &'a Node>,
) -> kdl::Node {
    let mut lines = Vec::new();
    children.into_iter().for_each(|child| statement(block, child, &mut lines));
    if !lines.is_empty() {
        let is_small = |line: &Line| matches!(line, Line::Node(node) if !node.parts.iter().any(|part| matches!(part, Part::Block { .. })));
        let one_line = lines.len() <= 2 && lines.iter().all(is_small);
        let block = kdl::Block { lines, one_line, ..kdl::Block::default() };
        written.parts.push(Part::Block { dropped: false, block });
    }
    written
}
