//! Several mistakes in one run, each under the right characters, in both spellings.

use super::*;

const KDL: &str = r#"listener "web" {
    bind "0.0.0.0:8080"
    http header-timeout=10 idle-timeout="60s"
}

pool "app" {
    balanse "random"
    backend "http://10.0.0.11:8080" weight="3"
    backend "http://10.0.0.12:8080" weight=1 weight=2
    probe "/health" every="5min"
}

policy "public" {
    body-limit "4MB"
}

route "/**" pool="app" redirect="/x" {
    per-backend 5
    mirror "shadow"
}
"#;

const YAML: &str = r#"listeners:
  web:
    bind: "0.0.0.0:8080"
    http: { header-timeout: 10, idle-timeout: 60s }

pools:
  app:
    balanse: random
    backends:
      - { url: "http://10.0.0.11:8080", weight: "3" }
      - { url: "http://10.0.0.12:8080", weight: 1, weight: 2 }
    probe: { path: /health, every: 5min }

policies:
  public:
    body-limit: 4MB

routes:
  - path: "/**"
    pool: app
    redirect: /x
    per-backend: 5
    mirror: shadow
"#;

#[test]
fn every_mistake_shows_in_kdl() {
    insta::assert_snapshot!(lint("main.kdl", KDL));
}

#[test]
fn every_mistake_shows_in_yaml() {
    insta::assert_snapshot!(lint("main.yaml", YAML));
}

#[test]
fn the_same_mistakes_are_found_in_both_spellings() {
    let codes = |loaded: Loaded| {
        let mut codes: Vec<_> = loaded.diagnostics.iter().map(|it| (it.code, it.severity)).collect();
        codes.sort_unstable();
        codes
    };
    assert_eq!(codes(load_text("main.kdl", KDL)), codes(load_text("main.yaml", YAML)));
}

#[test]
fn a_pool_with_a_broken_key_is_still_a_pool() {
    let loaded = load_text(
        "main.kdl",
        "pool \"app\" {\n backend \"10.0.0.1\"\n probe \"/\" every=5\n}\nroute \"/**\" pool=\"app\"\n",
    );
    assert_eq!(loaded.diagnostics.len(), 2, "{}", shown(&loaded));
    let model = loaded.model.unwrap();
    assert_eq!(model.pools.len(), 1);
    assert_eq!(model.pools[0].backends.len(), 1);
    let Some(model::Action::Proxy { pool }) = &model.routes[0].action else { panic!("no pool") };
    assert!(pool.id.is_some());
}

#[test]
fn one_line_mistakes() {
    let cases = [
        "pool {\n backend \"http://a\"\n}\n",
        "pool \"a\" \"b\" {\n backend \"http://a\"\n}\n",
        "pool \"a\" {}\n",
        "pool \"a\" {\n backend\n}\n",
        "pool \"a\" {\n backend \"http://a\" \"http://b\"\n}\n",
        "pool \"a\" {\n backend \"http://a\" {\n  weight {\n   x 1\n  }\n }\n}\n",
        "pool \"a\" {\n backends \"http://a\"\n}\n",
        "pools \"a\" {\n backend \"http://a\"\n}\n",
        "route \"/a\"\n",
        "route \"/a\" { respond 700; }\n",
        "route \"/a\" { respond 200 \"a\" \"b\"; }\n",
        "route \"/a\" deny=403 {\n header-set \"X\"\n}\n",
        "route \"/a\" deny=403 {\n header-set {\n X\n}\n}\n",
        "route \"/a\" deny=403 {\n timeout \"5s\" first-byte=\"1s\" proxy=\"1s\"\n}\n",
        "route \"/a\" deny=403 {\n frobnicate 1\n}\n",
        "route \"/a\" redirect=\"/b\" {\n redirect {\n status 404\n}\n}\n",
        "runtime workers=0\nruntime drain=\"30s\"\n",
        "listener \"a\" { bind \"localhost:80\" \":81\"; trusted-proxies \"10.1.1.1/8\"; }\n",
        "listener \"a\" { bind \"[::]:80\"; http h2=\"yes\" max-header-size=32768 { max-streams 1.5 }; }\n",
        "listener \"a\" { bind; }\n",
        "host { route \"/\" deny=403; }\n",
        "policy \"p\" { rate-limit 100; body-limit (size)\"1MiB\"; }\n",
        "policy \"p\" { rate-limit \"100/s\" burst=0 key=\"client-addr\"; }\n",
        "runtime drain=30s\n",
        "runtime drain=true\n",
        "runtime r#\"x\"#\n",
        "runtime {\n",
        "a b=c=d } {\nruntime = 1\n",
        "runtime = 1\nruntime workers= 1\n{\n a\n}\nruntime #yes\n; ;\nruntime \"\"\"x\"\"\"\n",
        "runtime workers=(u8)1\nruntime (\nruntime )\n\"a\"=1\n",
        "runtime drain=\"${DRAIN}\"\nroute \"${A}\" pool=\"${B:-x}\"\n",
    ];
    insta::assert_snapshot!(compact_cases("main.kdl", &cases));
}

