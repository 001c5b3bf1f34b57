//! Places of a config in words: `listeners.public.tls.cipher-suites`, `hosts[shop.example].routes[/api/**].pool`.
//!
//! The words are those of YAML whatever the file is written in, and blocks are told apart by what names them, never by
//! their number: a path stays the same when something is added in front, and both spellings give the same one.

use std::collections::BTreeMap;

use divisor_schema::config::{Block, Field, Kind};

use super::{layout, unknown, vocabulary};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::{Node, Spelling};

/// How many comparisons of places are made at most; what was not found by then has no path.
const COMPARISONS_MAX: usize = 20_000_000;

/// Gives every diagnostic the path of its primary label.
pub(crate) fn name_places(nodes: &[Node], diagnostics: &mut [Diagnostic]) {
    let mut places: BTreeMap<Span, Option<(usize, String)>> = BTreeMap::new();
    places.extend(diagnostics.iter().map(|found| (found.primary_span(), None)));
    let mut walk = Walk { places, steps: Vec::new(), left: COMPARISONS_MAX };
    let block = vocabulary(layout(nodes));
    nodes.iter().for_each(|node| walk.node(Some(block), node));
    for diagnostic in diagnostics {
        let place = walk.places.get(&diagnostic.primary_span()).cloned().flatten();
        diagnostic.path = place.map(|(_, path)| path);
    }
}

/// A way through the tree.
struct Walk<'a> {
    /// What is looked for, and the deepest block that was found to hold it.
    places: BTreeMap<Span, Option<(usize, String)>>,
    steps: Vec<Step<'a>>,
    /// Comparisons that may still be made: aliases can bring the same place again and again.
    left: usize,
}

/// One step from a block into what it holds.
#[derive(Clone, Copy)]
enum Step<'a> {
    /// To a key.
    Key(&'a str),
    /// To one of many, by its name.
    Named(&'a str),
    /// To one of many, by what it begins with.
    Item(&'a str),
}

impl<'a> Walk<'a> {
    fn node(&mut self, block: Option<&'static Block>, node: &'a Node) {
        let before = self.steps.len();
        let field = block.and_then(|block| field(block, node));
        self.steps.push(Step::Key(field.map_or(node.name.value.as_str(), |field| field.yaml)));
        let inner = field.and_then(|field| inner(field.kind));
        match (field.map(|field| field.kind), node.spelling) {
            (Some(Kind::Named(_)), Spelling::Yaml) => {
                self.note(node.span);
                for child in &node.children {
                    self.steps.push(Step::Named(&child.name.value));
                    self.contents(inner, child, 0);
                    self.steps.pop();
                }
            }
            (Some(Kind::Named(_)), Spelling::Kdl) => {
                self.steps.extend(node.arguments.first().map(|name| Step::Named(&name.value.text)));
                self.contents(inner, node, 1);
            }
            (Some(Kind::Blocks(block)), _) => {
                self.steps.extend(identity(block, node).map(Step::Item));
                self.contents(inner, node, 0);
            }
            _ => self.contents(inner, node, 0),
        }
        self.steps.truncate(before);
    }

    /// What stands in a block, whose arguments from `first` on stand for fields.
    fn contents(&mut self, block: Option<&'static Block>, node: &'a Node, first: usize) {
        self.note(node.span);
        for (place, argument) in node.arguments.iter().skip(first).enumerate() {
            let field = block.and_then(|block| block.field(block.arguments.get(place)?));
            if let Some(field) = field {
                self.steps.push(Step::Key(field.yaml));
                self.note(argument.span);
                self.steps.pop();
            }
        }
        node.children.iter().for_each(|child| self.node(block, child));
    }

    /// Remembers the way to here for everything that is looked for within `span`, unless a longer one is known.
    fn note(&mut self, span: Span) {
        let from = Span::new(span.start, span.start);
        let places = self.places.range_mut(from..).take_while(|(wanted, _)| wanted.start <= span.end);
        for (wanted, found) in places {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            let shorter = found.as_ref().is_none_or(|(depth, _)| *depth < self.steps.len());
            if wanted.end <= span.end && shorter {
                *found = Some((self.steps.len(), written(&self.steps)));
            }
        }
    }
}

fn written(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) | Step::Named(key) if path.is_empty() => path += key,
            Step::Key(key) | Step::Named(key) => path.extend([".", key]),
            Step::Item(item) => path.extend(["[", item, "]"]),
        }
    }
    path
}

