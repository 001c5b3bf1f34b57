//! KDL to YAML.

use divisor_schema::config::{Block, Field, Kind, ROOT};

use super::field;
use crate::format::Refusal;
use crate::format::scalar::{yaml_text, yaml_value};
use crate::format::yaml::{self, Document, Entry};
use crate::source::Spanned;
use crate::syntax::{Node, Value};

type Written<T> = Result<T, Refusal>;

/// Writes the nodes of a file.
pub(in crate::format) fn to_yaml(nodes: &[Node]) -> Written<Document> {
    let mut entries = mapping(Some(&ROOT), nodes)?;
    for entry in entries.iter_mut().skip(1) {
        entry.head.insert(0, yaml::Line::Blank);
    }
    let root = (!entries.is_empty()).then(|| yaml::Value::collection(false, entries, false));
    Ok(Document { head: Vec::new(), root })
}

/// The entries that say what nodes say: one for each sort of node.
fn mapping(block: Option<&'static Block>, nodes: &[Node]) -> Written<Vec<Entry>> {
    let mut groups: Vec<(&str, Vec<&Node>)> = Vec::new();
    for node in nodes {
        let name = node.name.value.as_str();
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(node),
            None => groups.push((name, vec![node])),
        }
    }
    let mut entries = Vec::new();
    for (name, group) in groups {
        let known = group.first().and_then(|node| field(block, node));
        statements(name, known, &group, &mut entries)?;
    }
    Ok(entries)
}

/// Nodes of one name as one entry. Where only one may stand, each is an entry: two are the mistake that they were.
fn statements(
    name: &str,
    known: Option<&'static Field>,
    group: &[&Node],
    entries: &mut Vec<Entry>,
) -> Written<()> {
    let key = yaml_text(known.map_or(name, |field| field.yaml));
    let mut add = |value| entries.push(Entry::new(Some(key.clone()), value));
    match known.map(|field| field.kind) {
        Some(Kind::Named(inner)) => add(named(inner, group)?),
        Some(Kind::Blocks(inner)) => add(blocks(inner, known, group)?),
        Some(Kind::Block(inner)) => {
            for node in group {
                add(contents(inner, &node.arguments, &node.children)?);
            }
        }
        Some(Kind::Pairs) => add(pairs(group)?),
        Some(Kind::List(_)) if group.iter().all(|node| node.children.is_empty()) => {
            let values: Vec<_> = group.iter().flat_map(|node| &node.arguments).collect();
            let plural = known.is_some_and(|field| field.yaml.ends_with('s'));
            add(match values.as_slice() {
                [only] if !plural => yaml::Value::scalar(yaml_value(&only.value)),
                _ => list(values.into_iter()),
            });
        }
        Some(_) => {
            for node in group {
                add(plain(node)?);
            }
        }
        None if group.len() > 1 => add(items(group.iter().map(|node| plain(node)))?),
        None => {
            for node in group {
                add(plain(node)?);
            }
        }
    }
    Ok(())
}

/// `pool "a" { … }` is an entry `a` of `pools`.
fn named(inner: &'static Block, group: &[&Node]) -> Written<yaml::Value> {
    let mut entries: Vec<Entry> = Vec::new();
    for node in group {
        let Some((name, rest)) = node.arguments.split_first() else {
            return Err(inexpressible(node, "has no name, and in YAML the name is the key"));
        };
        let key = yaml_value(&name.value);
        if entries.iter().any(|entry| entry.key.as_ref() == Some(&key)) {
            let why = format!("is the second one named `{}`, and in YAML names are keys", name.value.text);
            return Err(inexpressible(node, &why));
        }
        entries.push(Entry::new(Some(key), spread(contents(inner, rest, &node.children)?)));
    }
    Ok(yaml::Value::collection(false, entries, false))
}

/// What a name stands for is spread over lines, unless it is one setting.
fn spread(mut value: yaml::Value) -> yaml::Value {
    if let yaml::Kind::Collection { flow, entries, .. } = &mut value.kind {
        *flow = entries.len() <= 1;
    }
    value
}

fn blocks(inner: &'static Block, known: Option<&Field>, group: &[&Node]) -> Written<yaml::Value> {
    let plural = known.is_some_and(|field| field.kdl != field.yaml);
    match group {
        [only] if !plural => contents(inner, &only.arguments, &only.children),
        _ => {
            let top = matches!(inner.name, "host");
            items(group.iter().map(|node| {
                let value = contents(inner, &node.arguments, &node.children)?;
                Ok(if top { spread(value) } else { value })
            }))
        }
    }
}

