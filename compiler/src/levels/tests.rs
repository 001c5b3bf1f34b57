//! Policies and suppressions against small configs.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::diagnostic::Diagnostic;
use crate::report::{TextStyle, text};
use crate::{Compilation, Options, compile};

/// A config with warnings in families UPS and SEC, an error in SEC that can be changed, and advice.
const CONFIG: &str = r#"
listener "web" { bind "127.0.0.1:8080"; trusted-proxies "0.0.0.0/0"; }
pool "app" { backend "https://10.0.0.1:443" weight=3; tls verify=#false; }
route "/**" pool="app"
"#;

fn compiled(config: &str, policy: LintPolicy) -> Compilation {
    compiled_as("a.kdl", config, policy)
}

fn compiled_as(name: &str, config: &str, policy: LintPolicy) -> Compilation {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, config).unwrap();
    // 2026-06-15.
    let now = UNIX_EPOCH + Duration::from_secs(20_619 * 86_400);
    compile(&path, &Options { now, policy, ..Options::default() }).unwrap()
}

fn list(diagnostics: &[Diagnostic]) -> String {
    let line = |found: &Diagnostic| {
        let (severity, source) = (found.severity.word(), found.level_source.word());
        format!("{severity} {} {source}: {}\n", found.code, found.message)
    };
    diagnostics.iter().map(line).collect()
}

fn levels(compilation: &Compilation) -> Vec<(&str, Severity)> {
    compilation.diagnostics.iter().map(|found| (found.code, found.severity)).collect()
}

/// A policy from its text.
fn policy(name: &str, text: &str) -> Result<LintPolicy, BadPolicy> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    LintPolicy::read(&path)
}

fn shown(bad: BadPolicy) -> String {
    let BadPolicy::Wrong { sources, diagnostics } = bad else { panic!("{bad:?}") };
    text(&diagnostics, &sources, TextStyle::default())
}

#[test]
fn without_a_policy_rules_say_themselves() {
    insta::assert_snapshot!(list(&compiled(CONFIG, LintPolicy::default()).diagnostics));
}

#[test]
fn both_spellings_say_the_same() {
    let kdl = r#"
        edition "2026.1"
        extends "builtin:recommended"
        fail-on "warn"
        level "UPS" "info"
        level "no-health-check" "error"
        level "trust-all-proxies" "off"
    "#;
    let yaml = "edition: \"2026.1\"\nextends: [builtin:recommended]\nfail-on: warn\n\
        levels: { UPS: info, no-health-check: error, trust-all-proxies: off }\n";
    let read = [policy(".divisor-lint.kdl", kdl), policy(".divisor-lint.yaml", yaml)].map(Result::unwrap);
    for policy in &read {
        assert_eq!(policy.fail_on, Some(Severity::Warning));
    }
    let [kdl, yaml] = read.map(|policy| list(&compiled(CONFIG, policy).diagnostics));
    assert_eq!(kdl, yaml);
    insta::assert_snapshot!(kdl);
}

#[test]
fn files_that_are_elsewhere_or_made_for_tests_are_declared() {
    let kdl =
        policy(".divisor-lint.kdl", "defer-files \"/etc/divisor/**\"\nfixture-files \"ci/*.pem\"").unwrap();
    let yaml = "defer-files: [\"/etc/divisor/**\"]\nfixture-files: [ci/*.pem]\n";
    let yaml = policy(".divisor-lint.yaml", yaml).unwrap();
    for read in [kdl, yaml] {
        assert!(read.elsewhere.iter().any(|pattern| pattern.matches("/etc/divisor/shop.key")));
        assert!(read.fixtures.iter().any(|pattern| pattern.matches("ci/shop.pem")));
    }
    let bad = policy(".divisor-lint.kdl", "defer-files \"***\"").unwrap_err();
    assert!(shown(bad).contains("`***` is not a pattern"));
}

#[test]
fn what_a_policy_says_in_yaml_fits_its_schema() {
    let validator = jsonschema::draft7::new(&divisor_schema::config::policy_schema()).unwrap();
    let policy = serde_json::json!({
        "edition": "2026.1",
        "extends": ["builtin:strict"],
        "fail-on": "warn",
        "levels": { "TLS": "error" },
        "forbid": ["SEC"],
        "paths": [{ "files": "envs/dev/**", "levels": { "UPS": "off" } }],
        "suppressions": { "reason": "optional", "max-days": 30, "in-files": ["legacy/**"] },
    });
    assert!(validator.is_valid(&policy), "{:?}", validator.validate(&policy));
    assert!(!validator.is_valid(&serde_json::json!({ "fail_on": "warn" })));
}

