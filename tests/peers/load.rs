//! wrk and h2load: many requests at once, and none may fail.

use super::programs::{program, run};
use crate::support::certs::Authority;
use crate::support::{Backend, Port, Site};

/// Runs h2load, and sees to it that every request was answered with 2xx.
pub(crate) fn h2load(arguments: &[&str]) -> String {
    let report = run(program("h2load", "nghttp2-client").args(arguments));
    let line = |beginning| report.lines().find(|line| line.starts_with(beginning)).unwrap_or_default();
    let (requests, statuses) = (line("requests: "), line("status codes: "));
    assert!(requests.contains(" 0 failed, 0 errored, 0 timeout"), "{report}");
    assert!(!requests.contains(", 0 done") && statuses.ends_with(" 0 3xx, 0 4xx, 0 5xx"), "{report}");
    report
}

/// Runs wrk, and sees to it that every request was answered with 2xx.
fn wrk(arguments: &[&str]) {
    let report = run(program("wrk", "wrk").args(arguments));
    assert!(report.contains("Requests/sec: ") && !report.contains("Requests/sec:      0.00"), "{report}");
    assert!(!report.contains("Socket errors") && !report.contains("Non-2xx"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_in_any_version() {
    let (backends, authority) = (["a", "b"].map(Backend::start), Authority::new("root"));
    let (port, tls) = (Port::reserve(), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        listener "safe" {{ bind "127.0.0.1:{}"; tls {{ certificate "site.pem" key="site.key" trust="ca.pem" }} }}
        pool "app" {{ backend "http://{}"; backend "http://{}" }}
        host "localhost" "127.0.0.1" listener="web" {{ route "/**" pool="app" }}
        host "localhost" listener="safe" {{ route "/**" pool="app" }}
        "#,
        port.number(),
        tls.number(),
        backends[0].address,
        backends[1].address
    ));
    site.pair("site", &authority.server(&["localhost"]));
    site.write("ca.pem", &authority.pem);
    let _server = site.run();
    let plain = format!("http://127.0.0.1:{}/bytes/10000", port.number());
    let safe = format!("https://localhost:{}/bytes/10000", tls.number());
    tokio::task::spawn_blocking(move || {
        h2load(&["-n2000", "-c8", "-m8", &plain]);
        h2load(&["-n2000", "-c8", "--h1", &plain]);
        h2load(&["-n2000", "-c8", "-m8", &safe]);
        h2load(&["-n2000", "-c8", "--h1", &safe]);
        wrk(&["-t1", "-c16", "-d2s", &plain]);
        wrk(&["-t1", "-c16", "-d2s", &safe]);
        // A connection for every request.
        wrk(&["-t1", "-c4", "-d1s", "-H", "Connection: close", &plain]);
    })
    .await
    .unwrap();
}