/// A list with one item for each node: on one line where all are scalars.
fn items(values: impl Iterator<Item = Written<yaml::Value>>) -> Written<yaml::Value> {
    let entries: Vec<Entry> =
        values.map(|value| value.map(|value| Entry::new(None, value))).collect::<Written<_>>()?;
    let flow = entries.iter().all(|entry| matches!(entry.value.kind, yaml::Kind::Scalar(_)));
    Ok(yaml::Value::collection(true, entries, flow))
}

fn list<'a>(values: impl Iterator<Item = &'a Spanned<Value>>) -> yaml::Value {
    let entries = values.map(|value| Entry::new(None, yaml::Value::scalar(yaml_value(&value.value))));
    yaml::Value::collection(true, entries.collect(), true)
}

/// What a block says: one value where that is all, or a mapping.
fn contents(inner: &'static Block, arguments: &[Spanned<Value>], children: &[Node]) -> Written<yaml::Value> {
    match (arguments, children) {
        ([], []) => return Ok(yaml::Value::scalar(String::new())),
        ([only], []) if !matches!(inner.arguments, []) && !takes_all(inner) => {
            return Ok(yaml::Value::scalar(yaml_value(&only.value)));
        }
        _ => {}
    }
    let mut entries = Vec::new();
    let mut rest = arguments;
    for name in inner.arguments {
        let Some(field) = inner.field(name).filter(|_| !rest.is_empty()) else { break };
        let (own, others) = match field.kind {
            Kind::List(_) => (rest, &[][..]),
            _ => rest.split_at(1),
        };
        rest = others;
        let value = match (field.kind, own) {
            (Kind::List(_), _) => list(own.iter()),
            (_, own) => yaml::Value::scalar(own.iter().map(|value| yaml_value(&value.value)).collect()),
        };
        entries.push(Entry::new(Some(field.yaml.to_owned()), value));
    }
    if !rest.is_empty() {
        // One value too many is one too many in either spelling, but a mapping has no place for it.
        return if children.is_empty() {
            Ok(list(arguments.iter()))
        } else {
            let message = format!("`{}` has a value without a name beside keys", inner.name);
            Err(Refusal::Inexpressible(message))
        };
    }
    entries.extend(mapping(Some(inner), children)?);
    Ok(yaml::Value::collection(false, entries, true))
}

/// Whether the first argument of a block is a list.
fn takes_all(inner: &'static Block) -> bool {
    let first = inner.arguments.first().and_then(|name| inner.field(name));
    first.is_some_and(|field| matches!(field.kind, Kind::List(_)))
}

fn pairs(group: &[&Node]) -> Written<yaml::Value> {
    let mut pairs: Vec<(String, yaml::Value)> = Vec::new();
    for node in group {
        match node.arguments.as_slice() {
            [] => {}
            [name, value] => {
                pairs.push((yaml_text(&name.value.text), yaml::Value::scalar(yaml_value(&value.value))));
            }
            [..] => return Err(inexpressible(node, "takes a name and a text")),
        }
        for child in &node.children {
            pairs.push((yaml_text(&child.name.value), plain(child)?));
        }
    }
    let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let once = keys.len() == pairs.len();
    let entry = |(key, value)| Entry::new(Some(key), value);
    Ok(if once {
        yaml::Value::collection(false, pairs.into_iter().map(entry).collect(), true)
    } else {
        // A key stands once in a mapping.
        let alone = |pair| Entry::new(None, yaml::Value::collection(false, vec![entry(pair)], true));
        yaml::Value::collection(true, pairs.into_iter().map(alone).collect(), true)
    })
}

/// A node with values, or one of which nothing is known.
fn plain(node: &Node) -> Written<yaml::Value> {
    match (node.arguments.as_slice(), node.children.as_slice()) {
        ([], []) => Ok(yaml::Value::scalar(String::new())),
        ([only], []) => Ok(yaml::Value::scalar(yaml_value(&only.value))),
        (several, []) => Ok(list(several.iter())),
        ([], children) => Ok(yaml::Value::collection(false, mapping(None, children)?, true)),
        _ => Err(inexpressible(node, "has values and keys, and in YAML it is one or the other")),
    }
}

fn inexpressible(node: &Node, why: &str) -> Refusal {
    Refusal::Inexpressible(format!("`{}` {why}", node.name.value))
}
