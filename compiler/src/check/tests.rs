//! The rules against their own examples, and the register against the rules.

mod access;
mod golden;
mod headers;
mod language;
mod numbers;
mod peers;
mod routing;
mod tls;

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::syntax::Spelling;
use crate::tls::testing::{Issued, Scratch};
use crate::{Compilation, Options, compile};

/// 2026-06-15.
const NOW: Duration = Duration::from_secs(20_619 * 86_400);

/// A folder with the certificates that examples name.
fn certificates() -> Scratch {
    let scratch = Scratch::new();
    let names = ["shop.example"];
    scratch.chain("shop", &names);
    scratch.chain("shop-new", &names);
    scratch.chain("other", &["other.example"]);
    scratch.chain("api", &["api.shop.example"]);
    scratch.chain("both", &["shop.example", "*.shop.example"]);
    scratch.chained("expired", &Issued { days: (20_000, 20_365), ..Issued::new(&names) });
    scratch.chained("expiring", &Issued { days: (20_539, 20_629), ..Issued::new(&names) });
    scratch.chained("future", &Issued { days: (21_915, 22_280), ..Issued::new(&names) });
    scratch.long_chain("leaf", 0);
    scratch.chained("authority", &Issued { authority: true, ..Issued::new(&names) });
    let purposes = &[rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    scratch.chained("client", &Issued { purposes, ..Issued::new(&names) });
    scratch.sha1("sha1", &names);
    scratch.issue("clients", &Issued { authority: true, ..Issued::new(&[]) });
    scratch.write("public.pem", include_str!("../tls/testdata/public-root.pem"));
    scratch.chain("repository/shop", &names);
    scratch.write("repository/.git/HEAD", "ref: refs/heads/main\n");
    let (chain, _) = scratch.chain("reversed", &names);
    let chain = std::fs::read_to_string(chain).unwrap();
    let second = chain.rfind("-----BEGIN").unwrap();
    scratch.write("reversed.pem", &format!("{}{}", &chain[second..], &chain[..second]));
    scratch.write("weak.pem", include_str!("testdata/rsa-1024.pem"));
    let passphrase = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    scratch.write("passphrase.key", passphrase);
    let key = std::fs::read_to_string(scratch.path("shop.key")).unwrap();
    scratch.write("shop-open.key", &key);
    scratch.set_mode("shop-open.key", 0o644);
    scratch
}

fn compiled(scratch: &Scratch, config: &str) -> Compilation {
    let root = scratch.write("divisor.kdl", config);
    compile_at(&root)
}

fn compile_at(root: &Path) -> Compilation {
    compile(root, &Options { now: UNIX_EPOCH + NOW, ..Options::default() }).unwrap()
}

/// A diagnostic as plain text: its places with what stands there.
fn rendered(compilation: &Compilation, found: &Diagnostic) -> String {
    let severity = found.severity.word();
    let mut text = format!("{severity} {} ({}): {}\n", found.code, found.name, found.message);
    for label in &found.labels {
        let place = compilation.sources.location(label.span.start).unwrap();
        let mark = if label.primary { ">" } else { " " };
        let there = compilation.sources.text(label.span);
        text += &format!("{mark} {}:{} {there}  <- {}\n", place.line, place.column, label.text);
    }
    text += &found.witness.iter().map(|it| format!("example: {it}\n")).collect::<String>();
    text + &found.help.iter().map(|it| format!("help: {it}\n")).collect::<String>()
}

/// Every rule with what came of its bad example.
fn bad_examples() -> &'static [(&'static Lint, Compilation)] {
    static EXAMPLES: OnceLock<Vec<(&Lint, Compilation)>> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let scratch = certificates();
        lints().iter().map(|lint| (*lint, compiled(&scratch, lint.bad.trim_start()))).collect()
    })
}

fn all(compilation: &Compilation) -> String {
    compilation.diagnostics.iter().map(|found| rendered(compilation, found)).collect()
}

#[test]
fn every_bad_example_is_found_and_reads_well() {
    for (lint, compilation) in bad_examples() {
        let mine: Vec<&Diagnostic> =
            compilation.diagnostics.iter().filter(|it| it.code == lint.rule.code).collect();
        assert!(!mine.is_empty(), "{}: {}", lint.rule.code, all(compilation));
        let text: String = mine.iter().map(|found| rendered(compilation, found)).collect();
        insta::assert_snapshot!(lint.rule.code, text);
    }
}

