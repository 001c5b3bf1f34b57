//! JSON for programs. Its keys are stable within a version.

use serde_json::{Value, json};

use super::count;
use crate::diagnostic::{Diagnostic, Fix, Label, Severity};
use crate::source::SourceMap;

/// The version of the form.
const VERSION: u32 = 1;

/// Everything in one object, with a newline at the end. Lines and columns count from 1, bytes from 0.
pub fn json(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let findings: Vec<Value> = diagnostics.iter().map(|diagnostic| finding(diagnostic, sources)).collect();
    let document = json!({
        "version": VERSION,
        "tool": { "name": "divisor", "version": env!("CARGO_PKG_VERSION") },
        "summary": {
            "error": count(diagnostics, Severity::Error),
            "warn": count(diagnostics, Severity::Warning),
            "info": count(diagnostics, Severity::Info),
        },
        "findings": findings,
    });
    format!("{document:#}\n")
}

fn finding(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warn",
        Severity::Info => "info",
    };
    let labels: Vec<Value> = diagnostic.labels.iter().filter_map(|it| label(it, sources)).collect();
    json!({
        "code": diagnostic.code,
        "name": diagnostic.name,
        "family": diagnostic.code.trim_end_matches(|c: char| c.is_ascii_digit()),
        "level": level,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "path": diagnostic.path,
        "labels": labels,
        "witness": diagnostic.witness,
        "fix": diagnostic.fixes.first().map(|it| fix(it, sources)),
    })
}

fn fix(fix: &Fix, sources: &SourceMap) -> Value {
    let edits = fix.edits.iter().filter_map(|edit| {
        let start = sources.location(edit.span.start)?;
        let end = sources.location(edit.span.end)?;
        Some(json!({
            "file": start.file,
            "start_byte": start.byte,
            "end_byte": end.byte,
            "text": edit.text,
        }))
    });
    let edits: Vec<Value> = edits.collect();
    json!({ "safety": fix.safety.word(), "title": fix.title, "edits": edits })
}

fn label(label: &Label, sources: &SourceMap) -> Option<Value> {
    let start = sources.location(label.span.start)?;
    let end = sources.location(label.span.end)?;
    Some(json!({
        "file": start.file,
        "start": { "line": start.line, "col": start.column, "byte": start.byte },
        "end": { "line": end.line, "col": end.column, "byte": end.byte },
        "text": label.text,
        "primary": label.primary,
    }))
}
