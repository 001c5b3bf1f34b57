//! The JSON Schema against configs: it admits every good one and none of some bad ones.

use std::path::{Path, PathBuf};

use divisor_schema::config::json_schema;
use serde_json::{Map, Value};

use crate::diagnostic::Findings;
use crate::source::SourceMap;
use crate::syntax::{Item, ItemKind, Scalar, compose};

/// A YAML text as every other program sees it.
fn json(text: &str) -> Value {
    let mut sources = SourceMap::default();
    let file = sources.add("a.yaml".into(), "/a.yaml".into(), text.to_owned()).unwrap().clone();
    let mut findings = Findings::default();
    let root = compose(&file, &mut findings).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(findings.count(), 0, "{text}");
    root.map_or(Value::Null, |root| value(&root))
}

fn value(item: &Item) -> Value {
    match &item.kind {
        ItemKind::Scalar(scalar) => match scalar.scalar {
            Scalar::Text | Scalar::Unknown => Value::from(scalar.text.clone()),
            Scalar::Integer(number) => Value::from(i64::try_from(number).unwrap()),
            Scalar::Float(number) => Value::from(number),
            Scalar::Bool(flag) => Value::from(flag),
            Scalar::Null => Value::Null,
        },
        ItemKind::List(items) => items.iter().map(|item| value(item)).collect(),
        ItemKind::Map(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.value.clone(), value(item)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn complaints(config: &str) -> Vec<String> {
    let validator = jsonschema::draft7::new(&json_schema()).unwrap();
    validator.iter_errors(&json(config)).map(|error| error.to_string()).collect()
}

fn yaml_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => yaml_files(&path, into),
            path if path.extension().is_some_and(|it| it == "yaml") => into.push(path),
            _ => {}
        }
    }
}

#[test]
fn the_schema_is_one_and_admits_every_example() {
    assert!(jsonschema::draft7::meta::is_valid(&json_schema()));
    let mut files = vec![];
    yaml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples"), &mut files);
    assert!(files.len() > 15, "{files:?}");
    for file in files.iter().filter(|file| !file.components().any(|part| part.as_os_str() == "broken")) {
        let found = complaints(&std::fs::read_to_string(file).unwrap());
        assert!(found.is_empty(), "{}: {found:#?}", file.display());
    }
}

#[test]
fn the_schema_admits_every_form_of_a_word() {
    for config in [
        "",
        "x-probe: &probe { path: /health, every: 5s }\npools: { a: { backends: [\"http://a\"], probe: *probe } }",
        "pools: { a: { backends: \"http://a\", probe: /health } }",
        "pools: { a: { backends: [\"http://a\", { url: \"http://b\", weight: \"${WEIGHT}\" }] } }",
        "routes: { path: /, deny: }",
        "routes: [{ path: /, deny: 404 }, { path: /x, respond: [200, ok] }, { path: /y, redirect: /z }]",
        "routes: [{ path: /, pool: a, timeout: 5s, retry: 2, use: a }]",
        "policies: { p: { rate-limit: 5/s, header-set: { X-Count: 5, X-Flag: true } } }",
        "policies: { p: { rate-limit: [5/s, { rate: 100/m, burst: 5 }, { use: shared }] } }",
        "edition: 2026.1\ninclude: [a.yaml]",
        "listeners: { web: { bind: \"${ADDRESS}\", http: { h2: \"${H2:-true}\" }, redirect: https } }",
        "port: \"8080\"\nbackends: [{ url: \"a:80\", max_conn_timeout: 1m30s, max_conn: 5 }]",
    ] {
        assert_eq!(complaints(config), [""; 0], "{config}");
    }
}

#[test]
fn the_schema_refuses_what_the_compiler_refuses() {
    for config in [
        "listener: {}",
        "listeners: { web: { bnd: \"0.0.0.0:80\" } }",
        "listeners: { web: {} }",
        "listeners: { web: { bind: \"0.0.0.0\" } }",
        "listeners: { web: { bind: \"0.0.0.0:80\", http: { h2: yes } } }",
        "listeners: { web: { bind: \"0.0.0.0:80\", http: { header-timeout: 10 } } }",
        "listeners: { web: { bind: \"0.0.0.0:80\", http: { max-header-size: 32k } } }",
        "listeners: { web: { bind: \"0.0.0.0:80\", trusted-proxies: [ten] } }",
        "pools: { a: { backends: [] } }",
        "pools: { a: { backends: [{ weight: 1 }] } }",
        "pools: { a: { backends: [\"10.0.0.1:80\"] } }",
        "pools: { a: { backends: [\"http://a\"], balance: leastconn } }",
        "pools: { a: { backends: [{ url: \"http://a\", weight: 70000 }] } }",
        "pools: [{ name: a }]",
        "routes: [{ path: / }]",
        "routes: [{ path: /, pool: a, deny: 403 }]",
        "routes: [{ path: /, redirect: { location: /x, status: 404 } }]",
        "routes: [{ pool: a }]",
        "policies: { p: { rate-limit: 100 } }",
        "policies: { p: { rate-limit: { rate: 5/s, use: shared } } }",
        "edition: 2031.4",
        "backends: [{ url: a }]",
        "port: 80\nbackends: [{ url: a }]\nservers: {}",
        "port: 80\nbackends: [{ url: a, max_conn_timeout: 30 }]",
    ] {
        let compiled = load_text(config);
        assert!(compiled, "the compiler takes it: {config}");
        assert_ne!(complaints(config), [""; 0], "{config}");
    }
}

/// Whether the compiler finds an error in a config.
fn load_text(config: &str) -> bool {
    let loaded = super::load_text("a.yaml", config);
    loaded.diagnostics.iter().any(|found| found.severity == crate::diagnostic::Severity::Error)
}
