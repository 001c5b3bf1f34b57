//! Which clients may.

use super::{assert_twins, site};
use crate::support::{Backend, Client, Port};

#[tokio::test(flavor = "multi_thread")]
async fn only_those_that_are_allowed_and_not_denied_come_through() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = site(&port, &[&backend], "", r#"use "office""#);
    let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    let policies = r#"
        policy "office" { allow "10.0.0.0/8" "2001:db8::/32" "127.0.0.1"; deny "10.9.0.0/16" }
        policy "narrow" { allow "10.1.0.0/16" }
        route "/narrow/**" pool="app" { use "office" "narrow" }
        route "/open/**" pool="app" { allow "::/0" "0.0.0.0/0" }
    "#;
    site.write("site.kdl", config + policies);
    let _server = site.run();
    let mut client = Client::connect(port.address).await;
    for (from, path, status) in [
        ("10.0.0.1", "/", 200),
        ("2001:db8::1", "/", 200),
        ("::ffff:10.0.0.1", "/", 200),
        ("10.9.0.1", "/", 403),
        ("192.0.2.1", "/", 403),
        ("2001:db9::1", "/", 403),
        ("10.1.0.1", "/narrow", 200),
        ("10.2.0.1", "/narrow", 403),
        ("192.0.2.1", "/open", 200),
        ("2001:db9::1", "/open", 200),
    ] {
        let before = backend.requests();
        let answer = client.send("GET", path, &[("x-forwarded-for", from)], "").await.unwrap();
        assert_eq!(answer.status, status, "{from} {path}");
        assert_eq!(backend.requests() - before, u64::from(status == 200), "{from} {path}");
    }
    assert_eq!(client.get("/").await.status, 200, "the address of the connection, where nobody says another");
}

#[test]
fn both_spellings_of_access_lists_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080"; use "all" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        policy "all" { deny "192.0.2.0/24"; allow "10.0.0.0/8" "::1" }
        route "/**" pool="a" { allow "10.1.0.0/16" }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080", use: all } }
        pools: { a: { backends: ["http://127.0.0.1:9001"], probe: / } }
        policies: { all: { allow: ["::1", 10.0.0.0/8], deny: 192.0.2.0/24 } }
        routes: [{ path: "/**", pool: a, allow: [10.1.0.0/16] }]
        "#,
    );
}
