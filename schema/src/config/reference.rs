//! The vocabulary as a page: every block with its words.

use std::fmt::Write;

use super::{Block, Condition, EDITION, FLAT, Field, Kind, Presence, ROOT, Status, VARIABLES};

/// The reference of the language, in Markdown.
pub fn reference() -> String {
    let mut page = format!(
        "# Reference\n\n\
         Every word of the language, edition {EDITION}. This page is generated: `divisor schema --output md` prints it. \
         The [guide](guide.md) says what the words are for.\n\n\
         A word has the same name in KDL and in YAML, unless two names stand here: `backend`, `backends` is \
         `backend \"…\"` once for each in KDL, and a list under `backends` in YAML. What stands in brackets behind the \
         name of a block in KDL is written without a key: `probe \"/health\"` is `probe path=\"/health\"`, and \
         `probe: /health` in YAML.\n\n\
         Durations have a unit, `ms`, `s`, `m`, `h` or `d`; sizes `B`, `KiB`, `MiB` or `GiB`; rates a period, `/s`, `/m` \
         or `/h`; shares `%`. Anywhere in a value, `${{NAME}}` and `${{NAME:-default}}` are variables of the compilation.\n"
    );
    section(&mut page, &ROOT, "");
    variables(&mut page);
    page.push_str(
        "\n# The flat layout\n\nYAML with `backends` at the top level; [migrating](migrating.md) says what becomes of it.\n",
    );
    section(&mut page, &FLAT, "");
    page
}

/// What can stand in the values of headers.
fn variables(page: &mut String) {
    page.push_str(
        "\n## Variables of header values\n\n\
         Beside these, the names in the pattern of a route: `{id}`. They come first.\n\n| variable | is |\n| --- | --- |\n",
    );
    for variable in &VARIABLES {
        let _ = writeln!(page, "| `{}` | {} |", variable.name, variable.doc); // writing to a string cannot fail
    }
}

/// A block and, after it, the blocks in it.
fn section(page: &mut String, block: &'static Block, path: &str) {
    let title =
        if path.is_empty() { "The top level".to_owned() } else { format!("`{path}`{}", arguments(block)) };
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## {title}\n\n{}\n", block.doc);
    for what in ways(block) {
        let words = block.fields().filter(|field| field.alternative == Some(what));
        let words: Vec<String> = words.map(|field| format!("`{}`", field.kdl)).collect();
        let _ = write!(page, "\nExactly one of {}.\n", words.join(", "));
    }
    page.push_str("\n| word | takes | default | |\n| --- | --- | --- | --- |\n");
    for field in block.fields() {
        row(page, field);
    }
    for field in block.fields() {
        if let Some(inner) = field.kind.block() {
            let below = if path.is_empty() { field.kdl.to_owned() } else { format!("{path}.{}", field.kdl) };
            section(page, inner, &below);
        }
    }
}

fn arguments(block: &Block) -> String {
    let words: Vec<String> = block.arguments.iter().map(|word| format!("*{word}*")).collect();
    if words.is_empty() { String::new() } else { format!(" [{}]", words.join(" ")) }
}

fn ways(block: &'static Block) -> Vec<&'static str> {
    let mut ways: Vec<&str> = block.fields().filter_map(|field| field.alternative).collect();
    ways.dedup();
    ways.sort_unstable();
    ways.dedup();
    ways
}

fn row(page: &mut String, field: &Field) {
    let yaml = if field.yaml == field.kdl { String::new() } else { format!(", `{}`", field.yaml) };
    let default = match field.presence {
        Presence::Default("") => "nothing".to_owned(),
        Presence::Default(value) => format!("`{value}`"),
        Presence::Required => "*required*".to_owned(),
        Presence::Optional => String::new(),
    };
    let mut doc = field.doc.to_owned();
    let _ = match field.condition {
        Some(Condition::Written(other)) => write!(doc, " Only with `{other}`."),
        Some(Condition::Is(other, value)) => write!(doc, " Only with `{other}` `{value}`."),
        Some(Condition::IsNot(other, value)) => write!(doc, " Not with `{other}` `{value}`."),
        None => Ok(()),
    };
    let _ = match field.status {
        Status::Works => Ok(()),
        Status::Planned => write!(doc, " **Not served by this version.**"),
        Status::NoEffect(instead) => write!(doc, " No effect: {instead}."),
        Status::Historical(today) => write!(doc, " An old name of `{today}`."),
    };
    let takes = takes(&field.kind);
    let _ = writeln!(page, "| `{}`{yaml} | {takes} | {default} | {doc} |", field.kdl);
}

fn takes(kind: &Kind) -> String {
    kind.takes().replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::entries;

    #[test]
    fn every_word_is_on_the_page() {
        let page = reference();
        for entry in entries() {
            let (block, word) = entry.path.rsplit_once('.').unwrap_or(("", &entry.path));
            let section =
                if block.is_empty() { "## The top level".to_owned() } else { format!("## `{block}`") };
            let from = page.find(&section).unwrap_or_else(|| panic!("no {section}"));
            let row = page[from..].lines().find(|line| line.starts_with(&format!("| `{word}`")));
            assert!(row.is_some_and(|row| row.contains(entry.doc)), "{}", entry.path);
        }
    }
}
