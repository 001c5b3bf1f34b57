//! The one way to lay YAML out.

use super::{Document, Entry, Kind, Line, Value};
use crate::format::WIDTH;

const INDENT: usize = 2;

/// A document as text.
pub(in crate::format) fn print(document: &Document) -> String {
    let mut printer = Printer { text: String::new() };
    printer.lines(&document.head, 0);
    match document.root.as_ref().map(|root| &root.kind) {
        Some(Kind::Collection { entries, foot, is_list, .. }) if !entries.is_empty() => {
            printer.collection(*is_list, entries, foot, 0);
        }
        Some(Kind::Collection { is_list, foot, .. }) => {
            printer.text.push_str(if *is_list { "[]\n" } else { "{}\n" });
            printer.lines(foot, 0);
        }
        Some(Kind::Scalar(text)) => printer.text.push_str(&format!("{text}\n")),
        Some(Kind::Lines { .. }) | None => {}
    }
    let end = printer.text.trim_end_matches('\n').len();
    printer.text.truncate(end);
    if !printer.text.is_empty() {
        printer.text.push('\n');
    }
    printer.text
}

struct Printer {
    text: String,
}

impl Printer {
    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn lines(&mut self, lines: &[Line], indent: usize) {
        for line in lines {
            match line {
                Line::Blank if self.text.is_empty() || self.text.ends_with("\n\n") => {}
                Line::Blank => self.text.push('\n'),
                Line::Text(text) => {
                    self.indent(indent);
                    self.text.push_str(text);
                    self.text.push('\n');
                }
            }
        }
    }

    fn collection(&mut self, is_list: bool, entries: &[Entry], foot: &[Line], indent: usize) {
        for (number, entry) in entries.iter().enumerate() {
            let head = entry.head.as_slice();
            // No blank line begins a block.
            let skipped = if number == 0 && indent > 0 {
                head.iter().take_while(|line| **line == Line::Blank).count()
            } else {
                0
            };
            self.lines(head.get(skipped..).unwrap_or_default(), indent);
            self.indent(indent);
            let label = match &entry.key {
                _ if is_list => "-".to_owned(),
                Some(key) => format!("{key}:"),
                None => String::new(),
            };
            self.text.push_str(&label);
            self.value(entry, label.chars().count(), indent);
        }
        self.lines(foot, indent);
    }

    /// What stands behind a key or a `-`, with the end of the line.
    fn value(&mut self, entry: &Entry, label: usize, indent: usize) {
        let Value { properties, kind } = &entry.value;
        if !properties.is_empty() {
            self.text.push(' ');
            self.text.push_str(properties);
        }
        let column = indent + label + 1 + properties.chars().count() + usize::from(!properties.is_empty());
        match kind {
            Kind::Scalar(text) => {
                if !text.is_empty() {
                    self.text.push(' ');
                    self.text.push_str(text);
                }
                self.trail(entry);
            }
            Kind::Lines { header, lines } => {
                self.text.push(' ');
                self.text.push_str(header);
                self.trail(entry);
                for line in lines {
                    if !line.is_empty() {
                        self.indent(indent + INDENT);
                        self.text.push_str(line);
                    }
                    self.text.push('\n');
                }
            }
            Kind::Collection { is_list, entries, foot, .. } => {
                let flow = flow(&entry.value).filter(|flow| column + flow.chars().count() <= WIDTH);
                if let Some(flow) = flow {
                    self.text.push(' ');
                    self.text.push_str(&flow);
                    return self.trail(entry);
                }
                let nested = self.nested(*is_list, entries, foot, indent + INDENT);
                let begins_here = entry.key.is_none()
                    && properties.is_empty()
                    && entry.trail.is_none()
                    && entries.first().is_none_or(|first| first.head.iter().all(|line| *line == Line::Blank));
                if begins_here {
                    self.text.push(' ');
                    self.text.push_str(nested.trim_start_matches(' '));
                } else {
                    self.trail(entry);
                    self.text.push_str(&nested);
                }
            }
        }
    }

    fn nested(&self, is_list: bool, entries: &[Entry], foot: &[Line], indent: usize) -> String {
        let mut inner = Self { text: String::new() };
        inner.collection(is_list, entries, foot, indent);
        inner.text
    }

    fn trail(&mut self, entry: &Entry) {
        if let Some(trail) = &entry.trail {
            self.text.push(' ');
            self.text.push_str(trail);
        }
        self.text.push('\n');
    }
}

/// A collection between brackets, if nothing in it asks for lines of its own.
fn flow(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Scalar(text) => Some(text.clone()),
        Kind::Lines { .. } => None,
        Kind::Collection { is_list, entries, flow, foot } => {
            let comments = !foot.is_empty();
            if comments || !*flow && !entries.is_empty() {
                return None;
            }
            let inner: Vec<String> = entries.iter().map(flow_entry).collect::<Option<_>>()?;
            Some(match (is_list, inner.is_empty()) {
                (true, _) => format!("[{}]", inner.join(", ")),
                (false, true) => "{}".to_owned(),
                (false, false) => format!("{{ {} }}", inner.join(", ")),
            })
        }
    }
}

fn flow_entry(entry: &Entry) -> Option<String> {
    let plain = entry.trail.is_none() && entry.head.iter().all(|line| *line == Line::Blank);
    let value = flow(&entry.value).filter(|value| plain && !value.is_empty())?;
    let key = entry.key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default();
    let properties = &entry.value.properties;
    let space = if properties.is_empty() { "" } else { " " };
    Some(format!("{key}{properties}{space}{value}"))
}
