//! The language from outside: its schema, its reference, many mistakes at once, and texts that mean nothing.

use std::process::Command;

use crate::support::Site;
use crate::support::site::command;

fn stdout(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// No finding is there because of another one, and none is missing because of another one.
#[test]
fn one_run_shows_twenty_mistakes_in_three_files() {
    let site = Site::new();
    for (name, text) in [
        ("site.kdl", include_str!("data/twenty/site.kdl")),
        ("pools.yaml", include_str!("data/twenty/pools.yaml")),
        ("routes.kdl", include_str!("data/twenty/routes.kdl")),
    ] {
        site.write(name, text);
    }
    let output = site.divisor(&["lint", "site.kdl", "--output", "compact"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let found: Vec<String> = said
        .lines()
        .filter_map(|line| {
            let (place, rest) = line.split_once(": ")?;
            let (file, at) = place.split_once(':')?;
            let line = at.split(':').next()?;
            Some(format!("{file}:{line} {}", rest.split_once('[')?.1.split_once(']')?.0))
        })
        .collect();
    let wanted = [
        "site.kdl:2 SYN005",
        "site.kdl:7 SYN009",
        "site.kdl:7 SYN003",
        "site.kdl:8 SYN005",
        "site.kdl:8 SYN012",
        "site.kdl:10 SYN005",
        "site.kdl:11 SYN005",
        "site.kdl:12 SYN002",
        "site.kdl:14 SYN004",
        "site.kdl:15 SYN005",
        "pools.yaml:3 SYN005",
        "pools.yaml:5 SYN005",
        "pools.yaml:6 UPS002",
        "pools.yaml:7 SYN009",
        "pools.yaml:8 SYN002",
        "pools.yaml:10 REF004",
        "routes.kdl:1 REF001",
        "routes.kdl:2 SYN007",
        "routes.kdl:3 RTE015",
        "routes.kdl:4 SYN006",
    ];
    assert_eq!(found, wanted, "{said}");
}

#[test]
fn the_schema_is_json_and_knows_both_layouts() {
    let schema: serde_json::Value = serde_json::from_str(&stdout(&["schema"])).unwrap();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(schema["else"]["properties"]["pools"].is_object());
    assert!(schema["then"]["properties"]["health_checker_time"].is_object());
}

#[test]
fn shells_are_told_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&["completions", shell]);
        for word in ["lint", "compile", "run", "schema", "completions"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

/// The memory that a text takes is bounded by a small multiple of its size.
#[cfg(target_os = "linux")]
#[test]
fn a_text_of_nothing_takes_little_memory() {
    const MIB: usize = 1 << 20;
    let site = Site::new();
    for (name, word) in [("words.kdl", "a;"), ("numbers.kdl", "a 1 1 1 1 1 1 1 1\n"), ("list.yaml", "- a\n")]
    {
        site.write(name, word.repeat(2 * MIB / word.len()));
        let limit = (64 * MIB + 2 * MIB * 64) / 1024;
        let output = Command::new("sh")
            .args([
                "-c",
                &format!("ulimit -v {limit}; exec \"$0\" lint {name}"),
                env!("CARGO_BIN_EXE_divisor"),
            ])
            .current_dir(site.folder())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("than mean anything"), "{name}: {said}");
    }
}
