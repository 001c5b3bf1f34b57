//! The rules against their own examples, and the register against the rules.

mod access;
mod golden;
mod headers;
mod language;
mod numbers;
mod peers;

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
fn names_of_suites() {
    let list = |names: &str| found(&with_tls(&format!("cipher-suites {names}")));
    insta::assert_snapshot!(list(r#""HIGH:!aNULL:!CHACHA20:!aRSA""#), @r"
    TLS001 `HIGH:!aNULL:!CHACHA20:!aRSA` is not the name of a cipher suite
      -> write the names it selects: `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`, `TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384`
    ");
    insta::assert_snapshot!(list(r#""LOW""#), @r"
    TLS001 `LOW` is not the name of a cipher suite
      -> delete it: it selects nothing that can be negotiated
    ");
    insta::assert_snapshot!(list(r#""fast""#), @r"
    TLS001 `fast` is not the name of a cipher suite
      -> delete the list: the profile has all suites that are worth having
    ");
    insta::assert_snapshot!(list(r#""TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA265""#), @r"
    TLS001 `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA265` is not the name of a cipher suite
      -> perhaps `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`
    ");
    insta::assert_snapshot!(list(r#""AES128-SHA" "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256""#), @r"
    TLS002 `AES128-SHA` is never negotiated
      -> delete it; the nearest suite that is negotiated is `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`
    ");
    insta::assert_snapshot!(list(r#""AES128-SHA""#), @r"
    TLS002 `AES128-SHA` is never negotiated
      -> delete it; the nearest suite that is negotiated is `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`
    ");
}

#[test]
fn suites_and_groups_in_other_words() {
    let list = |names: &str| found(&with_tls(names));
    insta::assert_snapshot!(list(r#"cipher-suites "ECDHE-ECDSA-AES128-GCM-SHA256" "TLS_FALLBACK_SCSV""#), @r"
    TLS001 `TLS_FALLBACK_SCSV` is not the name of a cipher suite
      -> delete it: it is sent where it belongs
    ");
    insta::assert_snapshot!(list(r#"groups "MLKEM768" "x25519""#), @r"
    TLS006 few clients have group `MLKEM768`
      -> write `X25519MLKEM768`, which holds if either half does
    ");
    insta::assert_snapshot!(list(r#"groups "P-521" "X25519Kyber768Draft00" "x25519""#), @r"
    TLS006 group `P-521` is not supported
      -> write `secp384r1`
    TLS006 group `X25519Kyber768Draft00` is not supported
      -> write `X25519MLKEM768`
    ");
    insta::assert_snapshot!(list(r#"groups "P-256" "x25519""#), @r"
    TLS009 no post-quantum group is in the list
      -> delete `groups`: the default set begins with `X25519MLKEM768`
    ");
}

#[test]
fn the_flat_layout_is_judged_without_a_certificate_too() {
    let scratch = certificates();
    let config = r#"
port: 8080
backends: [{ url: "10.0.0.1:9000" }]
server:
  tls_min_version: "1.2"
  tls_cipher_suites:
    - "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    - "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    - "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"
  prefer_server_ciphers: true
"#;
    let judged = |config: &str| {
        let compilation = compile_at(&scratch.write("divisor.yaml", config));
        let line = |found: &Diagnostic| {
            let fixes: Vec<&str> = found.fixes.iter().map(|fix| fix.safety.word()).collect();
            format!("{} {} {fixes:?}\n", found.code, found.message)
        };
        let tls = compilation.diagnostics.iter().filter(|found| found.code.starts_with("TLS"));
        tls.map(line).collect::<String>()
    };
    insta::assert_snapshot!(judged(config), @r#"
    TLS001 `TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305` is not the name of a cipher suite ["safe"]
    TLS010 the server's order of suites slows clients without AES in hardware ["unsafe"]
    "#);
    let with_certificate = config.replace("server:", "server:\n  cert_file: shop.pem\n  key_file: shop.key");
    let with_certificate = with_certificate.replace("8080", "8443");
    insta::assert_snapshot!(judged(&with_certificate), @r#"
    TLS008 no TLS 1.2 suite of the list can be used with the ECDSA P-256 key of `shop.pem` ["unsafe"]
    TLS001 `TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305` is not the name of a cipher suite ["safe"]
    TLS010 the server's order of suites slows clients without AES in hardware ["unsafe"]
    "#);
}

#[test]
fn client_certificates_come_from_few_private_authorities() {
    let scratch = certificates();
    let config = |ca: &str| {
        format!(
            "listener \"web\" {{ bind \"127.0.0.1:8443\"; tls {{ certificate \"shop.pem\" key=\"shop.key\"; client-auth ca=\"{ca}\"; }}; }}\n\
             route \"/**\" {{ respond 200 \"ok\"; }}"
        )
    };
    let one = std::fs::read_to_string(scratch.path("clients.pem")).unwrap();
    scratch.write("many.pem", &one.repeat(21));
    let message = |ca: &str| {
        let compilation = compiled(&scratch, &config(ca));
        compilation
            .diagnostics
            .iter()
            .map(|found| format!("{} {}", found.code, found.message))
            .collect::<String>()
    };
    assert_eq!(message("clients.pem"), "");
    assert_eq!(message("many.pem"), "CRT018 `many.pem` holds 21 authorities");
    assert_eq!(message("leaf.pem"), "CRT018 `shop.example` in `leaf.pem` is no authority");
    scratch.issue("ended", &Issued { authority: true, days: (20_000, 20_365), ..Issued::new(&["ended"]) });
    assert_eq!(message("ended.pem"), "CRT018 authority `ended` in `ended.pem` has expired");
    assert!(message("absent.pem").starts_with("CRT001"));
}

#[test]
fn backends_in_public_must_be_verified() {
    let pool = |url: &str| {
        let config = with_pool(&format!("backend \"{url}\"; probe \"/\"; tls verify=#false"));
        compiled(&certificates(), &config).diagnostics.first().map(|found| (found.code, found.severity))
    };
    assert_eq!(pool("https://10.0.0.1:443"), Some(("TLS017", Severity::Warning)));
    assert_eq!(pool("https://app.internal:443"), Some(("TLS017", Severity::Warning)));
    assert_eq!(pool("https://8.8.8.8:443"), Some(("TLS017", Severity::Error)));
    assert_eq!(pool("https://[2606:4700::1]:443"), Some(("TLS017", Severity::Error)));
    assert_eq!(pool("https://[2001:db8::1]:443"), Some(("TLS017", Severity::Warning)));
}

#[test]
fn ports_and_addresses_that_say_otherwise() {
    insta::assert_snapshot!(found(&with_pool(r#"backend "http://10.0.0.1:443"; probe "/""#)), @r"
    TLS018 `http://10.0.0.1:443` speaks plain HTTP to the port of TLS
      -> write `https://`, or another port
    ");
    insta::assert_snapshot!(found(&with_pool(r#"backend "https://10.0.0.1:8443"; probe "/""#)), @r"
    TLS018 no public authority vouches for 10.0.0.1
      -> name the host in the certificate with `server-name`, and its authority with `ca`
    ");
    let tls = r#"listener "web" { bind "127.0.0.1:80"; tls { certificate "shop.pem" key="shop.key"; }; }
        route "/**" { respond 200 "ok"; }"#;
    insta::assert_snapshot!(found(tls), @r"
    TLS016 listener `web` speaks TLS on port 80
      -> bind port 443, or delete `tls`
    ");
}

#[test]
fn pairs_and_keys_that_are_nearly_right() {
    let scratch = certificates();
    let key = std::fs::read_to_string(scratch.path("shop.key")).unwrap();
    let certificate = std::fs::read_to_string(scratch.path("shop.pem")).unwrap();
    scratch.write("two.key", &(key.clone() + &key));
    scratch.write("both.key.pem", &(certificate + &key));
    scratch.set_mode("both.key.pem", 0o644);
    scratch.issue("alone", &Issued::new(&["shop.example"]));
    scratch.write("repository/.git/index", "");
    let judged = |pair: &str| {
        let config = format!(
            "listener \"web\" {{ bind \"127.0.0.1:8443\"; tls {{ certificate {pair}; }}; }}\nroute \"/**\" {{ respond 200 \"ok\"; }}"
        );
        let compilation = compiled(&scratch, &config);
        compilation.diagnostics.iter().map(|it| format!("{} {}\n", it.code, it.message)).collect::<String>()
    };
    assert_eq!(judged(r#""shop.pem" key="two.key""#), "CRT002 `two.key` holds 2 private keys\n");
    let open = "CRT016 private key `both.key.pem` can be read by every user\n";
    assert_eq!(judged(r#""both.key.pem" key="shop.key""#), open);
    assert_eq!(judged(r#""both.key.pem" key="both.key.pem""#), open);
    assert_eq!(judged(r#""alone.pem" key="alone.key" trust="alone.pem""#), "");
    let alone = "CRT009 certificate `alone.pem` is signed by nobody but itself\n";
    assert_eq!(judged(r#""alone.pem" key="alone.key""#), alone);
}

#[test]
fn names_of_versions_profiles_and_groups() {
    insta::assert_snapshot!(found(&with_tls(r#"max-version "SSLv3""#)), @r#"
    TLS003 `SSLv3` asks for SSL 3.0, which is not available
      -> write "1.2": clients before Android 4.4.2, Java 8u161 and IE 11 cannot connect either way
    "#);
    insta::assert_snapshot!(found(&with_tls(r#"profile "modern"; min-version "1.2""#)), @r"
    TLS011 profile `modern` means TLS 1.3 only
      -> delete it, or write `intermediate`
    ");
    insta::assert_snapshot!(found(&with_tls(r#"profile "modern"; max-version "1.2""#)), @r"
    TLS004 no version of TLS is left
      -> delete `max-version`
    ");
    insta::assert_snapshot!(found(&with_tls(r#"profile "fast""#)), @r"
    TLS011 profile `fast` does not exist
      -> write `intermediate` or `modern`
    ");
    insta::assert_snapshot!(found(&with_tls(r#"groups "fast" "x25519""#)), @r"
    TLS006 group `fast` is not supported
      -> delete the list: the profile has the groups that Mozilla recommends
    ");
    assert_eq!(found(&with_tls(r#"profile "modern"; groups "X25519MLKEM768""#)), "", "TLS 1.2 is off");
}

#[test]
fn the_suites_of_a_list_must_fit_the_certificates_of_hosts_too() {
    let config = r#"
        listener "web" { bind "127.0.0.1:8443"; tls { cipher-suites "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"; }; }
        host "shop.example" { tls { certificate "shop.pem" key="shop.key"; }; route "/**" { respond 200 "ok"; }; }
    "#;
    insta::assert_snapshot!(found(config), @r"
    TLS008 no TLS 1.2 suite of the list can be used with the ECDSA P-256 key of `shop.pem`
      -> add `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`, or delete the list
    ");
}

#[test]
fn tls_towards_backends() {
    let pool = |settings: &str| found(&with_pool(settings));
    insta::assert_snapshot!(pool(r#"backend "https://127.0.0.1:1"; tls ca="shop.pem" key="shop.key""#), @r#"
    CRT004 key `shop.key` has no certificate
      -> add `certificate="…"`, or delete the key
    "#);
    insta::assert_snapshot!(pool(r#"backend "https://127.0.0.1:1"; tls ca="absent.pem""#), @r"
    CRT001 cannot read `absent.pem`: no such file
      -> paths are relative to the file that names them
    ");
    insta::assert_snapshot!(pool(r#"backend "http://127.0.0.1:1" { tls ca="shop.pem"; }"#), @r"
    TLS018 `http://127.0.0.1:1` is spoken to without TLS
      -> write `https://`, or delete the `tls` block
    ");
    insta::assert_snapshot!(pool(r#"backend "https://127.0.0.1:1"; tls ca="shop.pem" certificate="shop.pem" key="other.key""#), @r"
    CRT005 `other.key` is not the key of `shop.pem`
      -> write `shop.key`, which is the key of this certificate
    ");
    let both =
        r#"backend "http://127.0.0.1:1"; backend "https://127.0.0.1:2"; tls ca="shop.pem"; probe "/health""#;
    assert_eq!(pool(both), "", "one of the backends has a use for it");
}

#[test]
fn chains_and_names() {
    let scratch = certificates();
    let leaf = std::fs::read_to_string(scratch.path("shop.pem")).unwrap();
    let other = std::fs::read_to_string(scratch.path("other.pem")).unwrap();
    scratch.write("unrelated.pem", &(leaf + &other));
    let config = r#"
        listener "web" { bind "127.0.0.1:8443"; tls { certificate "unrelated.pem" key="shop.key" names="www.shop.example"; }; }
        host "shop.example" { route "/**" { respond 200 "ok"; }; }
    "#;
    insta::assert_snapshot!(all(&compiled(&scratch, config)), @r#"
    warning CRT010 (chain-order): the chain of `unrelated.pem` is in the wrong order
    > 2:67 "unrelated.pem"  <- certificate 3 did not sign the one before
    help: delete what does not belong to the chain
    error CRT011 (san-mismatch): no certificate on listener `web` is valid for `shop.example`
      2:67 "unrelated.pem"  <- is for shop.example
    > 3:14 "shop.example"  <- served here
    help: issue a certificate that has `shop.example` among its names
    "#);
}

#[test]
fn routes_outside_of_hosts_are_judged_in_all_of_them() {
    let host = |name: &str, routes: &str| format!("host \"{name}\" {{ {routes} }}\n");
    let own = r#"route "/a" { respond 200 "own"; }"#;
    let outside = r#"route "/a" { respond 200 "outside"; }"#;
    let once = with_routes(&(host("a.example", own) + &host("b.example", "") + outside));
    assert_eq!(found(&once), "", "the other host uses it");
    let everywhere = with_routes(&(host("a.example", own) + &host("b.example", own) + outside));
    insta::assert_snapshot!(found(&everywhere), @r"
    REF003 every host has its own route `/a`
      -> delete it
    ");
    let covering = r#"route "/x" { respond 200 "1"; }; route "/x/" { respond 200 "2"; }; route "/x/{y}/**" { respond 200 "3"; }"#;
    let subtree = r#"route "/x/**" { respond 200 "4"; }"#;
    let in_one = with_routes(&(host("a.example", covering) + &host("b.example", "") + subtree));
    assert_eq!(found(&in_one), "", "it is reached in the other host");
    let crossing = r#"route "/{a}/b" { respond 200 "1"; }
        route "/a/{b}" { respond 200 "2"; }"#;
    let twice = with_routes(&(host("a.example", "") + &host("b.example", "") + crossing));
    insta::assert_snapshot!(found(&twice), @r"
    RTE002 routes `/{a}/b` and `/a/{b}` both match `GET http://a.example/a/b`
      -> make one of them more specific, give one a `priority`, or add a route `/a/b` that says which
    ");
}

#[test]
fn binds_and_loops() {
    let twice = r#"listener "web" { bind "127.0.0.1:1" "127.0.0.1:1"; }
        route "/**" { respond 200 "ok"; }"#;
    insta::assert_snapshot!(found(twice), @r"
    OPS001 listener `web` binds port 1 twice
      -> merge them and tell hosts apart by name, or bind other addresses
    ");
    let families = r#"listener "web" { bind "0.0.0.0:1" "[::]:1"; }
        route "/**" { respond 200 "ok"; }"#;
    assert_eq!(found(families), "");
    let looped = with_pool(r#"backend "http://127.0.0.1:8080""#);
    insta::assert_snapshot!(found(&looped), @r"
    REF005 pool `app` points back to listener `web`
      -> write the port of the application
    ");
    let everywhere = looped.replace("bind \"127.0.0.1:8080\"", "bind \"0.0.0.0:8080\"");
    insta::assert_snapshot!(found(&everywhere), @r"
    REF005 pool `app` points back to listener `web`
      -> write the port of the application
    ");
    let elsewhere = everywhere.replace("http://127.0.0.1:8080", "http://10.0.0.1:8080");
    assert_eq!(found(&elsewhere), "", "another machine, as far as anyone knows");
    let itself = "listener \"web\" { bind \"127.0.0.1:1\"; redirect \"web\"; }";
    insta::assert_snapshot!(found(itself), @r"
    RTE011 listener `web` redirects to one that redirects
      -> redirect to a listener that serves hosts itself
    ");
}

#[test]
fn references_and_names() {
    let config = r#"
        listener "web" { bind "127.0.0.1:1"; use "nobody"; }
        listener "plain" { bind "127.0.0.1:2"; redirect "wbe"; }
        host "shop.example" listener="web" { use "nothing"; route "/**" { use "none"; respond 200 "ok"; }; }
        host "shop.example" listener="plain" { route "/**" { respond 200 "ok"; }; }
        policy "spare" { body-limit "1MiB"; }
    "#;
    insta::assert_snapshot!(found(config), @r"
    REF001 policy `nobody` is not defined
      -> define policy `nobody`
    REF001 listener `wbe` is not defined
      -> write `web`
    REF001 policy `nothing` is not defined
      -> define policy `nothing`
    REF001 policy `none` is not defined
      -> define policy `none`
    REF006 no listener serves host `shop.example`
      -> name a listener that does not redirect
    REF003 policy `spare` is never used
      -> delete it, or use it where it was meant to be used
    ");
}

#[test]
fn headers_and_targets() {
    let route = |content: &str| found(&with_routes(&format!("route \"/{{id}}\" {{ {content} }}")));
    insta::assert_snapshot!(route("respond 200 \"ok\"; header-add \"X-A\" \"a\\nb\"; header-remove \"\""), @r"
    SEC005 the value of header `X-A` has a character that cannot be sent
      -> write it on one line, without control characters
    SEC005 `` is not the name of a header
      -> write `X-Name`
    ");
    insta::assert_snapshot!(route("respond 200 \"ok\" content-type=\"text/plän\""), @r"
    SEC005 the value of header `Content-Type` has a character that cannot be sent
      -> write it on one line, without control characters
    ");
    for target in ["/a{", "", "/ä", "/a/{id}/{nam}"] {
        let found = route(&format!("redirect \"{target}\""));
        assert!(found.starts_with("RTE010"), "{target}: {found}");
    }
    let pool = "pool \"app\" { backend \"http://127.0.0.1:1\"; }\n";
    let rewritten = format!("{pool}route \"/{{id}}\" pool=\"app\" rewrite=\"{{id}}\"");
    insta::assert_snapshot!(found(&with_routes(&rewritten)), @r"
    RTE010 the path for the backend does not begin with `/`
      -> begin it with `/`
    ");
}

#[test]
fn patterns_written_with_escapes_are_labelled_whole() {
    let config = with_routes("route \"/a\\u{2a}b\" { respond 200 \"ok\"; }");
    insta::assert_snapshot!(all(&compiled(&certificates(), &config)), @r#"
    error RTE015 (invalid-path-pattern): `/a*b` is not a path pattern
    > 2:7 "/a\u{2a}b"  <- a wildcard beside other text
    help: let the wildcard be the whole segment, `*` or `{name}`, or say what it is: `{name:[0-9]+}`
    "#);
}

#[test]
fn what_may_be_in_an_unreadable_file_is_not_missed() {
    let config = "include \"absent.kdl\"\npool \"spare\" { backend \"http://127.0.0.1:1\"; }\nroute \"/**\" pool=\"app\"";
    let codes: Vec<&str> =
        compiled(&certificates(), config).diagnostics.iter().map(|found| found.code).collect();
    assert!(!codes.contains(&"REF001") && !codes.contains(&"REF003"), "{codes:?}");
}

#[test]
fn probes_of_single_backends_count() {
    let one = r#"backend "http://127.0.0.1:1" { probe "/a"; }; backend "http://127.0.0.1:2""#;
    insta::assert_snapshot!(found(&with_pool(one)), @r#"
    UPS005 pool `app` has backends without a health check
      -> add `probe "/health" every="5s" timeout="1s"`
    "#);
    let both = r#"backend "http://127.0.0.1:1" { probe "/a"; }; backend "http://127.0.0.1:2" { probe "/b" timeout="5s"; }"#;
    insta::assert_snapshot!(found(&with_pool(both)), @r#"
    UPS006 a probe may take 5s, and the next one comes after 5s
      -> write `timeout="2500ms"`, or a longer `every`
    "#);
}

#[test]
fn a_route_that_crosses_many_is_reported_with_a_few() {
    let crossed: String =
        (0..6).map(|n| format!("route \"/{{a}}/b{n}\" {{ respond 200 \"ok\"; }}\n")).collect();
    let config = with_routes(&format!("route \"/a/{{b}}\" {{ respond 200 \"ok\"; }}\n{crossed}"));
    insta::assert_snapshot!(found(&config), @r"
    RTE002 routes `/a/{b}` and `/{a}/b0` both match `GET /a/b0`
      -> make one of them more specific, give one a `priority`, or add a route `/a/b0` that says which
    RTE002 routes `/a/{b}` and `/{a}/b1` both match `GET /a/b1`
      -> make one of them more specific, give one a `priority`, or add a route `/a/b1` that says which
    RTE002 routes `/a/{b}` and `/{a}/b2` both match `GET /a/b2`
      -> make one of them more specific, give one a `priority`, or add a route `/a/b2` that says which; this route crosses 3 more
    ");
}

#[test]
fn the_flat_layout_is_judged_by_the_same_rules() {
    let scratch = certificates();
    let config = r#"
type: round-robin
host: 127.0.0.1
port: 8443
backends:
  - { url: "http://10.0.0.1:9000", weight: 2 }
  - { url: "https://10.0.0.2:9000", tls_skip_verify: true }
server:
  cert_file: shop.pem
  key_file: shop.key
  tls_min_version: "1.0"
  tls_cipher_suites: ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
"#;
    let compilation = compile_at(&scratch.write("divisor.yaml", config));
    let lines: Vec<String> =
        compilation.diagnostics.iter().map(|found| format!("{} {}", found.code, found.message)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    UPS007 a dead backend of pool `default` is noticed after up to 91s
    UPS003 weight 2 has no effect with `round-robin`
    TLS017 certificates of backends are not verified
    TLS003 `1.0` asks for TLS 1.0, which is not available
    TLS001 `TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305` is not the name of a cipher suite
    ");
}

#[test]
fn a_priority_decides_before_containment() {
    let crossing = |priority: &str| {
        found(&with_routes(&format!(
            "route \"/a/{{x}}\" {priority} {{ respond 200 \"1\"; }}\nroute \"/{{y}}/b\" {{ respond 200 \"2\"; }}"
        )))
    };
    assert!(crossing("").starts_with("RTE002"));
    assert_eq!(crossing("priority=1"), "");
    let covering =
        with_routes("route \"/a\" { respond 200 \"1\"; }\nroute \"/**\" priority=1 { respond 200 \"2\"; }");
    insta::assert_snapshot!(found(&covering), @r"
    RTE001 no request reaches route `/a`
      -> delete it, or narrow `/**`
    ");
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
