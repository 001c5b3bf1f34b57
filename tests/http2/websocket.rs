//! WebSockets over HTTP/2 on either side (RFC 8441), and what is none.

use h2::ext::Protocol;
use http::{Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::support::{Client, PATIENCE, Port, Site, until};
use super::peer::{self, Peer, piece, say};
use super::site;

/// An extended CONNECT.
fn connect(protocol: &'static str, path: &str) -> Request<()> {
    let mut request = peer::request("CONNECT", path);
    request.extensions_mut().insert(Protocol::from_static(protocol));
    request.headers_mut().insert("sec-websocket-version", "13".parse().unwrap());
    request
}

/// A client that knows that it may ask for tunnels.
async fn client(port: &Port) -> h2::client::SendRequest<bytes::Bytes> {
    let client = peer::client(port.address).await;
    until("the settings are here", async || client.is_extended_connect_protocol_enabled()).await;
    client
}

/// A backend in HTTP/1.1 that answers with what a function makes of a request, and then says everything again.
async fn old(answer: fn(&str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = answer(std::str::from_utf8(&head).unwrap());
                stream.write_all(answer.as_bytes()).await.unwrap();
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    format!("http://{address}")
}

/// The answer that the standard wants (RFC 6455, section 4.2.2).
fn accepted(head: &str) -> String {
    assert!(head.starts_with("GET /chat HTTP/1.1\r\n"), "{head}");
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    assert_eq!((value("upgrade: "), value("connection: ")), ("websocket", "upgrade"));
    assert_eq!((value("host: "), value("sec-websocket-version: ")), ("localhost", "13"));
    let accept = accept(value("sec-websocket-key: "));
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {accept}\r\nsec-websocket-protocol: chat\r\n\r\n"
    )
}

fn accept(key: &str) -> String {
    let hash = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY,
        format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11").as_bytes(),
    );
    let bits: Vec<u8> =
        hash.as_ref().iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let letter =
        |bits: &[u8]| alphabet[usize::from((0..6).fold(0, |all, at| all << 1 | bits.get(at).unwrap_or(&0)))];
    let letters: String = bits.chunks(6).map(letter).collect();
    letters + "=" // 160 bits are 27 letters
}

