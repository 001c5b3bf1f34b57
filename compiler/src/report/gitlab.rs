//! A Code Quality report for GitLab.

use serde_json::{Value, json};

use super::fingerprint::fingerprints;
use super::{Report, family};
use crate::diagnostic::{Diagnostic, Severity};

/// One issue each: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
pub fn gitlab(report: &Report) -> String {
    let marked = report.findings.iter().zip(fingerprints(report));
    let active = marked.filter(|(found, _)| found.suppressed.is_none());
    let issues: Vec<Value> =
        active.map(|(found, (digits, number))| issue(report, found, &format!("{digits}:{number}"))).collect();
    format!("{:#}\n", Value::Array(issues))
}

fn issue(report: &Report, found: &Diagnostic, fingerprint: &str) -> Value {
    let span = found.primary_span();
    let root = report.sources.files().first().map_or("", |file| file.name.as_str());
    let (path, begin) =
        report.sources.location(span.start).map_or((root, 1), |location| (location.file, location.line));
    let end = report.sources.location(span.end).map_or(begin, |location| location.line);
    json!({
        "description": format!("{}: {}", found.code, found.message),
        "check_name": found.name,
        "fingerprint": fingerprint,
        "severity": severity(found),
        "location": { "path": path, "lines": { "begin": begin, "end": end } },
    })
}

fn severity(found: &Diagnostic) -> &'static str {
    match found.severity {
        Severity::Error if ["SEC", "CRT"].contains(&family(found.code)) => "critical",
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Info => "info",
    }
}
