//! curl as client, in all the ways that it can ask.

use std::process::Command;

use super::nginx::large;
use super::programs::{program, run};
use crate::support::certs::Authority;
use crate::support::site::Server;
use crate::support::{Backend, Port, Site};

/// A site for `localhost`, in plain text and with TLS.
struct Served {
    site: Site,
    plain: Port,
    tls: Port,
    backend: Backend,
    _server: Server,
}

fn served() -> Served {
    let (backend, authority) = (Backend::start("a"), Authority::new("root"));
    let (plain, tls) = (Port::reserve(), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        listener "safe" {{ bind "127.0.0.1:{}"; tls {{ certificate "site.pem" key="site.key" trust="ca.pem" }} }}
        pool "app" {{ backend "http://{}" }}
        host "localhost" listener="web" {{ route "/**" pool="app" }}
        host "localhost" listener="safe" {{ route "/**" pool="app" }}
        "#,
        plain.number(),
        tls.number(),
        backend.address
    ));
    site.pair("site", &authority.server(&["localhost"]));
    site.write("ca.pem", &authority.pem);
    site.write("upload.bin", large());
    let server = site.run();
    Served { site, plain, tls, backend, _server: server }
}

impl Served {
    /// curl, to a path, in one of the ways.
    fn curl(&self, way: &[&str], path: &str) -> Command {
        let mut curl = program("curl", "curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "60", "--noproxy", "*"]).args(way);
        curl.args(["--cacert".as_ref(), self.site.path("ca.pem").as_os_str()]);
        let (scheme, port) = match way[0] {
            "--http2-prior-knowledge" | "--http1.0" | "--http1.1" => ("http", &self.plain),
            _ => ("https", &self.tls),
        };
        curl.current_dir(self.site.folder()).arg(format!("{scheme}://localhost:{}{path}", port.number()));
        curl
    }
}

/// HTTP/1.0, HTTP/1.1 and HTTP/2 in plain text; HTTP/2 and HTTP/1.1 with TLS; TLS 1.2.
const WAYS: [&[&str]; 6] = [
    &["--http1.0"],
    &["--http1.1"],
    &["--http2-prior-knowledge"],
    &["--http2"],
    &["--no-alpn"],
    &["--tlsv1.2", "--tls-max", "1.2"],
];

#[test]
fn every_version_downloads_and_uploads() {
    let served = served();
    for way in WAYS {
        let version = run(served.curl(way, "/x").args(["-w", " %{http_version}"]));
        let expected = match way[0] {
            "--http1.0" | "--http1.1" | "--no-alpn" => "1.1",
            _ => "2",
        };
        assert_eq!(version, format!("a {expected}"), "{way:?}");
        assert_eq!(run(&mut served.curl(way, "/bytes/3000000")).len(), 3_000_000, "{way:?}");
        run(served.curl(way, "/up").args(["-T", "upload.bin"]));
        assert!(served.backend.last().body == large(), "{way:?}");
        let head = run(served.curl(way, "/text/70").arg("--head")).to_lowercase();
        assert!(head.contains("content-length: 70\r\n"), "{way:?}: {head}");
        if way[0] != "--http2-prior-knowledge" {
            // With it, curl 7.88 cannot ask twice on one connection, whoever serves it.
            let twice = run(served.curl(way, "/a").arg(served.curl(way, "/b").get_args().last().unwrap()));
            assert_eq!(twice, "aa", "{way:?}");
        }
    }
}

#[test]
fn uploads_wait_for_a_word_or_come_in_chunks() {
    let served = served();
    for way in [WAYS[1], WAYS[4]] {
        let mut waits = served.curl(way, "/up");
        waits.args(["-v", "-T", "upload.bin", "-H", "Expect: 100-continue", "--expect100-timeout", "50"]);
        let output = waits.output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && talk.contains("< HTTP/1.1 100 Continue"), "{way:?}: {talk}");
        assert!(served.backend.last().body == large(), "{way:?}");

        run(served.curl(way, "/up").args(["-T", "upload.bin", "-H", "Transfer-Encoding: chunked"]));
        let got = served.backend.last();
        assert!(got.body == large() && got.headers["transfer-encoding"] == "chunked", "{way:?}");
    }
}

#[test]
fn what_is_refused_is_told_before_it_is_sent() {
    let served = served();
    for way in WAYS {
        let refused = served.curl(way, "/status/413").args(["-T", "upload.bin"]).output().unwrap();
        let talk = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && talk.contains("413"), "{way:?}: {talk}");
    }
}
