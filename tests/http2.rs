//! HTTP/2 on either side: what passes, what is refused, and what no client can do to the others.

mod backends;
mod floods;
mod goaway;
mod grpc;
mod interim;
mod peer;
mod probes;
mod streams;
mod websocket;

use super::support::{Port, Site};

/// A site whose one backend is at this URL, with one worker, so that all connections are seen by all requests.
fn site(port: &Port, url: &str, listener: &str, pool: &str, route: &str) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "127.0.0.1:{}"; {listener} }}
        pool "app" {{ backend "{url}"; {pool} }}
        route "/**" pool="app" {{ {route} }}
        "#,
        port.number(),
    ))
}
