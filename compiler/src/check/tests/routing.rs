//! Rules about what goes where: names, addresses, references and routes.

use super::*;

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
      -> name a listener that reads requests and does not redirect them
    REF003 policy `spare` is never used
      -> delete it, or use it where it was meant to be used
    ");
}

#[test]
fn what_a_handshake_and_a_port_are_good_for() {
    let config = |listener: &str, pool: &str| {
        format!(
            r#"
            listener "web" {{ bind "127.0.0.1:1"; http handshake-timeout="5s" {listener}; trusted-proxies "10.0.0.1" }}
            pool "app" {{ {pool} }}
            route "/**" pool="app"
            "#
        )
    };
    let plain = r#"backend "http://10.0.0.1:80"; probe "/health""#;
    let none = |listener| assert!(!found(&config(listener, plain)).contains("SYN008"), "{listener}");
    none("h2=#true");
    none("; proxy-protocol \"10.0.0.0/24\"");
    assert!(found(&config("", plain)).contains("SYN008 `handshake-timeout` has no effect on listener `web`"));
    let port = |backends: &str| {
        found(&config("h2=#true", &format!(r#"{backends}; probe "/health" port=81"#)))
            .contains("SYN008 `port`")
    };
    assert!(port(r#"backend "unix:/run/a.sock"; backend "unix:/run/b.sock""#));
    assert!(!port(r#"backend "unix:/run/a.sock"; backend "http://10.0.0.1:80""#));
}

#[test]
fn pools_and_what_is_sent_to_them() {
    let config = r#"
        listener "web" { bind "127.0.0.1:1"; }
        listener "db" { bind "127.0.0.1:2"; forward "app"; }
        listener "loop" { bind "127.0.0.1:5"; http keep-alive=#false handshake-timeout="1s"; forward "itself"; }
        pool "itself" { backend "tcp://localhost:5"; }
        listener "both" { bind "127.0.0.1:3"; forward "db"; redirect "web"; }
        listener "bound" { bind "127.0.0.1:4"; forward "db"; use "small"; }
        policy "small" { body-limit "1MiB"; }
        pool "app" { backend "http://10.0.0.1:80"; }
        pool "mixed" { backend "http://10.0.0.1:81"; backend "tcp://10.0.0.1:82"; probe "/"; }
        pool "db" {
            balance "consistent-hash"
            backend "tcp://10.0.0.1:5432"
            hash cookie="id"
            sticky "at" { key env="KEY"; }
            tls ca="shop.pem"
        }
        route "/mixed" pool="mixed"
        route "/**" pool="app" { mirror "db"; }
    "#;
    insta::assert_snapshot!(found(config), @r"
    UPS020 pool `app` gets requests, and a listener sends it connections
      -> write `tcp://` for its backends, or a route to it
    SYN008 `keep-alive` has no effect on listener `loop`
      -> delete `keep-alive`
    SYN008 `handshake-timeout` has no effect on listener `loop`
      -> delete `handshake-timeout`, or give the listener `tls`
    REF005 pool `itself` points back to listener `loop`
      -> write the port of the application
    SYN007 `forward` and `redirect` of listener `both` cannot be combined
      -> delete `redirect`, or `forward`
    SYN007 `forward` and `use` of listener `bound` cannot be combined
      -> delete `use`, or `forward`
    UPS020 pool `mixed` has backends for requests and for connections
      -> give each kind a pool of its own
    TLS018 `tcp://10.0.0.1:5432` is spoken to without TLS
      -> delete the `tls` block: `tcp` backends get connections as they are
    UPS020 pool `db` gets connections, and `hash` looks at requests
      -> delete `hash`; `ip-hash` keeps a client at a backend
    UPS020 pool `db` gets connections, and `sticky` looks at requests
      -> delete `sticky`; `ip-hash` keeps a client at a backend
    UPS020 pool `db` gets connections, and a route sends it requests
      -> write `http://` or `https://` for its backends, or `forward` in a listener
    ");
}

#[test]
fn names_that_pass_through() {
    let config = r#"
        listener "edge" {
            bind "127.0.0.1:8443"
            tls { profile "modern"; }
            passthrough "a.example" "*.A.example" pool="old"
            passthrough "a.example" pool="old"
        }
        listener "only" { bind "127.0.0.1:8444"; passthrough "b.example" pool="old"; }
        pool "old" { backend "tcp://10.0.0.1:443"; }
        host "b.example" listener="only" { route "/**" { respond 200 "ok"; }; }
    "#;
    insta::assert_snapshot!(found(config), @r#"
    CRT019 listener `edge` has no certificate
      -> add `certificate "cert.pem" key="cert.key"`, or delete `tls`: what is passed through needs none
    RTE012 `*.A.example` is not the name of a host
      -> write `*.a.example`
    REF007 listener `edge` passes `a.example` through twice
      -> take one of them out
    REF006 no listener serves host `b.example`
      -> name a listener that reads requests and does not redirect them
    "#);
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
fn a_loopback_listener_of_many_public_names_is_one_finding() {
    let hosts: String = (0..5)
        .map(|n| format!("host \"www{n}.example.com\" {{ route \"/**\" {{ respond 200 \"ok\"; }}; }}\n"))
        .collect();
    insta::assert_snapshot!(found(&format!("listener \"web\" {{ bind \"127.0.0.1:8080\"; }}\n{hosts}")), @"
    OPS002 `www0.example.com` and 4 more can only be reached from this machine
      -> write `bind \"0.0.0.0:8080\"`
    ");
}
