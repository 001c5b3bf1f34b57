//! SARIF 2.1.0, as far as code scanning services show it:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use serde_json::{Map, Value, json};

use super::fingerprint::fingerprints;
use super::json::level;
use super::{Report, family, url};
use crate::check::{Lint, catalogue};
use crate::diagnostic::{Diagnostic, Fix, Label, Severity, Undecided};
use crate::source::Span;

/// How many results a service shows; what is beyond is counted in a notification.
const RESULTS_MAX: usize = 5000;
/// The longest description that a service shows, in characters.
const DESCRIPTION_MAX: usize = 1024;
/// What paths are relative to.
const BASE: &str = "SRCROOT";

/// One run with all rules, all findings and everything that was not decided.
pub fn sarif(report: &Report) -> String {
    let rules = catalogue();
    let mut marked: Vec<(&Diagnostic, (String, usize))> =
        report.findings.iter().zip(fingerprints(report)).collect();
    let hidden = marked.len().saturating_sub(RESULTS_MAX);
    if hidden > 0 {
        marked.sort_by_key(|(found, _)| std::cmp::Reverse(found.severity));
        marked.truncate(RESULTS_MAX);
    }
    let results: Vec<Value> =
        marked.into_iter().map(|(found, mark)| result(report, &rules, found, mark)).collect();
    let mut notifications: Vec<Value> = report.undecided.iter().map(undecided).collect();
    if hidden > 0 {
        let text = format!("{hidden} more findings are not in this report");
        notifications.push(notification(&text, "INV002"));
    }
    let run = json!({
        "tool": { "driver": driver(&rules) },
        "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
        "originalUriBaseIds": { BASE: { "description": { "text": "the root of the repository" } } },
        "automationDetails": { "id": "divisor-lint/" },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    format!("{log:#}\n")
}

fn driver(rules: &[&Lint]) -> Value {
    json!({
        "name": "divisor",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules.iter().map(|lint| rule(lint)).collect::<Vec<_>>(),
    })
}

fn rule(lint: &Lint) -> Value {
    let family = family(lint.rule.code);
    let group = lint.group();
    let mut tags = vec![family, group.word()];
    tags.dedup();
    let mut properties = Map::new();
    properties.insert("tags".into(), json!(tags));
    properties.insert("precision".into(), json!("high"));
    let problem = match lint.level {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    };
    properties.insert("problem.severity".into(), json!(problem));
    if let Some(score) = security_severity(lint) {
        properties.insert("security-severity".into(), json!(score));
    }
    let text = shortened(lint.explanation);
    json!({
        "id": lint.rule.code,
        "name": lint.rule.name,
        "shortDescription": { "text": lint.rule.name.replace('-', " ") },
        "fullDescription": { "text": text },
        "help": { "text": lint.explanation, "markdown": crate::check::markdown(lint) },
        "helpUri": url(lint.rule),
        "defaultConfiguration": { "level": sarif_level(lint.level) },
        "properties": properties,
    })
}

/// A score as services expect it of a rule about security, and of no other: from 0.0 to 10.0, as text.
fn security_severity(lint: &Lint) -> Option<&'static str> {
    let about_security = lint.group() == crate::check::Group::Security;
    about_security.then_some(match (lint.rule.code, lint.level) {
        ("CRT017" | "SEC013", _) => "9.1",
        (_, Severity::Error) => "7.5",
        (_, Severity::Warning) => "5.0",
        (_, Severity::Info) => "2.0",
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(DESCRIPTION_MAX).collect()
}

fn sarif_level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(report: &Report, rules: &[&Lint], found: &Diagnostic, (digits, number): (String, usize)) -> Value {
    let others: Vec<&Label> = found.labels.iter().filter(|label| !label.primary).collect();
    let related: Vec<Value> = (1..).zip(&others).map(|(id, label)| related(report, id, label)).collect();
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(found.code));
    if let Some(index) = rules.iter().position(|lint| lint.rule.code == found.code) {
        result.insert("ruleIndex".into(), json!(index));
    }
    result.insert("level".into(), json!(sarif_level(found.severity)));
    result.insert("kind".into(), json!("fail"));
    result.insert("message".into(), json!({ "text": message(found, &others) }));
    result.insert("locations".into(), json!([location(report, found)]));
    result.insert("relatedLocations".into(), json!(related));
    let fingerprint = format!("{digits}:{number}");
    result.insert("partialFingerprints".into(), json!({ "primaryLocationLineHash": fingerprint }));
    if !found.fixes.is_empty() {
        let fixes: Vec<Value> = found.fixes.iter().map(|it| fix(report, it)).collect();
        result.insert("fixes".into(), json!(fixes));
    }
    if let Some(suppression) = &found.suppressed {
        let suppression = json!({ "kind": "inSource", "justification": suppression.reason });
        result.insert("suppressions".into(), json!([suppression]));
    }
    let source = found.level_source.word();
    result.insert("properties".into(), json!({ "level": level(found.severity), "levelSource": source }));
    Value::Object(result)
}

/// The message, with a link to each of the other places: services show them in no other way.
fn message(found: &Diagnostic, others: &[&Label]) -> String {
    let mut text = escaped(&found.message);
    let links: Vec<String> = (1..)
        .zip(others)
        .map(|(id, label)| {
            let words = if label.text.is_empty() { "here" } else { label.text.as_str() };
            format!("[{}]({id})", escaped(words))
        })
        .collect();
    if !links.is_empty() {
        text += &format!(" ({})", links.join(", "));
    }
    text += ".";
    for (what, more) in [("Example", &found.witness), ("Help", &found.help)] {
        if let Some(more) = more {
            text += &format!("\n{what}: {}", escaped(more));
        }
    }
    text
}

/// Brackets begin a link (section 3.11.6).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn location(report: &Report, found: &Diagnostic) -> Value {
    let mut location = physical(report, found.primary_span());
    if let (Some(path), Value::Object(fields)) = (&found.path, &mut location) {
        fields.insert("logicalLocations".into(), json!([{ "fullyQualifiedName": path }]));
    }
    location
}

fn related(report: &Report, id: usize, label: &Label) -> Value {
    let mut location = physical(report, label.span);
    if let Value::Object(fields) = &mut location {
        fields.insert("id".into(), json!(id));
        fields.insert("message".into(), json!({ "text": label.text }));
    }
    location
}

/// A place in a file; the beginning of the root file for what has none.
fn physical(report: &Report, span: Span) -> Value {
    let root = report.sources.files().first().map_or("", |file| file.name.as_str());
    let name = report.sources.location(span.start).map_or(root, |at| at.file);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(name), "uriBaseId": BASE },
            "region": region(report, span, true),
        },
    })
}

