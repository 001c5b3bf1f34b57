//! What the command line promises.

use std::process::{Command, Output};

use crate::examples::copy;
use crate::support::site::command;
use crate::support::{Client, Port, Site, until};

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn one_run_shows_all_five_mistakes() {
    let site = copy();
    for spelling in ["kdl", "yaml"] {
        let output = site.divisor(&["lint", &format!("broken/site.{spelling}")]);
        assert_eq!(code(&output), 1);
        let said = stdout(&output);
        // Behind the errors stands how many can be fixed, which becomes more and more.
        let (errors, counts) = said.rsplit_once("\n5 errors").unwrap();
        assert_eq!(counts.lines().count(), 1, "{said}");
        insta::assert_snapshot!(format!("five_mistakes_{spelling}"), errors);
    }
}

#[test]
fn both_spellings_make_the_same_five_mistakes() {
    let site = copy();
    let found = ["kdl", "yaml"].map(|spelling| {
        let said = stdout(&site.divisor(&["lint", &format!("broken/site.{spelling}"), "-o", "compact"]));
        // path:line:col: level[CODE] message
        said.lines().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(found[0].len(), 5);
    assert_eq!(found[0], found[1]);
}

#[test]
fn exit_codes_tell_findings_from_trouble() {
    let site = copy();
    let runs: [(&[&str], i32); 12] = [
        (&["lint", "canary.kdl"], 0),
        (&["lint", "broken/site.kdl"], 1),
        (&["lint", "missing.kdl"], 2),
        (&["lint", "canary.kdl", "--no-such-option"], 2),
        (&["compile", "canary.kdl", "-o", "good.bin"], 0),
        (&["compile", "broken/site.kdl", "-o", "bad.bin"], 1),
        (&["compile", "canary.kdl", "-o", "no-such-folder/plan.bin"], 2),
        (&["inspect", "good.bin"], 0),
        (&["inspect", "canary.kdl"], 2),
        (&["inspect", "bad.bin"], 2),
        (&["run", "bad.bin"], 2),
        (&["run", "canary.kdl"], 2),
    ];
    for (arguments, wanted) in runs {
        let output = site.divisor(arguments);
        assert_eq!(code(&output), wanted, "{arguments:?}: {}", stderr(&output));
        if wanted == 2 {
            assert!(stdout(&output).is_empty() && !output.stderr.is_empty(), "{arguments:?}");
        }
    }
}

#[test]
fn fail_on_sets_the_level_that_fails() {
    let site = copy();
    let lint = |config: &str, level: &str| code(&site.divisor(&["lint", config, "--fail-on", level]));
    assert_eq!(lint("flat/security.yaml", "error"), 0);
    assert_eq!(lint("flat/security.yaml", "warning"), 1);
    assert_eq!(lint("flat/https-backends.yaml", "warning"), 0);
    assert_eq!(lint("flat/https-backends.yaml", "info"), 1);
}

#[test]
fn findings_come_for_programs_too() {
    let site = copy();
    let lint = |format: &str| stdout(&site.divisor(&["lint", "broken/site.kdl", "--output", format]));
    let json: serde_json::Value = serde_json::from_str(&lint("json")).unwrap();
    assert!(json.is_object() || json.is_array());
    for wanted in ["SYN003", "SYN005", "TLS001", "SYN009", "REF001"] {
        assert!(json.to_string().contains(wanted), "{json}");
    }
    let compact = lint("compact");
    assert_eq!(compact.lines().count(), 5);
    assert!(compact.lines().all(|line| line.contains("site.kdl:") && line.contains("error[")), "{compact}");
    let github = lint("github");
    let annotations = github.lines().filter(|line| line.starts_with("::error file=")).count();
    assert_eq!(annotations, 5, "{github}");
}

#[test]
fn variables_come_from_set_then_file_then_environment() {
    let site = Site::with(
        r#"listener "web" { bind "127.0.0.1:8080"; }
        route "/**" { respond 200 "${WHO}" }"#,
    );
    site.write("one.env", "# a comment\n\nWHO=file\n");
    let body = |environment: Option<&str>, more: &[&str]| {
        let mut command = command(&[&["compile", "site.kdl", "-o", "plan.bin"], more].concat());
        command.current_dir(site.folder()).env_remove("WHO");
        command.envs(environment.map(|value| ("WHO", value)));
        let output = command.output().unwrap();
        if !output.status.success() {
            return stderr(&output);
        }
        let plan = stdout(&site.divisor(&["inspect", "plan.bin", "--output", "json"]));
        let known = ["set", "file", "environment"]
            .into_iter()
            .find(|word| plan.contains(&format!("\"body\": \"{word}\"")));
        known.unwrap_or_else(|| panic!("{plan}")).to_owned()
    };
    assert_eq!(body(Some("environment"), &[]), "environment");
    assert_eq!(body(Some("environment"), &["--env-file", "one.env"]), "file");
    assert_eq!(body(Some("environment"), &["--env-file", "one.env", "--set", "WHO=set"]), "set");
    assert!(body(None, &[]).contains("WHO"));
    site.write("two.env", "WHO\n");
    assert!(body(None, &["--env-file", "two.env"]).contains("two.env:1: `WHO` is not NAME=VALUE"));
    assert!(body(None, &["--env-file", "three.env"]).contains("cannot read three.env"));
}

#[test]
fn without_a_terminal_there_are_no_colours() {
    let site = copy();
    for no_color in [None, Some("1")] {
        for arguments in [&["lint", "broken/site.kdl"][..], &["compile", "broken/site.kdl"]] {
            let mut command = command(arguments);
            command.envs(no_color.map(|value| ("NO_COLOR", value)));
            let output = command.current_dir(site.folder()).output().unwrap();
            assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
            assert!((stdout(&output) + &stderr(&output)).contains("REF001"));
        }
    }
}

#[test]
fn a_failing_compile_leaves_the_plan_as_it_was() {
    let site = copy();
    let before = site.compile("canary.kdl");
    let output = site.divisor(&["compile", "broken/site.kdl", "-o", "plan.bin"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).is_empty() && stderr(&output).contains("5 errors"));
    assert_eq!(std::fs::read(site.path("plan.bin")).unwrap(), before);
    let beside = std::fs::read_dir(site.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> =
        beside.filter(|name| name.to_str().is_some_and(|name| name.starts_with("plan.bin."))).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn inspect_shows_a_plan() {
    let site = copy();
    site.compile("canary.kdl");
    let text = stdout(&site.divisor(&["inspect", "plan.bin"]));
    // The lines before hold the digest and the version of the compiler.
    insta::assert_snapshot!("inspect", &text[text.find("tables").unwrap()..]);
    let json = stdout(&site.divisor(&["inspect", "plan.bin", "--output", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["plan"]["routes"].as_array().unwrap().len(), 4);
    assert_eq!(json["bytes"], std::fs::metadata(site.path("plan.bin")).unwrap().len());
}

#[test]
fn the_demo_loses_nothing() {
    let output = Site::new().divisor(&["demo", "--once"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).ends_with("\nfailed requests: 0\n"), "{}", stdout(&output));
}

#[tokio::test]
async fn dev_follows_what_is_saved() {
    let port = Port::reserve();
    let config = |path: &str, body: &str| {
        format!(
            "listener \"web\" {{ bind \"{}\"; }}\nroute \"{path}\" {{ respond 200 \"{body}\" }}\n",
            port.address
        )
    };
    let site = Site::with(&config("/**", "one"));
    let server = site.start(&["dev", "site.kdl"]);
    let body = async || Client::connect(port.address).await.get("/").await.text().to_owned();
    assert_eq!(body().await, "one");

    site.replace("site.kdl", config("/**", "two").as_bytes());
    until("the change is live", async || body().await == "two").await;

    site.replace("site.kdl", config("no path", "three").as_bytes());
    server.wait_for("1 error");
    assert_eq!(body().await, "two");

    site.replace("site.kdl", config("/**", "four").as_bytes());
    until("the repaired config is live", async || body().await == "four").await;
    assert!(server.stop().success());
}

/// System calls that make a socket, or may write or change a file.
const OUTSIDE: &str =
    "trace=network,open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat";

#[test]
fn lint_opens_no_socket_and_writes_no_file() {
    let site = copy();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", OUTSIDE, "-o", "trace", env!("CARGO_BIN_EXE_divisor"), "lint", "shop.kdl"]);
    // Coverage of this test itself goes where no folder has to be made for it.
    strace.env("LLVM_PROFILE_FILE", "lint.profraw");
    let Ok(output) = strace.current_dir(site.folder()).output() else {
        return eprintln!("skipped: there is no strace on this machine");
    };
    let trace = std::fs::read_to_string(site.path("trace")).unwrap_or_default();
    if !trace.contains("shop.kdl") {
        return eprintln!("skipped: strace may not trace here: {}", stderr(&output));
    }
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let allowed = |line: &str| {
        let opened = line.contains("open(") || line.contains("openat(");
        let read_only = opened && line.contains("O_RDONLY") && !line.contains("O_CREAT");
        read_only || line.contains(".profraw") || line.contains("+++ exited") || line.contains("--- SIG")
    };
    let wrong: Vec<&str> = trace.lines().filter(|line| !allowed(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
