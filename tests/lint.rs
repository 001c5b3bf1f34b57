//! What `divisor lint`, `explain` and `rules` promise beyond finding mistakes: levels, suppressions, forms of output.

use std::process::Output;

use crate::support::site::{Server, command};
use crate::support::{Site, until};

/// A config with a warning in UPS, one in TLS, and nothing else.
const CONFIG: &str = r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "https://10.0.0.1:443" weight=3; tls verify=#false; }
route "/**" pool="app"
"#;

/// Exit status, and everything that was said.
fn run(site: &Site, arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = site.divisor(arguments);
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code().unwrap(), said)
}

#[test]
fn options_change_levels_and_what_fails() {
    let site = Site::with(CONFIG);
    let lint = |more: &[&str]| run(&site, &[&["lint", "site.kdl"], more].concat());
    assert!(lint(&[]).1.ends_with("2 warnings\n"), "{}", lint(&[]).1);
    for (options, code) in [
        (&[][..], 0),
        (&["--fail-on", "warn"], 1),
        (&["--fail-on", "never", "-D", "TLS"], 0),
        (&["-D", "upstream-verify-disabled"], 1),
        (&["-D", "security"], 1),
        (&["-F", "TLS017", "-A", "TLS017"], 1),
        (&["-A", "TLS017", "-A", "UPS", "--fail-on", "warn"], 0),
        (&["-A", "no-such-rule"], 2),
        (&["-A", "unresolved-reference"], 2),
        (&["--policy", "missing.kdl"], 2),
    ] {
        let (found, said) = lint(options);
        assert_eq!(found, code, "{options:?}: {said}");
    }
    assert!(lint(&["-W", "no-helth-check"]).1.contains("write `no-health-check`"));
}

#[test]
fn a_policy_beside_the_config_is_obeyed_by_lint_and_by_compile() {
    let site = Site::with(CONFIG);
    site.write(".divisor-lint.yaml", "fail-on: warn\nlevels: { UPS: off }\n");
    let (code, said) = run(&site, &["lint", "site.kdl"]);
    assert!(code == 1 && !said.contains("UPS003") && said.contains("TLS017"), "{said}");
    let (code, said) = run(&site, &["compile", "site.kdl"]);
    assert!(code == 1 && !site.path("plan.bin").exists(), "{said}");
    let (code, said) = run(&site, &["compile", "site.kdl", "--cap-lints", "warn"]);
    assert!(code == 0 && site.path("plan.bin").exists(), "{said}");
    site.write(".divisor-lint.yaml", "levels: { UPS: loud }\n");
    let (code, said) = run(&site, &["lint", "site.kdl"]);
    assert!(code == 2 && said.contains("`loud` is not a level"), "{said}");
    site.write(".divisor-lint.kdl", "");
    let (code, said) = run(&site, &["lint", "site.kdl"]);
    assert!(code == 2 && said.contains("there are two policies"), "{said}");
}

#[test]
fn the_cap_lets_an_expired_exception_pass_but_no_missing_pool() {
    let site =
        Site::with(&CONFIG.replace(
            "\npool",
            "\n// divisor: allow(TLS017, until=2020-01-01) -- for the first release\npool",
        ));
    let compile = |more: &[&str]| run(&site, &[&["compile", "site.kdl"], more].concat()).0;
    assert_eq!(compile(&[]), 1, "DEP004");
    assert_eq!(compile(&["--cap-lints", "warn"]), 0);
    site.write("site.kdl", CONFIG.replace("pool=\"app\"", "pool=\"ap\"").as_str());
    assert_eq!(compile(&["--cap-lints", "warn"]), 1);
}

