//! ```text
//! divisor: allow(RULE[, RULE…][, until=YYYY-MM-DD]) -- reason
//! divisor: file-allow(RULE[, …]) -- reason
//! ```

use super::entries::Entries;
use super::{Directive, MARK};
use crate::source::{File, Span, Spanned};

/// What to write, as help.
const FORM: &str = "write `divisor: allow(RULE) -- reason`";

/// Reads a comment. `None` when it says nothing to the linter.
pub(super) fn read(file: &File, comment: Span, entries: &Entries) -> Option<Directive> {
    let whole = text(file, comment)?;
    let inner = whole.trim_start_matches(['/', '#', '*']);
    let inner = if whole.starts_with("/*") { inner.strip_suffix("*/").unwrap_or(inner) } else { inner };
    let rest = inner.trim_start().strip_prefix(MARK)?.trim();
    let mut directive = Directive {
        at: comment,
        scope: None,
        rules: Vec::new(),
        until: None,
        reason: None,
        fault: None,
        deletion: deletion(file, comment),
    };
    let fault = |label: &str, help: &str| Some((comment, label.to_owned(), help.to_owned()));
    let Some((verb, rest)) = rest.split_once('(') else {
        directive.fault = fault("says nothing", FORM);
        return Some(directive);
    };
    match verb.trim() {
        "allow" => directive.scope = scope(file, comment, entries),
        "file-allow" if entries.none_before(comment) => directive.scope = Some(file.span()),
        "file-allow" => directive.fault = fault("not at the beginning", "put it in front of everything else"),
        _ => directive.fault = fault("not a word for the linter", FORM),
    }
    let Some((list, behind)) = rest.split_once(')') else {
        directive.fault = fault("has no `)`", FORM);
        return Some(directive);
    };
    for item in list.split(',') {
        let written = Spanned::new(item.trim().to_owned(), place(file, comment, item.trim())?);
        match item.trim().strip_prefix("until=") {
            Some(day) => directive.until = Some(Spanned::new(day.trim().to_owned(), written.span)),
            None if written.value.is_empty() => directive.fault = fault("names no rule", FORM),
            None => directive.rules.push(written),
        }
    }
    match behind.trim().strip_prefix("--") {
        Some(reason) => directive.reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty()),
        None if behind.trim().is_empty() => {}
        None => directive.fault = fault("no `--` in front of the reason", FORM),
    }
    Some(directive)
}

/// What a comment speaks about: the line in front of it, or what stands behind it.
fn scope(file: &File, comment: Span, entries: &Entries) -> Option<Span> {
    let start = file.base + line_start(file, comment) as u32;
    let is_line_comment = !text(file, comment)?.starts_with("/*");
    let alone = text(file, Span::new(start, comment.start))?.trim().is_empty();
    if is_line_comment && !alone {
        return Some(Span::new(start, comment.start));
    }
    entries.behind(file, comment)
}

/// A comment with its line, or with the space in front of it.
fn deletion(file: &File, comment: Span) -> Option<Span> {
    let start = line_start(file, comment);
    let before = file.text.get(start..(comment.start - file.base) as usize)?;
    let behind = file.text.get((comment.end - file.base) as usize..)?;
    let line_break = if behind.starts_with("\r\n") { 2 } else { u32::from(behind.starts_with('\n')) };
    let is_last = behind.is_empty() || line_break > 0;
    if before.trim().is_empty() && is_last {
        return Some(Span::new(file.base + start as u32, comment.end + line_break));
    }
    let space = (before.len() - before.trim_end().len()) as u32;
    Some(Span::new(comment.start - space, comment.end))
}

fn line_start(file: &File, span: Span) -> usize {
    file.line_start(file.line_of(span.start - file.base))
}

fn text(file: &File, span: Span) -> Option<&str> {
    file.text.get((span.start - file.base) as usize..(span.end - file.base) as usize)
}

/// The place of a part of a comment.
fn place(file: &File, comment: Span, part: &str) -> Option<Span> {
    let offset = (part.as_ptr() as usize).checked_sub(text(file, comment)?.as_ptr() as usize)?;
    let start = comment.start + u32::try_from(offset).ok()?;
    Some(Span::new(start, start + u32::try_from(part.len()).ok()?))
}
