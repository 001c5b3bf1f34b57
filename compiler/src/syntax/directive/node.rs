//! `lint-allow "rule" reason="…" until="…"`: the same as a comment, for what is written by programs.

use super::super::tree::{Node, Scalar, Value};
use super::{Directive, KEY};
use crate::source::{File, Span, Spanned};

/// Takes the blocks out of `nodes`, which stand in `around`, and of what is below.
pub(super) fn take(file: &File, nodes: &mut Vec<Node>, around: Span, into: &mut Vec<Directive>) {
    into.extend(nodes.iter().filter(|node| node.name.value == KEY).map(|node| read(file, node, around)));
    nodes.retain(|node| node.name.value != KEY);
    for node in nodes {
        let span = node.span;
        take(file, &mut node.children, span, into);
    }
}

fn read(file: &File, node: &Node, around: Span) -> Directive {
    let mut directive = Directive {
        at: node.name.span,
        scope: Some(around),
        rules: node.arguments.iter().map(text).collect(),
        until: None,
        reason: None,
        fault: None,
        deletion: whole_line(file, node.span),
    };
    for child in &node.children {
        let value = child.arguments.first();
        match (child.name.value.as_str(), value) {
            ("rule", Some(_)) => directive.rules.extend(child.arguments.iter().map(text)),
            ("reason", Some(reason)) => directive.reason = Some(reason.value.text.clone()),
            ("until", Some(until)) => directive.until = Some(text(until)),
            (key, _) => {
                let help =
                    "write `lint-allow \"RULE\" reason=\"…\"`; keys are rule, reason, until".to_owned();
                directive.fault = Some((child.name.span, format!("`{key}` has no meaning"), help));
            }
        }
    }
    if directive.rules.is_empty() {
        let help = "write `lint-allow \"RULE\" reason=\"…\"`".to_owned();
        directive.fault = Some((node.name.span, "names no rule".to_owned(), help));
    }
    directive
}

fn text(value: &Spanned<Value>) -> Spanned<String> {
    let is_text = value.value.scalar == Scalar::Text;
    let text = if is_text { value.value.text.clone() } else { value.value.describe() };
    Spanned::new(text, value.span)
}

/// The lines of a block that has them for itself.
fn whole_line(file: &File, span: Span) -> Option<Span> {
    let (start, end) = ((span.start - file.base) as usize, (span.end - file.base) as usize);
    let line = file.line_start(file.line_of(span.start - file.base));
    let behind = file.text.get(end..)?;
    let rest = behind.find('\n').map_or(behind, |at| behind.get(..=at).unwrap_or(behind));
    let alone = file.text.get(line..start)?.trim().is_empty() && rest.trim().is_empty();
    alone.then(|| file.local_span(line, end + rest.len()))
}
