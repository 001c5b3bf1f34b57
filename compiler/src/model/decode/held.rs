//! What a node holds: a value, a list, a block, several of them.

use divisor_schema::config::{Block, FLAT, Field, Kind, SECRET};

use super::{Contents, Decoder, yaml11};
use crate::diagnostic::{Diagnostic, Fix, Rule, Safety};
use crate::model::block::{Checked, Held};
use crate::model::value::{Typed, parse};
use crate::source::Spanned;
use crate::syntax::{Node, Scalar, Shape, Spelling, Value};

impl Decoder<'_> {
    /// What a node holds for a field.
    pub(super) fn held(&mut self, field: &'static Field, node: &Node) -> Held {
        match field.kind {
            Kind::Any => Held::Broken,
            Kind::Block(block) => self.one_block(block, node),
            Kind::Blocks(block) => Held::Blocks(self.several_blocks(block, node)),
            Kind::Named(block) => Held::Blocks(self.named_blocks(block, field, node)),
            Kind::Secret => self.secret(node),
            Kind::Pairs => self.pairs(node),
            Kind::List(_) => self.no_children(field, node).unwrap_or_else(|| {
                let nothing = matches!(node.arguments.as_slice(), [only] if only.value.is_null());
                let arguments = if nothing { &[] } else { node.arguments.as_slice() };
                if arguments.is_empty() && node.shape != Shape::List {
                    return self.no_value(field, node);
                }
                self.leaves(field, arguments, node.spelling)
            }),
            _ => self.no_children(field, node).unwrap_or_else(|| self.one_leaf(field, node)),
        }
    }

    fn secret(&mut self, node: &Node) -> Held {
        let Some(argument) = node.arguments.first().filter(|argument| !argument.value.is_null()) else {
            return self.one_block(&SECRET, node);
        };
        // The message does not repeat what was written: logs would hold the secret, too.
        let message = format!("`{}` is a secret, and a config holds none", node.name.value);
        let help = "write `file` or `env`, which says where the runtime reads it".to_owned();
        self.invalid(argument.span, message, "written out", help);
        Held::Broken
    }

    fn one_block(&mut self, block: &'static Block, node: &Node) -> Held {
        let last = block.arguments.last().and_then(|name| block.field(name));
        let takes_rest = last.is_some_and(|field| matches!(field.kind, Kind::List(_)));
        let takes_list = takes_rest || block.arguments.len() > 1 || node.arguments.len() < 2;
        if node.shape == Shape::List && !takes_list {
            let message = format!("`{}` is one block, not a list", node.name.value);
            self.invalid(node.name.span, message, "a list", "write one block".to_owned());
            return Held::Broken;
        }
        Held::Blocks(vec![self.block(block, contents(node))])
    }

    fn several_blocks(&mut self, block: &'static Block, node: &Node) -> Vec<Checked> {
        if node.shape != Shape::List {
            return vec![self.block(block, contents(node))];
        }
        let each = node.arguments.iter().map(|argument| Contents {
            at: argument.span,
            arguments: std::slice::from_ref(argument),
            children: &[],
            spelling: node.spelling,
        });
        each.map(|contents| self.block(block, contents)).collect()
    }

    fn named_blocks(&mut self, block: &'static Block, field: &'static Field, node: &Node) -> Vec<Checked> {
        match node.spelling {
            Spelling::Kdl => self.named_in_kdl(block, node).into_iter().collect(),
            Spelling::Yaml => {
                if let Some(argument) = node.arguments.iter().find(|argument| !argument.value.is_null()) {
                    let message = format!("`{}` is a mapping from names to blocks", field.yaml);
                    let help = format!("write `{}: {{ name: {{ … }} }}`", field.yaml);
                    self.invalid(argument.span, message, "a value", help);
                } else if node.shape == Shape::Item {
                    let message = format!("`{}` is a mapping from names to blocks, not a list", field.yaml);
                    let help = format!("write `{}: {{ name: {{ … }} }}`", field.yaml);
                    self.invalid(node.name.span, message, "an item of a list", help);
                    return Vec::new();
                }
                node.children
                    .iter()
                    .map(|child| self.named(block, child.name.clone(), contents(child)))
                    .collect()
            }
        }
    }

    fn named_in_kdl(&mut self, block: &'static Block, node: &Node) -> Option<Checked> {
        let Some((name, rest)) = node.arguments.split_first() else {
            let message = format!("`{}` has no name", block.name);
            let found = Diagnostic::error(Rule::MISSING_KEY, message, node.name.span, "name missing here");
            self.report(found.help(format!("write `{} \"name\" {{ … }}`", block.name)));
            return None;
        };
        let name = self.text(name, node.spelling)?;
        Some(self.named(block, name, Contents { arguments: rest, ..contents(node) }))
    }

    fn named(&mut self, block: &'static Block, name: Spanned<String>, contents: Contents<'_>) -> Checked {
        let mut checked = self.block(block, Contents { at: name.span, ..contents });
        checked.name = Some(name);
        checked
    }

    /// `header-set "Name" "text"`, or a mapping from names to texts.
    fn pairs(&mut self, node: &Node) -> Held {
        let mut pairs = Vec::new();
        match node.arguments.as_slice() {
            [name, value] => {
                let name = name.clone().map(|name| name.text);
                pairs.extend(self.text(value, node.spelling).map(|value| (name, value)));
            }
            [only] if only.value.is_null() => {}
            [] => {}
            [first, ..] => {
                let message = format!("`{}` takes a name and a text", node.name.value);
                self.invalid(
                    first.span,
                    message,
                    "not a name and a text",
                    "write `\"Name\" \"text\"`".to_owned(),
                );
                return Held::Broken;
            }
        }
        for child in &node.children {
            let value = match child.arguments.as_slice() {
                [value] if child.children.is_empty() => self.text(value, child.spelling),
                _ => {
                    let message = format!("`{}` takes one text", child.name.value);
                    self.invalid(
                        child.name.span,
                        message,
                        "not one text",
                        "write one text for each name".to_owned(),
                    );
                    None
                }
            };
            pairs.extend(value.map(|value| (child.name.clone(), value)));
        }
        Held::Pairs(pairs)
    }

    /// A value of a kind. What is wrong with it is reported, and what was most likely meant taken in its place.
    fn read(&mut self, kind: &Kind, value: &Spanned<Value>, spelling: Spelling) -> Option<Typed> {
        if value.value.scalar == Scalar::Unknown {
            return None;
        }
        match parse(kind, &value.value, spelling) {
            Ok(typed) => {
                self.other_reading(kind, value, spelling);
                Some(typed)
            }
            Err(_) if is_leftover(&value.value.text) => {
                let message = format!("`{}` is left over from a template", value.value.text);
                let found =
                    Diagnostic::error(Rule::UNRESOLVED_VARIABLE, message, value.span, "never filled in");
                self.report(found.help("render the template first, or use `${NAME}`"));
                None
            }
            Err(mut fault) => {
                let Some(meant) = fault.meant.take() else {
                    self.report(fault.at(value.span));
                    return None;
                };
                let fix = written(kind, &meant, spelling);
                // A number without a unit could have any, and an address with a prefix be the one or the other.
                let guessed = *fault.rule == Rule::BARE_NUMBER
                    || matches!(kind, Kind::Network | Kind::List(Kind::Network));
                let safety = if guessed { Safety::Unsafe } else { Safety::Safe };
                let fix = Fix::new(safety, format!("write `{fix}`")).edit(value.span, fix);
                self.report(fault.at(value.span).fix(fix));
                parse(kind, &Value::filled(meant), spelling).ok()
            }
        }
    }

    /// Warns of a plain scalar of YAML that other readers take for something else. The flat layout is read as the
    /// program read it that it comes from.
    fn other_reading(&mut self, kind: &Kind, value: &Spanned<Value>, spelling: Spelling) {
        if spelling != Spelling::Yaml || std::ptr::eq(self.vocabulary, &FLAT) {
            return;
        }
        let Some(reading) = yaml11::other_reading(kind, &value.value) else { return };
        let text = &value.value.text;
        let message = format!("`{text}` is {reading} to other readers of YAML");
        let found = Diagnostic::warning(Rule::YAML_IMPLICIT_TYPING, message, value.span, "needs quotes");
        let meant = match (kind, value.value.scalar) {
            (Kind::Integer { .. } | Kind::Code(_) | Kind::Port, Scalar::Integer(number)) => {
                number.to_string()
            }
            _ => format!("\"{text}\""),
        };
        let fix = Fix::safe(format!("write `{meant}`"), value.span, meant.as_str());
        self.report(found.help(format!("write `{meant}`: here it is read so already")).fix(fix));
    }

    fn text(&mut self, value: &Spanned<Value>, spelling: Spelling) -> Option<Spanned<String>> {
        match self.read(&Kind::Text, value, spelling)? {
            Typed::Text(text) => Some(Spanned::new(text, value.span)),
            _ => None,
        }
    }

    fn no_children(&mut self, field: &Field, node: &Node) -> Option<Held> {
        let child = node.children.first()?;
        let message = format!("`{}` takes {}, not a block", node.name.value, field.kind.takes());
        self.invalid(child.name.span, message, "a key", format!("write {}", field.kind.takes()));
        Some(Held::Broken)
    }

    fn no_value(&mut self, field: &Field, node: &Node) -> Held {
        let message = format!("`{}` has no value", node.name.value);
        let label = format!("needs {}", field.kind.takes());
        self.invalid(node.name.span, message, &label, format!("write {}", field.kind.takes()));
        Held::Broken
    }

    fn one_leaf(&mut self, field: &Field, node: &Node) -> Held {
        match node.arguments.as_slice() {
            [] => self.no_value(field, node),
            [only] if only.value.is_null() && only.span.is_empty() => self.no_value(field, node),
            [_] => self.leaves(field, &node.arguments, node.spelling),
            [_, second, ..] => {
                let message = format!("`{}` takes one value", node.name.value);
                self.invalid(second.span, message, "one too many", format!("write {}", field.kind.takes()));
                Held::Broken
            }
        }
    }

    /// Values of a field. `Broken` when none could be read.
    pub(super) fn leaves(&mut self, field: &Field, arguments: &[Spanned<Value>], spelling: Spelling) -> Held {
        let mut leaves = Vec::new();
        for argument in arguments {
            match self.read(&field.kind, argument, spelling) {
                Some(typed) => {
                    self.magnitude(field, &typed, argument);
                    leaves.push(Spanned::new(typed, argument.span));
                }
                // The backend is there, whatever its address.
                None if matches!(field.kind, Kind::Backend) => {
                    leaves
                        .push(Spanned::new(Typed::Backend(argument.value.text.clone(), None), argument.span));
                }
                None => {}
            }
        }
        if leaves.is_empty() && !arguments.is_empty() { Held::Broken } else { Held::Leaves(leaves) }
    }
}

/// Whether a text holds a place that a template would have filled: `{{ .Values.port }}`, `<%= port %>`, `%(port)s`.
fn is_leftover(text: &str) -> bool {
    let holds = |open: &str, close: &str| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close));
    holds("{{", "}}") || holds("<%", "%>") || holds("%(", ")s")
}

/// A value of a kind as a spelling writes it.
fn written(kind: &Kind, text: &str, spelling: Spelling) -> String {
    match (spelling, kind) {
        (Spelling::Kdl, Kind::Flag) => format!("#{text}"),
        (Spelling::Kdl, Kind::List(inner)) => written(inner, text, spelling),
        (_, Kind::Integer { .. } | Kind::Code(_) | Kind::Port) | (Spelling::Yaml, _) => text.to_owned(),
        (Spelling::Kdl, _) => format!("\"{text}\""),
    }
}

fn contents(node: &Node) -> Contents<'_> {
    Contents {
        at: node.name.span,
        arguments: &node.arguments,
        children: &node.children,
        spelling: node.spelling,
    }
}
