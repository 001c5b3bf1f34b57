//! The flat layout in the full one: the same plan, in words that say what they mean.

mod listener;
mod policy;
mod pool;

use divisor_schema::config::{Block, FLAT, Status};

use super::convert::{self, Remarks};
use super::{Refusal, field, is_flat};
use crate::source::{Span, Spanned};
use crate::syntax::{self, Node, Parsed, Scalar, Shape, Spelling, Style, Value};

/// A flat config in the full layout.
#[derive(Debug)]
pub struct Migration {
    /// Its text.
    pub text: String,
    /// What is not in it, a sentence each; they stand in it as comments, too.
    pub missing: Vec<String>,
}

/// Writes a config in the flat layout in the full one, in either spelling.
///
/// # Errors
/// [`Refusal`] when it does not parse, or is not in the flat layout.
pub fn migrate(text: &str, to: Spelling) -> Result<Migration, Refusal> {
    let Parsed { sources, nodes, diagnostics } = syntax::parse(text, Spelling::Yaml);
    let Some(nodes) = nodes.filter(|_| diagnostics.is_empty()) else {
        return Err(Refusal::Broken(diagnostics));
    };
    if !is_flat(&nodes) {
        let why = "it is not in the flat layout, which has `backends` at its top";
        return Err(Refusal::Inexpressible(why.to_owned()));
    }
    let mut migrator = Migrator { missing: Vec::new() };
    let root = Section { children: &nodes, at: ORIGINLESS };
    let full = migrator.config(root);
    let mut remarks = Remarks::new(&sources, &nodes, Spelling::Yaml);
    remarks.open_with(nodes.first().map(|first| first.name.span));
    let missing = migrator.missing;
    remarks.opening.extend(missing.iter().map(|line| Some(format!(" not migrated: {line}"))));
    if !remarks.opening.is_empty() {
        remarks.opening.push(None);
    }
    let yaml = super::format(&convert::write_with(&full, remarks, Spelling::Yaml)?, Spelling::Yaml)?;
    let text = super::convert(&yaml, Spelling::Yaml, to)?;
    Ok(Migration { text, missing })
}

/// The place of what stands nowhere in the flat file.
const ORIGINLESS: Span = Span { start: u32::MAX, end: u32::MAX };

/// The keys of a block of the flat layout.
#[derive(Clone, Copy)]
struct Section<'a> {
    children: &'a [Node],
    /// The key that it stands behind.
    at: Span,
}

impl<'a> Section<'a> {
    fn get(self, key: &str) -> Option<&'a Node> {
        self.children.iter().find(|node| node.name.value == key)
    }

    /// The value of a key, if it is one.
    fn value(self, key: &str) -> Option<(&'a Node, &'a Spanned<Value>)> {
        let node = self.get(key)?;
        match node.arguments.as_slice() {
            [only] if !only.value.is_null() && node.children.is_empty() => Some((node, only)),
            _ => None,
        }
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.value(key).map(|(_, value)| value.value.text.as_str())
    }

    fn is_on(self, key: &str) -> bool {
        self.value(key).is_some_and(|(_, value)| value.value.scalar == Scalar::Bool(true))
    }

    /// The block behind a key; without it, one without keys.
    fn section(self, key: &str) -> Section<'a> {
        match self.get(key) {
            Some(node) => Section { children: &node.children, at: node.name.span },
            None => Section { children: &[], at: ORIGINLESS },
        }
    }
}

/// Gathers what has no equivalent.
struct Migrator {
    missing: Vec<String>,
}

impl Migrator {
    fn config(&mut self, root: Section<'_>) -> Vec<Node> {
        self.without_equivalent(&FLAT, root, "");
        let name = || quoted("default");
        let listener = self.listener(root);
        let pool = self.pool(root);
        let policy = self.policy(root);
        let action = node("pool", ORIGINLESS, vec![name()], Vec::new());
        vec![
            node("listener", ORIGINLESS, vec![name()], listener),
            node("pool", ORIGINLESS, vec![name()], pool),
            node("policy", ORIGINLESS, vec![name()], policy),
            node("route", ORIGINLESS, vec![quoted("/**")], vec![action]),
        ]
    }

