//! YAML to KDL.

use divisor_schema::config::{Block, Field, Kind, ROOT};

use super::remarks::{Remark, Remarks};
use crate::format::field;
use crate::format::kdl::{self, Line, Part};
use crate::format::scalar::{kdl_name, kdl_text, kdl_value};
use crate::source::Spanned;
use crate::syntax::{Node, Shape, Value};

/// Writes the nodes of a file.
pub(super) fn to_kdl(nodes: &[Node], remarks: Remarks) -> kdl::Block {
    let mut writer = Writer { remarks };
    let mut lines = Vec::new();
    for node in nodes {
        writer.statement(Some(&ROOT), node, &mut lines);
    }
    let mut apart = comments(std::mem::take(&mut writer.remarks.opening));
    for (number, line) in lines.iter().enumerate() {
        let before = number.checked_sub(1).and_then(|before| lines.get(before));
        if number > 0 && (begins_block(&lines, number) || before.is_some_and(has_block)) {
            apart.push(Line::Blank);
        }
        apart.push(line.clone());
    }
    apart.extend(comments(writer.remarks.rest()));
    kdl::Block { lines: apart, ..kdl::Block::default() }
}

/// Whether a line begins what stands apart at the top level: a node with a block, with the comments above it.
fn begins_block(lines: &[Line], number: usize) -> bool {
    let is_comment = |line: &Line| matches!(line, Line::Comment(_));
    let is_first =
        number.checked_sub(1).and_then(|before| lines.get(before)).is_none_or(|line| !is_comment(line));
    let node = lines.iter().skip(number).find(|line| !is_comment(line));
    is_first && node.is_some_and(has_block)
}

fn has_block(line: &Line) -> bool {
    let is_block = |part: &Part| matches!(part, Part::Block { .. });
    matches!(line, Line::Node(node) if node.parts.iter().any(is_block))
}

fn comments(lines: Vec<Option<String>>) -> Vec<Line> {
    let comment = |line: Option<String>| line.map_or(Line::Blank, |text| Line::Comment(format!("//{text}")));
    lines.into_iter().map(comment).collect()
}

struct Writer {
    remarks: Remarks,
}

/// What a block says.
struct Contents<'a> {
    block: Option<&'static Block>,
    arguments: &'a [Spanned<Value>],
    children: &'a [Node],
    /// Whether single values are properties, which stand on the line of their node.
    properties: bool,
}

impl Writer {
    /// One entry of a mapping: a node, or several.
    fn statement(&mut self, block: Option<&'static Block>, node: &Node, lines: &mut Vec<Line>) {
        let known = field(block, node);
        let name = known.map_or(node.name.value.as_str(), |field| field.kdl);
        let remark = self.remarks.take(node.name.span);
        let mut written = Vec::new();
        match known.map(|field| field.kind) {
            Some(Kind::Named(inner)) if node.shape == Shape::Single && no_value(node) => {
                for child in &node.children {
                    let own = self.remarks.take(child.name.span);
                    let named = kdl::Node::named(name);
                    self.node(
                        own,
                        named,
                        Some(&child.name),
                        contents(Some(inner), child, false),
                        &mut written,
                    );
                }
            }
            Some(Kind::Blocks(inner)) if node.shape == Shape::List => {
                for argument in &node.arguments {
                    let arguments = std::slice::from_ref(argument);
                    let contents =
                        Contents { block: Some(inner), arguments, children: &[], properties: true };
                    self.node(Remark::default(), kdl::Node::named(name), None, contents, &mut written);
                }
            }
            Some(kind @ (Kind::Block(_) | Kind::Blocks(_) | Kind::Secret)) => {
                let contents = contents(kind.block(), node, true);
                return self.node(remark, kdl::Node::named(name), None, contents, lines);
            }
            Some(Kind::Pairs) if node.arguments.len() != 2 => self.pairs(name, node, &mut written),
            Some(Kind::List(_)) if no_value(node) && node.children.is_empty() => {}
            _ => return self.plain(remark, name, known, node, lines),
        }
        // What is said of a list is said above its first item.
        lines.extend(comments(remark.head));
        lines.extend(comments(remark.trail.into_iter().map(Some).collect()));
        lines.append(&mut written);
        lines.extend(comments(remark.tail));
    }

    fn pairs(&mut self, name: &str, node: &Node, lines: &mut Vec<Line>) {
        for child in &node.children {
            let mut written = kdl::Node::named(name);
            written.push(kdl_text(&child.name.value));
            let remark = self.remarks.take(child.name.span);
            let remark = self.values(&mut written, &child.arguments, |_| Some(Kind::Pairs), remark);
            finish(remark, written, lines);
        }
    }

