//! Workflow commands of GitHub Actions: annotations on the lines of a pull request.

use std::fmt::Write;

use super::{Report, rule_of, url};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::SourceMap;

/// How many annotations of each severity the service shows of one step.
const SHOWN_MAX: usize = 10;

/// One annotation each, the worst first: the service shows only the first few of a step, and the last one says how many
/// there are beyond these.
pub fn github(report: &Report) -> String {
    let mut sorted: Vec<&Diagnostic> = report.active().collect();
    sorted.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    let mut output = String::new();
    for diagnostic in sorted {
        let title = property(&format!("{} {}", diagnostic.code, diagnostic.name));
        let place = place(diagnostic, &report.sources);
        let command = command(diagnostic.severity);
        // Writing to a string cannot fail.
        let _ = writeln!(output, "::{command} {place}title={title}::{}", data(&body(diagnostic)));
    }
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    let hidden = severities.map(|severity| report.count(severity).saturating_sub(SHOWN_MAX));
    let hidden: usize = hidden.iter().sum();
    if hidden > 0 {
        let _ =
            writeln!(output, "::notice title=divisor::{hidden} more findings are in the log of this step");
    }
    if let Some(gaps) = report.gaps() {
        let _ = writeln!(output, "::notice title=divisor::{}", data(&gaps));
    }
    output
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
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
    let _ = write!(body, "\ndocs: {}", url(rule_of(diagnostic)));
    body
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
