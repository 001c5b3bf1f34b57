//! Rules about headers and about what browsers are told.

use super::{certificates, compiled, found, with_routes, with_tls};

fn header(name: &str, value: &str) -> String {
    found(&with_routes(&format!(
        "route \"/**\" {{ respond 200 \"ok\"; header-set \"{name}\" \"{value}\"; }}"
    )))
}

#[test]
fn values_that_browsers_ignore() {
    for (name, value) in [
        ("X-Frame-Options", "sameorigin"),
        ("Referrer-Policy", "no-referrer, strict-origin-when-cross-origin"),
        ("Referrer-Policy", "made-up, same-origin"),
        ("Permissions-Policy", "geolocation=(), camera=(self)"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Content-Security-Policy", "upgrade-insecure-requests"),
        ("X-XSS-Protection", "0"),
    ] {
        assert_eq!(header(name, value), "", "{name}: {value}");
    }
    insta::assert_snapshot!(header("X-Frame-Options", "ALLOW-FROM https://a.example"), @r"
    SEC009 browsers ignore `X-Frame-Options: ALLOW-FROM https://a.example`
      -> write `DENY` or `SAMEORIGIN`; `frame-ancestors` of a `Content-Security-Policy` takes origins
    ");
    insta::assert_snapshot!(header("Referrer-Policy", "strict-orign"), @r"
    SEC009 browsers ignore `Referrer-Policy: strict-orign`
      -> write `strict-origin`
    ");
    insta::assert_snapshot!(header("Cross-Origin-Embedder-Policy", "on"), @r"
    SEC009 browsers ignore `Cross-Origin-Embedder-Policy: on`
      -> write unsafe-none, require-corp, credentialless
    ");
    insta::assert_snapshot!(header("Permissions-Policy", "geolocation 'none'"), @r"
    SEC009 browsers ignore `Permissions-Policy: geolocation 'none'`
      -> write `geolocation=()` for nobody, or `geolocation=(self)`
    ");
    insta::assert_snapshot!(header("Content-Security-Policy", "defualt-src 'self'; script-src self nonce-abc"), @r"
    SEC009 `defualt-src` is no directive of a content security policy
      -> write `default-src`
    SEC009 `nonce-abc` in a content security policy needs quotes
      -> write `'nonce-abc'`
    SEC009 `self` in a content security policy needs quotes
      -> write `'self'`
    ");
    insta::assert_snapshot!(header("Content-Security-Policy", "default-src 'self'"), @r"
    SEC009 the policy leaves `base-uri` and `frame-ancestors` open
      -> `default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'`
    ");
}

#[test]
fn headers_that_browsers_have_given_up() {
    for name in ["Public-Key-Pins", "Expect-CT", "Feature-Policy", "X-WebKit-CSP", "P3P", "Pragma"] {
        assert!(
            header(name, "x").starts_with(&format!("SEC008 `{name}` is obsolete\n")),
            "{}",
            header(name, "x")
        );
    }
}

#[test]
fn transport_security() {
    let https = |hsts: &str| found(&with_tls(hsts).replace("127.0.0.1:8443", "0.0.0.0:8443"));
    insta::assert_snapshot!(https(""), @r#"
    SEC007 listener `web` does not tell browsers to use TLS only
      -> add `hsts max-age="365d"` to `tls`
    "#);
    insta::assert_snapshot!(https("hsts max-age=\"30d\""), @r#"
    SEC007 browsers use TLS only for 30d after a visit
      -> raise it in steps to "365d"
    "#);
    insta::assert_snapshot!(https("hsts preload=#true"), @r"
    SEC007 the preload lists take no name with these settings
      -> write `include-subdomains=#true`, or take `preload` away
    ");
    insta::assert_snapshot!(https("hsts max-age=\"200d\" include-subdomains=#true preload=#true"), @r#"
    SEC007 the preload lists take no name with these settings
      -> write `max-age="365d"`, or take `preload` away
    "#);
    assert_eq!(https("hsts max-age=\"0s\""), "", "tells browsers to forget");
    assert_eq!(https("hsts include-subdomains=#true preload=#true"), "");
    insta::assert_snapshot!(header("Strict-Transport-Security", "max-age=1"), @r#"
    SEC007 `Strict-Transport-Security` is written by hand
      -> write `hsts max-age="365d"` in `tls` of the listener
    "#);
    let config = r#"
        listener "https" { bind "0.0.0.0:8443"; tls { certificate "shop.pem" key="shop.key"; hsts include-subdomains=#true; }; }
        listener "http" { bind "0.0.0.0:8080"; }
        host "shop.example" listener="https" { route "/**" { respond 200 "ok"; }; }
        host "old.shop.example" listener="http" { route "/**" { respond 200 "ok"; }; }
        host "myshop.example" listener="http" { route "/**" { respond 200 "ok"; }; }
    "#;
    insta::assert_snapshot!(found(config), @r"
    SEC007 browsers that know `shop.example` cannot reach `old.shop.example`
      -> serve `old.shop.example` with TLS, or take `include-subdomains` away
    ");
}

#[test]
fn changes_that_are_lost() {
    let route =
        |edits: &str| found(&with_routes(&format!("route \"/**\" {{ respond 200 \"ok\"; {edits} }}")));
    insta::assert_snapshot!(route("header-set \"X-A\" \"1\"; header-set \"x-a\" \"2\"; "), @r"
    SEC010 `X-A` is changed twice
      -> keep one
    ");
    insta::assert_snapshot!(route("header-add \"X-A\" \"1\"; header-remove \"X-A\"; "), @r"
    SEC010 `X-A` is changed twice
      -> keep one
    ");
    assert_eq!(route("header-remove \"X-A\"; header-add \"X-A\" \"1\"; header-add \"X-A\" \"2\"; "), "");
}

#[test]
fn forwarding_fields_by_hand() {
    let pool = "pool \"app\" { backend \"http://127.0.0.1:1\"; probe \"/\"; }\n";
    let route = |edit: &str| found(&with_routes(&format!("{pool}route \"/**\" pool=\"app\" {{ {edit} }}")));
    insta::assert_snapshot!(route("request-header-add \"X-Forwarded-Proto\" \"https\"; "), @r"
    SEC003 `X-Forwarded-Proto` is written into every request already
      -> take it away: the field says the same, and is right behind proxies too
    ");
    assert_eq!(route("request-header-remove \"X-Forwarded-For\"; "), "", "whoever hides the client means it");
    assert_eq!(route("request-header-set \"X-Real-IP\" \"{client-address}\"; "), "");
}

#[test]
fn secrets_are_told_from_prose() {
    for (name, value) in [
        ("Authorization", "Bearer"),
        ("X-Api-Key", "{client-address}"),
        ("X-Note", "AKIA is how keys of AWS begin"),
        ("X-Note", "sk_live_…"),
    ] {
        assert!(!header(name, value).contains("SEC013"), "{name}: {value}");
    }
    for (name, value) in [
        ("Authorization", "Basic YWRtaW46aHVudGVyMg=="),
        ("x-api-key", "hunter2"),
        ("X-Note", "token=ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ] {
        assert!(header(name, value).starts_with("SEC013"), "{name}: {value}");
    }
    let config = with_routes("route \"/\" { respond 200 \"-----BEGIN PRIVATE KEY-----\"; }");
    insta::assert_snapshot!(found(&config), @r#"
    SEC013 a private key stands in the config
      -> take it away and replace it, for it has been seen; `tls certificate="…" key="…"` in a pool tells backends who is asking
    "#);
}

#[test]
fn open_redirects() {
    let to = |target: &str| {
        let config = with_routes(&format!("route \"/out/{{where}}/{{*rest}}\" {{ redirect \"{target}\"; }}"));
        let compilation = compiled(&certificates(), &config);
        let found = compilation.diagnostics.into_iter().find(|found| found.code == "SEC006");
        found.and_then(|found| found.witness)
    };
    insta::assert_snapshot!(to("https://{where}/{rest}").unwrap(), @"`GET /out/evil.example/evil.example/x` is sent to `https://evil.example/evil.example/x`");
    insta::assert_snapshot!(to("https://{rest}.shop.example/").unwrap(), @"`GET /out/evil.example/evil.example/x` is sent to `https://evil.example/x.shop.example/`");
    insta::assert_snapshot!(to("{rest}").unwrap(), @"`GET /out/http:evil.example/http:evil.example/x` is sent to `http:evil.example/x`");
    assert_eq!(to("https://{where}.shop.example/{rest}"), None, "a name of its own for each tenant");
    assert_eq!(to("//{rest}"), None, "two slashes at the beginning are sent as one");
    assert_eq!(to("https://{host}/{where}"), None);
    assert_eq!(to("/new/{where}?to={rest}"), None);
}

#[test]
fn names_that_are_public() {
    let host = |name: &str, listener: &str| {
        found(&format!(
            "listener \"web\" {{ bind \"127.0.0.1:8080\"; {listener} }}\nhost \"{name}\" {{ route \"/**\" {{ respond 200 \"ok\"; }}; }}"
        ))
    };
    for name in [
        "shop.example",
        "localhost",
        "a.test",
        "intranet",
        "db.internal",
        "127.0.0.1",
        "[::1]",
        "*.home.arpa",
    ] {
        assert_eq!(host(name, ""), "", "{name}");
    }
    assert_eq!(host("www.example.com", "trusted-proxies \"127.0.0.1\"; "), "", "somebody is in front");
    insta::assert_snapshot!(host("*.example.com", ""), @r#"
    OPS002 `*.example.com` can only be reached from this machine
      -> write `bind "0.0.0.0:8080"`
    "#);
}

#[test]
fn what_a_pool_looks_for_has_a_name() {
    let pool = |content: &str| {
        found(&format!(
            "listener \"web\" {{ bind \"0.0.0.0:8080\"; }}\nroute \"/**\" pool=\"app\"\n\
             pool \"app\" {{ balance \"consistent-hash\"; backend \"http://10.0.0.1:80\"; probe \"/\"; {content}; }}"
        ))
    };
    assert_eq!(pool("hash header=\"X-User\""), "");
    let wrong = [
        r#"hash header="X User""#,
        r#"hash query="""#,
        r#"hash "path"; sticky "at=" { key env="K"; path "a b"; }"#,
        r#"hash "path" cookie="at"; slow-start "9s""#,
        r#"sticky "at" { key file="absent.key"; }"#,
        r#"sticky "at" { key "abcd"; }"#,
    ];
    insta::assert_snapshot!(wrong.map(pool).concat(), @r"
    SEC005 `X User` is not the name of a header
      -> write `X-User`
    SEC005 `` is not the name of a query parameter
      -> write its name
    SEC005 `at=` is not the name of a cookie
      -> write `at-`
    SEC005 `a b` is not the path of a cookie
      -> write a path without spaces and semicolons: `/shop`
    SYN007 `by` and `cookie` cannot be combined
      -> keep one
    SYN008 `slow-start` has no effect on pool `app`
      -> delete `slow-start`
    CRT001 cannot read `absent.key`: no such file
      -> paths are relative to the file that names them
    SYN005 `key` is a secret, and a config holds none
      -> write `file` or `env`, which says where the runtime reads it
    ");
}

#[test]
fn certificates_of_clients_are_told_of_where_they_are_asked_for() {
    let told = |ask: &str| {
        found(&format!(
            r#"
            listener "web" {{ bind "127.0.0.1:8443"; tls {{ certificate "shop.pem" key="shop.key" trust="shop.pem"; {ask} }} }}
            policy "told" {{ request-header-set "X-Client" "id={{client-cert-uri}}"; }}
            pool "app" {{ backend "http://127.0.0.1:9"; probe "/"; }}
            route "/a" pool="app" {{ use "told"; }}
            route "/b" pool="app" {{ use "told"; header-set "X-Verified" "{{client-cert-verified}}"; }}
            "#
        ))
    };
    insta::assert_snapshot!(told(""), @"
    SYN008 `{client-cert-uri}` never tells of a certificate here
      -> add `client-auth` to the `tls` of the listener or host, or delete the header
    SYN008 `{client-cert-verified}` never tells of a certificate here
      -> add `client-auth` to the `tls` of the listener or host, or delete the header
    ");
    assert!(!told(r#"client-auth ca="clients.pem" required=#false"#).contains("SYN008"));
}
