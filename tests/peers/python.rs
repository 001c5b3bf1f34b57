//! Python packages as clients and servers.

use super::programs::{python, run, until_says};
use crate::support::certs::Authority;
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
    let (echo, plain, safe) = (Port::reserve(), Port::reserve(), Port::reserve());
    let _echo = until_says(python("websocket_server.py").arg(echo.number().to_string()), "ready");
    let authority = Authority::new("root");
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        listener "safe" {{ bind "127.0.0.1:{}"; tls {{ certificate "site.pem" key="site.key" trust="ca.pem" }} }}
        pool "app" {{ backend "http://{}" }}
        host "localhost" listener="web" {{ route "/**" pool="app" }}
        host "localhost" listener="safe" {{ route "/**" pool="app" }}
        "#,
        plain.number(),
        safe.number(),
        echo.address
    ));
    site.pair("site", &authority.server(&["localhost"]));
    site.write("ca.pem", &authority.pem);
    let _server = site.run();
    let client = |url: String| run(python("websocket_client.py").arg(url).arg(site.path("ca.pem")));
    assert_eq!(client(format!("ws://localhost:{}/chat", plain.number())), "ok\n");
    assert_eq!(client(format!("wss://localhost:{}/chat", safe.number())), "ok\n");
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

#[test]
fn websockets_talk_through_http2() {
    let echo = Port::reserve();
    let _echo = until_says(python("websocket_server.py").arg(echo.number().to_string()), "ready");
    let (site, port) = before(&format!("http://{}", echo.address));
    let _server = site.run();
    assert_eq!(run(python("h2_websocket_client.py").arg(port.number().to_string())), "ok\n");
    // And once more through a backend that speaks HTTP/2 itself.
    let (outer, outer_port) = before(&format!("h2c://{}", port.address));
    let _outer = outer.run();
    assert_eq!(run(python("h2_websocket_client.py").arg(outer_port.number().to_string())), "ok\n");
}

#[test]
fn grpc_is_called_in_every_way() {
    let service = Port::reserve();
    let _service = until_says(python("grpc_server.py").arg(service.number().to_string()), "ready");
    let (site, port) = before(&format!("h2c://{}", service.address));
    let _server = site.run();
    assert_eq!(run(python("grpc_client.py").arg(port.number().to_string())), "ok\n");
}
