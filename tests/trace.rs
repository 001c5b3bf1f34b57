//! What `trace` and `test` say is what is served.

use std::process::Output;

use crate::support::{Backend, Client, Port, Site};

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert_eq!(code(output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Routes of all sorts, in two hosts.
fn config(port: &Port, app: &Backend, api: &Backend) -> String {
    format!(
        r#"
        listener "web" {{ bind "{}" }}
        pool "app" {{ backend "http://{}" }}
        pool "api" {{ backend "http://{}" }}
        host "a.example" "*.b.example" {{
            route "/**" pool="app"
            route "/api/{{id}}" method="GET" pool="api" {{ rewrite "/v1/{{id}}" }}
            route "/api/me" method="GET" {{ deny 403 }}
            route "/only" {{ header "X-Canary" equals="1"; respond 203 "canary" }}
            route "/old/{{*rest}}" {{ redirect "https://{{host}}/new/{{rest}}" status=308 }}
        }}
        host "**.b.example" {{ route "/only" {{ respond 204 }} }}
        "#,
        port.address, app.address, api.address
    )
}

/// Methods, each with a value of `X-Canary`.
const METHODS: [(&str, &str); 3] = [("GET", "0"), ("PUT", "0"), ("GET", "0, 1")];
const HOSTS: [&str; 4] = ["a.example", "x.b.example", "x.y.b.example", "nobody.example"];
const PATHS: [&str; 9] =
    ["/", "/api/7", "/api/me", "/api/%6De", "/api/x/../7", "/api//7", "/old/a/b?x=1", "/only", "/a%2fb"];

#[tokio::test]
async fn what_is_traced_is_what_is_served() {
    let (port, app, api) = (Port::reserve(), Backend::start("app"), Backend::start("api"));
    let site = Site::with(&config(&port, &app, &api));
    let _server = site.run();
    let mut compared = 0;
    for (host, path) in HOSTS.iter().flat_map(|host| PATHS.map(|path| (host, path))) {
        for (method, canary) in METHODS {
            let url = format!("{method} http://{host}{path}");
            let traced = ["site.kdl", "plan.bin"].map(|from| {
                let header = format!("X-Canary: {canary}");
                let trace = json(&site.divisor(&["trace", from, &url, "-H", &header, "-o", "json"]));
                let outcome = trace["answers"][0]["outcome"].clone();
                let pool = outcome["pools"][0]["pool"]["name"].clone();
                (outcome["status"].clone(), outcome["location"].clone(), pool, outcome["path"].clone())
            });
            assert_eq!(traced[0], traced[1], "{url}");
            let (status, location, pool, sent) = &traced[0];
            let mut client = Client::connect(port.address).await.host(host);
            let answer = client.send(method, path, &[("x-canary", canary)], "").await.unwrap();
            match pool.as_str() {
                Some(pool) => {
                    let backend = if pool == "api" { &api } else { &app };
                    assert_eq!((answer.status.as_u16(), answer.text()), (200, pool), "{url}");
                    assert_eq!(sent.as_str(), Some(backend.last().target.as_str()), "{url}");
                }
                None => {
                    assert_eq!(status.as_u64(), Some(u64::from(answer.status.as_u16())), "{url}");
                    assert_eq!(location.as_str(), answer.header("location"), "{url}");
                }
            }
            compared += 1;
        }
    }
    assert_eq!(compared, METHODS.len() * HOSTS.len() * PATHS.len());
}

const SHOP: &str = r#"
listener "web" { bind "127.0.0.1:8080" }
listener "tls" { bind "127.0.0.1:8444"; redirect "web" }
host "shop.example" {
    route "/**" { respond 200 "shop" }
    route "/cart" method="POST" { deny 403 }
}
"#;

const SHOP_IN_YAML: &str = r#"
listeners:
  web: { bind: "127.0.0.1:8080" }
hosts:
  - names: [shop.example]
    routes:
      - { path: "/**", respond: { status: 200, body: shop } }
      - { path: /cart, method: [POST], deny: 403 }
"#;

#[test]
fn exit_codes_tell_an_answer_from_trouble() {
    let site = Site::with(SHOP);
    site.compile("site.kdl");
    site.write("broken.kdl", "listener \"web\" { bind 8080 }");
    let crossing =
        "listener \"web\" { bind \"127.0.0.1:1\" }\nroute \"/a/*\" { deny 403 }\nroute \"/*/b\" { deny 403 }";
    site.write("crossing.kdl", crossing);
    site.write("cut.bin", &std::fs::read(site.path("plan.bin")).unwrap()[..100]);
    let runs: [(&[&str], i32); 12] = [
        (&["trace", "site.kdl", "GET http://shop.example/"], 0),
        (&["trace", "plan.bin", "GET http://shop.example/"], 0),
        (&["trace", "plan.bin", "GET http://nobody.example/"], 0),
        (&["trace", "plan.bin", "GET https://shop.example/"], 0),
        (&["trace", "site.kdl", "GET http://shop.example/%00"], 0),
        (&["trace", "crossing.kdl", "GET http://shop.example/a/c"], 0),
        (&["trace", "crossing.kdl", "GET http://shop.example/a/b"], 2),
        (&["trace", "site.kdl", "GET /"], 2),
        (&["trace", "site.kdl", "GET http://shop.example/", "-H", "x"], 2),
        (&["trace", "broken.kdl", "GET http://shop.example/"], 2),
        (&["trace", "cut.bin", "GET http://shop.example/"], 2),
        (&["trace", "missing.kdl", "GET http://shop.example/"], 2),
    ];
    for (arguments, wanted) in runs {
        let output = site.divisor(arguments);
        assert_eq!(code(&output), wanted, "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout.is_empty(), wanted == 2, "{arguments:?}");
    }
}

#[test]
fn a_test_says_what_fails_and_what_is_not_covered() {
    let site = Site::with(&format!(
        "{SHOP}expect \"GET http://shop.example/cart\" status=403 listener=\"web\"\n\
         expect \"* http://*/**\" for-all=#true status=200 listener=\"web\"\n\
         expect \"GET http://shop.example/\" status=200 listener=\"web\"\n"
    ));
    let output = site.divisor(&["test", "site.kdl"]);
    assert_eq!(code(&output), 1);
    insta::assert_snapshot!("test", stdout(&output));
    let output = site.divisor(&["test", "site.kdl", "-o", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let status: Vec<&str> =
        told["tests"].as_array().unwrap().iter().map(|it| it["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["failed", "failed", "passed"]);
    assert_eq!(told["tests"][1]["witness"], "POST http://shop.example/cart");
    assert_eq!((&told["version"], &told["coverage"]["percent"]), (&1.into(), &50.into()));
    let lint = site.divisor(&["lint", "site.kdl", "--output", "compact"]);
    assert_eq!((code(&lint), stdout(&lint).matches("error[INV001]").count()), (1, 2));
}

#[test]
fn generated_claims_make_the_coverage_whole() {
    for (name, config) in [("site.kdl", SHOP), ("site.yaml", SHOP_IN_YAML)] {
        let site = Site::new();
        site.write(name, config);
        assert_eq!(code(&site.divisor(&["test", name])), 0);
        assert_eq!(code(&site.divisor(&["test", name, "--min-coverage", "1"])), 1);
        let generated = site.divisor(&["test", name, "--generate"]);
        assert_eq!(code(&generated), 0);
        site.write(name, format!("{config}{}", stdout(&generated)));
        let output = site.divisor(&["test", name, "--min-coverage", "100"]);
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        assert!(stdout(&output).ends_with("2 passed; 2 of 2 routes covered (100%)\n"), "{}", stdout(&output));
        assert!(stdout(&site.divisor(&["test", name, "--generate"])).is_empty());
        assert_eq!(code(&site.divisor(&["lint", name, "--fail-on", "info"])), 0);
    }
}

#[test]
fn what_cannot_be_read_is_not_tested() {
    let site = Site::with("listener \"web\" { bind 8080 }");
    let output = site.divisor(&["test", "site.kdl"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SYN005"));
    assert_eq!(code(&site.divisor(&["test", "missing.kdl"])), 2);
}
