//! The YAML of the plan that the program grew out of, as it stood there, and what is found in it.
//!
//! Where that plan's own review expected something else, the flat layout has settled it since: the layout is read, and
//! its keys keep their meaning. A comment says so at each of these places.

use super::{NOW, certificates};
use crate::tls::testing::Scratch;
use crate::{Compilation, FilePattern, Options, compile};

/// Backends with TLS.
const BACKENDS: &str = include_str!("../testdata/plan/https-backends.yaml");
/// TLS towards clients, limits and headers, which the plan called best practices.
const SERVER: &str = include_str!("../testdata/plan/tls-best-practices.yaml");
/// One backend with a certificate of its own.
const BACKEND: &str = include_str!("../testdata/plan/backend-security.yaml");

/// What is found: level, code and message. The snippets name files that are nowhere, and no port; `before` and `behind`
/// make a config of them.
fn found(scratch: &Scratch, before: &str, snippet: &str, behind: &str) -> String {
    let compilation = compilation(scratch, &format!("{before}{snippet}{behind}"));
    let line = |found: &crate::diagnostic::Diagnostic| {
        format!("{} {} {}\n", found.severity.word(), found.code, found.message)
    };
    compilation.diagnostics.iter().map(line).collect()
}

fn compilation(scratch: &Scratch, config: &str) -> Compilation {
    let root = scratch.write("divisor.yaml", config);
    let elsewhere = vec![FilePattern::new("/path/to/**").unwrap()];
    compile(&root, &Options { now: std::time::UNIX_EPOCH + NOW, elsewhere, ..Options::default() }).unwrap()
}

fn flat(snippet: &str) -> String {
    found(&certificates(), "port: 8000\n", snippet, "")
}

/// The server block of the plan, which has no backends.
fn served(key: &str) -> String {
    let behind =
        "backends: [{ url: \"10.0.0.11:8080\" }]\nhost: 0.0.0.0\nport: 8443\nhealth_checker_time: 5s\n";
    let certificate = format!("server:\n  cert_file: {key}.pem\n  key_file: {key}.key\n");
    let snippet = if key.is_empty() { SERVER.to_owned() } else { SERVER.replace("server:\n", &certificate) };
    found(&certificates(), "", &snippet, behind)
}

/// `https://` in `url` is read (no UPS002), and the keys are (no DEP002). A probe without interval and timeout cannot be
/// written: it has the default of the layout, 30 s, and that is late (UPS007 in place of UPS005). The files under
/// `/path/to` are left undecided, not missed (CRT001).
#[test]
fn backends_of_the_plan() {
    insta::assert_snapshot!(flat(BACKENDS), @r"
    warning UPS007 a dead backend of pool `default` is noticed after up to 91s
    warning TMO003 a request may wait 30s for a connection that lives for 10s
    info DEP001 `max_idemponent_call_attempts` is an old name of `max_idempotent_call_attempts`
    warning TLS017 certificates of backends are not verified
    ");
    insta::assert_snapshot!(flat(BACKEND), @"warning UPS007 a dead backend of pool `default` is noticed after up to 91s");
    let compilation = compilation(&certificates(), &format!("port: 8000\n{BACKENDS}"));
    let mut undecided: Vec<&str> = compilation.undecided.iter().map(|it| it.subject.as_str()).collect();
    undecided.dedup();
    assert_eq!(undecided, ["/path/to/ca.crt", "/path/to/client.crt", "/path/to/client.key"]);
}

/// What the plan's code does with these values: one half of a pair is ignored, TLS 1.0 and 1.1 are offered, an empty
/// newest version ends at 1.2, an unknown one is 1.2 without a word. Here each is said.
#[test]
fn versions_and_pairs_of_the_plan() {
    let backend = |keys: &str| {
        flat(&format!("health_checker_time: 5s\nbackends: [{{ url: \"https://a.internal\", {keys} }}]\n"))
    };
    insta::assert_snapshot!(backend("tls_client_cert: shop.pem"), @"error CRT004 certificate `shop.pem` has no key");
    insta::assert_snapshot!(backend("tls_client_key: shop.key"), @"error CRT004 key `shop.key` has no certificate");
    insta::assert_snapshot!(backend("tls_min_version: \"1.0\""), @"error TLS003 `1.0` asks for TLS 1.0, which is not available");
    insta::assert_snapshot!(backend("tls_min_version: \"1.1\""), @"error TLS003 `1.1` asks for TLS 1.1, which is not available");
    insta::assert_snapshot!(backend("tls_max_version: \"1.2\""), @"warning TLS005 `1.2` turns TLS 1.3 off");
    insta::assert_snapshot!(backend("tls_min_version: \"1.4\""), @"error TLS019 `1.4` is not a version of TLS");
    insta::assert_snapshot!(backend("tls_max_version: \"\""), @"error TLS019 `` is not a version of TLS");
}

/// The three keys under `server` are legal there (no SYN004). There is no limit without a bound on its memory (no RLM004),
/// and no way to count by a header that the client writes (neither SEC002 nor RLM001): the address is the peer's.
#[test]
fn server_block_of_the_plan() {
    insta::assert_snapshot!(served("shop"), @r"
    warning SEC007 listener `default` does not tell browsers to use TLS only
    error TLS008 no TLS 1.2 suite of the list can be used with the ECDSA P-256 key of `shop.pem`
    error TLS001 `TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305` is not the name of a cipher suite
    info TLS010 the server's order of suites slows clients without AES in hardware
    warning RLM003 `window_size` has no effect beside `requests_per_second`
    warning RLM006 one client locks out all that share its address for 5m
    warning SEC008 `X-XSS-Protection` is obsolete
    info SEC009 the policy leaves `base-uri` and `frame-ancestors` open
    ");
    insta::assert_snapshot!(served(""), @r"
    warning SYN008 `tls_min_version` has no effect without `cert_file`
    warning SYN008 `tls_cipher_suites` has no effect without `cert_file`
    error TLS001 `TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305` is not the name of a cipher suite
    warning SYN008 `prefer_server_ciphers` has no effect without `cert_file`
    info TLS010 the server's order of suites slows clients without AES in hardware
    warning RLM003 `window_size` has no effect beside `requests_per_second`
    warning RLM006 one client locks out all that share its address for 5m
    warning SEC008 `X-XSS-Protection` is obsolete
    info SEC009 the policy leaves `base-uri` and `frame-ancestors` open
    warning TLS016 listener `default` speaks plain HTTP on port 8443
    ");
}

/// Reloading swaps plans here and cuts nothing; what is left of the plan's fixed 30 s is the drain of a shutdown.
#[test]
fn drain_of_the_plan() {
    let config =
        "health_checker_time: 5s\nbackends: [{ url: \"a.internal:8080\" }]\nserver: { proxy_timeout: 60s }\n";
    insta::assert_snapshot!(flat(config), @"warning TMO012 a shutdown waits 30s, and requests of `/**` may take 1m");
}