    fn miss(&mut self, key: &str, why: &str) {
        let sentence = format!("`{key}`: {why}");
        if !self.missing.contains(&sentence) {
            self.missing.push(sentence);
        }
    }

    /// Names the keys that have no meaning in the full layout, and those that have none at all.
    fn without_equivalent(&mut self, block: &'static Block, section: Section<'_>, path: &str) {
        for node in section.children {
            let key = format!("{path}{}", node.name.value);
            match field(Some(block), node).map(|field| (field.status, field.kind.block())) {
                None => self.miss(&key, "it is no key of the flat layout"),
                Some((Status::NoEffect(instead), _)) => self.miss(&key, instead),
                Some((_, Some(inner))) => {
                    let section = Section { children: &node.children, at: node.name.span };
                    self.without_equivalent(inner, section, &format!("{key}."));
                }
                Some((_, None)) => {}
            }
        }
    }

    /// A duration under a new name. 0 means that nobody wrote one.
    fn duration(&mut self, section: Section<'_>, key: &str, name: &str) -> Option<Node> {
        let (from, value) = section.value(key)?;
        let text = value.value.text.as_str();
        let written = if text.contains("${") {
            self.miss(key, "what its variable holds is written with one unit now: `90s`, not `1m30s`");
            text.to_owned()
        } else {
            match crate::model::full_duration(text) {
                Some(duration) => duration?,
                None => {
                    self.miss(key, &format!("`{text}` is no duration"));
                    return None;
                }
            }
        };
        Some(moved(name, from, vec![Spanned::new(Value::quoted(written), value.span)]))
    }

    /// A value under a new name, as it is.
    fn leaf(&mut self, section: Section<'_>, key: &str, name: &str) -> Option<Node> {
        let (from, value) = section.value(key)?;
        Some(moved(name, from, vec![literal(value)]))
    }

    /// A text under a new name: what looks like a number, too.
    fn words(&mut self, section: Section<'_>, key: &str, name: &str) -> Option<Node> {
        let from = section.get(key)?;
        let texts = from.arguments.iter().filter(|value| !value.value.is_null());
        let texts: Vec<_> =
            texts.map(|value| Spanned::new(Value::quoted(value.value.text.clone()), value.span)).collect();
        (!texts.is_empty()).then(|| moved(name, from, texts))
    }
}

/// A value that keeps its type: text is in quotes, numbers and truth values are not.
fn literal(value: &Spanned<Value>) -> Spanned<Value> {
    let style = if value.value.scalar == Scalar::Text { Style::Quoted } else { Style::Literal };
    Spanned::new(Value { style, ..value.value.clone() }, value.span)
}

fn quoted(text: impl Into<String>) -> Spanned<Value> {
    Spanned::new(Value::quoted(text.into()), ORIGINLESS)
}

fn flag(flag: bool) -> Spanned<Value> {
    let value = Value { scalar: Scalar::Bool(flag), text: flag.to_string(), style: Style::Literal };
    Spanned::new(value, ORIGINLESS)
}

fn number(number: u64) -> Spanned<Value> {
    let scalar = Scalar::Integer(number.into());
    Spanned::new(Value { scalar, text: number.to_string(), style: Style::Literal }, ORIGINLESS)
}

/// A node of the full layout in the place of a key of the flat one.
fn moved(name: &str, from: &Node, arguments: Vec<Spanned<Value>>) -> Node {
    node(name, from.name.span, arguments, Vec::new())
}

fn node(name: &str, at: Span, arguments: Vec<Spanned<Value>>, children: Vec<Node>) -> Node {
    Node {
        name: Spanned::new(name.to_owned(), at),
        arguments,
        children,
        span: at,
        spelling: Spelling::Kdl,
        shape: Shape::Single,
    }
}

/// A block, if it says anything.
fn block(name: &str, at: Span, children: Vec<Node>) -> Option<Node> {
    (!children.is_empty()).then(|| node(name, at, Vec::new(), children))
}

#[cfg(test)]
mod tests;
