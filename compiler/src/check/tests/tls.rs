//! Rules about TLS, certificates and keys.

use super::*;

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
fn what_may_be_in_an_unreadable_file_is_not_missed() {
    let config = "include \"absent.kdl\"\npool \"spare\" { backend \"http://127.0.0.1:1\"; }\nroute \"/**\" pool=\"app\"";
    let codes: Vec<&str> =
        compiled(&certificates(), config).diagnostics.iter().map(|found| found.code).collect();
    assert!(!codes.contains(&"REF001") && !codes.contains(&"REF003"), "{codes:?}");
}
