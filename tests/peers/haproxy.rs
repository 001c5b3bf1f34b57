//! HAProxy between Divisor and the backend.

use super::programs::{Serving, program};
use crate::support::certs::Authority;
use crate::support::{Backend, Client, Port, Site};

/// A HAProxy that hands everything on to `backend`, in plain text and with TLS.
fn haproxy(site: &Site, authority: &Authority, ports: [&Port; 2], backend: &Backend) -> Serving {
    let pair = authority.server(&["localhost"]);
    site.write("haproxy.pem", pair.certificate + &pair.key);
    site.write(
        "haproxy.cfg",
        format!(
            "global
                maxconn 1000
            defaults
                mode http
                timeout connect 5s
                timeout client 30s
                timeout server 30s
                option http-keep-alive
            frontend plain
                bind {}
                default_backend app
            frontend safe
                bind {} ssl crt {} alpn h2,http/1.1
                default_backend app
            backend app
                http-response set-header x-passed haproxy
                server one {}\n",
            ports[0].address,
            ports[1].address,
            site.path("haproxy.pem").display(),
            backend.address
        ),
    );
    let mut command = program("haproxy", "haproxy");
    Serving::start(command.args(["-db", "-f"]).arg(site.path("haproxy.cfg")), ports[0].address)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_bodies_pass_through_both() {
    let (backend, authority) = (Backend::start("a"), Authority::new("root"));
    let (front, plain, safe) = (Port::reserve(), Port::reserve(), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "plain" {{ backend "http://{}" }}
        pool "safe" {{ backend "https://127.0.0.1:{}"; tls {{ ca "ca.pem"; server-name "localhost" }} }}
        route "/**" pool="plain"
        route "/safe/{{*rest}}" pool="safe" rewrite="/{{rest}}"
        "#,
        front.number(),
        plain.address,
        safe.number()
    ));
    site.write("ca.pem", &authority.pem);
    let _haproxy = haproxy(&site, &authority, [&plain, &safe], &backend);
    let _server = site.run();
    for mut client in [Client::connect(front.address).await, Client::connect_h2(front.address).await] {
        for prefix in ["", "/safe"] {
            for count in [0, 1, 1000, 100_000, 3_000_000] {
                let answer = client.get(&format!("{prefix}/bytes/{count}")).await;
                assert_eq!((answer.status.as_u16(), answer.body.len()), (200, count), "{prefix}");
                assert_eq!(answer.header("x-passed"), Some("haproxy"));
                let body = "b".repeat(count);
                assert_eq!(
                    client.send("POST", &format!("{prefix}/x"), &[], &body).await.unwrap().text(),
                    "a"
                );
                assert!(backend.last().body == body, "{prefix}: {count}");
            }
            let head = client.send("HEAD", &format!("{prefix}/text/70"), &[], "").await.unwrap();
            assert_eq!((head.header("content-length"), head.body.len()), (Some("70"), 0));
            assert_eq!(client.get(&format!("{prefix}/status/204")).await.status, 204);
            assert_eq!(client.get(&format!("{prefix}/status/304")).await.status, 304);
            let broken = client.send("GET", &format!("{prefix}/break"), &[], "").await;
            assert!(broken.is_err(), "what breaks off behind HAProxy looks whole: {broken:?}");
            client = match client.is_h2() {
                true => Client::connect_h2(front.address).await,
                false => Client::connect(front.address).await,
            };
        }
    }
}
