//! Documents by section of the specification, and everything else against the `kdl` crate.

use crate::diagnostic::{Diagnostic, Findings};
use crate::source::SourceMap;
use crate::syntax::tree::{Node, Scalar, Value};

mod differential;
mod guard;
mod mistakes;
mod oracle;
mod sections;
mod values;

/// The tree of a text, and what was found in it.
fn parse(text: &str) -> (Option<Vec<Node>>, Vec<Diagnostic>) {
    let (mut sources, mut findings) = (SourceMap::default(), Findings::default());
    let file = sources.add("a.kdl".into(), "a.kdl".into(), text.into()).unwrap();
    let nodes = super::read(file, &mut findings);
    (nodes, findings.into_diagnostics())
}

/// The tree in one line: names, arguments, and in braces properties and children.
fn shown(nodes: &[Node]) -> String {
    let value = |value: &Value| match value.scalar {
        Scalar::Text => format!(" {:?}", value.text),
        Scalar::Integer(number) => format!(" {number}"),
        Scalar::Float(number) => format!(" {number:?}"),
        Scalar::Bool(flag) => format!(" #{flag}"),
        Scalar::Null => " #null".to_owned(),
        Scalar::Unknown => " ?".to_owned(),
    };
    let node = |node: &Node| {
        let arguments: String = node.arguments.iter().map(|argument| value(&argument.value)).collect();
        let children =
            if node.children.is_empty() { String::new() } else { format!(" {{{}}}", shown(&node.children)) };
        format!("{}{arguments}{children}", node.name.value)
    };
    nodes.iter().map(node).collect::<Vec<_>>().join("; ")
}

/// Each text reads as the tree beside it.
#[track_caller]
fn reads(cases: &[(&str, &str)]) {
    for (text, tree) in cases {
        let (nodes, found) = parse(text);
        let only_annotations = found.iter().all(|found| found.message.starts_with("type annotations"));
        assert!(only_annotations, "{text:?}: {found:#?}");
        assert_eq!(shown(&nodes.unwrap()), *tree, "{text:?}");
    }
}

/// Each text is refused, with help.
#[track_caller]
fn refuses(cases: &[&str]) {
    for text in cases {
        let (nodes, found) = parse(text);
        assert!(nodes.is_none(), "{text:?}: {}", shown(&nodes.unwrap_or_default()));
        assert!(!found.is_empty(), "{text:?} is refused without a word");
        assert!(found.iter().all(|found| found.help.is_some()), "{text:?}");
    }
}