#[test]
fn the_nearer_name_wins_in_a_layer_and_the_later_layer_before_it() {
    let file =
        policy("a.kdl", "level \"security\" \"info\"\nlevel \"TLS\" \"warn\"\nlevel \"SEC001\" \"off\"")
            .unwrap();
    assert!(!list(&compiled(CONFIG, file.clone()).diagnostics).contains("SEC001"));
    let line = [("security".to_owned(), Level::Error), ("ups".to_owned(), Level::Off)];
    let both = compiled(CONFIG, file.with_levels(&line).unwrap());
    let found = list(&both.diagnostics);
    assert!(
        found.contains("error SEC001 command-line") && found.contains("error TLS017 command-line"),
        "{found}"
    );
}

#[test]
fn presets_move_levels() {
    let with = |preset: &str| {
        let policy = policy("a.kdl", &format!("extends \"builtin:{preset}\"")).unwrap();
        compiled(CONFIG, policy)
    };
    let worst = |preset: &str, code: &str| {
        levels(&with(preset)).iter().find(|(found, _)| *found == code).map(|(_, severity)| *severity)
    };
    assert_eq!(worst("minimal", "UPS005"), None);
    assert_eq!(worst("minimal", "SEC001"), Some(Severity::Error));
    assert_eq!(worst("recommended", "TLS017"), Some(Severity::Warning));
    assert_eq!(worst("internet-facing", "TLS017"), Some(Severity::Error));
    assert_eq!(worst("internet-facing", "UPS003"), Some(Severity::Warning));
    assert_eq!(worst("strict", "UPS003"), Some(Severity::Error));
}

#[test]
fn what_is_forbidden_is_an_error_whatever_else_is_said() {
    let file = policy("a.kdl", "level \"TLS\" \"off\"\nforbid \"TLS017\"").unwrap();
    let config = CONFIG.replace("\npool", "\n// divisor: allow(TLS017) -- the policy forbids it\npool");
    let line = [("TLS017".to_owned(), Level::Off)];
    let compilation = compiled(&config, file.with_levels(&line).unwrap());
    let found = list(&compilation.diagnostics);
    assert!(found.contains("error TLS017 policy"), "{found}");
    assert!(
        found.contains("DEP003 default: the policy forbids to suppress `upstream-verify-disabled`"),
        "{found}"
    );
}

#[test]
fn the_cap_demotes_what_can_be_changed_and_nothing_else() {
    let policy = LintPolicy::default().capped_at(Severity::Warning);
    let capped = compiled(CONFIG, policy.clone());
    assert!(capped.plan.is_some(), "{}", list(&capped.diagnostics));
    assert!(list(&capped.diagnostics).contains("warning SEC001 command-line"));
    let hard = compiled(&CONFIG.replace("pool=\"app\"", "pool=\"ap\""), policy.clone());
    assert!(hard.plan.is_none());
    let forbidden = compiled(CONFIG, policy.forbidding(&["SEC001".to_owned()]).unwrap());
    assert!(forbidden.plan.is_none());
}

#[test]
fn names_that_nothing_bears_are_errors() {
    let unknown = |name: &str| {
        LintPolicy::default().with_levels(&[(name.to_owned(), Level::Off)]).unwrap_err().to_string()
    };
    insta::assert_snapshot!(unknown("no-helth-check"), @"`no-helth-check` is no rule, family or group; write `no-health-check`");
    insta::assert_snapshot!(unknown("TLS999"), @"`TLS999` is no rule, family or group; `divisor rules` lists all rules");
    insta::assert_snapshot!(unknown("zzz-zzz-zzz"), @"`zzz-zzz-zzz` is no rule, family or group; `divisor rules` lists all rules");
    insta::assert_snapshot!(unknown("REF001"), @"the level of `unresolved-reference` cannot be changed; mend what it finds: without it there is no plan that could run");
    let text = "extends \"builtin:strickt\" \"absent.kdl\"\nlevel \"TSL\" \"warn\"\nlevel \"TLS\" \"warning\"\nfail_on \"warn\"\n\
        forbid \"nothing-like-it\"\npath \"a/***\" { level \"UPS\" \"off\"; }\n";
    insta::assert_snapshot!(shown(policy("a.kdl", text).unwrap_err()));
}

