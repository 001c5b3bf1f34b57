//! nginx and HAProxy behind Divisor that take no connection without a PROXY protocol header.

use super::programs::{Serving, program};
use crate::support::{Client, Port, Site, until};

/// One listener, and of each port a pool in version 1 and one in version 2.
fn site(front: &Port, backends: &[(&str, &Port)]) -> Site {
    let pools = backends.iter().flat_map(|(url, port)| {
        ["v1", "v2"].map(|version| {
            let name = format!("{}-{version}", url.trim_end_matches("://"));
            format!(
                r#"
                pool "{name}" {{
                    backend "{url}127.0.0.1:{}"; proxy-protocol "{version}"
                    probe "/" initial="dead" every="100ms" timeout="90ms"
                }}
                route "/{name}" pool="{name}"
                "#,
                port.number()
            )
        })
    });
    let pools: String = pools.collect();
    Site::with(&format!(
        r#"listener "web" {{ bind "{}"; trusted-proxies "127.0.0.1" }} {pools}"#,
        front.address
    ))
}

/// Asks as a client of the trusted proxy that this test is.
async fn told(front: &Port, path: &str) -> String {
    let mut client = Client::connect(front.address).await;
    until("its probe goes well", async || client.get(path).await.status == 200).await;
    client.send("GET", path, &[("x-forwarded-for", "203.0.113.9")], "").await.unwrap().text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_is_told_the_client_in_both_versions() {
    let (front, plain, h2) = (Port::reserve(), Port::reserve(), Port::reserve());
    let site = site(&front, &[("http://", &plain), ("h2c://", &h2)]);
    let folder = site.folder().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/temporary;\n"))
        .concat();
    site.write("temporary/made", "");
    let config = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
        events {{}}
        http {{
            access_log off; {temporary}
            server {{
                listen {} proxy_protocol; listen {} proxy_protocol http2;
                location / {{ return 200 \"$proxy_protocol_addr $proxy_protocol_server_port\"; }}
            }}
        }}",
        plain.address, h2.address
    );
    site.write("nginx.conf", config);
    let mut command = program("nginx", "nginx-light");
    command.args(["-e", "stderr", "-p"]).arg(site.folder()).arg("-c").arg(site.path("nginx.conf"));
    let _nginx = Serving::start(&mut command, plain.address);
    let _server = site.run();
    for path in ["/http-v1", "/http-v2", "/h2c-v1", "/h2c-v2"] {
        assert_eq!(told(&front, path).await, format!("203.0.113.9 {}", front.number()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_is_told_the_client_in_both_versions() {
    let (front, plain) = (Port::reserve(), Port::reserve());
    let site = site(&front, &[("http://", &plain)]);
    let config = format!(
        "defaults
            mode http
            timeout connect 5s
            timeout client 30s
            timeout server 30s
        frontend told
            bind {} accept-proxy
            http-request return status 200 content-type text/plain lf-string \"%[src] %[dst_port]\"\n",
        plain.address
    );
    site.write("haproxy.cfg", config);
    let mut command = program("haproxy", "haproxy");
    let _haproxy = Serving::start(command.args(["-db", "-f"]).arg(site.path("haproxy.cfg")), plain.address);
    let _server = site.run();
    for path in ["/http-v1", "/http-v2"] {
        assert_eq!(told(&front, path).await, format!("203.0.113.9 {}", front.number()), "{path}");
    }
}
