//! Rules about who may.

use super::{certificates, compiled, found};

#[test]
fn entries_that_do_nothing() {
    let route = |binds: &str, lists: &str| {
        found(&format!(
            "listener \"web\" {{ bind {binds}; use \"who\"; }}\npolicy \"who\" {{ {lists} }}\nroute \"/**\" {{ respond 200 \"ok\"; }}"
        ))
    };
    let one = "\"127.0.0.1:8080\"";
    assert_eq!(
        route(one, "allow \"10.0.0.0/8\" \"192.168.0.1\"; deny \"10.1.0.0/16\" \"172.16.0.0/12\""),
        ""
    );
    insta::assert_snapshot!(route(one, "allow \"10.1.0.0/16\" \"10.0.0.0/8\" \"10.0.0.0/8\""), @r"
    SEC014 `10.1.0.0/16` is in `10.0.0.0/8` already
      -> take it away
    SEC014 `10.0.0.0/8` is in `10.0.0.0/8` already
      -> take it away
    ");
    insta::assert_snapshot!(route(one, "allow \"10.1.2.3\" \"10.9.0.0/16\"; deny \"10.1.0.0/16\""), @r"
    SEC014 `allow 10.1.2.3` lets nobody in
      -> deny a smaller network, or take the entry away: deny wins wherever it is written
    ");
    let both = "\"0.0.0.0:8080\" \"[::]:8080\"";
    insta::assert_snapshot!(route(both, "allow \"0.0.0.0/0\""), @r"
    SEC014 everybody is allowed over IPv4, and nobody over IPv6
      -> add `::/0`, or take the list away
    ");
    assert_eq!(route(both, "deny \"::/0\""), "");
    assert_eq!(route(both, "allow \"0.0.0.0/0\" \"2001:db8::/32\""), "");
    assert_eq!(route("\"0.0.0.0:8080\"", "allow \"0.0.0.0/0\""), "", "nobody comes over IPv6");
}

/// What goes around the list of `/admin/**` in `shop.example`, as an example.
fn around(own: &str, more: &str) -> String {
    let config = format!(
        r#"
        listener "web" {{ bind "0.0.0.0:8080"; }}
        listener "local" {{ bind "127.0.0.1:8081"; }}
        pool "app" {{ backend "http://10.0.0.11:8080"; probe "/health"; }}
        pool "other" {{ backend "http://10.0.0.12:8080"; probe "/health"; }}
        policy "office" {{ allow "10.0.0.0/8"; }}
        host "shop.example" listener="web" {{ route "/**" pool="app"; route "/admin/**" pool="app" {own}; }}
        {more}
        route "/else" pool="other"
        "#
    );
    let compilation = compiled(&certificates(), &config);
    let said = compilation.diagnostics.iter().map(|found| {
        let witness = found.witness.as_deref().unwrap_or_default();
        format!("{} {witness}", found.code)
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn other_spellings_of_a_protected_path() {
    let config = |catch_all: &str| {
        let config = format!(
            r#"
            listener "web" {{ bind "0.0.0.0:8080"; }}
            pool "app" {{ backend "http://10.0.0.11:8080"; probe "/health"; }}
            route "/{{name}}" pool="app" {catch_all}
            route "/admin/**" pool="app" {{ allow "10.0.0.0/8"; }}
            "#
        );
        let compilation = compiled(&certificates(), &config);
        let found = compilation.diagnostics.iter().filter(|found| found.code == "RTE009");
        found.filter_map(|found| found.witness.clone()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(config(r#"{ encoded-slash "keep"; }"#), "`GET /admin%2Fx` from 203.0.113.9");
    assert_eq!(config(""), "");
    assert_eq!(config(r#"{ encoded-slash "keep"; allow "10.0.0.0/8"; }"#), "");
}

#[test]
fn ways_around_a_list() {
    let list = "{ use \"office\"; }";
    assert_eq!(around(list, ""), "");
    assert_eq!(around(list, "host \"old.example\" listener=\"web\" { route \"/**\" pool=\"other\"; }"), "");
    assert_eq!(around(list, "host \"old.example\" listener=\"local\" { route \"/**\" pool=\"app\"; }"), "");
    assert_eq!(
        around(list, "host \"old.example\" listener=\"web\" { use \"office\"; route \"/**\" pool=\"app\"; }"),
        ""
    );
    let old = |route: &str| around(list, &format!("host \"old.example\" listener=\"web\" {{ {route} }}"));
    insta::assert_snapshot!(old("route \"/**\" pool=\"app\";"), @"SEC015 `GET http://old.example/admin` from 203.0.113.9");
    insta::assert_snapshot!(old("route \"/admin/{page}\" method=\"POST\" pool=\"app\";"), @"SEC015 `POST http://old.example/admin/a` from 203.0.113.9");
    insta::assert_snapshot!(old("route \"/**\" pool=\"app\" { allow \"10.0.0.0/8\" \"192.0.2.0/24\"; };"), @"SEC015 `GET http://old.example/admin` from 192.0.2.0");
    assert_eq!(old("route \"/**\" pool=\"app\" { allow \"10.1.0.0/16\"; };"), "");
    assert_eq!(old("route \"/{*rest}\" pool=\"app\" { rewrite \"/public/{rest}\"; };"), "");
    assert_eq!(old("route \"/**\" { split { pool \"other\"; pool \"app\"; }; };").lines().count(), 1);
    insta::assert_snapshot!(around("method=\"GET\" { use \"office\"; }", ""), @"SEC015 `POST http://shop.example/admin` from 203.0.113.9");
    let exception = "{ use \"office\"; }; route \"/admin/login\" pool=\"app\"";
    assert_eq!(around(exception, ""), "", "an exception of the same host");
}

#[test]
fn management_is_for_those_who_manage() {
    let admin = |admin: &str| {
        found(&format!(
            "listener \"web\" {{ bind \"0.0.0.0:8080\"; }}\n{admin}\nroute \"/**\" {{ respond 200 \"ok\"; }}"
        ))
    };
    assert_eq!(admin("admin \"127.0.0.1:9901\" \"[::1]:9901\""), "");
    assert_eq!(admin("admin \"0.0.0.0:9901\" { allow \"10.0.0.0/8\"; }"), "");
    let wrong = [
        r#"admin "[::]:9901" "10.0.0.1:9901""#,
        r#"admin "127.0.0.1:9901" { allow "10.0.0.0/8" "::/0"; }"#,
        r#"admin "127.0.0.1:8080" "127.0.0.1:9901" "127.0.0.1:9901""#,
        r#"admin "127.0.0.1:9901" { tls { certificate "it.pem"; }; }"#,
    ];
    insta::assert_snapshot!(wrong.map(admin).concat(), @r"
    SEC012 `admin` can be reached from every network
      -> write `[::1]:9901`, or `allow` with the networks that may
    SEC012 `admin` can be reached from other machines
      -> write `127.0.0.1:9901`, or `allow` with the networks that may
    SEC012 `admin` is allowed to everybody
      -> write the networks of those who manage this machine
    OPS001 listener `web` and `admin` both bind port 8080
      -> bind another address
    OPS001 `admin` binds port 9901 twice
      -> bind another address
    SYN003 `tls` is not supported by this version yet
      -> take it away, or wait for a version that has it
    ");
}