    /// A node with values, or one of which nothing is known.
    fn plain(
        &mut self,
        remark: Remark,
        name: &str,
        known: Option<&Field>,
        node: &Node,
        lines: &mut Vec<Line>,
    ) {
        let mut written = kdl::Node::named(name);
        let is_empty =
            matches!(node.arguments.as_slice(), [only] if only.value.is_null() && only.span.is_empty());
        let arguments = if is_empty { &[] } else { node.arguments.as_slice() };
        let remark = self.values(&mut written, arguments, |_| known.map(|field| field.kind), remark);
        self.nest(&mut written, None, &node.children);
        finish(remark, written, lines);
    }

    /// Adds values, and what was remarked on them.
    fn values(
        &mut self,
        written: &mut kdl::Node,
        values: &[Spanned<Value>],
        kind: impl Fn(usize) -> Option<Kind>,
        mut remark: Remark,
    ) -> Remark {
        for (place, value) in values.iter().enumerate() {
            remark.absorb(self.remarks.take(value.span));
            written.push(kdl_value(&value.value, kind(place).as_ref()));
        }
        remark
    }

    /// A node with what a block says.
    fn node(
        &mut self,
        remark: Remark,
        mut written: kdl::Node,
        name: Option<&Spanned<String>>,
        contents: Contents<'_>,
        lines: &mut Vec<Line>,
    ) {
        let Contents { block, arguments, children, properties } = contents;
        written.parts.extend(name.map(|name| Part::Text(kdl_text(&name.value))));
        let names = block.map_or(&[][..], |block| block.arguments);
        let argument = |place: usize| block?.field(names.get(place).or(names.last())?);
        let kind = |place: usize| argument(place).map(|field| field.kind);
        let mut remark = self.values(&mut written, arguments, kind, remark);
        let mut rest: Vec<&Node> = children.iter().collect();
        // Keys that stand for arguments, as long as none is missing before them.
        for place in arguments.len()..names.len() {
            let Some(known) = argument(place) else { break };
            let is_this = |child: &&Node| field(block, child).is_some_and(|field| field.kdl == known.kdl);
            if rest.iter().filter(|child| is_this(child)).count() != 1 {
                break;
            }
            let Some(at) = rest.iter().position(|child| is_this(child) && is_leaf(known, child)) else {
                break;
            };
            let child = rest.remove(at);
            remark.absorb(self.remarks.take(child.name.span));
            remark = self.values(&mut written, &child.arguments, |_| Some(known.kind), remark);
        }
        let mut nested = Vec::new();
        for child in rest {
            match field(block, child) {
                Some(known) if properties && is_property(known, child) && !self.remarks.on(child) => {
                    let value =
                        child.arguments.first().map(|value| kdl_value(&value.value, Some(&known.kind)));
                    written.push(format!("{}={}", kdl_name(known.kdl), value.unwrap_or_default()));
                }
                _ => nested.push(child),
            }
        }
        self.nest(&mut written, block, nested);
        finish(remark, written, lines);
    }

    /// Adds the nodes between the braces.
    fn nest<'a>(
        &mut self,
        written: &mut kdl::Node,
        block: Option<&'static Block>,
        children: impl IntoIterator<Item = &'a Node>,
    ) {
        let mut lines = Vec::new();
        children.into_iter().for_each(|child| self.statement(block, child, &mut lines));
        if lines.is_empty() {
            return;
        }
        let is_text = |part: &Part| matches!(part, Part::Text(_));
        let is_small = |line: &Line| matches!(line, Line::Node(node) if node.parts.iter().all(is_text));
        let one_line = lines.len() <= 2 && lines.iter().all(is_small);
        let block = kdl::Block { lines, one_line, ..kdl::Block::default() };
        written.parts.push(Part::Block { dropped: false, block });
    }
}

/// Adds a node with what was remarked on it.
fn finish(remark: Remark, mut written: kdl::Node, lines: &mut Vec<Line>) {
    lines.extend(comments(remark.head));
    if !remark.trail.is_empty() {
        written.trail = Some(format!("//{}", remark.trail.join(";")));
    }
    lines.push(Line::Node(written));
    lines.extend(comments(remark.tail));
}

/// Whether nothing stands behind the key.
fn no_value(node: &Node) -> bool {
    node.arguments.iter().all(|argument| argument.value.is_null())
}

fn contents<'a>(block: Option<&'static Block>, node: &'a Node, properties: bool) -> Contents<'a> {
    let arguments = if no_value(node) { &[] } else { node.arguments.as_slice() };
    Contents { block, arguments, children: &node.children, properties }
}

/// Whether a field is nothing but values.
fn is_leaf(field: &Field, node: &Node) -> bool {
    let blocks = field.kind.block().is_some() || matches!(field.kind, Kind::Pairs | Kind::Any);
    !blocks && node.children.is_empty() && !node.arguments.is_empty() && !no_value(node)
}

fn is_property(field: &Field, node: &Node) -> bool {
    is_leaf(field, node) && node.arguments.len() == 1
}
