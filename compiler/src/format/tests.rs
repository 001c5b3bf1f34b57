//! Every example in the other spelling, and what has no words there.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::{Options, compile};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Configs of a folder and of those below it, in order.
fn configs(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            configs(&path, found);
        } else if spelling(&path).is_some() {
            found.push(path);
        }
    }
}

fn spelling(path: &Path) -> Option<Spelling> {
    match path.extension()?.to_str()? {
        "kdl" => Some(Spelling::Kdl),
        "yaml" => Some(Spelling::Yaml),
        _ => None,
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
            #[cfg(unix)] // a key that everybody can read is a finding
            std::fs::set_permissions(target, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
    }
}

/// The plan of a file, or what is wrong with it.
fn plan(path: &Path) -> Result<Vec<u8>, String> {
    let options = Options { now: UNIX_EPOCH + Duration::from_secs(1_800_000_000), ..Options::default() };
    let compiled = compile(path, &options).unwrap();
    match compiled.plan {
        Some(plan) => Ok(plan.encode()),
        None => Err(crate::report::compact(&compiled.diagnostics, &compiled.sources)),
    }
}

#[test]
fn every_example_has_the_same_plan_in_the_other_spelling() {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&examples(), folder.path());
    let mut paths = Vec::new();
    configs(folder.path(), &mut paths);
    let mut converted = 0;
    for path in paths {
        let shown = path.strip_prefix(folder.path()).unwrap().display().to_string();
        let from = spelling(&path).unwrap();
        let is_part = shown.contains("conf.d");
        if is_part || shown.starts_with("flat") || shown.starts_with("broken") {
            continue;
        }
        let (to, extension) = match from {
            Spelling::Kdl => (Spelling::Yaml, "converted.yaml"),
            Spelling::Yaml => (Spelling::Kdl, "converted.kdl"),
        };
        let text = convert(&std::fs::read_to_string(&path).unwrap(), from, to).unwrap();
        let target = path.with_extension(extension);
        std::fs::write(&target, &text).unwrap();
        assert_eq!(plan(&target), plan(&path), "{shown}\n{text}");
        let back = convert(&text, to, from).unwrap();
        std::fs::write(&path, &back).unwrap();
        assert_eq!(plan(&target), plan(&path), "{shown}\n{back}");
        std::fs::remove_file(target).unwrap();
        converted += 1;
    }
    assert!(converted >= 14, "{converted}");
}

#[test]
fn kdl_becomes_yaml() {
    let text = r#"
listener "web" { bind "0.0.0.0:8080" "[::]:8080"; }
pool "app" {
    backend "http://127.0.0.1:9000" weight=3
    backend "http://127.0.0.1:9001"
    probe "/health" every="30s"
    tls min-version="1.2" verify=#false
}
host "a.example" "*.a.example" listener="web" {
    route "/x" method="GET" pool="app" { header-set "A" "1"; header-set "B" "yes"; retry 2; }
    route "/y" { respond 200 "say \"hi\""; }
    route "/z" { deny; header-add "C" "1"; header-add "C" "2"; }
}
unknown { a "b" }
"#;
    insta::assert_snapshot!(convert(text, Spelling::Kdl, Spelling::Yaml).unwrap(), @r#"
listeners:
  web: { bind: ["0.0.0.0:8080", "[::]:8080"] }

pools:
  app:
    backends:
      - { url: "http://127.0.0.1:9000", weight: 3 }
      - "http://127.0.0.1:9001"
    probe: { path: /health, every: 30s }
    tls: { min-version: "1.2", verify: false }

hosts:
  - names: [a.example, "*.a.example"]
    listener: web
    routes:
      - { path: /x, method: GET, pool: app, header-set: { A: "1", B: "yes" }, retry: 2 }
      - { path: /y, respond: { status: 200, body: 'say "hi"' } }
      - path: /z
        deny:
        header-add: [{ C: "1" }, { C: "2" }]

unknown: { a: b }
"#);
}

#[test]
fn yaml_becomes_kdl() {
    let text = r#"
x-probe: &probe { path: /health, every: 5s }
listeners:
  web: { bind: ["0.0.0.0:8080", "[::]:8080"] }
pools:
  app:
    backends: [{ url: "http://127.0.0.1:9000", weight: 3 }, "http://127.0.0.1:9001"]
    probe: { <<: *probe, timeout: 1s }
    tls: { min-version: 1.2, verify: false, cipher-suites: [A, B] }
hosts:
  - names: [a.example, "*.a.example"]
    listener: web
    routes:
      - { path: /x, method: [GET, HEAD], pool: app, header-set: { A: 1, B: "yes" }, retry: 2 }
      - { path: /y, respond: { body: 'say "hi"' } }
      - { path: /z, deny: }
unknown: { a: b, list: [1, true, ~] }
"#;
    insta::assert_snapshot!(convert(text, Spelling::Yaml, Spelling::Kdl).unwrap(), @r#"
listener "web" { bind "0.0.0.0:8080" "[::]:8080" }

pool "app" {
    backend "http://127.0.0.1:9000" weight=3
    backend "http://127.0.0.1:9001"
    probe "/health" timeout="1s" every="5s"
    tls min-version="1.2" verify=#false { cipher-suites "A" "B" }
}

host "a.example" "*.a.example" listener="web" {
    route "/x" pool="app" {
        method "GET" "HEAD"
        header-set "A" "1"
        header-set "B" "yes"
        retry 2
    }
    route "/y" { respond body="say \"hi\"" }
    route "/z" { deny }
}

unknown { a "b"; list 1 #true #null }
"#);
}

#[test]
fn what_yaml_has_no_words_for_is_refused() {
    let why = |text: &str| convert(text, Spelling::Kdl, Spelling::Yaml).unwrap_err().to_string();
    assert_eq!(
        why("pool \"a\" { probe \"/\"; }\npool \"a\" { probe \"/\"; }\n"),
        "`pool` is the second one named `a`, and in YAML names are keys"
    );
    assert_eq!(why("pool {}\n"), "`pool` has no name, and in YAML the name is the key");
    assert_eq!(why("a 1 { b 2; }\n"), "`a` has values and keys, and in YAML it is one or the other");
    assert_eq!(why("pool \"a\n"), "text is never closed");
}
