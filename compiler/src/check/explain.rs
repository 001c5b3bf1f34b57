//! What a rule says of itself, as text and as Markdown.

use std::fmt::Write;

use super::Lint;
use crate::diagnostic::{Rule, Severity};
use crate::format::convert;
use crate::syntax::Spelling;

/// What stands above the examples.
const TITLES: [&str; 2] = ["Found here", "Nothing is found here"];

/// The text of `divisor explain`.
pub fn explanation(lint: &Lint) -> String {
    let Lint { rule, explanation, .. } = lint;
    let mut text = format!("{} ({})\n{}\n", rule.code, rule.name, kind(lint));
    let _ = write!(text, "\n{}\n", wrapped(explanation, 100)); // writing to a string cannot fail
    for (title, example) in TITLES.iter().zip([lint.bad, lint.good]) {
        for (name, example) in spellings(example) {
            let _ = write!(text, "\n{title}, in {}:\n\n{}", name.to_uppercase(), indented(&example));
        }
    }
    text
}

/// The section of a rule on its page.
pub fn markdown(lint: &Lint) -> String {
    let Lint { rule, explanation, .. } = lint;
    let mut text = format!("### {} `{}`\n\n*{}.* {explanation}\n", rule.code, rule.name, kind(lint));
    for (title, example) in
        TITLES.iter().zip([lint.bad, lint.good]).filter(|(_, example)| !example.is_empty())
    {
        let _ = write!(text, "\n{title}:\n");
        for (name, example) in spellings(example) {
            let _ = write!(text, "\n```{name}\n{example}```\n");
        }
    }
    text
}

/// An example in the language it is written in, and in the other one where that has the words.
pub(crate) fn spellings(example: &str) -> Vec<(&'static str, String)> {
    let example = example.trim_start();
    if example.is_empty() {
        return vec![];
    }
    let first = example.lines().next().unwrap_or_default();
    let is_yaml = first.ends_with(':') || first.contains(": ");
    let (own, other) = if is_yaml { (YAML, KDL) } else { (KDL, YAML) };
    let converted = convert(example, own.1, other.1).ok().map(|text| (other.0, text));
    std::iter::once((own.0, example.to_owned())).chain(converted).collect()
}

const KDL: (&str, Spelling) = ("kdl", Spelling::Kdl);
const YAML: (&str, Spelling) = ("yaml", Spelling::Yaml);

/// `error that no policy changes · family TLS, group security · mended by hand`.
fn kind(lint: &Lint) -> String {
    let level = match lint.level {
        Severity::Error if lint.is_hard() => "error that no policy changes",
        severity => severity.word(),
    };
    let fix = lint.fix().map_or("by hand", |safety| match safety {
        crate::diagnostic::Safety::Safe => "by `--fix`",
        crate::diagnostic::Safety::Unsafe => "by `--fix=unsafe`",
    });
    format!("{level} · family {}, group {} · mended {fix}", lint.family(), lint.group().word())
}

fn indented(example: &str) -> String {
    example.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect()
}

/// Text in lines of at most so many characters, as far as words allow.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                *line += &format!(" {word}")
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// The rules whose name, code or explanation has a word in it.
pub fn search(word: &str) -> Vec<&'static Lint> {
    let word = word.to_lowercase();
    let has = |lint: &&Lint| {
        let Rule { code, name } = lint.rule;
        [code, name, lint.explanation].iter().any(|text| text.to_lowercase().contains(&word))
    };
    super::catalogue().into_iter().filter(has).collect()
}

/// The rule with this code or name, in any case; otherwise the one whose name is nearest.
///
/// # Errors
/// The nearest rule, if one is near.
pub fn find(word: &str) -> Result<&'static Lint, Option<Rule>> {
    let lints = super::catalogue();
    let named = |lint: &&&Lint| {
        lint.rule.code.eq_ignore_ascii_case(word) || lint.rule.name.eq_ignore_ascii_case(word)
    };
    if let Some(lint) = lints.iter().find(named) {
        return Ok(lint);
    }
    let near = crate::model::closest(&word.to_lowercase(), lints.iter().map(|lint| lint.rule.name));
    let near = near.and_then(|near| lints.iter().find(|lint| lint.rule.name == near));
    Err(near.map(|lint| lint.rule))
}
