//! Workflow commands of GitHub Actions: annotations on the lines of a pull request.

use std::fmt::Write;

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;

/// One annotation each, the worst first: the service shows only the first few of a step.
pub fn github(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    let mut output = String::new();
    for diagnostic in sorted {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let title = property(&format!("{} {}", diagnostic.code, diagnostic.name));
        let place = place(diagnostic, sources);
        // Writing to a string cannot fail.
        let _ = writeln!(output, "::{command} {place}title={title}::{}", data(&body(diagnostic)));
    }
    output
}

fn place(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let span = diagnostic.primary_span();
    let (Some(start), Some(end)) = (sources.location(span.start), sources.location(span.end)) else {
        return String::new();
    };
    let mut place = format!("file={},line={},endLine={},", property(start.file), start.line, end.line);
    // Columns are refused for anything longer than a line.
    if start.line == end.line {
        let _ = write!(place, "col={},endColumn={},", start.column, end.column);
    }
    place
}

fn body(diagnostic: &Diagnostic) -> String {
    let mut body = diagnostic.message.clone();
    for (what, text) in [("example", &diagnostic.witness), ("help", &diagnostic.help)] {
        if let Some(text) = text {
            let _ = write!(body, "\n{what}: {text}");
        }
    }
    body
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