/// A backend in HTTP/2 that carries WebSockets, or does not, and says everything again.
async fn new(carries: bool) -> Peer {
    Peer::start(
        move |settings| _ = if carries { settings.enable_connect_protocol() } else { settings },
        |mut request, mut respond| async move {
            if *request.method() != Method::CONNECT {
                let mut response = peer::head(426);
                let asked = request.headers().contains_key("sec-websocket-key");
                response.headers_mut().insert("x-asked", asked.to_string().parse().unwrap());
                respond.send_response(response, true).unwrap();
                return;
            }
            assert_eq!(request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
            assert_eq!((request.uri().path(), request.uri().host()), ("/chat", Some("localhost")));
            assert!(!request.headers().contains_key("sec-websocket-key"));
            let mut stream = respond.send_response(peer::head(200), false).unwrap();
            while let Some(data) = piece(request.body_mut()).await {
                stream.send_data(data, false).unwrap();
            }
            stream.send_data(bytes::Bytes::new(), true).unwrap();
        },
    )
    .await
}

/// Speaks through a tunnel, closes one half of it, and hears the rest.
async fn chat(port: &Port) {
    let mut client = client(port).await;
    let (response, mut stream) = client.send_request(connect("websocket", "/chat"), false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    for gone in ["upgrade", "connection", "sec-websocket-accept"] {
        assert!(!response.headers().contains_key(gone), "{gone}");
    }
    let mut body = response.into_body();
    for text in ["one", "two"] {
        say(&mut stream, text);
        assert_eq!(piece(&mut body).await.unwrap(), text);
    }
    stream.send_data("last".into(), true).unwrap();
    assert_eq!(peer::all(&mut body).await.0, b"last");
    // The connection is good for more.
    let (response, _) = client.send_request(connect("websocket", "/chat"), false).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_over_http2_meets_any_backend() {
    for url in [old(accepted).await, new(true).await.url()] {
        let port = Port::reserve();
        let _server = site(&port, &url, "http h2=#true", "", "").run();
        chat(&port).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_over_http1_meets_a_backend_in_http2() {
    let (backend, port) = (new(true).await, Port::reserve());
    let _server = site(&port, &backend.url(), "", "", "").run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let head = "GET /chat HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{answer}");
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_carries_none_is_asked_without() {
    let (backend, port) = (new(false).await, Port::reserve());
    let _server = site(&port, &backend.url(), "http h2=#true", "", "").run();
    let mut client = client(&port).await;
    for _ in 0..3 {
        let (response, _stream) = client.send_request(connect("websocket", "/chat"), false).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.status(), 426);
        assert_eq!(response.headers()["x-asked"], "true");
    }
    assert_eq!(backend.connections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_does_not_switch_is_502() {
    let answers: [fn(&str) -> String; 3] = [
        |_| "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into(),
        |head| accepted(head).replace("sec-websocket-accept: ", "sec-websocket-accept: x"),
        |head| accepted(head).replace("upgrade: websocket", "upgrade: other"),
    ];
    for answer in answers {
        let port = Port::reserve();
        let _server = site(&port, &old(answer).await, "http h2=#true", "", "").run();
        let mut client = client(&port).await;
        let (response, _stream) = client.send_request(connect("websocket", "/chat"), false).unwrap();
        assert_eq!(response.await.unwrap().status(), 502);
    }
    let port = Port::reserve();
    let forbids = old(|_| "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno".into()).await;
    let _server = site(&port, &forbids, "http h2=#true", "", "").run();
    let (response, _stream) = client(&port).await.send_request(connect("websocket", "/chat"), false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(peer::all(&mut response.into_body()).await.0, b"no");
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_to_anywhere_are_not_built() {
    let port = Port::reserve();
    let _server = site(&port, &old(accepted).await, "http h2=#true", "", "").run();
    let mut client = client(&port).await;
    let plain = Request::builder().method("CONNECT").uri("localhost:443").body(()).unwrap();
    for request in [plain, connect("connect-udp", "/chat")] {
        let (response, _stream) = client.send_request(request, false).unwrap();
        assert_eq!(response.await.unwrap().status(), 501);
    }
    assert_eq!(
        Client::connect_h2(port.address)
            .await
            .send("CONNECT", "", &[], "")
            .await
            .map(|it| it.status.as_u16())
            .ok(),
        Some(501)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_where_nothing_moves_ends() {
    let port = Port::reserve();
    let route = "timeout { tunnel-idle \"200ms\" }";
    let _server = site(&port, &old(accepted).await, "http h2=#true", "", route).run();
    let (response, mut stream) =
        client(&port).await.send_request(connect("websocket", "/chat"), false).unwrap();
    let mut body = response.await.unwrap().into_body();
    say(&mut stream, "one");
    assert_eq!(piece(&mut body).await.unwrap(), "one");
    let ended = tokio::time::timeout(PATIENCE, body.data()).await.unwrap();
    assert!(ended.is_none_or(|data| data.is_err() || data.is_ok_and(|data| data.is_empty())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_meets_a_backend_with_tls_in_http1_though_it_would_choose_http2() {
    let authority = super::super::support::certs::Authority::new("test root");
    let mut config =
        super::super::support::certs::Authority::serving(&authority.server(&["localhost"]), None);
    std::sync::Arc::get_mut(&mut config).unwrap().alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    let (listener, port) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Port::reserve());
    let address = listener.local_addr().unwrap();
    let (tell, mut spoken) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            tell.send(h2).unwrap();
            tokio::spawn(async move {
                if h2 {
                    // Without SETTINGS_ENABLE_CONNECT_PROTOCOL.
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        assert!(!request.headers().contains_key("sec-websocket-version"));
                        respond.send_response(peer::head(204), true).unwrap();
                    }
                    return;
                }
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = accepted(std::str::from_utf8(&head).unwrap());
                stream.write_all(answer.as_bytes()).await.unwrap();
                let (mut read, mut write) = tokio::io::split(stream);
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    let pool = r#"tls ca="ca.pem" server-name="localhost""#;
    let site = site(&port, &format!("https://{address}"), "http h2=#true", pool, "");
    site.write("ca.pem", &authority.pem);
    let _server = site.run();
    // Requests go in HTTP/2, and its connection is there when a WebSocket comes.
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 204);
    assert_eq!(spoken.recv().await, Some(true));
    chat(&port).await;
    assert_eq!(spoken.recv().await, Some(false));
    let mut old = TcpStream::connect(port.address).await.unwrap();
    let head = "GET /chat HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
    old.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(PATIENCE, old.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 204);
    while let Ok(h2) = spoken.try_recv() {
        assert!(!h2, "requests still share the one connection in HTTP/2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_after_its_last_word_ends_the_tunnel() {
    let app = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, admin) = (Port::reserve(), Port::reserve());
    let site = Site::with(&format!(
        r#"
        admin {{ bind "127.0.0.1:{}" }}
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app"
        "#,
        admin.number(),
        port.number(),
        app.local_addr().unwrap()
    ));
    let _server = site.run();
    let mut client = client(&port).await;
    let (response, mut stream) = client.send_request(connect("websocket", "/chat"), false).unwrap();
    let (mut backend, _) = app.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(backend.read_u8().await.unwrap());
    }
    backend.write_all(accepted(std::str::from_utf8(&head).unwrap()).as_bytes()).await.unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    stream.send_data("last".into(), true).unwrap();
    let mut heard = String::new();
    backend.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "last");
    let mut desk = Client::connect(admin.address).await;
    assert!(desk.get("/backends").await.text().contains("\"in_flight\":1"));
    // The backend has more to say, and says nothing. Then the client wants to hear it no more.
    stream.send_reset(h2::Reason::CANCEL);
    until("the tunnel is over", async || desk.get("/backends").await.text().contains("\"in_flight\":0"))
        .await;
}
