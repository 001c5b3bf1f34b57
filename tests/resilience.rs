//! Clients and backends that behave badly: nobody else suffers, and nothing is held for them for ever.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

use super::support::certs::{Authority, Pair};
use super::support::site::Server;
use super::support::{Backend, Client, PATIENCE, Port, Site, until};

/// One listener, one pool, one route that takes everything.
fn site(port: &Port, listener: &str, pool: &str, route: &str) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "127.0.0.1:{}"; {listener} }}
        pool "app" {{ {pool} }}
        route "/**" pool="app" {{ {route} }}
        "#,
        port.number()
    ))
}

/// A backend without a probe, which counts as alive.
fn at(address: SocketAddr) -> String {
    format!(r#"backend "http://{address}";"#)
}

/// A backend whose connections the test drives by hand.
async fn by_hand() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Reads until the end of a head, which has no body.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(PATIENCE, stream.read_u8()).await.expect("a head comes") {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Waits until the other side has closed; what comes until then does not matter.
async fn closed(stream: &mut TcpStream) {
    let mut rest = [0; 65_536];
    while let Ok(1..) = timeout(PATIENCE, stream.read(&mut rest)).await.expect("it closes") {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_found_its_first_backend_busy_is_changed_all_the_same() {
    let (first, second, port) = (Backend::start("first"), Backend::start("second"), Port::reserve());
    let pool = format!(
        r#"{} {} connections per-backend=1 queue-timeout="10ms""#,
        at(first.address),
        at(second.address)
    );
    let route = r#"request-header-set "X-Checked" "yes"; request-header-remove "X-Secret"; retry attempts=1"#;
    let server = site(&port, "", &pool, route).run();
    let held = tokio::spawn(async move { Client::connect(port.address).await.get("/hold").await });
    until("a backend holds a request", || async { first.holding() + second.holding() == 1 }).await;
    let free = if first.holding() == 1 { &second } else { &first };
    let mut client = Client::connect(port.address).await;
    // Round robin: one of two requests meets the busy backend first.
    for _ in 0..2 {
        let answer = client.send("GET", "/", &[("x-secret", "1")], "").await.unwrap();
        assert_eq!(answer.status, 200);
        let got = free.last().headers;
        assert!(got.contains_key("x-checked") && !got.contains_key("x-secret"), "{got:?}");
    }
    server.wait_for("exchanges in flight");
    first.release();
    second.release();
    assert_eq!(held.await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_gives_its_backend_free() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let pool = format!(r#"{} connections per-backend=1 queue-timeout="30s""#, at(backend.address));
    let listener = r#"http idle-timeout="100ms""#;
    let _server = site(&port, listener, &pool, r#"timeout { body-idle "200ms" }"#).run();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut greedy = socket.connect(port.address).await.unwrap();
    greedy.write_all(b"GET /bytes/50000000 HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until("the backend got the request", || async { backend.requests() == 1 }).await;
    let mut client = Client::connect(port.address).await;
    let answer = timeout(Duration::from_secs(10), client.get("/")).await;
    assert_eq!(answer.expect("the place is free again").status, 200);
    // Its connection is closed too, in the middle of the body.
    closed(&mut greedy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_on_an_http2_stream_gives_its_backend_free() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let pool = format!(r#"{} connections per-backend=1 queue-timeout="30s""#, at(backend.address));
    let _server = site(&port, "http h2=#true", &pool, r#"timeout { body-idle "200ms" }"#).run();
    let stream = TcpStream::connect(port.address).await.unwrap();
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let uri = "http://localhost/bytes/50000000";
    let request = http::Request::get(uri).body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    // The body is kept but never read: the windows fill, and the connection itself lives.
    let greedy = sender.send_request(request).await.unwrap();
    let mut client = Client::connect(port.address).await;
    let answer = timeout(Duration::from_secs(10), client.get("/")).await;
    assert_eq!(answer.expect("the place is free again").status, 200);
    let whole = http_body_util::BodyExt::collect(greedy.into_body()).await;
    assert!(whole.is_err(), "a body that was given up looks whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_gets_all_of_its_response_however_long_that_takes() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"http idle-timeout="1s""#;
    let _server = site(&port, listener, &at(backend.address), "").run();
    // Small segments and a small window: little is on its way at a time, as on a narrow line.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_tcp_mss(536).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&port.address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut slow = TcpStream::from_std(socket.into()).unwrap();
    slow.write_all(b"GET /bytes/1000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let (mut total, mut piece) = (0, vec![0; 10_000]);
    loop {
        match timeout(PATIENCE, slow.read(&mut piece)).await.unwrap().unwrap() {
            0 => break,
            count => total += count,
        }
        // Over the whole much longer than the idle timeout, but never idle.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(total > 1_000_000, "{total} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_may_take_longer_than_the_first_byte() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let route = r#"timeout { first-byte "300ms"; body-idle "10s" }"#;
    let _server = site(&port, "", &at(backend.address), route).run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let request = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    for piece in ["a", "b", "c", "d", "e"] {
        tokio::time::sleep(Duration::from_millis(400)).await;
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(backend.last().body, "abcde");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_take_an_upload_is_504() {
    let ((backend, address), port) = (by_hand().await, Port::reserve());
    let route = r#"timeout { first-byte "300ms"; body-idle "300ms" }"#;
    let _server = site(&port, "", &at(address), route).run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n").await.unwrap();
    let (mut answer, mut upload) = stream.into_split();
    let upload = tokio::spawn(async move { while upload.write_all(&[0; 65_536]).await.is_ok() {} });
    let _taken = backend.accept().await.unwrap();
    let mut start = [0; 12];
    timeout(PATIENCE, answer.read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 504");
    upload.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_makes_its_backend_close_takes_no_other_connections_with_it() {
    let ((backend, address), port) = (by_hand().await, Port::reserve());
    let _server = site(&port, "", &at(address), "retry attempts=0").run();
    // Several connections wait for the next request.
    let mut clients = Vec::new();
    for _ in 0..6 {
        clients.push(TcpStream::connect(port.address).await.unwrap());
    }
    let mut waiting = Vec::new();
    for client in &mut clients {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let (mut connection, _) = backend.accept().await.unwrap();
        head(&mut connection).await;
        waiting.push(connection);
    }
    for (client, connection) in clients.iter_mut().zip(&mut waiting) {
        connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        head(client).await;
    }
    // Now every connection dies of the request that it gets.
    let deaths: Vec<_> = waiting
        .into_iter()
        .map(|mut connection| tokio::spawn(async move { !head(&mut connection).await.is_empty() }))
        .collect();
    let fresh = tokio::spawn(async move {
        let (mut connection, _) = backend.accept().await.unwrap();
        head(&mut connection).await
    });
    clients[0].write_all(b"GET /deadly HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert!(head(&mut clients[0]).await.starts_with("HTTP/1.1 502"));
    assert!(fresh.await.unwrap().starts_with("GET /deadly"));
    drop((clients, _server));
    let mut seen = 0;
    for death in deaths {
        seen += usize::from(death.await.unwrap());
    }
    assert_eq!(seen, 1, "the request went over {seen} of the connections that waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_takes_its_exchange_with_it() {
    let ((backend, address), port) = (by_hand().await, Port::reserve());
    let _server = site(&port, "", &at(address), r#"timeout { first-byte "10m" }"#).run();
    let mut client = TcpStream::connect(port.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut connection, _) = backend.accept().await.unwrap();
    head(&mut connection).await;
    drop(client);
    closed(&mut connection).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_coding_that_is_not_understood_is_refused_in_both_directions() {
    let ((backend, address), port) = (by_hand().await, Port::reserve());
    let _server = site(&port, "", &at(address), "").run();
    for coding in ["gzip, chunked", "chunked\r\nTransfer-Encoding: chunked"] {
        let mut client = TcpStream::connect(port.address).await.unwrap();
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        assert!(head(&mut client).await.starts_with("HTTP/1.1 400"), "{coding}");
    }
    let mut client = TcpStream::connect(port.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut connection, _) = backend.accept().await.unwrap();
    head(&mut connection).await;
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    connection.write_all(answer).await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 502"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_head_has_no_body_over_http2() {
    let port = Port::reserve();
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        route "/" {{ respond 200 "hello" }}
        "#,
        port.number()
    ));
    let _server = site.run();
    for (mut client, version) in
        [(Client::connect(port.address).await, "1.1"), (Client::connect_h2(port.address).await, "2")]
    {
        for (path, length) in [("/", "5"), ("/nowhere", "14")] {
            let answer = client.send("HEAD", path, &[], "").await.unwrap();
            assert_eq!((answer.text(), answer.header("content-length")), ("", Some(length)), "{version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_header_fields_are_431_over_http2_too() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = site(&port, "http h2=#true max-headers=20", &at(backend.address), "").run();
    let names: Vec<String> = (0..30).map(|number| format!("x-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let mut client = Client::connect_h2(port.address).await;
    assert_eq!(client.send("GET", "/", &many, "").await.unwrap().status, 431);
    assert_eq!(client.get("/").await.status, 200);
    assert_eq!(backend.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_now_speaks_tls_ends_its_plain_connections() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = site(&port, "", &at(backend.address), "");
    write(&site, &Authority::new("authority").server(&["localhost"]));
    let server = site.run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    stream.read_u8().await.unwrap(); // the body
    let plain = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    let tls = r#"tls { certificate "cert.pem" key="key.pem" }"#;
    site.write("site.kdl", plain.replacen("; ", &format!("; {tls}; "), 1));
    site.compile("site.kdl");
    server.wait_for("swapped");
    stream.write_all(request).await.unwrap();
    let answer = head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("connection: close"), "{answer}");
    closed(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_are_taken_as_soon_as_a_plan_allows_them() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = site(&port, "max-connections 1", &at(backend.address), "");
    let server = site.run();
    let mut first = Client::connect(port.address).await;
    assert_eq!(first.get("/").await.status, 200);
    let mut second = Client::connect(port.address).await;
    let mut waiting = tokio::spawn(async move { second.get("/").await });
    assert!(timeout(Duration::from_millis(200), &mut waiting).await.is_err(), "served beside the first");
    let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    site.write("site.kdl", config.replace("max-connections 1", "max-connections 10"));
    site.compile("site.kdl");
    server.wait_for("swapped");
    assert_eq!(timeout(PATIENCE, waiting).await.expect("it is taken").unwrap().status, 200);
    assert_eq!(first.get("/").await.status, 200);
}

/// Divisor with a limit of open files, as `ulimit` sets it.
fn limited(site: &Site, limit: &str) -> Server {
    site.compile("site.kdl");
    let script = format!("ulimit {limit} && exec {} run plan.bin", env!("CARGO_BIN_EXE_divisor"));
    let server = Server::spawn(Command::new("sh").args(["-c", &script]).current_dir(site.folder()));
    server.wait_for("plan is live");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_files_are_open_as_the_system_allows() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let _server = limited(&site(&port, "", &at(backend.address), ""), "-Sn 64");
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut client = Client::connect(port.address).await;
        assert_eq!(client.get("/").await.status, 200);
        clients.push(client);
    }
}

/// Who may raise limits gets them raised, everybody else is told.
#[test]
fn a_plan_that_asks_for_more_open_files_gets_them_or_says_so() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let site = site(&port, "", &at(backend.address), "");
    let config = std::fs::read_to_string(site.path("site.kdl")).unwrap();
    site.write("site.kdl", config.replace("workers 1", "workers 1; max-files 400"));
    let server = limited(&site, "-n 128");
    let said = server.wait_for("open files");
    assert!(said.contains("plan asks for") && said.contains("wanted=400"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_takes_all_open_files_takes_no_backend_down() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let pool = format!(r#"{} probe "/health" every="100ms" timeout="50ms""#, at(backend.address));
    let server = limited(&site(&port, "", &pool, ""), "-n 48");
    server.wait_for("backend is up");
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(TcpStream::connect(port.address).await.unwrap());
    }
    // Long enough for many probes.
    server.wait_for_nth("cannot accept connections", 3);
    assert_eq!(server.count("backend is down"), 0);
    drop(flood);
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_tls_connection_is_closed_in_order() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let listener = r#"tls { certificate "cert.pem" key="key.pem" }; http idle-timeout="100ms""#;
    let site = site(&port, listener, &at(backend.address), "");
    let authority = Authority::new("authority");
    write(&site, &authority.server(&["localhost"]));
    let _server = site.run();
    let connector = tokio_rustls::TlsConnector::from(authority.trusted(&["http/1.1"]));
    let stream = TcpStream::connect(port.address).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Fails if the end comes without notice: it might be an attacker's.
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

/// A certificate and its key, where the listener looks for them.
fn write(site: &Site, pair: &Pair) {
    site.write("cert.pem", &pair.certificate);
    site.write("key.pem", &pair.key);
    std::fs::set_permissions(site.path("key.pem"), Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_come_quickly_do_not_keep_a_dead_backend_alive() {
    let (mut backend, port) = (Backend::start("a"), Port::reserve());
    let pool = format!(r#"{} probe "/health" every="1s" timeout="500ms" fall=3"#, at(backend.address));
    let site = site(&port, "", &pool, "");
    let server = site.run();
    server.wait_for("backend is up");
    backend.kill();
    // Each plan lives too shortly for as many probes as it takes.
    for swap in 1..=20 {
        server.signal("HUP");
        server.wait_for_nth("swapped", swap);
        tokio::time::sleep(Duration::from_millis(700)).await;
        if server.count("backend is down") > 0 {
            return;
        }
    }
    panic!("it is still alive");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_takes_too_long_names_its_backend_in_the_log() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let server = site(&port, "", &at(backend.address), r#"timeout { exchange "100ms" }"#).run();
    assert_eq!(Client::connect(port.address).await.get("/hold").await.status, 504);
    let line = server.wait_for("timeout exchange");
    assert!(line.contains(&backend.address.to_string()), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_is_not_blamed_for_a_client_that_breaks_off() {
    let ((backend, address), port) = (by_hand().await, Port::reserve());
    let server = site(&port, "", &at(address), r#"timeout { body-idle "300ms" }"#).run();
    let mut client = TcpStream::connect(port.address).await.unwrap();
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
    let (mut connection, _) = backend.accept().await.unwrap();
    head(&mut connection).await;
    // The backend answers early and goes on talking; the client says no more.
    connection.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 200"));
    let chunks = tokio::spawn(async move {
        while connection.write_all(b"1\r\nx\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    closed(&mut client).await;
    chunks.await.unwrap();
    drop(backend);
    // A real failure, so that the log is complete up to here.
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 502);
    assert!(server.wait_for("backend failed").contains("cannot connect"));
}
