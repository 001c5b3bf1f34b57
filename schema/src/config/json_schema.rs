//! The vocabulary as a JSON Schema (draft 7) of the YAML spelling, for editors and other tools.
//!
//! What can be said with a schema is said: names, types, units, words, defaults, what must be there and what excludes
//! each other. What takes more than one look, the compiler checks. Words that this version does not serve are left out,
//! so that no editor offers them.

use serde_json::{Map, Number, Value, json};

use super::{Block, FLAT, Field, Kind, LINT, Presence, ROOT, SECRET, Status};

/// Words of the top level that no flat layout has; as for the compiler, they decide which layout a file is in.
const FULL: [&str; 5] = ["listeners", "pools", "policies", "hosts", "routes"];

/// The schema of a whole config, in either layout.
pub fn json_schema() -> Value {
    let mut definitions = Definitions { known: vec![], schemas: Map::new() };
    let full = definitions.root(&ROOT);
    let flat = definitions.root(&FLAT);
    let is_full: Vec<Value> = FULL.iter().map(|word| json!({ "required": [word] })).collect();
    definitions.shared();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Divisor",
        "description": ROOT.doc,
        "if": { "required": ["backends"], "not": { "anyOf": is_full } },
        "then": flat,
        "else": full,
        "definitions": definitions.schemas,
    })
}

/// The schema of a policy file of the linter.
pub fn policy_schema() -> Value {
    let mut definitions = Definitions { known: vec![], schemas: Map::new() };
    let mut schema = definitions.root(&LINT);
    definitions.shared();
    if let Value::Object(object) = &mut schema {
        object.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        object.insert("title".to_owned(), json!("Divisor lint policy"));
        object.insert("definitions".to_owned(), Value::Object(definitions.schemas));
    }
    schema
}

/// The key that says what is not to be found in a block. No block has it as a field: it is taken out before.
const ALLOW: &str = "lint-allow";

/// Schemas of blocks, each once: by its path where it stands first.
struct Definitions {
    known: Vec<(*const Block, String)>,
    schemas: Map<String, Value>,
}

impl Definitions {
    /// The outermost block: any key that begins with `x-` may stand beside its own.
    fn root(&mut self, block: &'static Block) -> Value {
        let mut schema = self.object(block, if std::ptr::eq(block, &FLAT) { "flat" } else { "" });
        if let Value::Object(object) = &mut schema {
            // An empty file is nothing.
            object.insert("type".to_owned(), json!(["object", "null"]));
            object.insert("patternProperties".to_owned(), json!({ "^x-": true }));
        }
        schema
    }

    /// What can stand anywhere.
    fn shared(&mut self) {
        let variable = json!({
            "type": "string",
            "pattern": r"\$\{",
            "description": "A value with a variable in it, filled in when the config is compiled.",
        });
        self.schemas.insert("variable".to_owned(), variable);
        let text = json!({ "type": "string" });
        let one = json!({
            "type": "object",
            "properties": { "rule": text, "reason": text, "until": { "type": "string", "format": "date" } },
            "required": ["rule", "reason"],
            "additionalProperties": false,
        });
        let allow = json!({
            "description": "Rules whose findings in this block are not shown, each with a reason.",
            "anyOf": [one, { "type": "array", "items": one }],
        });
        self.schemas.insert(ALLOW.to_owned(), allow);
    }