fn field(block: &'static Block, node: &Node) -> Option<&'static Field> {
    block.fields().find(|field| unknown::name(field, node.spelling) == node.name.value)
}

fn inner(kind: Kind) -> Option<&'static Block> {
    match kind {
        Kind::Block(block) | Kind::Blocks(block) | Kind::Named(block) => Some(block),
        _ => None,
    }
}

/// What tells a block from others of its sort: the first of its values, as an argument or under its key.
fn identity<'a>(block: &'static Block, node: &'a Node) -> Option<&'a str> {
    let written = node.arguments.first().or_else(|| {
        let field = block.field(block.arguments.first()?)?;
        let named = |child: &&Node| unknown::name(field, child.spelling) == child.name.value;
        node.children.iter().find(named)?.arguments.first()
    });
    written.map(|value| value.value.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Rule;

    /// The path of the last place where `text` stands.
    fn path(name: &str, config: &str, text: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, config).unwrap();
        let syntax = crate::syntax::load(&file, &BTreeMap::new()).unwrap();
        let at = config.rfind(text).unwrap();
        let span = Span::new(at as u32, (at + text.len()) as u32);
        let mut diagnostics = [Diagnostic::error(Rule::INVALID_VALUE, "x", span, "")];
        name_places(&syntax.nodes, &mut diagnostics);
        let [found] = diagnostics;
        found.path
    }

    const KDL: &str = r#"
        listener "web" { bind "127.0.0.1:1"; tls { certificate "shop.pem" key="shop.key"; cipher-suites "A" "B"; } }
        pool "app" { backend "http://127.0.0.1:2" weight=3; probe "/health" }
        host "shop.example" { route "/api/**" pool="app" retry=2; }
        lisstener "x"
    "#;
    const YAML: &str = r#"
listeners:
  web:
    bind: "127.0.0.1:1"
    tls: { certificates: [{ certificate: "shop.pem", key: "shop.key" }], cipher-suites: [A, "B"] }
pools:
  app: { backends: [{ url: "http://127.0.0.1:2", weight: 3 }], probe: "/health" }
hosts:
  - names: shop.example
    routes: [{ path: "/api/**", pool: "app", retry: 2 }]
"#;

    #[test]
    fn both_spellings_give_the_same_paths() {
        for (text, wanted) in [
            ("\"B\"", "listeners.web.tls.cipher-suites"),
            ("\"shop.key\"", "listeners.web.tls.certificates[shop.pem].key"),
            ("\"shop.pem\"", "listeners.web.tls.certificates[shop.pem].certificate"),
            ("3", "pools.app.backends[http://127.0.0.1:2].weight"),
            ("\"/health\"", "pools.app.probe.path"),
            ("\"app\"", "hosts[shop.example].routes[/api/**].pool"),
            ("\"/api/**\"", "hosts[shop.example].routes[/api/**].path"),
        ] {
            assert_eq!(path("a.kdl", KDL, text).as_deref(), Some(wanted), "{text} in KDL");
            assert_eq!(path("a.yaml", YAML, text).as_deref(), Some(wanted), "{text} in YAML");
        }
        assert_eq!(path("a.kdl", KDL, "\"x\"").as_deref(), Some("lisstener"));
    }

    #[test]
    fn what_stands_in_no_block_has_no_path() {
        assert_eq!(path("a.yaml", "x-a: &a { path: /health }\n", "/health"), None);
    }
}
