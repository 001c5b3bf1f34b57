//! Keys that have no meaning where they stand.

use divisor_schema::config::{Block, Field, Kind, Status};

use super::suggest::{closest, distance};
use crate::diagnostic::{Diagnostic, Fix, Rule, Safety};
use crate::syntax::{Node, Shape, Spelling};

/// The name of a field in a spelling.
pub(super) fn name(field: &Field, spelling: Spelling) -> &'static str {
    match spelling {
        Spelling::Kdl => field.kdl,
        Spelling::Yaml => field.yaml,
    }
}

/// The keys of a block that this version has, sorted.
pub(super) fn keys(block: &Block, spelling: Spelling) -> Vec<&'static str> {
    let works = |field: &&Field| field.status == Status::Works;
    let mut keys: Vec<_> = block.fields().filter(works).map(|field| name(field, spelling)).collect();
    keys.sort_unstable();
    keys
}

/// Whether a word is the name of a field in another spelling: `tls_min_version` for `tls-min-version`.
pub(super) fn same_word(word: &str, field: &Field, spelling: Spelling) -> bool {
    let plain = |word: &str| word.replace('_', "-").to_ascii_lowercase();
    plain(word) == plain(name(field, spelling))
}

/// What to say about a key that `block` does not have, and the field that was most likely meant.
pub(super) fn key(
    vocabulary: &'static Block,
    block: &'static Block,
    node: &Node,
) -> (Diagnostic, Option<&'static Field>) {
    let (word, spelling, span) = (node.name.value.as_str(), node.spelling, node.name.span);
    let here = keys(block, spelling);
    let valid = format!("keys of `{}` are {}", block.name, here.join(", "));
    let unknown = |label: String, help: String| {
        let message = format!("unknown key `{word}` in `{}`", block.name);
        Diagnostic::error(Rule::UNKNOWN_KEY, message, span, label).help(help)
    };
    let meant = |field: &'static Field| {
        let word = name(field, spelling);
        (unknown(format!("did you mean `{word}`?"), format!("write `{word}`; {valid}")), Some(field))
    };
    if let Some(field) = block.fields().find(|field| field.kdl == word || field.yaml == word) {
        return meant(field);
    }
    let close = closest(word, here.iter().copied());
    let field = close.and_then(|close| block.fields().find(|field| name(field, spelling) == close));
    if let Some(field) = field.filter(|field| distance(word, name(field, spelling), 1).is_some()) {
        return meant(field);
    }
    let places = places(vocabulary, spelling, word);
    if let Some(first) = places.first() {
        let message = format!("`{word}` has no meaning in `{}`", block.name);
        let help = format!("move it: it belongs in {}", places.join(", "));
        let found = Diagnostic::error(Rule::MISPLACED_KEY, message, span, format!("belongs in {first}"));
        return (found.help(help), None);
    }
    field.map_or_else(|| (unknown("not a key here".to_owned(), valid.clone()), None), meant)
}

/// With the change that gives a key the name of the field that was meant: a safe one where no other field is as near.
pub(super) fn renamed(found: Diagnostic, block: &Block, meant: &Field, node: &Node) -> Diagnostic {
    // The place of an item of a list is that of its contents, not of its key.
    if node.shape == Shape::Item {
        return found;
    }
    let (word, spelling) = (node.name.value.as_str(), node.spelling);
    let near = |key: &&str| distance(word, key, 2).is_some();
    let only = keys(block, spelling).iter().filter(|key| near(key)).count() == 1;
    let today = name(meant, spelling);
    let certain =
        same_word(word, meant, spelling) || only && near(&today) || meant.kdl == word || meant.yaml == word;
    let title = format!("rename `{word}` to `{today}`");
    let safety = if certain { Safety::Safe } else { Safety::Unsafe };
    found.fix(Fix::new(safety, title).edit(node.name.span, today))
}

/// Paths of the blocks that have a key.
fn places(vocabulary: &'static Block, spelling: Spelling, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(vocabulary, spelling, word, "", &mut found);
    found.sort_by_key(|path: &String| (path.matches('.').count(), path.clone()));
    found.truncate(3);
    found.into_iter().map(|path| format!("`{path}`")).collect()
}

fn walk(block: &Block, spelling: Spelling, word: &str, path: &str, found: &mut Vec<String>) {
    for field in block.fields() {
        let own = name(field, spelling);
        if own == word {
            found.push(if path.is_empty() { "the top level".to_owned() } else { path.to_owned() });
        }
        let inner = if path.is_empty() { own.to_owned() } else { format!("{path}.{own}") };
        let named = matches!(field.kind, Kind::Named(_)) && spelling == Spelling::Yaml;
        let inner = if named { format!("{inner}.<name>") } else { inner };
        if let Some(block) = field.kind.block() {
            walk(block, spelling, word, &inner, found);
        }
    }
}
