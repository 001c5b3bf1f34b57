//! KDL 2.0 into the tree.

use kdl::{KdlDiagnostic, KdlDocument, KdlEntry, KdlNode, KdlValue};
use miette::SourceSpan;

use super::guard;
use super::tree::{Node, Scalar, Shape, Spelling, Style, Value};
use crate::diagnostic::{Diagnostic, Findings, Rule};
use crate::source::{File, Span, Spanned};

/// Stack of the thread that parses: enough for the nesting that the guard lets through.
const STACK: usize = 64 << 20;

/// Reads a KDL file. `None` when it could not be read; `findings` then says why.
pub(super) fn read(file: &File, findings: &mut Findings) -> Option<Vec<Node>> {
    if let Err(fault) = guard::check(&file.text) {
        let span = file.local_span(fault.at.start, fault.at.end);
        findings
            .push(Diagnostic::error(Rule::SYNTAX_ERROR, fault.message, span, fault.label).help(fault.help));
        return None;
    }
    match parse(&file.text) {
        Ok(document) => {
            let mut reader = Reader { file, findings };
            Some(document.nodes().iter().map(|node| reader.node(node)).collect())
        }
        Err(errors) => {
            report(file, &errors, findings);
            None
        }
    }
}

fn parse(text: &str) -> Result<KdlDocument, Vec<KdlDiagnostic>> {
    let parse = || KdlDocument::parse_v2(text).map_err(|error| error.diagnostics);
    std::thread::scope(|scope| {
        // Without a thread of its own the parser runs here; the guard has bounded what it needs.
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        thread.map_or_else(|_| parse(), |thread| thread.join().unwrap_or_else(|_| Err(Vec::new())))
    })
}

struct Reader<'a> {
    file: &'a File,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn node(&mut self, node: &KdlNode) -> Node {
        let name = Spanned::new(node.name().value().to_owned(), span(self.file, node.name().span()));
        self.no_type(node.ty().map(|ty| ty.span()));
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

    fn entry(&mut self, entry: &KdlEntry, node: &mut Node) {
        self.no_type(entry.ty().map(|ty| ty.span()));
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

    fn no_type(&mut self, annotation: Option<SourceSpan>) {
        let Some(annotation) = annotation else { return };
        let span = span(self.file, annotation);
        let found = Diagnostic::error(
            Rule::SYNTAX_ERROR,
            "type annotations have no meaning here",
            span,
            "annotation",
        );
        self.findings.push(found.help("take it away, with its parentheses"));
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

/// One diagnostic for each line: what the parser says further on a line follows from the first.
fn report(file: &File, errors: &[KdlDiagnostic], findings: &mut Findings) {
    let mut errors: Vec<&KdlDiagnostic> = errors.iter().collect();
    errors.sort_by_key(|error| (error.span.offset(), error.span.len()));
    let mut last_line = None;
    for error in errors {
        let line = file.line_of(file.local_span(error.span.offset(), error.span.offset()).start - file.base);
        if last_line == Some(line) {
            continue;
        }
        last_line = Some(line);
        findings.push(translate(file, error));
    }
    if last_line.is_none() {
        let message = format!("`{}` is no KDL 2", file.name);
        findings.push(Diagnostic::error(Rule::SYNTAX_ERROR, message, file.local_span(0, 0), "begins here"));
    }
}

fn translate(file: &File, error: &KdlDiagnostic) -> Diagnostic {
    let start = error.span.offset();
    let text = file.text.get(start..start.saturating_add(error.span.len())).unwrap_or_default().trim_end();
    // What is wrong with a property is its value, and the parser can stop in the middle of a word.
    let value =
        start + text.split_once('=').filter(|(key, _)| !key.is_empty()).map_or(0, |(key, _)| key.len() + 1);
    let ends = |c: char| c.is_whitespace() || ";{}()\"".contains(c);
    let word = file.text.get(value..).and_then(|rest| rest.split(ends).next()).unwrap_or_default();
    let at = file.local_span(value, value + word.len());
    if let "true" | "false" | "null" = word {
        let message = format!("`{word}` is KDL 1; this file is KDL 2");
        let found = Diagnostic::error(Rule::SYNTAX_ERROR, message, at, format!("write `#{word}`"));
        return found.help("in KDL 2 the keywords are `#true`, `#false` and `#null`");
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<f64>().is_err() {
        let message = format!("`{}` is neither a number nor text", shortened(word));
        let found = Diagnostic::error(Rule::SYNTAX_ERROR, message, at, "needs quotes");
        return found.help(format!("write `\"{}\"`", shortened(word)));
    }
    let (message, help) = wording(error.message.as_deref().unwrap_or_default(), &shortened(text));
    Diagnostic::error(Rule::SYNTAX_ERROR, message, span(file, error.span), "here").help(help)
}

/// What the parser says, in the words of this program.
fn wording(message: &str, text: &str) -> (String, &'static str) {
    let lower = message.to_ascii_lowercase();
    if lower.contains("multi-line") || lower.contains("multiline") {
        let help = "write `\"\"\"`, a line break, the lines, and `\"\"\"` on a line of its own with the space that begins \
                    each of them";
        return ("text of several lines is not laid out as such".to_owned(), help);
    }
    match message {
        "Found child block instead of node name" => {
            ("a block has no name".to_owned(), "write a name before `{`, on the same line")
        }
        "Expected property value" => ("a property has no value".to_owned(), "write `key=\"value\"`"),
        "Expected keyword" => {
            (format!("`{text}` is no keyword"), "the keywords are `#true`, `#false` and `#null`")
        }
        _ if text.starts_with('=') => {
            (format!("unexpected `{text}`"), "write `key value`, or `node key=value`")
        }
        _ if text.is_empty() => ("something is missing".to_owned(), "look at what stands before"),
        _ => (format!("unexpected `{text}`"), "put text in quotes, and a space between two values"),
    }
}

/// The beginning of a text, for a message.
fn shortened(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(40).collect()
}
