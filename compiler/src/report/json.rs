//! JSON for programs. Its keys are stable within a version; `docs/output.md` describes them.

use serde_json::{Value, json};

use super::fingerprint::fingerprints;
use super::{Report, family, rule_of, url};
use crate::diagnostic::{Diagnostic, Fix, Label, Safety, Severity, Suppression, Undecided};
use crate::source::SourceMap;

/// The version of the form.
const VERSION: u32 = 1;

/// Everything in one object, with a newline at the end. Lines and columns count from 1, bytes from 0.
pub fn json(report: &Report) -> String {
    let marked = report.findings.iter().zip(fingerprints(report));
    let findings: Vec<Value> =
        marked.map(|(found, mark)| finding(found, &fingerprint(mark), &report.sources)).collect();
    let deferred: Vec<Value> = report.undecided.iter().map(undecided).collect();
    let document = json!({
        "version": VERSION,
        "tool": {
            "name": "divisor",
            "version": env!("CARGO_PKG_VERSION"),
            "edition": divisor_schema::config::EDITION,
        },
        "summary": {
            "error": report.count(Severity::Error),
            "warn": report.count(Severity::Warning),
            "info": report.count(Severity::Info),
            "suppressed": report.suppressed,
            "deferred": report.undecided.len(),
            "fixable_safe": report.fixable(Safety::Safe),
            "fixable_unsafe": report.fixable(Safety::Unsafe),
        },
        "findings": findings,
        "deferred": deferred,
    });
    format!("{document:#}\n")
}

/// The digits, and which one it is among equal ones where there is more than one.
fn fingerprint((digits, number): (String, usize)) -> String {
    if number == 1 { digits } else { format!("{digits}:{number}") }
}

fn finding(diagnostic: &Diagnostic, fingerprint: &str, sources: &SourceMap) -> Value {
    let labels: Vec<Value> = diagnostic.labels.iter().filter_map(|it| label(it, sources)).collect();
    json!({
        "code": diagnostic.code,
        "name": diagnostic.name,
        "family": family(diagnostic.code),
        "level": level(diagnostic.severity),
        "level_source": diagnostic.level_source.word(),
        "message": diagnostic.message,
        "help": diagnostic.help,
        "url": url(rule_of(diagnostic)),
        "path": diagnostic.path,
        "labels": labels,
        "witness": diagnostic.witness.as_deref().map(witness),
        "fix": diagnostic.fixes.first().map(|it| fix(it, sources)),
        "fingerprint": fingerprint,
        "suppressed": diagnostic.suppressed.as_ref().map(suppression),
    })
}

/// The word for a level in documents.
pub(crate) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warn",
        Severity::Info => "info",
    }
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

/// A request begins with its method; everything else is an example in words.
fn witness(text: &str) -> Value {
    let text = text.trim_matches('`');
    let method = text.split(' ').next().unwrap_or_default();
    let is_request = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    json!({ "kind": if is_request { "request" } else { "example" }, "text": text })
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

fn suppression(suppression: &Suppression) -> Value {
    json!({ "kind": "in-source", "reason": suppression.reason, "until": suppression.until })
}

fn undecided(undecided: &Undecided) -> Value {
    json!({
        "code": undecided.rule.code,
        "name": undecided.rule.name,
        "subject": undecided.subject,
        "reason": undecided.reason,
        "recheck": undecided.recheck,
    })
}
