//! HAProxy between Divisor and the backend.

use super::corpus::{self, Outcome};
use super::programs::{Serving, program};
use crate::support::certs::Authority;
use crate::support::raw::{converse, statuses};
use crate::support::{Backend, Client, Port, Site};

/// A HAProxy that hands everything on to `server`, in plain text and with TLS.
fn haproxy(site: &Site, authority: &Authority, ports: [&Port; 2], server: &str) -> Serving {
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
                server one {server}\n",
            ports[0].address,
            ports[1].address,
            site.path("haproxy.pem").display(),
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
    let _haproxy = haproxy(&site, &authority, [&plain, &safe], &backend.address.to_string());
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
            // In HTTP/2, HAProxy 2.6 itself ends the stream of what broke off as if it were whole.
            if prefix.is_empty() {
                let broken = client.send("GET", "/break", &[], "").await;
                assert!(broken.is_err(), "what breaks off behind HAProxy looks whole: {broken:?}");
            }
            client = match client.is_h2() {
                true => Client::connect_h2(front.address).await,
                false => Client::connect(front.address).await,
            };
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stands_before_us_in_either_version() {
    let (backend, authority) = (Backend::start("a"), Authority::new("root"));
    for version in ["h1", "h2"] {
        let (plain, safe, port) = (Port::reserve(), Port::reserve(), Port::reserve());
        let site = Site::with(&format!(
            r#"
            listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
            pool "app" {{ backend "http://{}" }}
            route "/**" pool="app"
            "#,
            port.number(),
            backend.address
        ));
        let _server = site.run();
        let _haproxy =
            haproxy(&site, &authority, [&plain, &safe], &format!("{} proto {version}", port.address));
        let mut client = Client::connect(plain.address).await;
        for count in [0, 1000, 3_000_000] {
            assert_eq!(client.get(&format!("/bytes/{count}")).await.body.len(), count, "{version}");
            let body = "b".repeat(count);
            assert_eq!(client.send("POST", "/x", &[], &body).await.unwrap().text(), "a", "{version}");
            assert!(backend.last().body == body, "{version}: {count}");
        }
        assert!(
            client.send("GET", "/break", &[], "").await.is_err(),
            "{version}: what breaks off looks whole"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reads_what_we_forward() {
    let (backend, authority) = (Backend::start("a"), Authority::new("root"));
    let (front, plain, safe) = (Port::reserve(), Port::reserve(), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}" }}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app"
        "#,
        front.number(),
        plain.address
    ));
    let _haproxy = haproxy(&site, &authority, [&plain, &safe], &backend.address.to_string());
    let _server = site.run();
    for case in corpus::read(include_str!("../desync/requests.txt")) {
        if let Outcome::Passed(_) = case.outcome {
            let last = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            let answers =
                statuses(&converse(front.address, &[&case.bytes()[..], last].concat(), false).await);
            let count = if case.sent.contains("HTTP/1.0") { 1 } else { 2 };
            assert_eq!(answers, vec![200; count], "{}", case.name);
        }
    }
}
