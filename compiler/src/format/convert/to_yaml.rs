//! KDL to YAML.

use divisor_schema::config::{Block, Field, Kind, ROOT};

use super::remarks::{Remark, Remarks};
use crate::format::Refusal;
use crate::format::field;
use crate::format::scalar::{yaml_text, yaml_value};
use crate::format::yaml::{self, Document, Entry, Line};
use crate::source::Spanned;
use crate::syntax::{Node, Value};

type Written<T> = Result<T, Refusal>;

/// Writes the nodes of a file.
pub(super) fn to_yaml(nodes: &[Node], remarks: Remarks) -> Written<Document> {
    let mut writer = Writer { remarks };
    let head = comments(std::mem::take(&mut writer.remarks.opening));
    let mut entries = writer.mapping(Some(&ROOT), nodes)?;
    for entry in entries.list.iter_mut().skip(1) {
        entry.head.insert(0, Line::Blank);
    }
    let rest = comments(writer.remarks.rest());
    if entries.list.is_empty() {
        return Ok(Document { head: [head, entries.below, rest].concat(), root: None });
    }
    entries.below.extend(rest);
    Ok(Document { head, root: Some(entries.into_value(false, false)) })
}

/// Entries of a mapping or a list as they come.
#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    /// What stands below the last one, and so above the next.
    below: Vec<Line>,
}

impl Entries {
    fn push(&mut self, remark: Remark, key: Option<String>, value: yaml::Value) {
        let mut head = std::mem::take(&mut self.below);
        head.extend(comments(remark.head));
        let trail = (!remark.trail.is_empty()).then(|| format!("#{}", remark.trail.join(";")));
        self.list.push(Entry { head, key, value, trail });
        self.below = comments(remark.tail);
    }

    fn into_value(self, is_list: bool, flow: bool) -> yaml::Value {
        let kind = yaml::Kind::Collection { is_list, entries: self.list, flow, foot: self.below };
        yaml::Value { properties: String::new(), kind }
    }
}

fn comments(lines: Vec<Option<String>>) -> Vec<Line> {
    let comment = |line: Option<String>| line.map_or(Line::Blank, |text| Line::Text(format!("#{text}")));
    lines.into_iter().map(comment).collect()
}

struct Writer {
    remarks: Remarks,
}

