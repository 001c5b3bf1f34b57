//! Splits by weight.

use super::assert_twins;
use crate::support::{Backend, Client, Port, Site};

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_split_by_weight() {
    let (old, new, port) = (Backend::start("old"), Backend::start("new"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="5s" timeout="1s" }}
        pool "app-next" {{ backend "http://127.0.0.1:{}"; probe "/health" every="5s" timeout="1s" }}
        route "/**" {{ split {{ pool "app" weight=3; pool "app-next" weight=1 }} }}
        route "/drained" {{ split {{ pool "app" weight=0; pool "app-next" }}; rewrite "/x" }}
        "#,
        port.number(),
        old.port(),
        new.port()
    ));
    let _server = site.run();
    let mut client = Client::connect(port.address).await;
    for _ in 0..400 {
        assert_eq!(client.get("/").await.status, 200);
    }
    // 100 are expected; 50 is more than five standard deviations away.
    assert!((50..150).contains(&new.requests()), "{} of 400", new.requests());
    assert_eq!(old.requests() + new.requests(), 400);
    for _ in 0..20 {
        assert_eq!(client.get("/drained").await.text(), "new");
    }
    assert_eq!(new.last().target, "/x");
    let shown = site.divisor(&["inspect", "plan.bin"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("split app 3, app-next 1"), "{shown}");
}

#[test]
fn both_spellings_of_a_split_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        pool "b" { backend "http://127.0.0.1:9002"; probe "/" }
        route "/**" { split { pool "a" weight=95; pool "b" weight=5 }; rewrite "/new" }
        route "/one" { split { pool "b" } }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        pools:
          a: { backends: ["http://127.0.0.1:9001"], probe: / }
          b: { backends: ["http://127.0.0.1:9002"], probe: / }
        routes:
          - { path: /one, split: { pools: [b] } }
          - path: "/**"
            rewrite: /new
            split: { pools: [{ pool: b, weight: 5 }, { pool: a, weight: 95 }] }
        "#,
    );
}

#[test]
fn a_split_that_cannot_choose_is_refused() {
    let site = Site::with(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/none" { split { pool "a" weight=0 } }
        route "/twice" { split { pool "a"; pool "a" weight=3 } }
        route "/nobody" { split { pool "b" } }
        "#,
    );
    let output = site.divisor(&["lint", "site.kdl", "--output", "compact"]);
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for finding in ["can never choose a pool", "stands twice in one split", "pool `b` is not defined"] {
        assert!(text.contains(finding), "{text}");
    }
}