/// The same in the other spelling: the same findings, with labels where they are now.
#[test]
fn every_bad_example_is_found_in_yaml_too() {
    let scratch = certificates();
    for (lint, in_kdl) in bad_examples() {
        let code = lint.rule.code;
        let of_rule = |compilation: &Compilation| -> Vec<String> {
            let mine = compilation.diagnostics.iter().filter(|found| found.code == code);
            mine.map(|found| rendered(compilation, found)).collect()
        };
        let [_, (_, yaml)] = &spellings(lint.bad)[..] else { panic!("{code} is not there in YAML") };
        let in_yaml = compile_at(&scratch.write("divisor.yaml", yaml));
        assert_eq!(of_rule(&in_yaml).len(), of_rule(in_kdl).len(), "{code}: {}", all(&in_yaml));
        insta::assert_snapshot!(format!("{code}_yaml"), of_rule(&in_yaml).concat());
    }
}

/// What the pages say about fixes is what findings bring with them.
#[test]
fn the_fix_of_a_rule_is_as_safe_as_its_page_says() {
    let scratch = certificates();
    let (mut found, mut listed) = (vec![], vec![]);
    for lint in catalogue().into_iter().filter(|lint| !lint.bad.is_empty()) {
        let (spelling, example) = spellings(lint.bad).remove(0);
        let compilation = compile_at(&scratch.write(&format!("fix.{spelling}"), &example));
        let mine = compilation.diagnostics.iter().filter(|found| found.code == lint.rule.code);
        let fix = mine.filter_map(|found| found.fixes.first()).map(|fix| fix.safety).max();
        found.extend(fix.map(|safety| format!("(\"{}\", Safety::{safety:?}),\n", lint.rule.code)));
        listed.extend(lint.fix().map(|safety| format!("(\"{}\", Safety::{safety:?}),\n", lint.rule.code)));
    }
    assert_eq!(listed, found, "in `hard.rs`:\n{}", found.concat());
}

#[test]
fn nothing_is_found_in_good_examples_and_they_compile() {
    let scratch = certificates();
    for lint in lints() {
        let compilation = compiled(&scratch, lint.good.trim_start());
        assert_eq!(all(&compilation), "", "{}", lint.rule.code);
        let plan = compilation.plan.unwrap();
        assert_eq!(plan.check(), Ok(()), "{}", lint.rule.code);
    }
}

#[test]
fn an_error_of_a_rule_means_no_plan() {
    for (lint, compilation) in bad_examples() {
        let error = compilation.diagnostics.iter().any(|found| found.severity == Severity::Error);
        assert_eq!(compilation.plan.is_none(), error, "{}", lint.rule.code);
        let plan = compilation.plan.as_ref();
        assert!(plan.is_none_or(|plan| plan.check() == Ok(())), "{}", lint.rule.code);
    }
}

/// Whoever insists gets a plan for a config with errors, unless these are such that there could be none.
#[test]
fn errors_that_can_be_demoted_leave_a_plan_that_can_be_loaded() {
    let (scratch, mut hard) = (certificates(), vec![]);
    for lint in catalogue().into_iter().filter(|lint| lint.level == Severity::Error && !lint.is_hard()) {
        let root = scratch.write("divisor.kdl", lint.bad.trim_start());
        let policy = crate::levels::LintPolicy::default().capped_at(Severity::Warning);
        let options = Options { now: UNIX_EPOCH + NOW, policy, ..Options::default() };
        let compilation = compile(&root, &options).unwrap();
        let plan = compilation.plan.as_ref();
        if plan.is_none_or(|plan| plan.check().is_err()) {
            hard.push((lint.rule.code, all(&compilation)));
        }
    }
    assert!(hard.is_empty(), "these are hard: {hard:#?}");
}

#[test]
fn the_register_is_sorted_and_names_are_unique() {
    assert!(lints().is_sorted_by(|a, b| a.rule.code < b.rule.code));
    let mut names: Vec<&str> = lints().iter().map(|lint| lint.rule.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), lints().len());
}

#[test]
fn every_code_of_every_stage_is_in_the_catalogue() {
    let all = catalogue();
    assert!(all.is_sorted_by(|a, b| a.rule.code < b.rule.code));
    let constants = include_str!("../diagnostic.rs").split("Self::new(\"").skip(1);
    let codes: Vec<&str> = constants.filter_map(|rest| rest.get(..6)).filter(|it| it.is_ascii()).collect();
    assert!(codes.len() > 15, "{codes:?}");
    for code in codes {
        assert!(all.iter().any(|lint| lint.rule.code == code), "{code} has no page");
    }
}

