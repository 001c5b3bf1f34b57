//! Every example in the other spelling, and what has no words there.

mod property;

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
pub(super) fn plan(path: &Path) -> Result<Vec<u8>, String> {
    let options = Options { now: UNIX_EPOCH + Duration::from_secs(1_800_000_000), ..Options::default() };
    let compiled = compile(path, &options).unwrap();
    match compiled.plan {
        Some(plan) => Ok(plan.encode()),
        None => Err(crate::report::compact(&compiled.diagnostics, &compiled.sources)),
    }
}

#[test]
fn every_example_has_the_same_plan_in_the_other_spelling() {
    let (folder, paths) = copied();
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

/// A copy of the examples, and the configs in it.
pub(super) fn copied() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&examples(), folder.path());
    let mut paths = Vec::new();
    configs(folder.path(), &mut paths);
    (folder, paths)
}

#[test]
fn every_example_has_the_same_plan_when_it_is_laid_out() {
    let (_folder, paths) = copied();
    let plans: Vec<_> = paths.iter().map(|path| plan(path)).collect();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        let formatted = format(&text, spelling(path).unwrap()).unwrap();
        let again = format(&formatted, spelling(path).unwrap()).unwrap();
        assert_eq!(formatted, again, "{}", path.display());
        std::fs::write(path, formatted).unwrap();
    }
    for (path, before) in paths.iter().zip(plans) {
        match before {
            Ok(before) => assert_eq!(plan(path).unwrap(), before, "{}", path.display()),
            Err(_) => assert!(plan(path).is_err(), "{}", path.display()), // its lines may differ
        }
    }
}

fn formatted(text: &str, spelling: Spelling) -> String {
    let once = format(text, spelling).unwrap();
    assert_eq!(format(&once, spelling).unwrap(), once);
    once
}

#[test]
fn kdl_is_laid_out_in_one_way() {
    let text = include_str!("testdata/odd.kdl");
    insta::assert_snapshot!(formatted(text, Spelling::Kdl), @r##"
/* what
   it is */
listener "web" { bind "0.0.0.0:8080" } // behind
// above
pool "a" { // opening
    balance "least-connection"
    backend "http://a" weight=3 /-x=1 "y" // a
    backend "http://b" weight=2

    /-backend "c" {
        probe "/"
    }

    connections queue-timeout="30s" idle-timeout="90s" max-age="1h"
    tls profile="modern" ca="certs/internal-ca.pem" certificate="certs/lb.pem" key="certs/lb.key" \
        server-name="app.internal"
    /* in the block */
    // at its end
}

/-policy "x" {
    body-limit "1024KiB"
}
route "/**" pool="a" { body-limit "1MiB"; timeout "5s" }
route "/x" \ // why
    pool="a"
text """
   a
    b
   """ #"c"d"#
// last
"##);
}

#[test]
fn yaml_is_laid_out_in_one_way() {
    let text = include_str!("testdata/odd.yaml");
    insta::assert_snapshot!(formatted(text, Spelling::Yaml), @r#"
# about it all
---
# about the anchors

x-probe: &probe { path: /health, every: 5000ms } # behind
x-list: &list
  - a
  - "b"

listeners: # the listeners
  # above web
  web:
    # above bind
    bind: ["0.0.0.0:8080", "[::]:8080"]
    trusted-proxies:
      # first
      - "10.0.0.0/8" # a
      # second
      - "10.1.0.0/16"
    # last of the list
    # below web
  # below web too
# above pools
pools:
  a:
    backends:
      - "http://a"
      - { url: "http://b", weight: 2 } # one
      - { url: "http://c" }
    probe: *probe
    tls:
      profile: modern
      ca: certs/internal-ca.pem
      certificate: certs/lb.pem
      key: certs/lb.key
      server-name: app.internal
    connections: { <<: [*probe], idle-timeout: 1m }
routes:
  - path: "/**"
    pool: a
  # odd
  - path: /text
    respond:
      status: 200
      body: |
        first
          second

        third
  - path: 'say "hi"'
    deny:
  - { path: /folded, respond: { body: plain text over lines } }
  - path: /more
    respond: { body: "a\tb" }
    header-set: { X-Y: "it's", Z: 'a\b', W: "ä" }
    rewrite: >-
      /some
      where
# the end
"#);
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
fn comments_go_with_what_they_are_about() {
    let (kdl, yaml) = (include_str!("testdata/comments.kdl"), include_str!("testdata/comments.yaml"));
    insta::assert_snapshot!(convert(kdl, Spelling::Kdl, Spelling::Yaml).unwrap(), @r#"
# About the whole file.
# In two lines.

listeners:
  # The one that everybody sees.
  web: # opening
    bind: "0.0.0.0:8080" # all of IPv4
    # Below the address.

pools:
  # First pool.
  a:
    backends:
      # A block
      # of comment.
      - { url: "http://a", weight: 3 } # the big one
      # the small one
      - { url: "http://b", weight: 1 } # here
    probe: /health
    # /-eject consecutive-errors=3
    # Below the probe.
  b: { backends: ["http://c"] } # one line

routes:
  # /-policy "none" {
  #     body-limit "1MiB"
  # }

  # The routes.
  # behind the brace
  - path: "/**"
    pool: a
    header-set:
      # about headers
      A: "1" # first
      # second
      B: "2"
# The end.
"#);
    insta::assert_snapshot!(convert(yaml, Spelling::Yaml, Spelling::Kdl).unwrap(), @r#"
// About the whole file.

// About the listeners.
// behind listeners
// The one that everybody sees.
listener "web" {
    // and IPv6
    bind "0.0.0.0:8080" "[::]:8080" // addresses; all of IPv4
    // Below the addresses.
} // behind web

// First pool.
pool "a" {
    // the big one
    backend "http://a" weight=3 // three
    backend "http://b" // small
    probe "/health" // healthy
}

// no more
pool "b" { backend "http://c" } // one line

route "/**" {
    // goes to a
    pool "a"
    // about headers
    header-set "A" "1" // first
    // second
    header-set "B" "2"
} // everything
// The end.
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