#[test]
fn what_is_suppressed_is_listed_only_when_asked_for() {
    let site = Site::with(&CONFIG.replace(
        "tls verify=#false;",
        "/* divisor: allow(TLS017) -- vendor ships its roots in January */ tls verify=#false;",
    ));
    let (_, said) = run(&site, &["lint", "site.kdl"]);
    assert!(!said.contains("TLS017 (") && said.ends_with("1 warning · 1 suppressed\n"), "{said}");
    let (_, said) = run(&site, &["lint", "site.kdl", "--show-suppressed"]);
    assert!(said.contains("suppressed: vendor ships its roots in January"), "{said}");
    let (_, json) = run(&site, &["lint", "site.kdl", "--show-suppressed", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["summary"]["suppressed"], 1);
    let findings = json["findings"].as_array().unwrap();
    let suppressed = findings.iter().find(|it| it["code"] == "TLS017").unwrap();
    assert_eq!(suppressed["suppressed"]["reason"], "vendor ships its roots in January");
    assert_eq!(suppressed["path"], "pools.app.tls.verify");
}

#[test]
fn several_forms_come_of_one_run() {
    let site = Site::with(CONFIG);
    let forms = ["compact", "json=found.json", "sarif=found.sarif", "gitlab=quality.json", "junit=junit.xml"];
    let arguments = forms.iter().flat_map(|form| ["--output", form]);
    let arguments: Vec<&str> = ["lint", "site.kdl"].into_iter().chain(arguments).collect();
    let (code, said) = run(&site, &arguments);
    assert_eq!((code, said.lines().count()), (0, 2), "{said}");
    let written = |name: &str| std::fs::read_to_string(site.path(name)).unwrap();
    for name in ["found.json", "found.sarif", "quality.json"] {
        let _: serde_json::Value = serde_json::from_str(&written(name)).unwrap();
    }
    assert!(written("junit.xml").starts_with("<?xml"));
    let again = ["found.json", "found.sarif", "quality.json", "junit.xml"].map(written);
    run(&site, &arguments);
    assert_eq!(again, ["found.json", "found.sarif", "quality.json", "junit.xml"].map(written));
    let (code, said) = run(&site, &["lint", "site.kdl", "-o", "json=no/such/folder.json"]);
    assert!(code == 2 && said.contains("cannot write"), "{said}");
    assert_eq!(run(&site, &["lint", "site.kdl", "-o", "xml"]).0, 2);
}

#[test]
fn files_are_named_from_the_root_of_the_repository() {
    let site = Site::with("");
    std::fs::create_dir_all(site.path("deploy")).unwrap();
    site.write("deploy/site.kdl", CONFIG);
    let first = |folder: &str, config: &str| {
        let mut command = command(&["lint", config, "-o", "compact"]);
        let output = command.current_dir(site.path(folder)).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(':').next().unwrap().to_owned()
    };
    assert_eq!(first("", "deploy/site.kdl"), "deploy/site.kdl");
    assert_eq!(first("deploy", "site.kdl"), "site.kdl");
    std::fs::create_dir(site.path(".git")).unwrap();
    assert_eq!(first("deploy", "site.kdl"), "deploy/site.kdl");
}

#[test]
fn quiet_is_only_findings_and_statistics_are_only_counts() {
    let site = Site::with(CONFIG);
    let (_, quiet) = run(&site, &["lint", "site.kdl", "--quiet"]);
    assert!(quiet.contains("TLS017") && !quiet.contains("2 warnings"), "{quiet}");
    let (_, statistics) = run(&site, &["lint", "site.kdl", "--statistics"]);
    assert_eq!(statistics.lines().count(), 2, "{statistics}");
    assert!(statistics.lines().all(|line| line.starts_with("    1  ")), "{statistics}");
}

#[test]
fn every_rule_explains_itself() {
    let site = Site::new();
    let (code, said) = run(&site, &["explain", "no-suite-for-key"]);
    assert!(code == 0 && said.starts_with("TLS008 (no-suite-for-key)\n"), "{said}");
    assert_eq!(run(&site, &["explain", "tls008"]).1, said);
    let (code, list) = run(&site, &["explain", "--list"]);
    assert!(code == 0 && list.lines().count() > 60, "{list}");
    assert_eq!(run(&site, &["rules"]).1, list);
    for line in list.lines() {
        let code = line.split(' ').next().unwrap();
        assert!(run(&site, &["explain", code]).1.starts_with(code), "{line}");
    }
    let (code, said) = run(&site, &["explain", "no-suit-for-key"]);
    assert!(code == 2 && said.contains("did you mean `no-suite-for-key` (TLS008)?"), "{said}");
    let (code, said) = run(&site, &["explain", "HAProxy"]);
    assert!(code == 2 && said.contains("it is mentioned in bare-number-duration"), "{said}");
    assert!(run(&site, &["explain", "--search", "handshake"]).1.contains("TLS008"));
    assert_eq!(run(&site, &["explain", "--search", "no such word at all"]).0, 1);
    let (_, json) = run(&site, &["rules", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rules"].as_array().unwrap().len(), list.lines().count());
    let (_, one) = run(&site, &["explain", "TLS008", "--output", "md"]);
    assert!(one.starts_with("### TLS008 `no-suite-for-key`"), "{one}");
    assert!(run(&site, &["explain", "TLS008", "-o", "json"]).1.contains("\"fixed_level\": false"));
}

#[test]
fn timing_says_what_took_long() {
    let site = Site::with(CONFIG);
    let (code, said) = run(&site, &["lint", "site.kdl", "--timing", "--quiet", "-A", "TLS", "-A", "UPS"]);
    assert!(code == 0 && said.lines().count() == 13 && said.ends_with(" ms  all parts\n"), "{said}");
}

#[tokio::test]
async fn watching_says_each_time_what_is_wrong_now() {
    let site = Site::with(CONFIG);
    let mut command = command(&["lint", "site.kdl", "--watch", "--output", "text=found"]);
    let watching = Server::spawn(command.current_dir(site.folder()));
    let says = async |what: &str| {
        let found = || std::fs::read_to_string(site.path("found")).unwrap_or_default();
        until(what, async || found().contains(what)).await;
    };
    says("2 warnings").await;
    site.replace("site.kdl", CONFIG.replace("pool=\"app\"", "pool=\"ap\"").as_bytes());
    says("pool `ap` is not defined").await;
    site.replace(
        "site.kdl",
        CONFIG
            .replace("https://10.0.0.1:443\" weight=3; tls verify=#false;", "http://10.0.0.1:80\";")
            .as_bytes(),
    );
    says("no problems found").await;
    site.write(".divisor-lint.kdl", "level \"TLS\" \"error\"\n");
    site.replace("site.kdl", CONFIG.as_bytes());
    says("1 error, 1 warning").await;
    assert!(watching.stop().success());
}