#[test]
fn policies_extend_each_other_up_to_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policy")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("policy/org.yaml", "fail-on: info\nlevels: { UPS: off, SEC: off }\n");
    write(".divisor-lint.kdl", "extends \"policy/org.yaml\"\nlevel \"SEC\" \"warn\"\n");
    let read = LintPolicy::read(&folder.path().join(".divisor-lint.kdl")).unwrap();
    assert_eq!(read.fail_on, Some(Severity::Info));
    let found = list(&compiled(CONFIG, read).diagnostics);
    assert!(!found.contains("UPS") && found.contains("warning SEC001"), "{found}");
    write("circle.kdl", "extends \"circle.kdl\"\n");
    let bad = LintPolicy::read(&folder.path().join("circle.kdl")).unwrap_err();
    assert!(shown(bad).contains("policies extend each other"));
    write("policy/wrong.kdl", "level \"UPS\" \"loud\"\n");
    write("extends-wrong.kdl", "extends \"policy/wrong.kdl\"\n");
    let bad = LintPolicy::read(&folder.path().join("extends-wrong.kdl")).unwrap_err();
    assert!(shown(bad).contains("`loud` is not a level"));
}

#[test]
fn levels_can_be_those_of_some_files() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir_all(root.join("envs/dev")).unwrap();
    std::fs::create_dir_all(root.join(".git")).unwrap();
    std::fs::write(root.join(".divisor-lint.kdl"), "path \"envs/dev/**\" { level \"security\" \"off\"; }\n")
        .unwrap();
    let dev = root.join("envs/dev/site.kdl");
    let other = root.join("envs/site.kdl");
    for path in [&dev, &other] {
        std::fs::write(path, CONFIG).unwrap();
    }
    let found = |path: &Path| {
        let file = find_policy(path).unwrap().unwrap();
        let policy = LintPolicy::read(&file).unwrap();
        list(&compile(path, &Options { policy, ..Options::default() }).unwrap().diagnostics)
    };
    assert!(!found(&dev).contains("SEC001"));
    assert!(found(&other).contains("SEC001"));
}

#[test]
fn the_nearest_policy_up_to_the_root_of_the_repository_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("repository/deploy")).unwrap();
    let config = root.join("repository/deploy/site.kdl");
    let write = |name: &str| std::fs::write(root.join(name), "").unwrap();
    write("repository/deploy/site.kdl");
    write(".divisor-lint.kdl");
    write("repository/.divisor-lint.yaml");
    assert_eq!(find_policy(&config).unwrap(), None, "without a repository only the folder counts");
    std::fs::create_dir(root.join("repository/.git")).unwrap();
    assert_eq!(find_policy(&config).unwrap(), Some(root.join("repository/.divisor-lint.yaml")));
    write("repository/deploy/.divisor-lint.yml");
    assert_eq!(find_policy(&config).unwrap(), Some(root.join("repository/deploy/.divisor-lint.yml")));
    write("repository/deploy/.divisor-lint.kdl");
    assert!(matches!(find_policy(&config), Err(BadPolicy::Two(..))));
    assert_eq!(find_policy(&root.join("absent.kdl")).unwrap(), None);
}

