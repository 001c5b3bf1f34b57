//! Which route answers which request, over real sockets.

use super::support::{Client, Port, Site};

/// A site whose routes answer with their own names.
fn site(port: &Port, routes: &str) -> Site {
    Site::with(&format!(
        "listener \"web\" {{ bind \"127.0.0.1:{}\"; trusted-proxies \"127.0.0.1\" }}\n{routes}",
        port.number()
    ))
}

async fn answer(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> String {
    let answer = client.send("GET", path, headers, "").await.unwrap();
    if answer.status == 200 { answer.text().to_owned() } else { answer.status.as_str().to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn header_fields_query_parameters_and_clients_choose_a_route() {
    let port = Port::reserve();
    let routes = r#"
        route "/a" { respond 200 "plain" }
        route "/a" { header "X-Canary" equals="1"; respond 200 "canary" }
        route "/a" { header "X-Canary" regex="v[0-9]+"; header "X-Canary" equals="1"; respond 200 "both" }
        route "/q" { query "debug" equals="a b"; respond 200 "debug" }
        route "/c" { client "10.0.0.0/8" "192.168.0.0/16"; respond 200 "inside" }
        route "/**" priority=-1 { header "Accept" prefix="text/"; respond 200 "text" }
    "#;
    let _server = site(&port, routes).run();
    let mut client = Client::connect(port.address).await;
    for (path, headers, expected) in [
        ("/a", &[][..], "plain"),
        ("/a", &[("x-canary", "1")], "canary"),
        ("/a", &[("x-canary", "0"), ("x-canary", "2, 1")], "canary"),
        ("/a", &[("x-canary", "v12"), ("x-canary", "1")], "both"),
        ("/a", &[("x-canary", "v12,1")], "both"),
        ("/a", &[("x-canary", "v12")], "plain"),
        ("/q?debug=a%20b", &[], "debug"),
        ("/q?x=1&debug=a+b", &[], "debug"),
        ("/q?debug=a", &[], "404"),
        ("/q", &[], "404"),
        ("/q", &[("accept", "image/png, text/html")], "text"),
        ("/c", &[("x-forwarded-for", "10.1.2.3")], "inside"),
        ("/c", &[("x-forwarded-for", "192.168.7.7")], "inside"),
        ("/c", &[("x-forwarded-for", "203.0.113.9")], "404"),
    ] {
        assert_eq!(answer(&mut client, path, headers).await, expected, "{path} {headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn regexes_choose_routes_and_fill_targets() {
    let port = Port::reserve();
    let routes = r#"
        route "/v{n:[0-9]+}/x" { redirect "/new/{n}" }
        route "/{l:[a-z]{2}}/page" { redirect "/page/{l}" }
        route "/files/**" { respond 200 "files" }
        route "/files/{name:[a-z]+\\.txt}" { respond 200 "text" }
        route "/files/readme.txt" { respond 200 "readme" }
        route path-regex="/svc[0-9]+/.*" { respond 200 "service" }
        route path-regex="/svc7/(a|b)(/.*)?" { respond 200 "seven" }
        route "/keep/**" encoded-slash="keep" { respond 200 "kept" }
        route "/keep/not/**" { respond 200 "not" }
    "#;
    let _server = site(&port, routes).run();
    let mut client = Client::connect(port.address).await;
    for (path, location) in [("/v12/x", "/new/12"), ("/de/page", "/page/de"), ("/%76%31/x", "/new/1")] {
        assert_eq!(client.get(path).await.header("location"), Some(location), "{path}");
    }
    for (path, expected) in [
        ("/v/x", "404"),
        ("/vx/x", "404"),
        ("/deu/page", "404"),
        ("/files/a.txt", "text"),
        ("/files/readme.txt", "readme"),
        ("/files/a.png", "files"),
        ("/files/a.txt/b", "files"),
        ("/svc1/", "service"),
        ("/svc1/a/b", "service"),
        ("/svc1", "404"),
        ("/svc7/a", "seven"),
        ("/svc7/b/c/d", "seven"),
        ("/svc7/ab", "service"),
        ("/keep/a%2Fb", "kept"),
        ("/keep/a%2fb/%2F", "kept"),
        ("/keep/not/a%2Fb", "400"),
        ("/files/a%2Fb", "400"),
        ("/nowhere%2F", "400"),
        ("/keep/a%5Cb", "400"),
    ] {
        assert_eq!(answer(&mut client, path, &[]).await, expected, "{path}");
    }
}