    /// A reference to a block that stands at `path`.
    fn block(&mut self, block: &'static Block, path: &str) -> Value {
        let known = self.known.iter().find(|(known, _)| std::ptr::eq(*known, block));
        let name = match known {
            Some((_, name)) => name.clone(),
            None => {
                self.known.push((block, path.to_owned()));
                let schema = self.forms(block, path);
                self.schemas.insert(path.to_owned(), schema);
                path.to_owned()
            }
        };
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    /// A block in all its forms: with keys, or as the values that stand for the first of them.
    fn forms(&mut self, block: &'static Block, path: &str) -> Value {
        let mut forms = vec![self.object(block, path)];
        let arguments: Vec<&Field> = block.arguments.iter().filter_map(|name| block.field(name)).collect();
        let takes = |field: &Field| match field.kind {
            Kind::List(inner) => leaf(inner),
            kind => leaf(&kind),
        };
        let needs = |field: &&Field| field.presence == Presence::Required && field.condition.is_none();
        let missing = |given: usize| {
            let given = arguments.get(..given).unwrap_or_default();
            block.fields().filter(needs).any(|field| !given.iter().any(|other| other.kdl == field.kdl))
        };
        if let Some(first) = arguments.first().filter(|_| !missing(1)) {
            forms.push(takes(first));
        }
        let list = arguments.last().filter(|last| matches!(last.kind, Kind::List(_)));
        if (arguments.len() > 1 || list.is_some()) && !missing(arguments.len()) {
            let rest = list.map_or(Value::Bool(false), |last| takes(last));
            let items: Vec<Value> = arguments.iter().map(|field| takes(field)).collect();
            forms.push(json!({ "type": "array", "minItems": 1, "items": items, "additionalItems": rest }));
        }
        if !missing(0) && alternatives(block).is_empty() {
            forms.push(json!({ "type": "null" }));
        }
        if forms.len() == 1 { forms.remove(0) } else { json!({ "anyOf": forms }) }
    }

    /// A block with keys.
    fn object(&mut self, block: &'static Block, path: &str) -> Value {
        let mut properties = Map::new();
        for field in served(block) {
            let below =
                if path.is_empty() { field.yaml.to_owned() } else { format!("{path}.{}", field.yaml) };
            properties.insert(field.yaml.to_owned(), self.field(field, &below));
        }
        properties.insert(ALLOW.to_owned(), json!({ "$ref": format!("#/definitions/{ALLOW}") }));
        let needed = served(block)
            .filter(|field| field.presence == Presence::Required && field.condition.is_none())
            .map(|field| field.yaml);
        let needed: Vec<&str> = needed.collect();
        let mut schema = json!({
            "type": "object",
            "description": block.doc,
            "properties": properties,
            "additionalProperties": false,
        });
        if let Value::Object(object) = &mut schema {
            if !needed.is_empty() {
                object.insert("required".to_owned(), json!(needed));
            }
            let ways = alternatives(block);
            if !ways.is_empty() {
                let each = ways.into_iter().map(|words| {
                    let ways: Vec<Value> = words.iter().map(|word| json!({ "required": [word] })).collect();
                    json!({ "oneOf": ways })
                });
                object.insert("allOf".to_owned(), each.collect());
            }
        }
        schema
    }

    /// What a field takes, with what there is to say about it.
    fn field(&mut self, field: &'static Field, path: &str) -> Value {
        let taken = match field.kind {
            Kind::Block(block) => self.block(block, path),
            Kind::Secret => self.block(&SECRET, "secret"),
            Kind::Blocks(block) => {
                let one = self.block(block, path);
                let least = i32::from(field.presence == Presence::Required);
                json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": least }] })
            }
            Kind::Named(block) => {
                let one = self.block(block, path);
                json!({ "type": ["object", "null"], "additionalProperties": one })
            }
            Kind::List(inner) => {
                let least = i32::from(field.presence == Presence::Required);
                let one = leaf(inner);
                json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": least }] })
            }
            Kind::Pairs => {
                json!({ "type": ["object", "null"], "additionalProperties": leaf(&Kind::Text) })
            }
            kind => leaf(&kind),
        };
        // Beside `$ref`, draft 7 reads nothing else.
        let mut schema = if taken.get("$ref").is_some() { json!({ "allOf": [taken] }) } else { taken };
        if let Value::Object(object) = &mut schema {
            object.insert("description".to_owned(), json!(field.doc));
            if let Presence::Default(text) = field.presence {
                object.insert("default".to_owned(), default(&field.kind, text));
            }
            match field.status {
                Status::NoEffect(instead) => {
                    object.insert("deprecationMessage".to_owned(), json!(format!("no effect: {instead}")));
                }
                Status::Historical(today) => {
                    object.insert("deprecationMessage".to_owned(), json!(format!("write `{today}`")));
                }
                Status::Works | Status::Planned => {}
            }
        }
        schema
    }
}

/// The fields that this version serves.
fn served(block: &'static Block) -> impl Iterator<Item = &'static Field> {
    block.fields().filter(|field| field.status != Status::Planned)
}

/// For each thing that must be said in exactly one of several ways, the keys that say it.
fn alternatives(block: &'static Block) -> Vec<Vec<&'static str>> {
    let mut all: Vec<(&str, Vec<&str>)> = vec![];
    for field in served(block) {
        let Some(what) = field.alternative else { continue };
        match all.iter_mut().find(|(known, _)| *known == what) {
            Some((_, words)) => words.push(field.yaml),
            None => all.push((what, vec![field.yaml])),
        }
    }
    all.into_iter().map(|(_, words)| words).collect()
}

/// A scalar. A variable may stand in every one.
fn leaf(kind: &Kind) -> Value {
    let or_variable = |schema: Value| json!({ "anyOf": [schema, { "$ref": "#/definitions/variable" }] });
    // The pattern of a text, or of a text with a variable in it.
    let text = |pattern: &str| json!({ "type": "string", "pattern": format!(r"^(?:{pattern})$|\$\{{") });
    match kind {
        Kind::Flag => or_variable(json!({ "type": "boolean" })),
        Kind::Integer { min, max } => {
            or_variable(json!({ "type": "integer", "minimum": min, "maximum": max }))
        }
        Kind::Port => json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": u16::MAX }, text("[1-9][0-9]{0,4}")
        ] }),
        Kind::Code(codes) => or_variable(json!({ "enum": codes })),
        Kind::Duration { .. } => text("[0-9]+(ms|s|m|h|d)"),
        Kind::GoDuration => json!({ "anyOf": [{ "const": 0 }, text("0|([0-9]+(ns|us|µs|ms|s|m|h))+")] }),
        Kind::Size { .. } => text("[0-9]+(B|KiB|MiB|GiB)"),
        Kind::Rate => text("[0-9]+/[smh]"),
        Kind::Percent { .. } => text("[0-9]{1,3}%"),
        Kind::Choice(words) => {
            // Without quotes, a number is a number to everything but the compiler.
            let numbers = words.iter().filter_map(|word| word.parse::<Number>().ok()).map(Value::Number);
            let words = words.iter().map(|word| json!(word));
            or_variable(json!({ "enum": words.chain(numbers).collect::<Vec<_>>() }))
        }
        Kind::Statuses => json!({ "anyOf": [
            { "type": "integer", "minimum": 100, "maximum": 599 }, text("[1-5][0-9]{2}(-[1-5][0-9]{2})?")
        ] }),
        Kind::Address => text(r"([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-fA-F:.]+\]):[1-9][0-9]{0,4}"),
        Kind::Bind => text(r"([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-fA-F:.]+\]):[1-9][0-9]{0,4}|unix:/.+"),
        Kind::Network => text("[0-9a-fA-F:.]+(/[0-9]{1,3})?"),
        Kind::Backend => text(r"(https?|h2c|tcp)(\+srv)?://.+|unix:/.+"),
        Kind::Request => text(r"\s*([^\s]+\s+)?https?://[^\s]+\s*"),
        Kind::List(inner) => leaf(inner),
        Kind::Any => Value::Bool(true),
        // Without quotes, a text can look like a number or a truth value.
        Kind::Text
        | Kind::File
        | Kind::Reference(_)
        | Kind::Pairs
        | Kind::Secret
        | Kind::Block(_)
        | Kind::Blocks(_)
        | Kind::Named(_) => json!({ "type": ["string", "number", "boolean"] }),
    }
}

