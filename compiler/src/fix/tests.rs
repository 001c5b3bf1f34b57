//! What is mended, what is left, and that a safe fix is safe.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::format::convert;
use crate::syntax::Spelling;

fn options() -> Options {
    Options { now: UNIX_EPOCH + Duration::from_secs(1_800_000_000), ..Options::default() }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            std::fs::write(folder.path(name), text).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn fix(&self, name: &str, unsafe_too: bool, only: &[&str]) -> Fixed {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        fix(&self.path(name), &options(), &Selection { unsafe_too, only }).unwrap()
    }
}

/// What becomes of the one file of a config, and how many fixes it took.
fn fixed(name: &str, text: &str, unsafe_too: bool) -> (String, usize) {
    let folder = Folder::new(&[(name, text)]);
    let fixed = folder.fix(name, unsafe_too, &[]);
    assert_eq!(std::fs::read_to_string(folder.path(name)).unwrap(), text, "nothing is written");
    let after = fixed.changes.into_iter().next().map_or_else(|| text.to_owned(), |change| change.after);
    (after, fixed.applied)
}

const REST: &str = r#"pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app"
"#;

#[test]
fn misspelt_words_are_mended_and_comments_stay() {
    let text = format!(
        "// above\nlistener \"web\" {{ /* in */ bind \"127.0.0.1:8080\"; htpp h2=\"no\"; }} // behind\n{REST}"
    );
    let (after, applied) = fixed("a.kdl", &text, false);
    assert_eq!(after, text.replace("htpp h2=\"no\"", "http h2=#false"));
    assert_eq!(applied, 2);
}

#[test]
fn what_is_guessed_is_only_mended_when_asked_for() {
    let text = format!("listener \"web\" {{ bind \"127.0.0.1:8080\"; http idle-timeout=30; }}\n{REST}");
    assert_eq!(fixed("a.kdl", &text, false), (text.clone(), 0));
    let (after, applied) = fixed("a.kdl", &text, true);
    assert_eq!((after, applied), (text.replace("=30", "=\"30s\""), 1));
}

