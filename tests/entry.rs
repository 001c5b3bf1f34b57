//! How clients get in: Unix sockets, the PROXY protocol, IPv6, and what is believed and told about them.

mod limits;
mod slow;
mod told;
mod trickle;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;

use super::support::certs::Authority;
use super::support::site::command;
use super::support::{Backend, Client, PATIENCE, Port, Site, until};

/// A request after which the connection ends.
const LAST: &str = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";

/// One listener, one backend, one route that takes everything.
fn site(port: &Port, listener: &str, backend: &Backend, route: &str) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 2 }}
        listener "web" {{ bind "{}"; {listener} }}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app" {{ {route} }}
        "#,
        port.address, backend.address
    ))
}

/// Sends bytes and reads until the other side closes.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: impl AsRef<[u8]>) -> String {
    let _ = stream.write_all(bytes.as_ref()).await; // it may close at once
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection ends"); // a reset is an end, too
    String::from_utf8_lossy(&answer).into_owned()
}

/// The same over TCP.
async fn ask_at(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    ask(TcpStream::connect(address).await.unwrap(), bytes).await
}

/// A backend at a Unix socket that answers everything with 200, and the heads that it got.
fn unix_backend(path: &Path) -> Arc<Mutex<Vec<String>>> {
    let (listener, got) = (UnixListener::bind(path).unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let heads = Arc::clone(&got);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let heads = Arc::clone(&heads);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while let Ok(byte) = stream.read_u8().await {
                    head.push(byte);
                    if head.ends_with(b"\r\n\r\n") {
                        heads.lock().unwrap().push(String::from_utf8(std::mem::take(&mut head)).unwrap());
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix";
                        stream.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    got
}

/// A listener at the socket `in.sock` of the folder, and a backend at `app.sock`.
fn over_sockets(listener: &str) -> Site {
    let site = Site::new();
    site.write(
        "site.kdl",
        format!(
            r#"
            runtime {{ workers 3 }}
            listener "web" {{ bind "unix:{}"; {listener} }}
            pool "app" {{ backend "unix:{}"; probe "/health" every="100ms" timeout="80ms" }}
            route "/**" pool="app"
            "#,
            site.path("in.sock").display(),
            site.path("app.sock").display()
        ),
    );
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_from_one_unix_socket_to_another() {
    let site = over_sockets("http h2=#true");
    let got = unix_backend(&site.path("app.sock"));
    let server = site.run();
    server.wait_for("backend is up");
    let probe = got.lock().unwrap()[0].clone();
    assert!(probe.to_ascii_lowercase().contains("\r\nhost: localhost\r\n"), "{probe}");
    // More connections than workers: all of them accept from the one socket.
    for _ in 0..12 {
        let stream = UnixStream::connect(site.path("in.sock")).await.unwrap();
        let answer = ask(stream, LAST).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("unix"), "{answer}");
    }
    let last = got.lock().unwrap().iter().rfind(|head| !head.contains("/health")).unwrap().clone();
    // A client without address is of this machine.
    assert!(last.contains("host: shop.example") && last.contains("x-forwarded-for: 127.0.0.1\r\n"), "{last}");
    let mut h2 = Client::over_h2(UnixStream::connect(site.path("in.sock")).await.unwrap()).await;
    assert_eq!(h2.get("/").await.text(), "unix");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_over_a_unix_socket() {
    let site = over_sockets(r#"tls { certificate "cert.pem" key="cert.key" }"#);
    let authority = Authority::new("authority");
    site.pair("cert", &authority.server(&["shop.example"]));
    unix_backend(&site.path("app.sock"));
    let _server = site.run();
    let connector = tokio_rustls::TlsConnector::from(authority.trusted(&["http/1.1"]));
    let stream = UnixStream::connect(site.path("in.sock")).await.unwrap();
    let stream = connector.connect("shop.example".try_into().unwrap(), stream).await.unwrap();
    assert!(ask(stream, LAST).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_replaced_when_its_process_is_dead_and_never_while_it_lives() {
    let site = over_sockets(r#"socket-mode "0600""#);
    unix_backend(&site.path("app.sock"));
    let mode = || std::fs::metadata(site.path("in.sock")).unwrap().permissions().mode() & 0o777;
    let mut first = site.run();
    assert_eq!(mode(), 0o600);
    let second = command(&["run", "plan.bin"]).current_dir(site.folder()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("in.sock") && said.contains("in use"), "{said}");
    first.signal("KILL");
    first.wait();
    assert!(site.path("in.sock").exists(), "nobody was left to remove it");
    let second = site.run();
    assert!(ask(UnixStream::connect(site.path("in.sock")).await.unwrap(), LAST).await.contains("200 OK"));
    assert!(second.stop().success());
    assert!(!site.path("in.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_come_and_go_with_the_plan() {
    let site = over_sockets("");
    unix_backend(&site.path("app.sock"));
    let server = site.run();
    let mut kept = UnixStream::connect(site.path("in.sock")).await.unwrap();
    let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    site.write("site.kdl", config.replace("in.sock\";", "other.sock\"; socket-mode \"0666\";"));
    site.compile("site.kdl");
    server.wait_for("swapped");
    until("the old socket is gone", async || !site.path("in.sock").exists()).await;
    let mode = std::fs::metadata(site.path("other.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    assert!(ask(UnixStream::connect(site.path("other.sock")).await.unwrap(), LAST).await.contains("200 OK"));
    // Who was connected is not cut off in silence, but served or told.
    let _ = kept.write_all(LAST.as_bytes()).await;
    // The same socket with other permissions stays bound.
    site.write("site.kdl", config.replace("in.sock\";", "other.sock\"; socket-mode \"0660\";"));
    site.compile("site.kdl");
    server.wait_for_nth("swapped", 2);
    let mode = std::fs::metadata(site.path("other.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    assert!(ask(UnixStream::connect(site.path("other.sock")).await.unwrap(), LAST).await.contains("200 OK"));
}

/// A PROXY protocol header of version 2.
fn version_2(command: u8, source: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    header.extend([command, 0x11, 0, 12]);
    header.extend(source);
    header.extend([10, 0, 0, 1, 0x12, 0x34, 0, 80]);
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_says_who_the_client_is() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"proxy-protocol "127.0.0.1"; http handshake-timeout="500ms" h2=#true"#;
    let _server = site(&port, listener, &backend, "").run();
    let client = || backend.last().headers["x-forwarded-for"].to_str().unwrap().to_owned();
    let version_1 = "PROXY TCP6 2001:db8::1 ::1 4711 80\r\n";
    assert!(ask_at(port.address, format!("{version_1}{LAST}")).await.starts_with("HTTP/1.1 200"));
    assert_eq!(client(), "2001:db8::1");
    let with = |header: Vec<u8>| [header, LAST.into()].concat();
    assert!(ask_at(port.address, with(version_2(0x21, [203, 0, 113, 9]))).await.contains("200 OK"));
    assert_eq!(client(), "203.0.113.9");
    assert!(ask_at(port.address, with(version_2(0x20, [203, 0, 113, 9]))).await.contains("200 OK"));
    assert_eq!(client(), "127.0.0.1", "LOCAL is the proxy itself");
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(version_1.as_bytes()).await.unwrap();
    let mut h2 = Client::over_h2(stream).await;
    assert_eq!(h2.get("/").await.text(), "a");
    assert_eq!(client(), "2001:db8::1");
    // Without a header, with a wrong one, or with half of one there is no connection.
    let requests = backend.requests();
    for bytes in [LAST, "PROXY TCP4 nonsense\r\n", "PROXY TCP4 203.0.1"] {
        assert_eq!(ask_at(port.address, bytes).await, "", "{bytes}");
    }
    assert_eq!(backend.requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_the_proxy_protocol_stands_before_tls() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"proxy-protocol "127.0.0.1"; tls { certificate "cert.pem" key="cert.key" }"#;
    let site = site(&port, listener, &backend, "");
    let authority = Authority::new("authority");
    site.pair("cert", &authority.server(&["shop.example"]));
    let _server = site.run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n").await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(authority.trusted(&["http/1.1"]));
    let stream = connector.connect("shop.example".try_into().unwrap(), stream).await.unwrap();
    assert!(ask(stream, LAST).await.starts_with("HTTP/1.1 200"));
    assert_eq!(backend.last().headers["x-forwarded-for"], "203.0.113.9");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_say_who_the_client_is() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, r#"proxy-protocol "10.0.0.0/8""#, &backend, "").run();
    let line = format!("PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n{LAST}");
    assert!(ask_at(port.address, line).await.starts_with("HTTP/1.1 400"));
    let binary = [version_2(0x21, [203, 0, 113, 9]), LAST.into()].concat();
    assert!(ask_at(port.address, binary).await.starts_with("HTTP/1.1 400"));
    assert!(ask_at(port.address, LAST).await.starts_with("HTTP/1.1 200"));
    assert_eq!(backend.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_are_told_in_the_words_that_they_understand() {
    let spoofed = "GET / HTTP/1.1\r\nHost: shop.example\r\nForwarded: for=1.1.1.1\r\n\
        X-Forwarded-For: 2.2.2.2\r\nConnection: close\r\n\r\n";
    let own = "for=127.0.0.1;host=\"shop.example\";proto=http";
    let appended = format!("for=1.1.1.1, {own}");
    let trusted = r#"trusted-proxies "127.0.0.1""#;
    for (listener, forwarded, legacy) in [
        ("", None, Some("127.0.0.1")),
        (r#"forwarded "rfc7239""#, Some(own), None),
        (r#"forwarded "both""#, Some(own), Some("127.0.0.1")),
        (r#"forwarded "none""#, None, None),
        (&*format!(r#"forwarded "both"; {trusted}"#), Some(own), Some("2.2.2.2, 127.0.0.1")),
        (&*format!(r#"forwarded "rfc7239"; {trusted}"#), Some(&*appended), None),
    ] {
        let (backend, port) = (Backend::start("a"), Port::reserve());
        let route = r#"request-header-set "X-Client" "{client-address}""#;
        let _server = site(&port, listener, &backend, route).run();
        assert!(ask_at(port.address, spoofed).await.contains("200 OK"));
        let headers = backend.last().headers;
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!((header("forwarded"), header("x-forwarded-for")), (forwarded, legacy), "{listener}");
    }
    // The header that is written is the one that is believed.
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let route = r#"request-header-set "X-Client" "{client-address}""#;
    let _server = site(&port, &format!(r#"forwarded "rfc7239"; {trusted}"#), &backend, route).run();
    assert!(ask_at(port.address, spoofed).await.contains("200 OK"));
    assert_eq!(backend.last().headers["x-client"], "1.1.1.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn ipv6_is_spoken_on_both_sides_and_is_not_ipv4() {
    let app = TcpListener::bind("[::1]:0").await.unwrap();
    let address = app.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let got = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = app.accept().await {
            let mut head = vec![0; 1000];
            let count = stream.read(&mut head).await.unwrap();
            got.lock().unwrap().push(String::from_utf8_lossy(&head[..count]).into_owned());
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
        }
    });
    // The same port twice: `[::]` takes IPv6 only, and leaves IPv4 to the other listener.
    let port = Port::reserve();
    let (four, six) = (port.address, SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port.number())));
    let site = Site::with(&format!(
        r#"
        listener "six" {{ bind "[::]:{0}" }}
        listener "four" {{ bind "127.0.0.1:{0}" }}
        pool "app" {{ backend "http://{address}" }}
        host "shop.example" listener="six" {{ route "/**" pool="app" }}
        host "shop.example" listener="four" {{ route "/**" {{ respond 200 "four" }} }}
        "#,
        port.number()
    ));
    let _server = site.run();
    assert!(ask_at(six, LAST).await.starts_with("HTTP/1.1 204"));
    assert!(heads.lock().unwrap()[0].contains("x-forwarded-for: ::1\r\n"));
    assert!(ask_at(four, LAST).await.ends_with("four"));
}
