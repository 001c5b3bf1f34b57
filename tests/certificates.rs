//! Certificates and keys on machines that have them, and on those that must not.

use std::process::Output;

use super::support::certs::Authority;
use super::support::{Port, Site};

/// A site with TLS for shop.example, and where its keys are.
fn site(port: u16) -> (Site, Authority) {
    let authority = Authority::new("test root");
    let site = Site::with(&format!(
        r#"
        listener "web" {{
            bind "127.0.0.1:{port}"
            tls {{ certificate "certs/shop.pem" key="certs/shop.key" trust="certs/root.pem" }}
        }}
        host "shop.example" {{ route "/**" {{ respond 200 "ok" }} }}
        "#
    ));
    site.pair("certs/shop", &authority.server(&["shop.example"]));
    site.write("certs/root.pem", &authority.pem);
    (site, authority)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Exit status and output of `lint`.
fn lint(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let output = site.divisor(&[&["lint", "site.kdl", "--output", "compact"], arguments].concat());
    (output.status.code(), said(&output))
}

#[test]
fn a_manifest_stands_for_keys_that_are_elsewhere() {
    let (site, authority) = site(Port::reserve().number());
    let output = site.divisor(&["certs", "snapshot", "certs", "-o", "tls.lock"]);
    assert!(output.status.success());
    let manifest = std::fs::read_to_string(site.path("tls.lock")).unwrap();
    let key = std::fs::read_to_string(site.path("certs/shop.key")).unwrap();
    let secret: Vec<&str> =
        key.lines().filter(|line| line.len() > 20 && !line.starts_with("-----")).collect();
    assert!(secret.len() >= 2 && secret.iter().all(|line| !manifest.contains(line)));
    // The second line of a P-256 key in PKCS#8 is where its secret part is.
    assert!(manifest.contains("certs/shop.pem") && !manifest.contains("PRIVATE KEY"), "{manifest}");

    assert!(site.divisor(&["certs", "verify", "tls.lock"]).status.success());
    std::fs::rename(site.path("certs"), site.path("away")).unwrap();
    assert_eq!(lint(&site, &[]).0, Some(1));
    assert_eq!(lint(&site, &["--cert-manifest", "tls.lock"]), (Some(0), String::new()));
    let output = site.divisor(&["compile", "site.kdl", "--cert-manifest", "tls.lock"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // The same files at the same time are the same manifest, wherever it is made.
    std::fs::rename(site.path("away"), site.path("certs")).unwrap();
    let at = |name: &str| {
        let output =
            site.divisor(&["certs", "snapshot", "certs", "-o", name, "--now", "2026-11-25T00:00:00Z"]);
        assert!(output.status.success());
        std::fs::read(site.path(name)).unwrap()
    };
    assert_eq!(at("one.lock"), at("two.lock"));

    site.pair("certs/shop", &authority.server(&["other.example"]));
    let output = site.divisor(&["certs", "verify", "tls.lock"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("certs/shop.key: its key is another"), "{}", said(&output));
    site.divisor(&["certs", "snapshot", "certs"]);
    let (code, found) = lint(&site, &["--cert-manifest", "tls.lock"]);
    assert!(code == Some(1) && found.contains("error[CRT011]"), "{found}");
    site.write("tls.lock", "{}");
    assert_eq!(lint(&site, &["--cert-manifest", "tls.lock"]).0, Some(2));
    assert_eq!(site.divisor(&["certs", "snapshot", "absent"]).status.code(), Some(2));
}

#[test]
fn stand_ins_are_judged_for_what_they_are() {
    let (site, authority) = site(Port::reserve().number());
    std::fs::rename(site.path("certs"), site.path("ci")).unwrap();
    assert_eq!(lint(&site, &["--map-path", "certs=ci"]), (Some(0), String::new()));
    assert_eq!(lint(&site, &["--map-path", "certs=ci", "--now", "2999-01-01"]), (Some(0), String::new()));
    site.pair("ci/shop", &authority.server(&["other.example"]));
    let (code, found) = lint(&site, &["--map-path", "certs=ci"]);
    assert!(code == Some(1) && found.contains("error[CRT011]"), "{found}");
    assert_eq!(lint(&site, &["--map-path", "certs"]).0, Some(2));
}

#[test]
fn keys_made_for_tests_may_lie_open_in_a_repository() {
    let (site, _) = site(Port::reserve().number());
    site.write(".git/HEAD", "ref: refs/heads/main\n");
    let (code, found) = lint(&site, &[]);
    assert!(code == Some(0) && found.contains("warning[CRT017]"), "{found}");
    assert_eq!(lint(&site, &["--fixture-files", "certs/*"]), (Some(0), String::new()));
    site.write(".gitignore", "*.key\n");
    assert_eq!(lint(&site, &[]), (Some(0), String::new()));
}

#[test]
fn certificates_are_judged_at_a_time_that_can_be_said() {
    let (site, _) = site(Port::reserve().number());
    let (code, found) = lint(&site, &["--now", "9999-01-01"]);
    assert!(code == Some(1) && found.contains("error[CRT006]"), "{found}");
    let (_, found) = lint(&site, &["--now", "2026-11-25T12:00:00Z", "--expires-within", "999999d"]);
    assert!(found.contains("warning[CRT007]"), "{found}");
    assert_eq!(lint(&site, &["--now", "yesterday"]).0, Some(2));
    assert_eq!(lint(&site, &["--expires-within", "soon"]).0, Some(2));
}

#[test]
fn preflight_decides_what_was_not_decided() {
    let port = Port::reserve();
    let (site, authority) = site(port.number());
    std::fs::rename(site.path("certs"), site.path("away")).unwrap();
    let output = site.divisor(&["compile", "site.kdl", "-o", "plan.bin", "--defer-files", "certs/*"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let preflight = |arguments: &[&str]| {
        let output = site.divisor(&[&["preflight", "plan.bin"], arguments].concat());
        (output.status.code(), said(&output), String::from_utf8(output.stderr).unwrap())
    };
    let (code, found, _) = preflight(&[]);
    assert!(code == Some(1) && found.contains("CRT001") && found.contains("not decided"), "{found}");

    std::fs::create_dir(site.path("host")).unwrap();
    std::fs::rename(site.path("away"), site.path("host/certs")).unwrap();
    let (code, found, decided) = preflight(&["--files", "host"]);
    assert_eq!((code, found.as_str()), (Some(0), "no problems found\n"));
    assert!(
        decided.contains("checks that were not decided when the plan was compiled are decided now"),
        "{decided}"
    );

    site.pair("host/certs/shop", &authority.server(&["other.example"]));
    let (code, found, _) = preflight(&["--files", "host", "--output", "json"]);
    assert!(code == Some(1) && found.contains("\"CRT011\""), "{found}");
    assert_eq!(preflight(&["--now", "?"]).0, Some(2));
    site.write("plan.bin", "nonsense");
    assert_eq!(preflight(&[]).0, Some(2));
}

#[test]
fn preflight_knows_who_listens_already() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (site, _) = site(listener.local_addr().unwrap().port());
    site.compile("site.kdl");
    let output = site.divisor(&["preflight", "plan.bin", "--output", "compact"]);
    assert_eq!(output.status.code(), Some(1));
    let found = said(&output);
    assert!(found.contains("error[OPS001]") && found.contains("it is in use by `"), "{found}");
    drop(listener);
    assert!(site.divisor(&["preflight", "plan.bin"]).status.success());
}
