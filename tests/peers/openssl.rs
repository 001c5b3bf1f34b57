//! `openssl s_client`: another TLS than ours on the other side.

use std::process::{Command, Output, Stdio};

use super::programs::program;
use crate::support::certs::Authority;
use crate::support::site::Server;
use crate::support::{Backend, Port, Site};

struct Guarded {
    site: Site,
    port: Port,
    backend: Backend,
    _server: Server,
}

fn guarded() -> Guarded {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "safe" {{
            bind "127.0.0.1:{}"
            tls {{
                certificate "shop.pem" key="shop.key" trust="ca.pem"
                certificate "wild.pem" key="wild.key" trust="ca.pem"
            }}
        }}
        pool "app" {{ backend "http://{}" }}
        host "shop.example" "*.shop.example" {{ route "/**" pool="app" }}
        host "api.shop.example" {{
            tls {{ client-auth ca="clients.pem" subject-header="X-Subject" }}
            route "/**" pool="app"
        }}
        "#,
        port.number(),
        backend.address
    ));
    site.pair("shop", &servers.server(&["shop.example"]));
    site.pair("wild", &servers.server(&["*.shop.example"]));
    site.pair("client", &clients.client("somebody"));
    site.write("ca.pem", &servers.pem);
    site.write("clients.pem", &clients.pem);
    let server = site.run();
    Guarded { site, port, backend, _server: server }
}

impl Guarded {
    /// Connects, asks for `/x` and says what was said.
    fn connect(&self, name: &str, arguments: &[&str]) -> String {
        let mut client: Command = program("openssl", "openssl");
        let address = self.port.address.to_string();
        client.args(["s_client", "-connect", &address, "-servername", name, "-CAfile", "ca.pem", "-quiet"]);
        client.args(["-verify_return_error", "-verify_hostname", name, "-state"]).args(arguments);
        client.current_dir(self.site.folder()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = client.stderr(Stdio::piped()).spawn().unwrap();
        let request = format!("GET /x HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        // Who is not let in does not listen either.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.as_bytes());
        let Output { stdout, stderr, .. } = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr)
    }
}

#[test]
fn names_and_versions_are_chosen_and_strangers_refused() {
    let guarded = guarded();
    for name in ["shop.example", "www.shop.example"] {
        for version in ["-tls1_2", "-tls1_3"] {
            let talk = guarded.connect(name, &[version]);
            assert!(talk.contains("HTTP/1.1 200 OK"), "{name} {version}: {talk}");
        }
    }
    let old = guarded.connect("shop.example", &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(!old.contains("HTTP/1.1") && old.contains("alert"), "{old}");
    for stranger in ["evil.example", "shop.example.evil", "a.b.shop.example"] {
        let talk = guarded.connect(stranger, &[]);
        assert!(!talk.contains("HTTP/1.1") && talk.contains("alert access denied"), "{stranger}: {talk}");
    }
}

#[test]
fn protocols_are_agreed_on() {
    let guarded = guarded();
    for (offered, agreed) in [
        ("h2,http/1.1", "h2"),
        ("http/1.1,h2", "h2"),
        ("http/1.1", "http/1.1"),
        ("spdy/3,http/1.1", "http/1.1"),
    ] {
        let mut client = program("openssl", "openssl");
        let address = guarded.port.address.to_string();
        client.args(["s_client", "-connect", &address, "-servername", "shop.example", "-alpn", offered]);
        let talk = client.stdin(Stdio::null()).output().unwrap().stdout;
        let talk = String::from_utf8_lossy(&talk);
        assert!(talk.contains(&format!("ALPN protocol: {agreed}\n")), "{offered}: {talk}");
    }
}

#[test]
fn a_client_certificate_is_asked_for_where_a_host_wants_one() {
    let guarded = guarded();
    let without = guarded.connect("api.shop.example", &[]);
    assert!(!without.contains("HTTP/1.1 200"), "{without}");
    let with = guarded.connect("api.shop.example", &["-cert", "client.pem", "-key", "client.key"]);
    assert!(with.contains("HTTP/1.1 200 OK"), "{with}");
    let subject = guarded.backend.last().headers["x-subject"].to_str().unwrap().to_owned();
    assert!(subject.contains("somebody"), "{subject}");
    let unasked = guarded.connect("www.shop.example", &["-cert", "client.pem", "-key", "client.key"]);
    assert!(unasked.contains("HTTP/1.1 200 OK"), "{unasked}");
}

#[test]
fn sessions_go_on() {
    let guarded = guarded();
    let session = |version: &str, file: [&str; 2]| {
        let mut client: Command = program("openssl", "openssl");
        let address = guarded.port.address.to_string();
        client.args(["s_client", "-connect", &address, "-servername", "shop.example", "-ign_eof", version]);
        client.args(file).current_dir(guarded.site.folder()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = client.stderr(Stdio::null()).spawn().unwrap();
        let request = b"GET /x HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), request).unwrap();
        String::from_utf8_lossy(&child.wait_with_output().unwrap().stdout).into_owned()
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let first = session(version, ["-sess_out", "session.pem"]);
        assert!(first.contains("New, TLSv1") && first.contains("HTTP/1.1 200 OK"), "{version}: {first}");
        let second = session(version, ["-sess_in", "session.pem"]);
        assert!(
            second.contains("Reused, TLSv1") && second.contains("HTTP/1.1 200 OK"),
            "{version}: {second}"
        );
    }
}
