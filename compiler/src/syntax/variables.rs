//! `${NAME}` and `${NAME:-default}` in values.

use std::collections::BTreeMap;

use super::tree::{Node, Scalar, Value};
use crate::diagnostic::{Diagnostic, Findings, Rule};
use crate::source::{SourceMap, Span, Spanned};

/// Puts variables in place in every text of `nodes`.
pub(super) fn fill(
    nodes: &mut [Node],
    variables: &BTreeMap<String, String>,
    sources: &SourceMap,
    findings: &mut Findings,
) {
    for node in nodes {
        for argument in &mut node.arguments {
            if argument.value.scalar == Scalar::Text && argument.value.text.contains("${") {
                value(argument, variables, sources, findings);
            }
        }
        fill(&mut node.children, variables, sources, findings);
    }
}

fn value(
    argument: &mut Spanned<Value>,
    variables: &BTreeMap<String, String>,
    sources: &SourceMap,
    findings: &mut Findings,
) {
    let parts = split(&argument.value.text);
    let mut places = places(sources.text(argument.span), argument.span, &parts);
    let mut filled = String::new();
    let mut variable = false;
    let reported = findings.count();
    for part in &parts {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Variable { name, default } => {
                variable = true;
                let at = places.next().unwrap_or(argument.span);
                match variables.get(*name).map(String::as_str).or(*default) {
                    Some(text) => filled.push_str(text),
                    None => findings.push(unset(name, at)),
                }
            }
            Part::Broken => {
                let at = places.next().unwrap_or(argument.span);
                let found = Diagnostic::error(
                    Rule::UNRESOLVED_VARIABLE,
                    "`${` begins no variable",
                    at,
                    "begins here",
                );
                findings.push(found.help("write `${NAME}`, `${NAME:-default}`, or `$${` for the characters"));
            }
        }
    }
    // A variable can hold a number or a truth value: where one is due, it is one, as in YAML without quotes.
    if findings.count() > reported {
        argument.value.scalar = Scalar::Unknown;
    } else {
        argument.value = if variable { Value::filled(filled) } else { Value::quoted(filled) };
    }
}

fn unset(name: &str, at: Span) -> Diagnostic {
    Diagnostic::error(
        Rule::UNRESOLVED_VARIABLE,
        format!("variable `{name}` is not set"),
        at,
        "no default given",
    )
    .help(format!("pass `--set {name}=…` or `--env-file`, or give a default: `${{{name}:-…}}`"))
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Variable { name: &'a str, default: Option<&'a str> },
    Broken,
}

/// Cuts a text at its variables. `$${` is the text `${`.
fn split(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            parts.extend([Part::Text(before), Part::Text("${")]);
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        parts.push(Part::Text(before));
        let (part, length) = variable(from);
        parts.push(part);
        rest = from.get(length..).unwrap_or_default();
    }
    parts.push(Part::Text(rest));
    parts
}

/// The variable at the beginning of `text`, and its length.
fn variable(text: &str) -> (Part<'_>, usize) {
    let Some(end) = text.find('}') else { return (Part::Broken, 2) };
    let inside = text.get(2..end).unwrap_or_default();
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !word || name.starts_with(|first: char| first.is_ascii_digit()) {
        return (Part::Broken, end + 1);
    }
    (Part::Variable { name, default }, end + 1)
}

/// Where the variables stand in the source. Only when source and value agree on what variables there are: escapes
/// can hide one.
fn places(source: &str, span: Span, parts: &[Part<'_>]) -> std::vec::IntoIter<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    for part in split(source) {
        match part {
            Part::Text(text) => {
                // An escaped `$${` is two parts of the text but three characters of the source.
                let escaped = text == "${" && source.get(at..).is_some_and(|rest| rest.starts_with("$${"));
                at += text.len() + usize::from(escaped);
            }
            Part::Variable { name, default } => {
                let length = 3 + name.len() + default.map_or(0, |default| 2 + default.len());
                found.push(Span::new(span.start + at as u32, span.start + (at + length) as u32));
                at += length;
            }
            Part::Broken => {
                found.push(Span::new(span.start + at as u32, span.start + at as u32 + 2));
                let rest = source.get(at..).unwrap_or_default();
                at += variable(rest).1;
            }
        }
    }
    let expected = parts.iter().filter(|part| !matches!(part, Part::Text(_))).count();
    if expected == found.len() { found.into_iter() } else { Vec::new().into_iter() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> (String, Vec<String>) {
        let mut sources = SourceMap::default();
        let source = format!("\"{text}\"");
        let span = sources.add("a".into(), "/a".into(), source.clone()).unwrap().span();
        let variables =
            BTreeMap::from([("A".to_owned(), "1".to_owned()), ("EMPTY".to_owned(), String::new())]);
        let mut argument = Spanned::new(Value::quoted(text.to_owned()), span);
        let mut findings = Findings::default();
        value(&mut argument, &variables, &sources, &mut findings);
        let labels = findings.into_diagnostics();
        let labels = labels.iter().map(|found| sources.text(found.primary_span()).to_owned()).collect();
        (argument.value.text, labels)
    }

    #[test]
    fn variables_are_put_in_place() {
        assert_eq!(filled("x${A}y${B:-2}z"), ("x1y2z".into(), vec![]));
        assert_eq!(filled("${B:-}${EMPTY:-no}"), (String::new(), vec![]));
        assert_eq!(filled("$${A} $$${A} $"), ("${A} $${A} $".into(), vec![]));
    }

    #[test]
    fn what_is_not_set_is_labelled_at_its_characters() {
        assert_eq!(filled("ä$${x} ${A} ${NOPE}!").1, ["${NOPE}"]);
        assert_eq!(filled("${A").1, ["${"]);
        assert_eq!(filled("${1A} ${a b} ${}").1, ["${", "${", "${"]);
    }

    #[test]
    fn what_is_unknown_keeps_its_text() {
        assert_eq!(filled("a ${NOPE}").0, "a ${NOPE}");
    }

    #[test]
    fn a_variable_may_hold_a_number() {
        let mut argument = Spanned::new(Value::quoted("${A}".into()), Span::default());
        let variables = BTreeMap::from([("A".to_owned(), "8".to_owned())]);
        value(&mut argument, &variables, &SourceMap::default(), &mut Findings::default());
        assert_eq!(argument.value.scalar, Scalar::Integer(8));
    }
}
