//! The tree as the `kdl` crate reads it.

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};
use miette::SourceSpan;

use super::guard::{self, Fault};
use crate::source::{File, Span, Spanned};
use crate::syntax::tree::{Node, Scalar, Shape, Spelling, Style, Value};

/// The tree of a file, `Ok(None)` when it has none. What the crate would take too long for is a fault.
pub(super) fn read(file: &File) -> Result<Option<Vec<Node>>, Fault> {
    guard::check(&file.text)?;
    let document = KdlDocument::parse_v2(&file.text).ok();
    Ok(document.map(|document| document.nodes().iter().map(|node| Reader { file }.node(node)).collect()))
}

struct Reader<'a> {
    file: &'a File,
}

impl Reader<'_> {
    fn node(&self, node: &KdlNode) -> Node {
        let name = Spanned::new(node.name().value().to_owned(), span(self.file, node.name().span()));
        let mut read = Node {
            span: name.span,
            name,
            arguments: Vec::new(),
            children: Vec::new(),
            spelling: Spelling::Kdl,
            shape: Shape::Single,
        };
        for entry in node.entries() {
            self.entry(entry, &mut read);
        }
        for child in node.iter_children() {
            let child = self.node(child);
            read.span = read.span.to(child.span);
            read.children.push(child);
        }
        read
    }

    fn entry(&self, entry: &KdlEntry, node: &mut Node) {
        let whole = span(self.file, entry.span());
        // The crate knows no span of the value alone: it is the end of the entry, as long as its text.
        let text = entry.format().map(|format| format.value_repr.as_str()).unwrap_or_default();
        let start = whole.end.saturating_sub(text.len() as u32).max(whole.start);
        let value = Spanned::new(value(entry.value(), text), Span::new(start, whole.end));
        node.span = node.span.to(whole);
        match entry.name() {
            None => node.arguments.push(value),
            Some(name) => node.children.push(Node {
                name: Spanned::new(name.value().to_owned(), span(self.file, name.span())),
                arguments: vec![value],
                children: Vec::new(),
                span: whole,
                spelling: Spelling::Kdl,
                shape: Shape::Single,
            }),
        }
    }
}

fn value(value: &KdlValue, text: &str) -> Value {
    let scalar = match value {
        KdlValue::String(text) => return Value::quoted(text.clone()),
        KdlValue::Integer(number) => Scalar::Integer(*number),
        KdlValue::Float(number) => Scalar::Float(*number),
        KdlValue::Bool(flag) => Scalar::Bool(*flag),
        KdlValue::Null => Scalar::Null,
    };
    Value { scalar, text: text.to_owned(), style: Style::Literal }
}

fn span(file: &File, span: SourceSpan) -> Span {
    file.local_span(span.offset(), span.offset().saturating_add(span.len()))
}
