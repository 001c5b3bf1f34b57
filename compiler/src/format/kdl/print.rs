//! The one way to lay KDL out.

use super::{Block, Line, Node, Part};
use crate::format::WIDTH;

const INDENT: usize = 4;

/// A document as text.
pub(in crate::format) fn print(document: &Block) -> String {
    let mut printer = Printer { text: String::new() };
    printer.lines(&document.lines, 0);
    printer.text
}

struct Printer {
    text: String,
}

impl Printer {
    fn lines(&mut self, lines: &[Line], indent: usize) {
        let mut last: Option<&Line> = None;
        let end = lines.iter().rposition(|line| *line != Line::Blank).map_or(0, |last| last + 1);
        for line in lines.iter().take(end) {
            match line {
                Line::Blank if last.is_none_or(|last| *last == Line::Blank) => {}
                Line::Blank => self.text.push('\n'),
                Line::Comment(comment) => {
                    self.indent(indent);
                    self.text.push_str(comment);
                    self.text.push('\n');
                }
                Line::Node(node) => self.node(node, indent),
            }
            last = Some(line);
        }
    }

    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn node(&mut self, node: &Node, indent: usize) {
        let mut column = indent;
        self.indent(indent);
        if let Some(line) = one_line(node).filter(|line| indent + line.chars().count() <= WIDTH) {
            self.text.push_str(&line);
        } else {
            let mut first = true;
            for part in &node.parts {
                match part {
                    Part::Text(text) => self.entry(text, &mut column, indent, &mut first),
                    Part::Continued(comment) => {
                        self.text.push_str(" \\ ");
                        self.text.push_str(comment);
                        self.text.push('\n');
                        self.indent(indent + INDENT);
                        (column, first) = (indent + INDENT, true);
                    }
                    Part::Block { dropped, block } => {
                        self.block(*dropped, block, &mut column, indent, &mut first)
                    }
                }
            }
        }
        if let Some(trail) = &node.trail {
            self.text.push(' ');
            self.text.push_str(trail);
        }
        self.text.push('\n');
    }

    /// Adds an entry, on a line of its own where it would not fit.
    fn entry(&mut self, text: &str, column: &mut usize, indent: usize, first: &mut bool) {
        // Text of several lines says itself where its lines begin.
        let width = text.lines().next().map_or(0, |line| line.chars().count());
        if !*first {
            if *column + 1 + width > WIDTH {
                self.text.push_str(" \\\n");
                self.indent(indent + INDENT);
                *column = indent + INDENT;
            } else {
                self.text.push(' ');
                *column += 1;
            }
        }
        *first = false;
        self.text.push_str(text);
        *column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => *column + width,
        };
    }

    fn block(&mut self, dropped: bool, block: &Block, column: &mut usize, indent: usize, first: &mut bool) {
        if !*first {
            self.text.push(' ');
        }
        *first = false;
        self.text.push_str(if dropped { "/-{" } else { "{" });
        if let Some(comment) = &block.opening {
            self.text.push(' ');
            self.text.push_str(comment);
        }
        if block.opening.is_some() || block.lines.iter().any(|line| *line != Line::Blank) {
            self.text.push('\n');
            self.lines(&block.lines, indent + INDENT);
            self.indent(indent);
        }
        self.text.push('}');
        *column = indent + 1;
    }
}

/// A node on one line, if nothing in it asks for more.
fn one_line(node: &Node) -> Option<String> {
    let mut text = String::new();
    for part in &node.parts {
        if !text.is_empty() {
            text.push(' ');
        }
        match part {
            Part::Text(part) if !part.contains('\n') => text.push_str(part),
            Part::Text(_) | Part::Continued(_) => return None,
            Part::Block { dropped, block } => {
                let nodes: Vec<&Node> = block
                    .lines
                    .iter()
                    .map(|line| match line {
                        Line::Node(node) if node.trail.is_none() => Some(node),
                        _ => None,
                    })
                    .collect::<Option<_>>()?;
                let inner: Vec<String> = nodes.into_iter().map(one_line).collect::<Option<_>>()?;
                if block.opening.is_some() || !block.one_line && !inner.is_empty() {
                    return None;
                }
                text.push_str(if *dropped { "/-{" } else { "{" });
                if !inner.is_empty() {
                    text.push_str(&format!(" {} ", inner.join("; ")));
                }
                text.push('}');
            }
        }
    }
    Some(text)
}