/// What other stages find, in the spelling of the example.
#[test]
fn examples_of_other_stages_show_what_they_are_examples_of() {
    let scratch = certificates();
    for lint in stages::LINTS.iter().filter(|lint| !lint.bad.is_empty()) {
        let name = format!("stage.{}", spellings(lint.good)[0].0);
        let name = name.as_str();
        let bad = compile_at(&scratch.write(name, lint.bad.trim_start()));
        let first = bad.diagnostics.iter().find(|found| found.code == lint.rule.code);
        let found = first.unwrap_or_else(|| panic!("{}: {}", lint.rule.code, all(&bad)));
        assert_eq!(found.severity, lint.level, "{}", lint.rule.code);
        assert_reads_well(&bad);
        let good = compile_at(&scratch.write(name, lint.good.trim_start()));
        let again = good.diagnostics.iter().filter(|found| found.code == lint.rule.code).count();
        assert!(again == 0 && good.plan.is_some(), "{}: {}", lint.rule.code, all(&good));
    }
}

#[test]
fn rules_are_found_by_code_by_name_and_by_what_is_near() {
    assert_eq!(find("tls008").ok().map(|lint| lint.rule.name), Some("no-suite-for-key"));
    assert_eq!(find("no-suite-for-key").ok().map(|lint| lint.rule.code), Some("TLS008"));
    assert_eq!(find("no-suit-for-key").err().flatten().map(|rule| rule.code), Some("TLS008"));
    assert!(find("zzzzzzzz").is_err_and(|near| near.is_none()));
    assert!(search("handshake").iter().any(|lint| lint.rule.code == "TLS008"));
    let text = explanation(lints().iter().find(|lint| lint.rule.code == "TLS008").unwrap());
    assert!(text.starts_with("TLS008 (no-suite-for-key)\nerror · family TLS"), "{text}");
}

#[test]
fn every_rule_has_its_file_and_every_file_its_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/rules");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("static LINT: Lint"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().replace('_', "-"))
        .collect();
    files.sort_unstable();
    let mut names: Vec<&str> = lints().iter().map(|lint| lint.rule.name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
}

#[test]
fn rules_are_documented_and_speak_in_one_style() {
    for (lint, compilation) in bad_examples() {
        let Lint { rule, explanation, .. } = lint;
        assert!(explanation.ends_with('.') && explanation.len() > 40, "{}", rule.code);
        assert!(
            rule.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
        assert_reads_well(compilation);
    }
}

/// One clause that begins small and ends without a period, help that says what to type, labels of a few words.
fn assert_reads_well(compilation: &Compilation) {
    for found in &compilation.diagnostics {
        let Diagnostic { code, message, help, labels, .. } = found;
        assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{code}: {message}");
        assert!(help.as_ref().is_some_and(|help| !help.ends_with('.')), "{message}: {help:?}");
        for word in ["should", "please", "invalid"] {
            let text = format!("{message} {}", help.as_deref().unwrap_or_default());
            assert!(!text.split(' ').any(|it| it == word), "{text}");
        }
        for label in labels {
            assert!(label.text.split(' ').count() <= 8, "{code}: {}", label.text);
        }
    }
}

/// What is found in a config: code and message, and the help behind an arrow.
fn found(config: &str) -> String {
    let compilation = compiled(&certificates(), config);
    let line = |found: &Diagnostic| {
        let help = found.help.as_deref().unwrap_or_default();
        format!("{} {}\n  -> {help}\n", found.code, found.message)
    };
    compilation.diagnostics.iter().map(line).collect()
}

/// A config with TLS settings for a listener.
fn with_tls(settings: &str) -> String {
    format!(
        "listener \"web\" {{ bind \"127.0.0.1:8443\"; tls {{ certificate \"shop.pem\" key=\"shop.key\"; {settings} }}; }}\n\
         route \"/**\" {{ respond 200 \"ok\"; }}"
    )
}

/// A config with something in a pool that is used.
fn with_pool(content: &str) -> String {
    format!(
        "listener \"web\" {{ bind \"127.0.0.1:8080\"; }}\npool \"app\" {{ {content} }}\nroute \"/**\" pool=\"app\""
    )
}

/// A config with routes on one listener.
fn with_routes(routes: &str) -> String {
    format!("listener \"web\" {{ bind \"127.0.0.1:8080\"; }}\n{routes}")
}

#[test]
fn fixes_of_every_rule_do_what_they_promise() {
    let scratch = certificates();
    let options = Options { now: UNIX_EPOCH + NOW, ..Options::default() };
    let mut fixes = 0;
    for lint in catalogue() {
        let kdl = lint.bad.trim_start();
        let yaml = crate::format::convert(kdl, Spelling::Kdl, Spelling::Yaml).ok();
        let texts = [("divisor.kdl", Some(kdl.to_owned())), ("divisor.yaml", yaml)];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            let root = scratch.write(name, &text);
            fixes += crate::fix::tests::hold_to_promise(&root, &options);
        }
    }
    assert!(fixes >= 4, "{fixes} fixes");
}