/// A default as a value of JSON.
fn default(kind: &Kind, text: &str) -> Value {
    match kind {
        Kind::Flag | Kind::Integer { .. } | Kind::Code(_) | Kind::Port => {
            text.parse().unwrap_or_else(|_| json!(text))
        }
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_both_layouts_and_no_word_that_is_not_served() {
        let schema = json_schema();
        let full = &schema["else"]["properties"];
        assert_eq!(full["runtime"]["description"], "Process-wide settings.");
        assert_eq!(schema["then"]["required"], json!(["port", "backends"]));
        assert_eq!(schema["definitions"]["runtime"]["anyOf"][0]["properties"]["drain"]["default"], "30s");
        let mut planned = ROOT.fields().filter(|field| field.status == Status::Planned);
        assert!(planned.all(|field| full.get(field.yaml).is_none()));
    }

    #[test]
    fn a_policy_has_a_schema_of_its_own() {
        let schema = policy_schema();
        assert_eq!(schema["properties"]["fail-on"]["default"], "error");
        assert!(schema["definitions"]["paths"].is_object(), "{schema:#}");
    }

    #[test]
    fn every_reference_leads_to_a_definition() {
        fn walk(value: &Value, visit: &mut impl FnMut(&str)) {
            match value {
                Value::Object(object) => {
                    if let Some(Value::String(to)) = object.get("$ref") {
                        visit(to);
                    }
                    object.values().for_each(|value| walk(value, visit));
                }
                Value::Array(array) => array.iter().for_each(|value| walk(value, visit)),
                _ => {}
            }
        }
        for (schema, least) in [(json_schema(), 20), (policy_schema(), 4)] {
            let mut count = 0;
            walk(&schema, &mut |to| {
                count += 1;
                let name = to.strip_prefix("#/definitions/").unwrap();
                assert!(schema["definitions"].get(name).is_some(), "{to}");
            });
            assert!(count > least, "{count}");
        }
    }
}
