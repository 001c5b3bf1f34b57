//! What happens to requests on their way: access lists, splits, copies, retries, ejection, headers,
//! compression.

mod access;
mod circuit;
mod compress;
mod eject;
mod headers;
mod mirror;
mod origins;
mod pages;
mod retry;
mod reused;
mod split;
mod swap;
mod timeouts;
mod variables;

use super::support::{Backend, Port, Site};

/// Holds that a config and its twin in YAML compile to the same plan.
fn assert_twins(kdl: &str, yaml: &str) {
    let site = Site::with(kdl);
    site.write("site.yaml", yaml);
    assert_eq!(site.compile("site.kdl"), site.compile("site.yaml"));
}

/// A listener, one pool `app` of some backends without probes, and one route to it.
fn site(port: &Port, backends: &[&Backend], pool: &str, route: &str) -> Site {
    let lines: Vec<String> =
        backends.iter().map(|it| format!("backend \"http://127.0.0.1:{}\"", it.port())).collect();
    Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; trusted-proxies "127.0.0.0/8"; http h2=#true }}
        pool "app" {{ {}; {pool} }}
        route "/**" pool="app" {{ {route} }}
        "#,
        port.number(),
        lines.join("; ")
    ))
}