#[test]
fn spellings_of_kdl_1_are_mended() {
    let text = "runtime drain=30s workers=2 /* x */;;\nroute r\"/a\" { respond 200 r#\"a\"b\"#; }\n\
                listener \"web\" { bind \"127.0.0.1:8080\"; http h2=true keep-alive=\"x\"(t)false }\n";
    let (after, _) = fixed("a.kdl", text, false);
    insta::assert_snapshot!(after, @r##"
runtime drain="30s" workers=2 /* x */;
route #"/a"# { respond 200 #"a"b"#; }
listener "web" { bind "127.0.0.1:8080"; http h2=#true keep-alive="x" #false }
"##);
}

#[test]
fn yaml_is_mended_in_place() {
    let text = "listeners: # all\n  web: { bind: \"127.0.0.1:8080\", htpp: { h2: off } }\n\
                pools:\n  app:\n    balance: leastconn # least\n    backends: [\"http://127.0.0.1:9000\"]\n    \
                probe: { path: /, every: 5sec }\nroutes:\n  - { path: \"/**\", pool: app }\n";
    let (after, _) = fixed("a.yaml", text, false);
    let wanted = text
        .replace("htpp: { h2: off }", "http: { h2: false }")
        .replace("leastconn", "least-connection")
        .replace("5sec", "5s");
    assert_eq!(after, wanted);
}

#[test]
fn old_names_of_the_flat_layout_are_renamed_unless_the_new_one_is_there() {
    let text = "port: 8080\nbackends:\n  - url: \"127.0.0.1:9000\"\n    max_idemponent_call_attempts: 3\n";
    let (after, applied) = fixed("a.yaml", text, false);
    assert_eq!((after, applied), (text.replace("idemponent", "idempotent"), 1));
    let both = text.replace("    max_idem", "    max_idempotent_call_attempts: 2\n    max_idem");
    assert_eq!(fixed("a.yaml", &both, false), (both.clone(), 0));
}

#[test]
fn included_files_are_mended_too_and_keep_their_byte_order_mark() {
    let folder = Folder::new(&[
        ("main.kdl", "include \"more.yaml\"\nlistener \"web\" { bind \"127.0.0.1:8080\"; }\n"),
        ("more.yaml", "\u{feff}rotues:\n  - { path: /ä, respond: { status: \"200\", body: ä } }\n"),
    ]);
    let Fixed { changes, applied, compilation } = folder.fix("main.kdl", false, &[]);
    assert_eq!(applied, 1, "{:?}", compilation.diagnostics);
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.name, "more.yaml");
    assert_eq!(change.path, folder.path("more.yaml").canonicalize().unwrap());
    assert_eq!(change.after, change.before.replace("\"200\"", "200"));
}

#[test]
fn only_the_rules_asked_for_are_mended() {
    let text = format!("listener \"web\" {{ bind \"127.0.0.1:8080\"; htpp h2=\"no\"; }}\n{REST}");
    let folder = Folder::new(&[("a.kdl", &text)]);
    let fixed = folder.fix("a.kdl", false, &["invalid-value"]);
    assert_eq!(fixed.changes[0].after, text.replace("\"no\"", "#false"));
}

#[test]
fn of_two_equal_keys_the_first_goes_when_that_is_asked_for() {
    let text = "runtime:\n  workers: 1\n  drain: 5s\n  workers: 2\nlisteners:\n  web: { bind: \"127.0.0.1:8080\" }\n\
                routes:\n  - { path: /, respond: 200 }\n";
    assert_eq!(fixed("a.yaml", text, false), (text.to_owned(), 0));
    assert_eq!(fixed("a.yaml", text, true), (text.replace("  workers: 1\n", ""), 1));
    let with_comment = text.replace("workers: 1", "workers: 1 # why");
    assert_eq!(fixed("a.yaml", &with_comment, true).1, 0, "a comment does not go silently");
}

#[test]
fn a_variable_is_not_overwritten() {
    let text = format!("listener \"web\" {{ bind \"127.0.0.1:8080\"; http h2=\"${{H2:-no}}\"; }}\n{REST}");
    assert_eq!(fixed("a.kdl", &text, true), (text.clone(), 0));
}

#[test]
fn of_two_fixes_that_overlap_the_first_is_applied() {
    let mut sources = SourceMap::default();
    sources.add("a.kdl".into(), "/a.kdl".into(), "one two".into()).unwrap();
    let found = |start, end, text: &str| {
        let span = Span::new(start, end);
        Diagnostic::error(Rule::INVALID_VALUE, "x", span, "").fix(Fix::safe("y", span, text))
    };
    let diagnostics =
        vec![found(2, 5, "late"), found(0, 3, "1"), found(4, 7, "2"), found(3, 3, "+"), found(3, 3, "-")];
    let compilation = Compilation {
        sources,
        diagnostics,
        suppressed: vec![],
        undecided: vec![],
        plan: None,
        times: vec![],
    };
    let chosen = choose(&compilation, &Selection::default());
    let texts = applied(&compilation.sources, &chosen);
    assert_eq!(texts.values().collect::<Vec<_>>(), ["1+ 2"]);
}

#[test]
fn a_fix_that_cuts_characters_or_changes_nothing_is_none() {
    let mut sources = SourceMap::default();
    sources.add("a.kdl".into(), "/a.kdl".into(), "ä b".into()).unwrap();
    let sound = |start, end, text| is_sound(&sources, &Fix::safe("x", Span::new(start, end), text));
    assert!(sound(0, 2, "a") && sound(3, 3, "x"));
    assert!(!sound(0, 1, "a") && !sound(3, 4, "b") && !sound(3, 9, "x"));
    assert!(!is_sound(&sources, &Fix::new(Safety::Safe, "x")));
}

/// Every single fix of a config: a safe one keeps the plan, or there was none; none makes the text worse to read.
pub(crate) fn hold_to_promise(root: &Path, options: &Options) -> usize {
    let before = compile_texts(root, options, &Texts::new()).unwrap();
    let fixes = before.diagnostics.iter().flat_map(|found| found.fixes.iter().map(move |fix| (found, fix)));
    let mut count = 0;
    for (found, fix) in fixes.filter(|(_, fix)| is_sound(&before.sources, fix)) {
        let texts = applied(&before.sources, std::slice::from_ref(fix));
        let after = compile_texts(root, options, &texts).unwrap();
        let what = format!("{}: {} of `{}`\n{texts:#?}", found.code, fix.title, found.message);
        assert!(unread(&after) <= unread(&before), "harder to read by {what}");
        if let Some(plan) = before.plan.as_ref().filter(|_| fix.safety == Safety::Safe) {
            let after = after.plan.as_ref().map(|plan| plan.encode());
            assert_eq!(after, Some(plan.encode()), "another plan by {what}");
        }
        count += 1;
    }
    count
}

const BASE: &str = r#"listener "web" { bind "127.0.0.1:8080"; http h2=#true idle-timeout="60s" max-header-size="32KiB" }
pool "app" {
    balance "least-connection"
    backend "http://127.0.0.1:9000" weight=3
    backend "http://127.0.0.1:9001"
    probe "/health" every="5s" timeout="1s" rise=2
    connections per-backend=64 queue-timeout="1s"
}
policy "all" { rate-limit "100/s" burst=200; header-set "X-A" "1"; body-limit "4MiB" }
host "a.example" { use "all"; route "/**" pool="app" { timeout "5s"; retry 2 } }
"#;

/// What people write in place of a word.
const INSTEAD: &[&str] =
    &["true", "no", "30", "5min", "32m", "\"3\"", "leastconn", "x-y", "100rps", "10.0.0.1/8", "", "weigth"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn safe_fixes_of_mistakes_are_safe(
        yaml in any::<bool>(),
        places in prop::collection::vec((any::<Index>(), select(INSTEAD), 0_u8..4), 1..4),
    ) {
        let mut text = if yaml { convert(BASE, Spelling::Kdl, Spelling::Yaml).unwrap() } else { BASE.to_owned() };
        for (index, instead, how) in places {
            let words: Vec<(usize, &str)> = text
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .filter(|word| !word.is_empty())
                .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
                .collect();
            let (at, word) = words[index.index(words.len())];
            let other = match how {
                0 => word[1..].to_owned(),
                1 => word.replace('-', "_"),
                2 => word.chars().rev().collect(),
                _ => instead.to_owned(),
            };
            text.replace_range(at..at + word.len(), &other);
            if !text.contains(|c: char| c.is_ascii_alphanumeric()) {
                break;
            }
        }
        let name = if yaml { "a.yaml" } else { "a.kdl" };
        let folder = Folder::new(&[(name, &text)]);
        hold_to_promise(&folder.path(name), &options());
        // What is mended is mended: a second run finds nothing to do.
        let once = folder.fix(name, true, &[]);
        for change in &once.changes {
            std::fs::write(&change.path, &change.after).unwrap();
        }
        prop_assert_eq!(folder.fix(name, true, &[]).changes, []);
    }
}