impl Writer {
    /// The entries that say what nodes say: one for each sort of node.
    fn mapping(&mut self, block: Option<&'static Block>, nodes: &[Node]) -> Written<Entries> {
        let mut groups: Vec<(&str, Vec<&Node>)> = Vec::new();
        for node in nodes {
            let name = node.name.value.as_str();
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, group)) => group.push(node),
                None => groups.push((name, vec![node])),
            }
        }
        let mut entries = Entries::default();
        for (name, group) in groups {
            let known = group.first().and_then(|node| field(block, node));
            self.statements(name, known, &group, &mut entries)?;
        }
        Ok(entries)
    }

    /// Nodes of one name as one entry. Where only one may stand, each is an entry: two are the mistake that they were.
    fn statements(
        &mut self,
        name: &str,
        known: Option<&'static Field>,
        group: &[&Node],
        entries: &mut Entries,
    ) -> Written<()> {
        let key = Some(yaml_text(known.map_or(name, |field| field.yaml)));
        let kind = known.map(|field| field.kind);
        let plural = known.is_some_and(|field| field.kdl != field.yaml);
        let value = match kind {
            Some(Kind::Named(inner)) => self.named(inner, group)?,
            Some(Kind::Blocks(inner)) if plural || group.len() > 1 => self.blocks(inner, group)?,
            Some(Kind::Pairs) => self.pairs(group)?,
            Some(Kind::List(_)) if group.iter().all(|node| node.children.is_empty()) => {
                let plural = known.is_some_and(|field| field.yaml.ends_with('s'));
                let (remark, value) = self.list(group, plural);
                entries.push(remark, key, value);
                return Ok(());
            }
            None if group.len() > 1 => self.items(group, |writer, node| writer.plain(node))?,
            _ => {
                for node in group {
                    let remark = self.remark(node);
                    let value = match kind.and_then(|kind| kind.block()) {
                        Some(inner) => self.contents(inner, &node.arguments, &node.children)?,
                        None => self.plain(node)?,
                    };
                    entries.push(remark, key.clone(), value);
                }
                return Ok(());
            }
        };
        entries.push(Remark::default(), key, value);
        Ok(())
    }

    /// What was remarked on a node and on its values.
    fn remark(&mut self, node: &Node) -> Remark {
        let mut remark = self.remarks.take(node.name.span);
        for argument in &node.arguments {
            remark.absorb(self.remarks.take(argument.span));
        }
        remark
    }

    /// `pool "a" { … }` is an entry `a` of `pools`.
    fn named(&mut self, inner: &'static Block, group: &[&Node]) -> Written<yaml::Value> {
        let mut entries = Entries::default();
        for node in group {
            let Some((name, rest)) = node.arguments.split_first() else {
                return Err(inexpressible(node, "has no name, and in YAML the name is the key"));
            };
            let key = Some(yaml_value(&name.value));
            if entries.list.iter().any(|entry| entry.key == key) {
                let why =
                    format!("is the second one named `{}`, and in YAML names are keys", name.value.text);
                return Err(inexpressible(node, &why));
            }
            let remark = self.remark(node);
            entries.push(remark, key, spread(self.contents(inner, rest, &node.children)?));
        }
        Ok(entries.into_value(false, false))
    }

    fn blocks(&mut self, inner: &'static Block, group: &[&Node]) -> Written<yaml::Value> {
        self.items(group, |writer, node| {
            let value = writer.contents(inner, &node.arguments, &node.children)?;
            Ok(if inner.name == "host" { spread(value) } else { value })
        })
    }

    /// A list with one item for each node: on one line where all are scalars.
    fn items(
        &mut self,
        group: &[&Node],
        value: impl Fn(&mut Self, &Node) -> Written<yaml::Value>,
    ) -> Written<yaml::Value> {
        let mut items = Entries::default();
        for node in group {
            let remark = self.remark(node);
            items.push(remark, None, value(self, node)?);
        }
        let flow = items.list.iter().all(|item| matches!(item.value.kind, yaml::Kind::Scalar(_)));
        Ok(items.into_value(true, flow))
    }

    /// The values of all nodes: a list, or the one value. What was remarked on one node is remarked on all of it, what
    /// was remarked on one of several on its first value.
    fn list(&mut self, group: &[&Node], plural: bool) -> (Remark, yaml::Value) {
        let mut whole = Remark::default();
        let mut items = Entries::default();
        for node in group {
            let mut remark = self.remarks.take(node.name.span);
            whole.tail.append(&mut remark.tail);
            if group.len() == 1 {
                whole.absorb(std::mem::take(&mut remark));
            }
            for argument in &node.arguments {
                remark.absorb(self.remarks.take(argument.span));
                let value = yaml::Value::scalar(yaml_value(&argument.value));
                items.push(std::mem::take(&mut remark), None, value);
            }
            whole.absorb(remark);
        }
        let value = match items.list.as_slice() {
            [only] if !plural && only.head.is_empty() && only.trail.is_none() && items.below.is_empty() => {
                items.list.pop().map_or_else(|| yaml::Value::scalar(String::new()), |only| only.value)
            }
            _ => items.into_value(true, true),
        };
        (whole, value)
    }

    /// What a block says: one value where that is all, or a mapping.
    fn contents(
        &mut self,
        inner: &'static Block,
        arguments: &[Spanned<Value>],
        children: &[Node],
    ) -> Written<yaml::Value> {
        match (arguments, children) {
            ([], []) => return Ok(yaml::Value::scalar(String::new())),
            ([only], []) if !inner.arguments.is_empty() && !takes_all(inner) => {
                return Ok(yaml::Value::scalar(yaml_value(&only.value)));
            }
            _ => {}
        }
        let mut entries = Entries::default();
        let mut rest = arguments;
        for name in inner.arguments {
            let Some(field) = inner.field(name).filter(|_| !rest.is_empty()) else { break };
            let is_list = matches!(field.kind, Kind::List(_));
            let (own, others) = rest.split_at(if is_list { rest.len() } else { 1 });
            rest = others;
            let value = match own {
                [only] if !is_list => yaml::Value::scalar(yaml_value(&only.value)),
                several => list(several),
            };
            entries.push(Remark::default(), Some(field.yaml.to_owned()), value);
        }
        // One value too many is one too many in either spelling, but a mapping has no place for it.
        match (rest, arguments, children) {
            ([], _, _) => {}
            (_, [only], []) => return Ok(yaml::Value::scalar(yaml_value(&only.value))),
            (_, several, []) => return Ok(list(several)),
            _ => {
                let message = format!("`{}` has a value without a name beside keys", inner.name);
                return Err(Refusal::Inexpressible(message));
            }
        }
        let mapping = self.mapping(Some(inner), children)?;
        entries.list.extend(mapping.list);
        entries.below = mapping.below;
        Ok(entries.into_value(false, true))
    }

    fn pairs(&mut self, group: &[&Node]) -> Written<yaml::Value> {
        let mut pairs = Entries::default();
        for node in group {
            let remark = self.remark(node);
            match node.arguments.as_slice() {
                [] => pairs.below.extend(comments(remark.head)),
                [name, value] => {
                    let value = yaml::Value::scalar(yaml_value(&value.value));
                    pairs.push(remark, Some(yaml_text(&name.value.text)), value);
                }
                [..] => return Err(inexpressible(node, "takes a name and a text")),
            }
            for child in &node.children {
                let remark = self.remark(child);
                let value = self.plain(child)?;
                pairs.push(remark, Some(yaml_text(&child.name.value)), value);
            }
        }
        let mut keys: Vec<_> = pairs.list.iter().map(|pair| pair.key.as_deref()).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() == pairs.list.len() {
            return Ok(pairs.into_value(false, true));
        }
        // A key stands once in a mapping.
        let alone = |mut pair: Entry| {
            let (head, trail) = (std::mem::take(&mut pair.head), pair.trail.take());
            Entry { head, key: None, value: yaml::Value::collection(false, vec![pair], true), trail }
        };
        pairs.list = pairs.list.into_iter().map(alone).collect();
        Ok(pairs.into_value(true, true))
    }

    /// A node with values, or one of which nothing is known.
    fn plain(&mut self, node: &Node) -> Written<yaml::Value> {
        match (node.arguments.as_slice(), node.children.as_slice()) {
            ([], []) => Ok(yaml::Value::scalar(String::new())),
            ([only], []) => Ok(yaml::Value::scalar(yaml_value(&only.value))),
            (several, []) => Ok(list(several)),
            ([], children) => Ok(self.mapping(None, children)?.into_value(false, true)),
            _ => Err(inexpressible(node, "has values and keys, and in YAML it is one or the other")),
        }
    }
}

/// What a name stands for is spread over lines, unless it is one setting.
fn spread(mut value: yaml::Value) -> yaml::Value {
    if let yaml::Kind::Collection { flow, entries, .. } = &mut value.kind {
        *flow = entries.len() <= 1;
    }
    value
}

fn list(values: &[Spanned<Value>]) -> yaml::Value {
    let entry = |value: &Spanned<Value>| Entry::new(None, yaml::Value::scalar(yaml_value(&value.value)));
    yaml::Value::collection(true, values.iter().map(entry).collect(), true)
}

/// Whether the first argument of a block is a list.
fn takes_all(inner: &'static Block) -> bool {
    let first = inner.arguments.first().and_then(|name| inner.field(name));
    first.is_some_and(|field| matches!(field.kind, Kind::List(_)))
}

fn inexpressible(node: &Node, why: &str) -> Refusal {
    Refusal::Inexpressible(format!("`{}` {why}", node.name.value))
}
