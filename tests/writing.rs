//! What writes configs: `fmt`, `fix` and `migrate`.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::examples::copy;
use crate::support::Site;
use crate::support::site::command;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn read(site: &Site, name: &str) -> String {
    std::fs::read_to_string(site.folder().join(name)).unwrap()
}

const UNTIDY: &str =
    "listener \"web\" {   bind \"127.0.0.1:8080\"; } // who\nroute \"/**\" {\n respond 200 \"ok\"\n}\n";
const TIDY: &str =
    "listener \"web\" { bind \"127.0.0.1:8080\" } // who\nroute \"/**\" {\n    respond 200 \"ok\"\n}\n";

#[test]
fn fmt_lays_out_what_is_given_and_leaves_the_rest() {
    let site = Site::with(UNTIDY);
    site.write("more/other.kdl", UNTIDY);
    site.write("more/compose.yaml", "services: { web:   { image: x } }\n");
    site.write(".hidden.kdl", UNTIDY);
    let check = site.divisor(&["fmt", "--check"]);
    assert_eq!((code(&check), stdout(&check)), (1, "more/other.kdl\nsite.kdl\n".to_owned()));
    assert_eq!(read(&site, "site.kdl"), UNTIDY);
    let diff = site.divisor(&["fmt", "site.kdl", "--diff"]);
    assert_eq!(code(&diff), 1);
    assert!(stdout(&diff).starts_with("--- a/site.kdl\n+++ b/site.kdl\n@@ "), "{}", stdout(&diff));
    assert_eq!(code(&site.divisor(&["fmt"])), 0);
    assert_eq!((read(&site, "site.kdl"), read(&site, "more/other.kdl")), (TIDY.to_owned(), TIDY.to_owned()));
    assert_eq!(read(&site, ".hidden.kdl"), UNTIDY);
    assert_eq!(code(&site.divisor(&["fmt", "--check"])), 0);
}

#[test]
fn what_does_not_parse_is_a_finding_and_not_touched() {
    let site = Site::with("listener \"web {\n");
    site.write("tidy.kdl", UNTIDY);
    let output = site.divisor(&["fmt"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("site.kdl:1:10"), "{}", stderr(&output));
    assert_eq!(
        (read(&site, "site.kdl"), read(&site, "tidy.kdl")),
        ("listener \"web {\n".to_owned(), TIDY.to_owned())
    );
    assert_eq!(code(&site.divisor(&["fmt", "missing.kdl"])), 2);
    assert_eq!(code(&site.divisor(&["fmt", "notes.txt"])), 2);
}

/// Runs a command with a text as its standard input.
fn piped(arguments: &[&str], text: &str) -> Output {
    let mut command = command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn editors_pipe() {
    let output = piped(&["fmt", "--stdin", "kdl"], UNTIDY);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, TIDY));
    let yaml = piped(&["fmt", "--stdin", "kdl", "--to", "yaml"], UNTIDY);
    assert!(stdout(&yaml).starts_with("listeners:\n  web: { bind: \"127.0.0.1:8080\" } # who\n"));
    let broken = piped(&["fmt", "--stdin", "yaml"], "a: [\n");
    assert_eq!((code(&broken), stdout(&broken).as_str()), (1, ""));
    assert!(stderr(&broken).contains("SYN001"), "{}", stderr(&broken));
}

