//! No text makes the front half panic, hang or grow without bound.

use proptest::prelude::*;

use super::*;

/// Loads without looking at the result; every diagnostic is rendered, for its spans.
pub(super) fn survive(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    if let Ok(loaded) = load(&path, &[]) {
        let shown = shown(&loaded);
        assert_eq!(shown.is_empty(), loaded.diagnostics.is_empty());
        for label in loaded.diagnostics.iter().flat_map(|found| &found.labels) {
            assert!(loaded.sources.location(label.span.start).is_some(), "{label:?}");
            assert!(loaded.sources.location(label.span.end).is_some(), "{label:?}");
        }
    }
}

const KDL: &str = r##"listener "web" { bind "0.0.0.0:8080"; tls { certificate "a" key="b"; } }
pool "app" { backend "http://10.0.0.1:80" weight=3; /- probe "/x" { every "5s" } }
host "a.example" { route "/**" pool="app" { header-set "X" #"y"#; timeout "${T:-5s}" } } // end
include "x/*.kdl" /* c */
"##;

const YAML: &str = r#"x-a: &a { path: /x, every: 5s }
listeners: { web: { bind: ["0.0.0.0:8080"], tls: { certificates: [{ certificate: a, key: b }] } } }
pools:
  app:
    backends: [{ url: "http://10.0.0.1:80", weight: 3 }, http://b]
    probe: { <<: *a, rise: 2 }
hosts:
  - names: [a.example]
    routes: [{ path: "/**", pool: app, header-set: { X: y }, timeout: "${T:-5s}" }]
"#;

const FLAT: &str = "type: ip-hash\nport: 80\nbackends:\n  - { url: a:80, weight: 1, max_conn: 5 }\nserver: { read_timeout: 1m30s }\nsecurity: { tls: { min_version: 1.2 }, rate_limit: { enabled: true } }\n";

/// A text with some of its characters replaced, cut out or repeated.
fn mutated(text: &'static str) -> impl Strategy<Value = String> {
    let tokens = prop::sample::select(vec![
        "{",
        "}",
        "\"",
        "[",
        "]",
        ":",
        ",",
        "#",
        "-",
        "/-",
        "/*",
        "*/",
        "//",
        "\n",
        " ",
        "  ",
        "&a",
        "*a",
        "<<: *a",
        "${",
        "}",
        "$${",
        "\\",
        "\"\"\"",
        "ä",
        "\u{feff}",
        "=",
        "0",
        "99999999999999999999",
        "#true",
        "null",
        "~",
        "|",
        ">",
        "!!str",
        "%",
        "---",
        "'",
        ";",
        "(",
    ]);
    let edit = (any::<prop::sample::Index>(), 0usize..12, tokens);
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, cut, token) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, token.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive("a.kdl", &bytes);
        survive("a.yaml", &bytes);
    }

    #[test]
    fn random_text(text in "\\PC{0,80}") {
        survive("a.kdl", text.as_bytes());
        survive("a.yaml", text.as_bytes());
    }

    #[test]
    fn mutated_kdl(text in mutated(KDL)) {
        survive("a.kdl", text.as_bytes());
    }

    #[test]
    fn mutated_yaml(text in mutated(YAML)) {
        survive("a.yaml", text.as_bytes());
    }

    #[test]
    fn mutated_flat(text in mutated(FLAT)) {
        survive("a.yaml", text.as_bytes());
    }
}

#[test]
fn bombs() {
    survive("a.kdl", "a /-{\n".repeat(64).as_bytes());
    survive("a.kdl", "a {\n".repeat(100_000).as_bytes());
    survive("a.kdl", "(".repeat(100_000).as_bytes());
    survive("a.yaml", "[".repeat(100_000).as_bytes());
    survive("a.yaml", "- ".repeat(100_000).as_bytes());
    survive("a.yaml", format!("a: {}", "{a: ".repeat(100_000)).as_bytes());
}

#[test]
fn aliases_do_not_multiply() {
    let mut laughs = String::from("x-0: &a0 { a: 1, b: 2 }\n");
    for level in 1..40 {
        laughs += &format!("x-{level}: &a{level} {{ a: *a{0}, b: *a{0}, c: *a{0} }}\n", level - 1);
    }
    let loaded = load_text("a.yaml", &format!("{laughs}runtime: *a39\n"));
    assert!(shown(&loaded).contains("aliases make this file many times larger"), "{}", shown(&loaded));

    let mut chain = String::from("x-0: &a0 [1]\n");
    for level in 1..5000 {
        chain += &format!("x-{level}: &a{level} [*a{}]\n", level - 1);
    }
    assert!(lint("a.yaml", &chain).contains("nested too deep"));

    let keys: Vec<String> = (0..2000).map(|key| format!("k{key}: 1")).collect();
    let merges = vec!["*a"; 2000].join(", ");
    let merged =
        load_text("a.yaml", &format!("x-a: &a {{ {} }}\nruntime: {{ <<: [{merges}] }}\n", keys.join(", ")));
    assert!(merged.diagnostics.len() < 2_000);
}

#[test]
fn long_lists_take_linear_time() {
    let routes: String = (0..20_000).map(|at| format!("  - {{ path: /{at}, deny: 403 }}\n")).collect();
    let pools: String =
        (0..20_000).map(|at| format!("  p{at}: {{ backends: [\"http://a:{}\"] }}\n", at + 1)).collect();
    let yaml = model("a.yaml", &format!("routes:\n{routes}pools:\n{pools}"));
    assert_eq!((yaml.routes.len(), yaml.pools.len()), (20_000, 20_000));

    let routes: String = (0..20_000).map(|at| format!("route \"/{at}\" {{ deny 403; }}\n")).collect();
    let pools: String =
        (0..20_000).map(|at| format!("pool \"p{at}\" {{ backend \"http://a:{}\"; }}\n", at + 1)).collect();
    let kdl = model("a.kdl", &format!("{routes}{pools}"));
    assert_eq!((kdl.routes.len(), kdl.pools.len()), (20_000, 20_000));
}

#[test]
fn mistakes_without_number_are_counted() {
    let unknown = load_text("a.kdl", &"unknown 1\n".repeat(50_000));
    assert!(unknown.diagnostics.len() < 2_000);
    assert!(shown(&unknown).contains("49000 more findings are not listed"));
    survive("a.kdl", format!("runtime{}\n", " workers=1".repeat(20_000)).as_bytes());
    survive("a.kdl", "a = 1\n".repeat(20_000).as_bytes());
    survive("a.yaml", "a: 1\n".repeat(50_000).as_bytes());
}

#[test]
fn a_text_of_nothing_but_words_is_not_read_to_its_end() {
    for (name, word) in [("a.kdl", "a;"), ("a.kdl", "a 1 1 1 1 1 1 1 1 1 1\n"), ("a.yaml", "- a\n")] {
        let loaded = load_text(name, &word.repeat(200_000 / word.len()));
        let shown = shown(&loaded);
        assert!(shown.contains("than mean anything"), "{name} {word}: {shown}");
        assert_eq!(loaded.diagnostics.len(), 1, "{shown}");
    }
    let line = lint("a.kdl", &"a;".repeat(100_000));
    assert!(
        line.starts_with("  × SYN001 (syntax-error): this file has more words than mean anything (a.kdl:1:"),
        "{line}"
    );
    assert!(line.len() < 1000, "a line that nobody reads is not shown");
    let flow = load_text("a.yaml", &format!("a: [{}]\n", "1,".repeat(100_000)));
    assert!(shown(&flow).contains("than mean anything"), "{}", shown(&flow));
}

/// Texts that were chosen to be odd, and the examples.
fn corpus() -> Vec<(String, String)> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![];
    for folder in
        ["src/tests/__fuzz__/kdl/corpus", "src/tests/__fuzz__/yaml/corpus", "../examples", "../examples/flat"]
    {
        let mut files: Vec<_> =
            fs::read_dir(manifest.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "kdl" || it == "yaml"))
        {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            texts.push((name, fs::read_to_string(file).unwrap()));
        }
    }
    texts
}

