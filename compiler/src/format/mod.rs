//! Configs as they are written: one way to lay each spelling out, and the way from one to the other.
//!
//! What is written here means what was read: everything is read again and compared before it is given away.

mod convert;
mod kdl;
mod migrate;
mod scalar;
mod units;
mod yaml;

use std::fmt;

use divisor_schema::config::{Block, FLAT, Field, ROOT};

pub use self::migrate::{Migration, migrate};
use crate::diagnostic::Diagnostic;
use crate::syntax::{self, Node, Parsed, Scalar, Spelling, Value};

/// Columns of a line, where something can be done about it.
const WIDTH: usize = 110;

/// Why a text is left as it is.
#[derive(Debug)]
pub enum Refusal {
    /// It does not parse: the diagnostics say why. Their places count from the beginning of the text.
    Broken(Vec<Diagnostic>),
    /// The other spelling has no words for it.
    Inexpressible(String),
    /// It would have come to mean something else: a mistake of the formatter.
    Changed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(diagnostics) => {
                let first = diagnostics.first().map_or("it cannot be read", |first| first.message.as_str());
                f.write_str(first)
            }
            Self::Inexpressible(why) => f.write_str(why),
            Self::Changed => f.write_str("it would mean something else; this is a bug in divisor"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Lays a config out in the one way of its spelling: the same order, the same comments, the same meaning. What is laid
/// out stays as it is.
///
/// # Errors
/// [`Refusal`] when it does not parse.
pub fn format(text: &str, spelling: Spelling) -> Result<String, Refusal> {
    let Parsed { sources, nodes, diagnostics } = syntax::parse(text, spelling);
    let Some(nodes) = nodes else { return Err(Refusal::Broken(diagnostics)) };
    let text = units::normalise(&sources, &nodes);
    let formatted = match spelling {
        Spelling::Kdl => kdl::format(&text),
        Spelling::Yaml => yaml::format(&text),
    };
    formatted.ok_or(Refusal::Changed)
}

/// Writes a config in another spelling. It compiles to the same plan.
///
/// # Errors
/// [`Refusal`] when it does not parse, or when the other spelling cannot say what it says.
pub fn convert(text: &str, from: Spelling, to: Spelling) -> Result<String, Refusal> {
    convert_with(text, from, to, &|_| None)
}

/// As [`convert`], where `renamed` gives the new name of an included file or pattern that is called otherwise now.
///
/// # Errors
/// As of [`convert`].
pub fn convert_with(
    text: &str,
    from: Spelling,
    to: Spelling,
    renamed: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Refusal> {
    if from == to {
        return format(text, from);
    }
    let Parsed { sources, nodes, diagnostics } = syntax::parse(text, from);
    let Some(mut nodes) = nodes.filter(|_| diagnostics.is_empty()) else {
        return Err(Refusal::Broken(diagnostics));
    };
    if is_flat(&nodes) {
        let why = "the flat layout is YAML only; `divisor migrate` writes it in the full one";
        return Err(Refusal::Inexpressible(why.to_owned()));
    }
    for include in nodes.iter_mut().filter(|node| node.name.value == "include") {
        for file in &mut include.arguments {
            if let Some(name) = renamed(&file.value.text) {
                file.value = Value::quoted(name);
            }
        }
    }
    format(&convert::write(&sources, &nodes, from, to)?, to)
}

/// Whether a text may be a config: whether its top-level keys are words of the language, as far as it can be read.
pub fn is_config(text: &str, spelling: Spelling) -> bool {
    let Some(nodes) = syntax::parse(text, spelling).nodes else { return true };
    let block = if is_flat(&nodes) { &FLAT } else { &ROOT };
    nodes.iter().all(|node| field(Some(block), node).is_some())
}

/// Whether a file is in the flat layout.
fn is_flat(nodes: &[Node]) -> bool {
    let is = |node: &Node, name: &str| node.spelling == Spelling::Yaml && node.name.value == name;
    let full = ["listeners", "pools", "policies", "hosts", "routes"];
    nodes.iter().any(|node| is(node, "backends"))
        && !nodes.iter().any(|node| full.iter().any(|name| is(node, name)))
}

/// The field that a node stands for.
fn field(block: Option<&'static Block>, node: &Node) -> Option<&'static Field> {
    let named = |field: &&Field| match node.spelling {
        Spelling::Kdl => field.kdl == node.name.value,
        Spelling::Yaml => field.yaml == node.name.value,
    };
    block.and_then(|block| block.fields().find(named))
}

/// Whether two trees say the same, wherever it stands.
fn same(one: &[Node], other: &[Node]) -> bool {
    let same_node = |(one, other): (&Node, &Node)| {
        let arguments = one.arguments.len() == other.arguments.len()
            && one
                .arguments
                .iter()
                .zip(&other.arguments)
                .all(|(one, other)| same_value(&one.value, &other.value));
        one.name == other.name
            && arguments
            && one.shape == other.shape
            && same(&one.children, &other.children)
    };
    one.len() == other.len() && one.iter().zip(other).all(same_node)
}

fn same_value(one: &Value, other: &Value) -> bool {
    let both_floats = matches!((one.scalar, other.scalar), (Scalar::Float(_), Scalar::Float(_))); // `#nan` is itself
    one.text == other.text && (one.scalar == other.scalar || both_floats)
}

#[cfg(test)]
mod tests;