#[test]
fn suppressions_hide_what_they_name_where_they_stand() {
    let config = r#"
listener "web" { bind "127.0.0.1:8080"; }
// divisor: allow(no-health-check, UPS003, until=2026-06-15) -- the probe comes with the next release
pool "app" { backend "https://10.0.0.1:443" weight=3; backend "https://10.0.0.2:443"; tls verify=#false; }
pool "next" {
    lint-allow "no-health-check" reason="a mock-up"
    backend "https://10.0.0.1:443"
    backend "https://10.0.0.2:443"
    tls verify=#false // divisor: allow(upstream-verify-disabled) -- until the certificate is there
}
route "/**" pool="app"
route "/next/**" pool="next"
"#;
    let compilation = compiled(config, LintPolicy::default());
    insta::assert_snapshot!(list(&compilation.diagnostics) + "\n" + &list(&compilation.suppressed));
    let reasons: Vec<_> =
        compilation.suppressed.iter().filter_map(|found| found.suppressed.as_ref()).collect();
    assert!(reasons.iter().any(|it| it.reason == "a mock-up" && it.until.is_none()), "{reasons:?}");
    assert!(reasons.iter().any(|it| it.until.as_deref() == Some("2026-06-15")), "{reasons:?}");
}

#[test]
fn suppressions_work_in_yaml() {
    let config = r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
pools:
  # divisor: allow(no-health-check) -- the probe comes with the next release
  app:
    backends: ["https://10.0.0.1:443", "https://10.0.0.2:443"]
    tls: { verify: false } # divisor: allow(upstream-verify-disabled) -- until the certificate is there
routes: [{ path: "/**", pool: app }]
"#;
    let compilation = compiled_as("a.yaml", config, LintPolicy::default());
    assert_eq!(list(&compilation.diagnostics), "");
    assert_eq!(compilation.suppressed.len(), 2);
}

#[test]
fn suppressions_that_do_not_work_say_why() {
    let config = r#"
// divisor: file-allow(tls999) -- of another version
listener "web" { bind "127.0.0.1:8080"; }
// divisor: allow(no-health-check)
// divisor: allow(no-helth-check, unresolved-reference, TLS) -- names
// divisor: allow(no-health-check, until=soon) -- no day
// divisor: allow(no-health-check, until=2026-06-14) -- the day before
// divisor: allow(weight-ignored) -- there is none
pool "app" { backend "http://10.0.0.1:80"; backend "http://10.0.0.2:80"; }
// divisor: deny(x)
route "/**" pool="app"
// divisor: allow(no-health-check) -- in front of nothing
"#;
    let compilation = compiled(config, LintPolicy::default());
    assert!(compilation.suppressed.is_empty());
    insta::assert_snapshot!(text(&compilation.diagnostics, &compilation.sources, TextStyle::default()));
    let unused = compilation.diagnostics.iter().find(|found| found.message.contains("weight-ignored"));
    let edit = &unused.unwrap().fixes[0].edits[0];
    assert_eq!(compilation.sources.text(edit.span), "// divisor: allow(weight-ignored) -- there is none\n");
}

#[test]
fn a_policy_may_ask_more_of_suppressions() {
    let config = |until: &str| {
        format!(
            "listener \"web\" {{ bind \"127.0.0.1:8080\"; }}\n// divisor: allow(no-health-check{until})\n\
             pool \"app\" {{ backend \"http://10.0.0.1:80\"; backend \"http://10.0.0.2:80\"; }}\nroute \"/**\" pool=\"app\"\n"
        )
    };
    let found = |policy_text: &str, until: &str| {
        let compilation = compiled(&config(until), policy("a.kdl", policy_text).unwrap());
        list(&compilation.diagnostics)
    };
    let optional = "suppressions reason=\"optional\"";
    assert_eq!(found(optional, ""), "");
    let days = "suppressions reason=\"optional\" max-days=30";
    assert!(found(days, "").contains("without end"));
    assert!(found(days, ", until=2026-07-16").contains("lasts longer than the 30 days"));
    assert_eq!(found(days, ", until=2026-07-15"), "");
    let files = "suppressions reason=\"optional\" { in-files \"legacy/**\"; }";
    assert!(found(files, "").contains("no suppressions in this file"));
}

#[test]
fn what_cannot_be_read_does_not_make_suppressions_unused() {
    let config = "listener \"web\" { bnid \"127.0.0.1:8080\"; }\n// divisor: allow(no-health-check) -- perhaps\n\
        route \"/**\" { respond 200 \"ok\"; }\n";
    assert!(!list(&compiled(config, LintPolicy::default()).diagnostics).contains("DEP003"));
}

#[test]
fn suppressions_without_number_take_little_time_and_are_counted() {
    let comment = "// divisor: allow(no-such-rule-at-all, another-one) -- again\n";
    let config = CONFIG.to_owned() + &comment.repeat(20_000);
    let compilation = compiled(&config, LintPolicy::default());
    let found = list(&compilation.diagnostics);
    assert!(found.contains("warning INV002 default: 15904 more suppressions are not read"));
    let many = format!("// divisor: allow({}) -- everything\n{CONFIG}", "TLS017, ".repeat(50_000) + "TLS017");
    let found = list(&compiled(&many, LintPolicy::default()).diagnostics);
    assert!(found.contains("DEP003 default: a suppression names too many rules"), "{found}");
}