/// A text as it is, cut off, without a piece, and with a piece twice, at several places.
fn variants(text: &str) -> Vec<String> {
    const PLACES: usize = 12;
    let chars: Vec<char> = text.chars().collect();
    let mut all = vec![text.to_owned()];
    for place in 0..PLACES {
        let at = chars.len() * place / PLACES;
        let to = (at + 1 + place % 5).min(chars.len());
        let (before, piece, after) = (&chars[..at], &chars[at..to], &chars[to..]);
        all.push(before.iter().collect());
        all.push(before.iter().chain(after).collect());
        all.push(before.iter().chain(piece).chain(piece).chain(after).collect());
    }
    all
}

#[test]
fn the_corpus_and_what_is_near_it_is_linted_to_the_end() {
    let corpus = corpus();
    assert!(corpus.len() > 25, "{}", corpus.len());
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in corpus {
        for variant in variants(&text) {
            let path = folder.path().join(&name);
            fs::write(&path, &variant).unwrap();
            let compilation = crate::compile(&path, &crate::Options::default()).unwrap();
            let shown = report::text(&compilation.diagnostics, &compilation.sources, TextStyle::default());
            assert_eq!(shown.is_empty(), compilation.diagnostics.is_empty(), "{name}: {variant}");
            assert!(compilation.plan.is_none_or(|plan| plan.check().is_ok()), "{name}: {variant}");
        }
    }
}
