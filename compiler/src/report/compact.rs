//! One line for each diagnostic.

use std::fmt::Write;

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;

/// `path:line:col: error[SYN003] message`, one line each.
pub fn compact(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut output = String::new();
    for diagnostic in diagnostics {
        let place = match sources.location(diagnostic.primary_span().start) {
            Some(at) => format!("{}:{}:{}: ", at.file, at.line, at.column),
            None => String::new(),
        };
        let (severity, code) = (diagnostic.severity.word(), diagnostic.code);
        let suppressed = diagnostic.suppressed.as_ref().map(|it| format!(" (suppressed: {})", it.reason));
        let message = format!("{}{}", diagnostic.message, suppressed.unwrap_or_default());
        // Writing to a string cannot fail.
        let _ = writeln!(output, "{place}{severity}[{code}] {}", one_line(&message));
    }
    output
}

/// Text from a config can have line breaks; a line of output has none.
fn one_line(text: &str) -> String {
    text.replace('\r', "\\r").replace('\n', "\\n")
}