#[test]
fn a_config_and_what_it_includes_in_the_other_spelling_is_the_same_plan() {
    let site = copy();
    let files = ["includes/site.kdl", "includes/conf.d/billing.kdl", "includes/conf.d/search.kdl"];
    let before = site.compile("includes/site.kdl");
    for file in files {
        std::fs::remove_file(site.folder().join(file).with_extension("yaml")).unwrap();
    }
    let output = site.divisor(&[&["fmt", "--to", "yaml"], &files[..]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(read(&site, "includes/site.yaml").contains("include: \"conf.d/*.yaml\""));
    assert_eq!(site.compile("includes/site.yaml"), before);
    assert_eq!(code(&site.divisor(&["fmt", "--to", "yaml", files[0]])), 2, "it is there already");
    // Alone, it goes on including what it included.
    std::fs::remove_file(site.folder().join("includes/site.yaml")).unwrap();
    assert_eq!(code(&site.divisor(&["fmt", "--to", "yaml", files[0]])), 0);
    assert!(read(&site, "includes/site.yaml").contains("include: \"conf.d/*.kdl\""));
    assert_eq!(site.compile("includes/site.yaml"), before);
}

const MISTAKEN: &str = "listener \"web\" { bind \"127.0.0.1:8080\"; htpp h2=no idle-timeout=30 } // who\n\
                        route \"/**\" { respond 200 \"ok\" }\n";

#[test]
fn fix_mends_what_is_safe_and_more_when_asked() {
    let site = Site::with(MISTAKEN);
    let diff = site.divisor(&["fix", "site.kdl", "--diff"]);
    assert_eq!(code(&diff), 1);
    assert!(stdout(&diff).contains(
        "\n+listener \"web\" { bind \"127.0.0.1:8080\"; http h2=#false idle-timeout=30 } // who\n"
    ));
    assert_eq!(read(&site, "site.kdl"), MISTAKEN);
    let fix = site.divisor(&["lint", "site.kdl", "--fix"]);
    assert_eq!(code(&fix), 1, "{}", stdout(&fix));
    assert_eq!(stderr(&fix), "mended 2 findings in site.kdl\n");
    assert!(stdout(&fix).contains("SYN009") && !stdout(&fix).contains("SYN003"), "{}", stdout(&fix));
    let only = site.divisor(&["fix", "site.kdl", "--fix=unsafe", "--fix-only", "unknown-key"]);
    assert_eq!((code(&only), stderr(&only).as_str()), (1, ""));
    let fix = site.divisor(&["fix", "site.kdl", "--fix=unsafe"]);
    assert_eq!(code(&fix), 0, "{}", stdout(&fix));
    assert_eq!(
        read(&site, "site.kdl"),
        MISTAKEN.replace("htpp h2=no idle-timeout=30", "http h2=#false idle-timeout=\"30s\"")
    );
    assert_eq!(code(&site.divisor(&["fix", "site.kdl", "--diff"])), 0);
    assert_eq!(code(&site.divisor(&["fix", "site.kdl", "--fix-only", "no-such-rule"])), 2);
}

#[cfg(unix)]
#[test]
fn what_is_written_keeps_its_permissions_and_its_links() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::with(MISTAKEN);
    let (file, link) = (site.folder().join("site.kdl"), site.folder().join("link.kdl"));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("site.kdl", &link).unwrap();
    assert_eq!(code(&site.divisor(&["fix", "link.kdl", "--fix=unsafe"])), 0);
    assert_eq!(code(&site.divisor(&["fmt", "link.kdl"])), 0);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let names = std::fs::read_dir(site.folder()).unwrap().count();
    assert_eq!(names, 2, "nothing is left behind");
}

#[test]
fn migrate_writes_the_same_plan_and_says_what_is_left_out() {
    let site = copy();
    for (name, missing) in [("security", 2), ("limits", 3), ("tls", 0), ("https-backends", 0)] {
        let flat = format!("flat/{name}.yaml");
        let before = site.compile(&flat);
        for extension in ["yaml", "kdl"] {
            let full = format!("flat/{name}-full.{extension}");
            let output = site.divisor(&["migrate", &flat, "-o", &full]);
            assert_eq!(code(&output), 0, "{}", stderr(&output));
            assert_eq!(stderr(&output).matches("not migrated: ").count(), missing, "{}", stderr(&output));
            assert_eq!(site.compile(&full), before, "{full}");
            assert_eq!(code(&site.divisor(&["migrate", &flat, "-o", &full])), 2, "it is there already");
        }
    }
    let printed = site.divisor(&["migrate", "flat/tls.yaml", "--to", "kdl"]);
    assert_eq!(stdout(&printed), read(&site, "flat/tls-full.kdl"));
    assert_eq!(code(&site.divisor(&["migrate", "shop.yaml"])), 1);
    assert_eq!(code(&site.divisor(&["migrate", "shop.kdl"])), 2);
    let elsewhere = site.divisor(&["migrate", "flat/tls.yaml", "-o", "tls.yaml"]);
    assert!(stderr(&elsewhere).contains("from its own folder"), "{}", stderr(&elsewhere));
}
