//! What stands on what: the crates that the runtime is built from, and the layers of both crates.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::documents::sources;

/// Names of the crates that `cargo tree` shows, once each.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn holds_none(crates: &BTreeSet<String>, unwanted: &[&str]) {
    assert!(crates.contains("rustls") && crates.contains("divisor-schema"), "this is no tree: {crates:?}");
    let found: Vec<&String> =
        crates.iter().filter(|name| unwanted.iter().any(|part| name.contains(part))).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Parts of the names of crates that read configs.
const PARSERS: [&str; 9] =
    ["kdl", "yaml", "granit", "miette", "x509", "der-parser", "regex", "glob", "divisor-compiler"];

#[test]
fn the_runtime_holds_no_parser() {
    holds_none(&tree(&["-p", "divisor-runtime", "-e", "normal"]), &PARSERS);
}

#[test]
fn the_lean_binary_holds_no_parser() {
    holds_none(
        &tree(&["-p", "divisor", "-e", "normal", "--no-default-features", "--features", "run"]),
        &PARSERS,
    );
}

#[test]
fn there_is_one_library_for_cryptography() {
    let crates = tree(&["--workspace", "-e", "all"]);
    assert!(crates.contains("aws-lc-rs"));
    // `openssl-probe` only finds the folder in which a system keeps its roots.
    for other in ["ring", "openssl", "openssl-sys", "native-tls", "boring"] {
        assert!(!crates.contains(other), "{other}");
    }
}

/// Layers of the runtime, top first; as in its documentation.
const RUNTIME: [&[&str]; 7] = [
    &["control"],
    &["worker"],
    &["downstream"],
    &["exchange", "health", "admin"],
    &["plan", "upstream"],
    &["policy", "h1"],
    &["pool", "route", "tls", "proxy_protocol", "message", "watch", "counters"],
];

/// Layers of the compiler, top first.
const COMPILER: [&[&str]; 11] = [
    &["fix"],
    &["preflight", "report"],
    &["levels"],
    &["check", "lower"],
    &["expect"],
    &["trace"],
    &["facts", "format"],
    &["model"],
    &["syntax", "routes", "tls"],
    &["diagnostic"],
    &["source"],
];

#[test]
fn the_runtime_keeps_its_layers() {
    keeps("runtime/src", &RUNTIME);
    let documented = [include_str!("../runtime/src/lib.rs"), include_str!("../docs/architecture.md")];
    for (number, layer) in (1..).zip(RUNTIME.iter().rev()) {
        for (module, text) in layer.iter().flat_map(|module| documented.map(|text| (module, text))) {
            let row = text.lines().map(|line| line.trim_start_matches("//! ")).find(|line| {
                line.starts_with(&format!("| {number} |")) && line.contains(&format!("`{module}`"))
            });
            assert!(row.is_some(), "`{module}` is not documented on layer {number}");
        }
    }
}

#[test]
fn the_compiler_keeps_its_layers() {
    keeps("compiler/src", &COMPILER);
}

/// Asserts that no module uses one of a higher layer, or another of its own.
fn keeps(folder: &str, layers: &[&[&str]]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let layer = |module: &str| layers.iter().position(|layer| layer.contains(&module));
    let (mut wrong, mut uses) = (Vec::new(), 0);
    sources(&root, &mut |path, text| {
        let inside = path.strip_prefix(&root).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        let tests = inside
            .iter()
            .any(|part| ["tests", "tests.rs", "testing.rs", "property.rs"].iter().any(|it| *it == part));
        if tests || module == "lib" {
            return;
        }
        let own = layer(module).unwrap_or_else(|| panic!("{module} is on no layer"));
        for used in used(text).into_iter().chain(used_by_super(inside, text)) {
            let Some(other) = layer(&used).filter(|_| used != module) else { continue };
            uses += 1;
            if other <= own {
                wrong.push(format!("{} uses {used}", inside.display()));
            }
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(uses > 10, "only {uses} uses seen: the test is blind");
}

/// Code without its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// Modules that are named by `crate::…`.
fn used(text: &str) -> Vec<String> {
    without_tests(text).split("crate::").skip(1).flat_map(names).collect()
}

/// Modules of the crate that are named by as many `super::` as it takes to get to its root.
fn used_by_super(inside: &Path, text: &str) -> Vec<String> {
    let is_root_of_folder = inside.file_name().is_some_and(|name| name == "mod.rs");
    let depth = inside.iter().count() - usize::from(is_root_of_folder);
    let supers = "super::".repeat(depth);
    without_tests(text)
        .split(&supers)
        .skip(1)
        .filter(|rest| !rest.starts_with("super::"))
        .flat_map(names)
        .collect()
}

/// The names at the beginning of a path: one, or several in braces.
fn names(rest: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((inner, _)) => inner.split(',').map(|name| word(name.trim())).collect(),
        None => vec![word(rest)],
    }
}

#[test]
fn paths_are_read() {
    assert_eq!(
        used("use crate::plan::{Live, x};\nuse crate::{tls, route::Hosts};"),
        ["plan", "tls", "route"]
    );
    assert_eq!(used_by_super(Path::new("a/b.rs"), "use super::super::plan::X; use super::c;"), ["plan"]);
    assert_eq!(used_by_super(Path::new("a/mod.rs"), "use super::plan::X;"), ["plan"]);
}
