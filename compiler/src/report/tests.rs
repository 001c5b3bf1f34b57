use super::*;
use crate::diagnostic::{Fix, Rule, Suppression, Undecided};
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

/// The findings of [`diagnostics`], as they are shown.
fn report() -> Report {
    let sources = sources();
    Report { findings: diagnostics(&sources), suppressed: 0, undecided: vec![], sources }
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
    insta::assert_snapshot!(github(&report()), @r"
    ::error file=conf.d/b%2Cc.kdl,line=2,endLine=2,col=1,endColumn=6,title=RTE014 duplicate-route::two routes are equal%0A100 %25%0Aexample: `GET /`%0Adocs: https://github.com/divisor-lb/divisor/blob/main/docs/rules.md#rte014-duplicate-route
    ::warning file=main.kdl,line=2,endLine=2,col=5,endColumn=12,title=SYN003 unknown-key::unknown key `balanse`%0Ahelp: write `balance`%0Adocs: https://github.com/divisor-lb/divisor/blob/main/docs/rules.md#syn003-unknown-key
    ");
}

#[test]
fn json_counts_and_places() {
    let document: serde_json::Value = serde_json::from_str(&json(&report())).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!((&document["summary"]["error"], &document["summary"]["info"]), (&1.into(), &0.into()));
    let finding = &document["findings"][1];
    assert_eq!(finding["family"], "RTE");
    assert_eq!(finding["witness"], serde_json::json!({ "kind": "request", "text": "GET /" }));
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
    let report = Report { findings: nowhere.to_vec(), ..report() };
    assert!(github(&report).starts_with("::notice title=SYN001"));
    assert!(text(&nowhere, &sources, TextStyle::default()).contains("nothing there"));
}

#[test]
fn the_summary_counts() {
    let mut all = report();
    all.findings.extend(report().findings);
    all.findings.push(Diagnostic::info(Rule::SYNTAX_ERROR, "", Span::default(), ""));
    assert_eq!(all.summary(), "2 errors, 2 warnings, 1 note");
    all.findings[0].fixes.push(Fix::safe("write `balance`", Span::default(), "balance"));
    assert_eq!(all.summary(), "2 errors, 2 warnings, 1 note · 1 fixable with `--fix`");
    all.findings.clear();
    all.suppressed = 2;
    assert_eq!(all.summary(), "no problems found · 2 suppressed");
}

#[test]
fn text_shows_the_first_of_each_rule_and_counts_the_others() {
    let sources = sources();
    let many: Vec<_> = (0..30).map(|_| diagnostics(&sources).remove(0)).collect();
    let shown = text(&many, &sources, TextStyle::default());
    assert_eq!(shown.matches("unknown key").count(), 25);
    assert!(shown.ends_with("… 5 more of SYN003\n\n"));
}

/// One finding of each kind: with a fix, with labels in two files, suppressed, without place; and a gap.
fn full() -> Report {
    let mut report = report();
    let pool = span(&report.sources, 0, "balanse");
    report.findings[0].path = Some("pools.äpp.balanse".to_owned());
    report.findings[0].fixes.push(Fix::safe("write `balance`", pool, "balance"));
    let route = report.findings[1].primary_span();
    report.findings[1].fixes.push(Fix::risky("delete one [of them]", route, ""));
    let mut suppressed = Diagnostic::warning(
        Rule::new("UPS005", "no-health-check"),
        "pool `äpp` has no health check",
        pool,
        "",
    );
    let reason = "not yet <there> & \"soon\"".to_owned();
    suppressed.suppressed = Some(Suppression { reason, until: Some("2027-01-31".to_owned()) });
    report.findings.push(suppressed);
    report.findings.push(Diagnostic::info(
        Rule::ANALYSIS_INCOMPLETE,
        "7 more findings are not listed",
        Span::new(900, 901),
        "",
    ));
    report.suppressed = 1;
    report.undecided.push(Undecided {
        rule: Rule::new("CRT005", "key-mismatch"),
        subject: "certs/shop.key".to_owned(),
        reason: "is only where the plan runs",
        recheck: "divisor run",
    });
    report
}

#[test]
fn golden_text() {
    let report = full();
    let shown = text(&report.findings, &report.sources, TextStyle { docs: true, ..TextStyle::default() });
    insta::assert_snapshot!(format!("{shown}{}\n{}", report.summary(), report.gaps().unwrap()));
}

#[test]
fn golden_compact() {
    let report = full();
    insta::assert_snapshot!(compact(&report.findings, &report.sources));
}

#[test]
fn golden_json() {
    insta::assert_snapshot!(json(&full()));
}

#[test]
fn golden_github() {
    insta::assert_snapshot!(github(&full()));
}

#[test]
fn golden_gitlab() {
    insta::assert_snapshot!(gitlab(&full()));
}

#[test]
fn golden_junit() {
    let xml = junit(&full());
    let passed = xml.lines().filter(|line| line.ends_with("\"/>")).count();
    assert!(passed > 2 * 50, "every rule is a test of every file");
    // Rules come and go; what is found stays.
    let rest: Vec<&str> = xml.lines().filter(|line| !line.ends_with("\"/>")).collect();
    let rest =
        rest.join("\n").replace(&format!("tests=\"{}\"", crate::check::catalogue().len()), "tests=\"…\"");
    insta::assert_snapshot!(rest);
}

#[test]
fn golden_statistics() {
    insta::assert_snapshot!(statistics(&full()), @r"
        1  INV002  [ ]  analysis-incomplete
        1  RTE014  [!]  duplicate-route
        1  SYN003  [*]  unknown-key
    ");
}

#[test]
fn golden_sarif() {
    let mut document: serde_json::Value = serde_json::from_str(&sarif(&full())).unwrap();
    assert_valid_sarif(&document);
    // Rules come and go, and so do their numbers.
    let run = &mut document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap().clone();
    for result in run["results"].as_array_mut().unwrap() {
        let index = result.as_object_mut().unwrap().remove("ruleIndex").unwrap().as_u64().unwrap();
        assert_eq!(rules[index as usize]["id"], result["ruleId"]);
    }
    run["tool"]["driver"]["rules"] = rules.into_iter().filter(|rule| rule["id"] == "TLS008").collect();
    insta::assert_snapshot!(format!("{document:#}"));
}

/// Against the schema of the standard.
fn assert_valid_sarif(document: &serde_json::Value) {
    let schema = include_str!("../../../tests/data/sarif-schema-2.1.0.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sarif_shows_the_worst_of_very_many_and_counts_the_rest() {
    let mut report = report();
    let warning = report.findings[0].clone();
    let mut findings = vec![warning; 5001];
    findings.push(report.findings[1].clone());
    report.findings = findings;
    let document: serde_json::Value = serde_json::from_str(&sarif(&report)).unwrap();
    assert_valid_sarif(&document);
    let run = &document["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 5000);
    assert_eq!(run["results"][0]["ruleId"], "RTE014");
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(notification["message"]["text"], "2 more findings are not in this report");
}

#[test]
fn fingerprints_survive_edits_elsewhere() {
    let report = full();
    let before = fingerprint::fingerprints(&report);
    let mut sources = SourceMap::default();
    let text =
        format!("// a line in front\n{}", report.sources.files()[0].text.replace("balanse ", "balanse   "));
    sources.add("main.kdl".into(), "/x/main.kdl".into(), text).unwrap();
    let mut found = report.findings[0].clone();
    found.labels[0].span = span(&sources, 0, "balanse");
    let twice = vec![found.clone(), found];
    let after = fingerprint::fingerprints(&Report { findings: twice, sources, ..report });
    assert_eq!(after, [(before[0].0.clone(), 1), (before[0].0.clone(), 2)]);
    assert_ne!(before[0].0, before[1].0);
}

#[test]
fn no_format_shows_a_secret() {
    let mut sources = SourceMap::default();
    let config = "request-header-set \"Authorization\" \"Bearer s3cr3t-t0k3n\"\n";
    sources.add("main.kdl".into(), "/x/main.kdl".into(), config.into()).unwrap();
    let place = span(&sources, 0, "\"Bearer s3cr3t-t0k3n\"");
    let found =
        Diagnostic::error(Rule::INVALID_VALUE, "`Bearer s3cr3t-t0k3n` is not known", place, "not known")
            .help("write something else than s3cr3t-t0k3n")
            .fix(Fix::safe("replace s3cr3t-t0k3n", place, "s3cr3t-t0k3n"));
    let compilation = crate::Compilation {
        sources,
        diagnostics: vec![found],
        suppressed: vec![],
        undecided: vec![],
        plan: None,
        times: vec![],
    };
    let report = Report::new(&compilation, true);
    let shown = text(&report.findings, &report.sources, TextStyle::default());
    assert!(shown.contains("Bearer ************") && shown.contains("`Bearer s3c…(12 chars)` is"), "{shown}");
    for output in [
        shown,
        compact(&report.findings, &report.sources),
        json(&report),
        sarif(&report),
        github(&report),
        gitlab(&report),
        junit(&report),
    ] {
        assert!(!output.contains("t0k3n"), "{output}");
    }
}
