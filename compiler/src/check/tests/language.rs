//! Rules about words that stand in different blocks.

use super::{found, with_pool, with_routes, with_tls};

#[test]
fn policies_of_one_list_agree_and_inner_ones_win() {
    let policies = r#"
        policy "a" { timeout "5s" first-byte="2s"; header-set "X-Frame-Options" "DENY"; retry 2; }
        policy "b" { timeout first-byte="3s"; header-set "x-frame-options" "SAMEORIGIN"; retry 2; rate-limit "5/s"; }
    "#;
    let together = r#"
        route "/a" { respond 200; use "a" "b"; }
        route "/b" { respond 200; use "b" "a" "a"; }
    "#;
    insta::assert_snapshot!(found(&with_routes(&format!("{policies}{together}"))), @r"
    SYN007 policies `a` and `b` give `timeout.first-byte` different values
      -> take `timeout.first-byte` out of one of them, or use one of them only
    SYN007 policies `a` and `b` give `header-set.x-frame-options` different values
      -> take `header-set.x-frame-options` out of one of them, or use one of them only
    ");
    let apart = r#"host "shop.example" { use "a"; route "/b" { respond 200; use "b"; }; }"#;
    assert_eq!(
        found(&with_routes(&format!("{policies}{apart}"))),
        "",
        "an inner list wins over an outer one"
    );
}

#[test]
fn suites_of_tls_12_have_no_effect_on_tls_13() {
    insta::assert_snapshot!(
        found(&with_tls(r#"min-version "1.3"; cipher-suites "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256""#)),
        @r"
    SYN008 `cipher-suites` has no effect with TLS 1.3
      -> delete the list, or write `min-version` `1.2`
    "
    );
}

#[test]
fn one_pool_far_from_all_others_is_odd() {
    let pools = |last: &str| {
        let pool = |name: &str, every: &str| {
            format!(
                "pool \"{name}\" {{ backend \"http://127.0.0.1:900{name}\"; probe \"/\" every=\"{every}\"; }}
                 route \"/{name}\" pool=\"{name}\"\n"
            )
        };
        let all: String = ["1", "2", "3"].map(|name| pool(name, "5s")).concat();
        found(&with_routes(&format!("{all}{}", pool("4", last))))
    };
    insta::assert_snapshot!(pools("2m"), @r#"
    SYN010 `2m` for `every` is far from the `5s` of the other 3 pools
      -> write `5s`, if that was meant
    UPS007 a dead backend of pool `4` is noticed after up to 361s
      -> `every="5s" timeout="1s" fall=3` notices it after 16s, with 0.2 probes a second
    "#);
    assert_eq!(pools("15s"), "", "not ten times as much");
}

#[test]
fn two_spellings_of_one_server() {
    let twice = |one: &str, other: &str| {
        found(&with_pool(&format!("backend \"{one}\"; backend \"{other}\"; probe \"/\""))).contains("REF004")
    };
    assert!(twice("http://a:80", "https://A:80"));
    assert!(twice("http://a", "http://a:80"));
    assert!(twice("http://[::1]:1", "http://127.0.0.1:1"));
    assert!(twice("http://[::ffff:10.0.0.1]:1", "http://10.0.0.1:1"));
    assert!(!twice("http://a:80", "http://b:80"));
    assert!(!twice("http://10.0.0.1:1", "http://10.0.0.1:2"));
}

#[test]
fn a_circle_of_listeners_is_found_and_a_chain_is_none() {
    let site = |last: &str| {
        found(&format!(
            r#"
            listener "outer" {{ bind "127.0.0.1:8080"; }}
            listener "inner" {{ bind "127.0.0.1:8081"; }}
            pool "inner" {{ backend "http://127.0.0.1:8081"; probe "/"; }}
            pool "outer" {{ backend "http://127.0.0.1:{last}"; probe "/"; }}
            host "shop.example" listener="outer" {{ route "/a/**" pool="inner"; }}
            host "shop.example" listener="inner" {{ route "/**" pool="outer"; }}
            "#
        ))
    };
    assert_eq!(site("9000"), "", "one listener may stand behind another");
    let circle = site("8080");
    assert_eq!(circle.matches("REF005").count(), 1, "{circle}");
}

#[test]
fn nothing_is_found_in_what_was_only_guessed() {
    let pool = with_pool("backend \"http://127.0.0.1:9000\"; probe \"/\" every=30 timeout=\"45s\"");
    insta::assert_snapshot!(found(&pool), @r"
    SYN009 duration `30` has no unit
      -> write `30s` or `30ms`
    ");
}

#[test]
fn a_name_of_another_sort_is_told_apart_and_many_missing_ones_take_little_time() {
    insta::assert_snapshot!(
        found("policy \"app\" { body-limit \"1MiB\"; }\n\
               listener \"web\" { bind \"127.0.0.1:8080\"; }\nroute \"/\" pool=\"app\" use=\"app\""),
        @r"
    REF001 pool `app` is not defined
      -> define pool `app`, or name one that is there
    "
    );
    const COUNT: usize = 3000;
    let pools: String =
        (0..COUNT).map(|at| format!("pool \"p{at}\" {{ backend \"http://a:1\"; }}\n")).collect();
    let routes: String = (0..COUNT).map(|at| format!("route \"/{at}\" pool=\"p{at}x\"\n")).collect();
    let said = found(&with_routes(&format!("{pools}{routes}")));
    assert_eq!(said.matches("REF001").count(), COUNT);
    assert_eq!(said.matches("-> write `p").count(), 100);
}
