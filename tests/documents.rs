//! The documents are true: every config in them is compiled, every command is run, every test they name exists.

mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use divisor_schema::config::{Block, FLAT};

use self::page::Page;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn the_readme_does_what_it_says() {
    Page::new("README.md", &read("README.md")).perform();
}

#[test]
fn the_documents_do_what_they_say() {
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|name| name.extension().is_some_and(|extension| extension == "md"));
    // What the program writes is tested where it comes from; it shows what must not compile, too.
    names.retain(|name| !crate::generated::PAGES.iter().any(|(page, _)| name.ends_with(page)));
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        Page::new(&name.display().to_string(), &std::fs::read_to_string(&name).unwrap()).perform();
    }
}

#[test]
fn links_lead_somewhere() {
    for page in [
        "README.md",
        "docs/guide.md",
        "docs/linting.md",
        "docs/testing.md",
        "docs/migrating.md",
        "docs/architecture.md",
        "docs/security.md",
    ] {
        let text = read(page);
        let folder = root().join(page).parent().unwrap().to_owned();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            assert!(folder.join(target).exists(), "{page}: {target} does not exist");
        }
    }
}

/// Names in backquotes in the last column of the table of threats.
#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = read("docs/security.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() >= 8, "the table of threats is gone");
    let mut code = String::new();
    for folder in ["tests", "compiler/src", "runtime/src", "schema/src", "src"] {
        sources(&root().join(folder), &mut |_, text| code.push_str(text));
    }
    for row in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test shows: {row}");
        for name in names {
            assert!(code.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
}

#[test]
fn every_flat_key_is_on_the_migration_page() {
    let page = read("docs/migrating.md");
    let known: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .collect();
    let mut wanted = BTreeSet::new();
    keys(&FLAT, "", &mut wanted);
    let missing: Vec<&String> = wanted.iter().filter(|key| !known.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
    let extra: Vec<&&str> =
        known.iter().filter(|key| !key.starts_with('$') && !wanted.contains(**key)).collect();
    assert!(extra.is_empty(), "no such keys: {extra:?}");
}

/// Paths of all keys: `security.tls.min_version`.
fn keys(block: &'static Block, path: &str, all: &mut BTreeSet<String>) {
    for field in block.fields() {
        let path = if path.is_empty() { field.yaml.to_owned() } else { format!("{path}.{}", field.yaml) };
        match field.kind.block() {
            Some(inner) => keys(inner, &path, all),
            None => drop(all.insert(path)),
        }
    }
}

/// Visits every Rust file below a folder, in order.
pub(crate) fn sources(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}
