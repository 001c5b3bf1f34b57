//! Pages for errors.

use super::assert_twins;
use crate::support::{Backend, Client, Port, Site};

fn config(port: u16, backend: u16) -> String {
    format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{port}" }}
        pool "app" {{ backend "http://127.0.0.1:{backend}"; eject consecutive-errors=0 }}
        host "localhost" {{
            error-page 404 403 body="nothing here" content-type="text/plain"
            error-page 502 503 504 file="pages/down.html"
            route "/app/**" pool="app" {{ header-set "X-Seen" "yes" }}
            route "/secret" {{ deny 403 }}
            route "/teapot" {{ respond 404 "in its own words" }}
        }}
        host "other.example" {{ route "/app" pool="app" }}
        "#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_ours_have_the_pages_of_their_host() {
    let (mut backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&config(port.number(), backend.port()));
    site.write("pages/down.html", "<h1>we will be back</h1>");
    site.compile("site.kdl");
    // The page is in the plan.
    std::fs::remove_file(site.path("pages/down.html")).unwrap();
    let _server = site.start(&["run", "plan.bin"]);
    let mut client = Client::connect(port.address).await;
    let answer = client.get("/nowhere").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (404, "nothing here"));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    let answer = client.get("/secret").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (403, "nothing here"));
    assert_eq!(client.get("/teapot").await.text(), "in its own words");
    // What a backend says is its own affair.
    assert_eq!(client.get("/app/../status/404").await.text(), "nothing here");
    backend.set_status(503);
    assert_eq!(client.get("/app").await.text(), "a");
    backend.kill();
    let answer = client.get("/app").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (502, "<h1>we will be back</h1>"));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("x-seen"), Some("yes"));
    let head = client.send("HEAD", "/app", &[], "").await.unwrap();
    assert_eq!((head.header("content-length"), head.text()), (Some("24"), ""));
    let mut other = client.host("other.example");
    assert_eq!(other.get("/app").await.text(), "502 Bad Gateway\n", "another host has no pages");
}

#[test]
fn pages_that_cannot_be_had_are_refused() {
    let site = Site::with(&config(8080, 9001));
    let said = |site: &Site| {
        let output = site.divisor(&["lint", "site.kdl", "--output", "compact"]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(said(&site).1.contains("cannot read `pages/down.html`"), "{}", said(&site).1);
    site.write("pages/down.html", vec![b'x'; 256 * 1024 + 1]);
    assert!(said(&site).1.contains("longer than 256KiB"));
    site.write("pages/down.html", [0xff, 0xfe]);
    assert!(said(&site).1.contains("not UTF-8"));
    site.write("pages/down.html", vec![b'x'; 256 * 1024]);
    assert_eq!(said(&site).0, Some(0), "{}", said(&site).1);
    let twice = config(8080, 9001).replace("error-page 404 403", "error-page 404 502");
    site.write("site.kdl", twice);
    assert!(said(&site).1.contains("status 502 has two pages"));
}

#[test]
fn both_spellings_of_pages_are_one() {
    assert_twins(
        r#"
        listener "web" { bind "127.0.0.1:8080" }
        host "a.example" {
            error-page 404 403 body="none"
            error-page 500 body="oh" content-type="text/plain"
            route "/**" { respond 200 }
        }
        "#,
        r#"
        listeners: { web: { bind: "127.0.0.1:8080" } }
        hosts:
          - names: a.example
            error-pages:
              - { status: 500, body: oh, content-type: text/plain }
              - { status: [403, 404], body: none }
            routes: [{ path: "/**", respond: 200 }]
        "#,
    );
}
