//! Python packages as clients and servers.

use super::programs::{python, run, until_says};
use crate::support::{Backend, Port, Site};

/// A site that hands everything on to `backend`.
fn before(backend: &str) -> (Site, Port) {
    let port = Port::reserve();
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "app" {{ backend "{backend}" }}
        route "/**" pool="app"
        "#,
        port.number(),
    ));
    (site, port)
}

#[test]
fn websockets_talk_through() {
    let echo = Port::reserve();
    let _echo = until_says(python("websocket_server.py").arg(echo.number().to_string()), "ready");
    let (site, port) = before(&format!("http://{}", echo.address));
    let _server = site.run();
    assert_eq!(run(python("websocket_client.py").arg(format!("ws://{}/chat", port.address))), "ok\n");
}

#[test]
fn another_http2_is_understood() {
    let backend = Backend::start("a");
    let (site, port) = before(&format!("http://{}", backend.address));
    let _server = site.run();
    assert_eq!(run(python("h2_client.py").arg(port.number().to_string())), "ok\n");
    let upload = backend.last();
    assert_eq!(upload.target, "/x");
}
