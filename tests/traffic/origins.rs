//! Requests from pages of other origins: CORS and forged requests.

use super::{assert_twins, site};
use crate::support::{Backend, Client, Port, Site};

#[tokio::test(flavor = "multi_thread")]
async fn browsers_learn_which_pages_may_read() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let cors =
        r#"cors "https://app.example" credentials=#true max-age="10m" { method "PUT"; header "X-Token" }"#;
    let _server = site(&port, &[&backend], "", cors).run();
    let mut client = Client::connect(port.address).await;
    let asked = |origin| [("origin", origin), ("access-control-request-method", "PUT")];
    let answer = client.send("OPTIONS", "/a", &asked("https://app.example"), "").await.unwrap();
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD, POST, PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-token"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    let answer = client.send("OPTIONS", "/a", &asked("https://evil.example"), "").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, None));
    assert_eq!(backend.requests(), 0, "the question is answered here");
    let answer = client.send("PUT", "/a", &[("origin", "https://app.example")], "").await.unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("vary"), Some("origin"));
    let answer = client.get("/a").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, None));
    // Another kind of OPTIONS is the backend's.
    assert_eq!(client.send("OPTIONS", "/a", &[], "").await.unwrap().text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_requests_are_refused() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, &[&backend], "", r#"csrf "https://partner.example""#).run();
    let mut client = Client::connect(port.address).await;
    for (method, headers, status) in [
        ("POST", &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..], 403),
        ("POST", &[("origin", "https://evil.example")], 403),
        ("DELETE", &[("sec-fetch-site", "same-site")], 403),
        ("GET", &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], 200),
        ("POST", &[("origin", "https://partner.example"), ("sec-fetch-site", "cross-site")], 200),
        ("POST", &[("origin", "http://localhost")], 200),
        ("POST", &[("sec-fetch-site", "same-origin")], 200),
        ("POST", &[], 200),
    ] {
        let before = backend.requests();
        let answer = client.send(method, "/", headers, "").await.unwrap();
        assert_eq!(answer.status, status, "{method} {headers:?}");
        assert_eq!(backend.requests() - before, u64::from(status == 200));
    }
}

#[test]
fn both_spellings_of_origins_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/**" pool="a" {
            cors "https://a.example" "https://b.example" credentials=#true { expose "ETag"; method "PUT" "DELETE" }
            csrf
        }
        route "/open" pool="a" { cors "*"; csrf "https://A.example/" }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        pools: { a: { backends: ["http://127.0.0.1:9001"], probe: / } }
        routes:
          - path: "/**"
            pool: a
            cors: { origin: [https://b.example, https://a.example], credentials: true, expose: etag, method: [DELETE, PUT] }
            csrf: {}
          - { path: /open, pool: a, cors: "*", csrf: "https://a.example" }
        "#,
    );
}

#[test]
fn credentials_for_everybody_are_refused() {
    let site = Site::with(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        pool "a" { backend "http://127.0.0.1:9001"; probe "/" }
        route "/**" pool="a" { cors "*" credentials=#true }
        route "/b" pool="a" { cors "https://a, https://b" }
        "#,
    );
    let output = site.divisor(&["lint", "site.kdl", "--output", "compact"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("SEC011") && said.contains("is not one word"), "{said}");
}