#[test]
fn one_line_mistakes_in_yaml() {
    let cases = [
        "pools: [a]\n",
        "pools: [{ name: a }]\n",
        "pools: { a: 5 }\n",
        "pools: { a: }\n",
        "pools: { a: { backend: \"http://a\" } }\n",
        "pools: { a: { backends: [\"http://a\", \"b\"], probe: [{ path: / }, { path: /x }] } }\n",
        "pools: { a: { backends: [] } }\n",
        "runtime: { drain: , workers: [1, 2] }\n",
        "runtime: { drain: { a: 1 } }\n",
        "runtime: [1, 2]\n",
        "runtime: 5\n",
        "runtime: { drain: !foo 5s }\n",
        "runtime: { drain: *x }\n",
        "routes: [[[a]]]\n",
        "policies: { p: { header-set: [[X, y, z]], header-add: { X: [1, 2] } } }\n",
        "a: 1\n---\nb: 2\n",
        "a: [1, 2\nb: 3\n",
        "- a\n",
        "? [a]\n: b\n",
        "runtime:\n\tdrain: 1s\n",
        "runtime: a: b\n",
        "runtime: {drain: 1s\n",
        "runtime: @x\n",
        "runtime: \"x\n",
        "x: &x { drain: 1s }\nruntime: { <<: [*x, *x], workers: 1 }\n",
        "x-x: &x { drain: 1s }\nruntime: { <<: 5, workers: 1 }\n",
        "x-x: &x [*x]\n",
        "\"<<\": 1\nlisteners:\n",
        "routes:\n  - { path: /, pool: a, timeout: 30 }\n  - /x\n",
    ];
    insta::assert_snapshot!(compact_cases("main.yaml", &cases));
}

#[test]
fn a_word_that_is_not_served_yet_is_checked_all_the_same() {
    let found = |name, text| {
        let loaded = load_text(name, text);
        loaded.diagnostics.iter().map(|it| (it.code, it.message.clone())).collect::<Vec<_>>()
    };
    let planned = |word: &str| ("SYN003", format!("`{word}` is not supported by this version yet"));
    let kdl = "log { access \"stdout\" format=\"jsn\" smple=5; }\n";
    let mistakes = vec![
        planned("log"),
        ("SYN005", "`jsn` is not known here".to_owned()),
        ("SYN003", "unknown key `smple` in `access`".to_owned()),
        ("SYN009", "share `5` has no unit".to_owned()),
    ];
    assert_eq!(found("main.kdl", kdl), mistakes);
    assert_eq!(found("main.yaml", "log: { access: { to: stdout, format: jsn, smple: 5 } }\n"), mistakes);
    assert_eq!(found("main.kdl", "log { access \"stdout\"; }\n"), [planned("log")]);
}

/// Codes and messages of a config, without the words that are not served yet.
fn messages(name: &str, text: &str) -> Vec<String> {
    let loaded = load_text(name, text);
    let served = loaded.diagnostics.iter().filter(|found| !found.message.ends_with("by this version yet"));
    served.map(|found| format!("{} {}", found.code, found.message)).collect()
}

#[test]
fn a_word_without_effect_names_the_word_that_takes_it() {
    let kdl = |text: &str| messages("main.kdl", text);
    let pool = |tls: &str| kdl(&format!("pool \"a\" {{ backend \"https://a\"; tls {tls}; }}"));
    assert_eq!(pool("ca=\"a.pem\" verify=#false"), ["SYN008 `ca` has no effect where `verify` is `false`"]);
    assert_eq!(pool("ca=\"a.pem\" verify=#true"), [""; 0]);
    assert_eq!(pool("ca=\"a.pem\""), [""; 0], "verified by default");
    let listener = |http: &str| kdl(&format!("listener \"a\" {{ bind \"[::]:80\"; http {http}; }}"));
    assert_eq!(
        listener("keep-alive=#false idle-timeout=\"5s\" h2=#false max-streams=5"),
        [
            "SYN008 `idle-timeout` has no effect where `keep-alive` is `false`",
            "SYN008 `max-streams` has no effect where `h2` is `false`",
        ]
    );
    assert_eq!(listener("max-streams=5"), [""; 0], "with TLS there is HTTP/2");
    assert_eq!(
        kdl("policy \"p\" { rate-limit use=\"a\" burst=5; }"),
        ["SYN008 `burst` has no effect without `rate`"]
    );
    assert_eq!(
        messages("main.yaml", "policies: { p: { rate-limit: [{ use: a, rate: 5/s }, {}] } }"),
        ["SYN007 `use` and `rate` cannot be combined", "SYN006 `rate-limit` has no limit"]
    );
}