fn region(report: &Report, span: Span, with_snippet: bool) -> Value {
    let places = report.sources.location(span.start).zip(report.sources.location(span.end));
    let Some((start, end)) = places else {
        return json!({ "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1 });
    };
    let mut region = json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "byteOffset": start.byte,
        "byteLength": end.byte - start.byte,
    });
    if let (true, Value::Object(fields)) = (with_snippet, &mut region) {
        fields.insert("snippet".into(), json!({ "text": report.sources.text(span) }));
    }
    region
}

/// A path as a reference (RFC 3986, section 4.2).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into())
            }
            byte => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

fn fix(report: &Report, fix: &Fix) -> Value {
    let mut changes: Vec<(&str, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let Some(at) = report.sources.location(edit.span.start) else { continue };
        let replacement = json!({
            "deletedRegion": region(report, edit.span, false),
            "insertedContent": { "text": edit.text },
        });
        match changes.iter_mut().find(|(file, _)| *file == at.file) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((at.file, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| {
            let artifact = json!({ "uri": uri(file), "uriBaseId": BASE });
            json!({ "artifactLocation": artifact, "replacements": replacements })
        })
        .collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": changes,
        "properties": { "fixSafety": fix.safety.word() },
    })
}

fn undecided(undecided: &Undecided) -> Value {
    let Undecided { rule, subject, reason, recheck } = undecided;
    notification(&format!("{} not decided: `{subject}` {reason} ({recheck} decides)", rule.name), rule.code)
}

fn notification(text: &str, code: &str) -> Value {
    json!({ "level": "note", "message": { "text": text }, "associatedRule": { "id": code } })
}
