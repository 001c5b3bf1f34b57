use super::*;
use crate::diagnostic::Rule;
use crate::source::{SourceMap, Span};

fn sources() -> SourceMap {
    let mut sources = SourceMap::default();
    sources
        .add("main.kdl".into(), "/x/main.kdl".into(), "pool \"äpp\" {\n    balanse \"random\"\n}\n".into())
        .unwrap();
    sources
        .add("conf.d/b,c.kdl".into(), "/x/b.kdl".into(), "\u{feff}route \"/\"\r\nroute \"/\"".into())
        .unwrap();
    sources
}

fn span(sources: &SourceMap, file: usize, text: &str) -> Span {
    let file = &sources.files()[file];
    let at = file.text.rfind(text).unwrap();
    file.local_span(at, at + text.len())
}

fn diagnostics(sources: &SourceMap) -> Vec<Diagnostic> {
    vec![
        Diagnostic::warning(
            Rule::UNKNOWN_KEY,
            "unknown key `balanse`",
            span(sources, 0, "balanse"),
            "did you mean `balance`?",
        )
        .help("write `balance`"),
        Diagnostic::error(
            Rule::new("RTE014", "duplicate-route"),
            "two routes are equal\n100 %",
            span(sources, 1, "route"),
            "second",
        )
        .label(span(sources, 0, "\"äpp\""), "elsewhere")
        .witness("`GET /`"),
    ]
}

#[test]
fn text_shows_every_file_that_has_a_label() {
    let sources = sources();
    let shown = text(&diagnostics(&sources), &sources, TextStyle::default());
    insta::assert_snapshot!(shown);
}

#[test]
fn text_can_be_ascii_and_can_be_coloured() {
    let sources = sources();
    let diagnostics = diagnostics(&sources);
    let ascii =
        text(&diagnostics[..1], &sources, TextStyle { unicode: false, width: 1, ..TextStyle::default() });
    assert!(
        ascii.is_ascii() || ascii.lines().filter(|line| !line.is_ascii()).all(|line| line.contains("äpp"))
    );
    let colour = text(&diagnostics[..1], &sources, TextStyle { color: true, ..TextStyle::default() });
    assert!(colour.contains('\u{1b}') && !ascii.contains('\u{1b}'));
}

#[test]
fn compact_is_one_line_each() {
    let sources = sources();
    insta::assert_snapshot!(compact(&diagnostics(&sources), &sources), @r"
    main.kdl:2:5: warning[SYN003] unknown key `balanse`
    conf.d/b,c.kdl:2:1: error[RTE014] two routes are equal\n100 %
    ");
}

#[test]
fn github_escapes_and_puts_errors_first() {
    let sources = sources();
    insta::assert_snapshot!(github(&diagnostics(&sources), &sources), @r"
    ::error file=conf.d/b%2Cc.kdl,line=2,endLine=2,col=1,endColumn=6,title=RTE014 duplicate-route::two routes are equal%0A100 %25%0Aexample: `GET /`
    ::warning file=main.kdl,line=2,endLine=2,col=5,endColumn=12,title=SYN003 unknown-key::unknown key `balanse`%0Ahelp: write `balance`
    ");
}

#[test]
fn json_counts_and_places() {
    let sources = sources();
    let document: serde_json::Value = serde_json::from_str(&json(&diagnostics(&sources), &sources)).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["summary"], serde_json::json!({ "error": 1, "warn": 1, "info": 0 }));
    let finding = &document["findings"][1];
    assert_eq!(finding["family"], "RTE");
    assert_eq!(finding["witness"], "`GET /`");
    // The byte order mark counts as bytes of the file.
    let label = &finding["labels"][1];
    assert_eq!(label["start"], serde_json::json!({ "line": 2, "col": 1, "byte": 14 }));
    assert_eq!(label["primary"], true);
}

#[test]
fn a_diagnostic_without_place_is_still_shown() {
    let nowhere = [Diagnostic::info(Rule::SYNTAX_ERROR, "nothing there", Span::new(900, 901), "here")];
    let sources = sources();
    assert_eq!(compact(&nowhere, &sources), "info[SYN001] nothing there\n");
    assert!(github(&nowhere, &sources).starts_with("::notice title=SYN001"));
    assert!(text(&nowhere, &sources, TextStyle::default()).contains("nothing there"));
}

#[test]
fn the_summary_counts() {
    let sources = sources();
    let mut all = diagnostics(&sources);
    all.extend(diagnostics(&sources));
    all.push(Diagnostic::info(Rule::SYNTAX_ERROR, "", Span::default(), ""));
    assert_eq!(summary(&all), "2 errors, 2 warnings, 1 note");
    assert_eq!(summary(&[]), "no problems found");
}

#[test]
fn text_shows_the_first_of_each_rule_and_counts_the_others() {
    let sources = sources();
    let many: Vec<_> = (0..30).map(|_| diagnostics(&sources).remove(0)).collect();
    let shown = text(&many, &sources, TextStyle::default());
    assert_eq!(shown.matches("unknown key").count(), 25);
    assert!(shown.ends_with("… 5 more of SYN003\n\n"));
}