#[test]
fn the_same_key_in_another_spelling_is_there_twice() {
    let text =
        "listeners: { a: { bind: \"[::]:80\", tls: { min_version: \"1.3\", min-version: \"1.2\" } } }\n";
    let loaded = load_text("main.yaml", text);
    let [found] = &loaded.diagnostics[..] else { panic!("{}", shown(&loaded)) };
    assert_eq!(found.message, "key `min-version` is defined twice in `tls`");
    let labels: Vec<_> = found.labels.iter().map(|label| loaded.sources.text(label.span)).collect();
    assert_eq!(labels, ["min_version", "min-version"]);
    let flat = "port: 80\nbackends: [a]\nserver: { read_timeout: 1s, read-timeout: 2s }\n";
    assert_eq!(messages("main.yaml", flat), ["SYN002 key `read_timeout` is defined twice in `server`"]);
    let alone = "listener \"a\" { bind \"[::]:80\"; tls min_version=\"1.3\"; }";
    assert_eq!(messages("main.kdl", alone), ["SYN003 unknown key `min_version` in `tls`"]);
}

#[test]
fn scalars_that_other_readers_take_for_something_else_want_quotes() {
    let found = |yaml: &str| messages("main.yaml", yaml);
    assert_eq!(
        found(
            "policies: { p: { header-set: { A: no, B: 1.20, C: nosniff, D: 5, E: \"no\", F: !!str on } } }"
        ),
        [
            "SYN011 `no` is a truth value to other readers of YAML",
            "SYN011 `1.20` is a number to other readers of YAML",
        ]
    );
    assert_eq!(
        found("runtime: { workers: 010 }"),
        ["SYN011 `010` is an octal number to other readers of YAML"]
    );
    assert_eq!(found("runtime: { workers: 10, drain: 30s }"), [""; 0]);
    let flat = "port: 80\nbackends: [{ url: \"https://a\", tls_min_version: 1.2 }]\n";
    assert_eq!(found(flat), [""; 0], "the program read it like that");
    let loaded = load_text("main.yaml", "hosts: [{ names: on, routes: [] }]\n");
    let fix = &loaded.diagnostics[0].fixes[0];
    assert_eq!((fix.title.as_str(), fix.edits[0].text.as_str()), ("write `\"on\"`", "\"on\""));
}

#[test]
fn what_a_template_leaves_behind_is_not_a_bad_value() {
    let left =
        |port: &str| messages("main.yaml", &format!("listeners: {{ a: {{ bind: \"0.0.0.0:{port}\" }} }}"));
    for port in ["{{ .Values.port }}", "<%= port %>", "%(port)s"] {
        assert_eq!(left(port), [format!("SYN012 `0.0.0.0:{port}` is left over from a template")]);
    }
    let body = "route \"/\" { respond 200 \"{{ name }}\"; }";
    assert_eq!(messages("main.kdl", body), [""; 0], "a text may hold anything");
}

#[test]
fn unusual_amounts_say_what_is_usual_and_what_may_be_meant() {
    let loaded = load_text(
        "main.kdl",
        "listener \"a\" { bind \"[::]:80\"; http header-timeout=\"4ms\" max-header-size=\"1KiB\"; }
         route \"/\" { respond 200; body-limit \"4GiB\"; timeout \"7h\"; }",
    );
    let found: Vec<_> = loaded
        .diagnostics
        .iter()
        .map(|it| format!("{} {}: {}", it.code, it.message, it.help.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            "SYN010 `4ms` is unusual for `header-timeout`: usual is from 5ms to 1h; was `4s` meant?",
            "SYN010 `1KiB` is unusual for `max-header-size`: usual is from 4KiB to 1MiB; was `1MiB` meant?",
            "SYN010 `4GiB` is unusual for `body-limit`: usual is from 1KiB to 1GiB; was `4MiB` meant?",
            "SYN010 `7h` is unusual for `exchange`: usual is from 5ms to 1h; was `7m` meant?",
        ]
    );
}

#[test]
fn a_word_can_make_another_one_necessary() {
    let auth = |text: &str| messages("main.kdl", &format!("policy \"p\" {{ auth {text}; }}"));
    assert_eq!(auth("\"basic\""), ["SYN006 `auth` has no `users`"]);
    assert_eq!(auth("\"jwt\" { keys env=\"KEYS\"; }"), [""; 0]);
    assert_eq!(
        auth("\"forward\" url=\"http://a\" realm=\"x\""),
        ["SYN008 `realm` has no effect where `scheme` is `forward`"]
    );
    assert_eq!(auth("\"jtw\" { keys env=\"KEYS\"; }"), ["SYN005 `jtw` is not known here"]);
    assert_eq!(auth("url=\"http://a\""), ["SYN006 `auth` has no `scheme`"], "one mistake, one finding");
}

#[test]
fn an_edition_is_one_that_is_known() {
    assert_eq!(messages("main.yaml", "edition: \"2026.1\"\nruntime: {}"), [""; 0]);
    assert_eq!(messages("main.kdl", "edition \"2031.4\""), ["SYN005 `2031.4` is not known here"]);
}

#[test]
fn a_secret_is_named_and_never_written() {
    let lint = |users: &str| {
        lint("main.kdl", &format!("policy \"p\" {{ auth \"basic\" {{ users {users}; }}; }}\n"))
            .lines()
            .filter(|line| line.starts_with("  ×"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let planned = "  × SYN003 (unknown-key): `auth` is not supported by this version yet";
    assert_eq!(lint("file=\"users.htpasswd\""), [planned]);
    assert_eq!(lint("env=\"USERS\""), [planned]);
    let written = "  × SYN005 (invalid-value): `users` is a secret, and a config holds none";
    assert_eq!(lint("\"alice:hunter2\""), [planned, written]);
    assert_eq!(lint(""), [planned, "  × SYN006 (missing-key): `secret` has no source"]);
    let both = "  × SYN007 (conflicting-keys): `file` and `env` cannot be combined";
    assert_eq!(lint("file=\"a\" env=\"B\""), [planned, both]);
}

/// The style of every message: a clause in lower case, a short label, a help.
fn assert_style(found: &Diagnostic) {
    let message = &found.message;
    assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
    let words = format!("{message} {}", found.help.as_deref().unwrap_or_default()).to_lowercase();
    for word in ["should", "please", "invalid", "did you"] {
        assert!(!words.contains(word), "{words}");
    }
    assert!(found.help.is_some(), "{message} has no help");
    for label in &found.labels {
        assert!(label.text.split(' ').count() <= 12, "{}", label.text);
    }
    assert_eq!(found.labels.iter().filter(|label| label.primary).count(), 1);
}

fn compact_cases(name: &str, cases: &[&str]) -> String {
    let mut output = String::new();
    for case in cases {
        let loaded = load_text(name, case);
        output.push_str(&case.escape_debug().to_string());
        output.push('\n');
        for found in &loaded.diagnostics {
            assert_style(found);
            let lines = report::compact(std::slice::from_ref(found), &loaded.sources);
            let label: Vec<_> = found.labels.iter().map(|label| label.text.as_str()).collect();
            output.push_str(&format!(
                "  {}    [{}] {}\n",
                lines,
                label.join("] ["),
                found.help.as_deref().unwrap_or("-")
            ));
        }
    }
    output
}

#[test]
fn what_was_most_likely_meant_is_taken() {
    let text = r#"pool "app" {
        balance "leastconn"
        backnd "http://10.0.0.1:80" weight="3"
        probe "/" every=5 timeout="2sec"
        connections per-backend=5
        conections per-backend=6
    }
    listener "web" { bind "0.0.0.0:80"; http h2="yes" max-header-size="16k"; trusted-proxies "10.1.1.1/8"; }
    policy "p" { rate-limit "100"; }
    "#;
    let loaded = load_text("main.kdl", text);
    assert_eq!(loaded.diagnostics.len(), 10, "{}", shown(&loaded));
    let model = loaded.model.unwrap();
    let pool = &model.pools[0];
    assert_eq!(pool.balance.value, divisor_schema::plan::Balance::LeastConnection);
    assert_eq!((pool.backends[0].weight.value, pool.connections.per_backend.value), (3, 5));
    let probe = pool.probe.as_ref().unwrap();
    assert_eq!((probe.every.value.0, probe.timeout.value.0), (5000, 2000));
    let http = &model.listeners[0].http;
    assert_eq!((http.h2.unwrap().value, http.max_header_size.value), (true, 16 << 10));
    assert_eq!(model.listeners[0].trusted_proxies[0].value.address.to_string(), "10.0.0.0");
    assert_eq!(model.policies[0].settings.rate_limits[0].requests.value, 100);
}
