//! What backends are told of clients by the PROXY protocol.

use super::*;

/// A backend that takes no connection without a PROXY protocol header, and answers every request with the number of its
/// connection and the header. The probes' headers are kept.
struct Told {
    address: SocketAddr,
    probed: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Told {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, probed) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let probes = Arc::clone(&probed);
        tokio::spawn(async move {
            for number in 1.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(tell(stream, number, Arc::clone(&probes)));
            }
        });
        Self { address, probed }
    }
}

async fn tell(mut stream: TcpStream, number: u32, probes: Arc<Mutex<Vec<Vec<u8>>>>) -> Option<()> {
    let mut header = vec![0; 12];
    stream.read_exact(&mut header).await.ok()?;
    if header.starts_with(b"\r\n\r\n") {
        let mut fixed = [0; 4];
        stream.read_exact(&mut fixed).await.ok()?;
        let mut rest = vec![0; u16::from_be_bytes([fixed[2], fixed[3]]).into()];
        stream.read_exact(&mut rest).await.ok()?;
        header.extend(fixed.into_iter().chain(rest));
    } else if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\r\n") {
            header.push(stream.read_u8().await.ok()?);
        }
    } else {
        return None;
    }
    let mut head = Vec::new();
    loop {
        head.push(stream.read_u8().await.ok()?);
        if head.ends_with(b"\r\n\r\n") {
            if head.starts_with(b"GET /health") {
                probes.lock().unwrap().push(header.clone());
            }
            head.clear();
            let body = format!("#{number} {}$", header.escape_ascii());
            let length = body.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }
}

/// The pool of one such backend.
fn told(listener: &str, version: &str, backend: &Told) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ {listener} }}
        pool "app" {{
            backend "http://{}"
            proxy-protocol "{version}"
            probe "/health" every="50ms" timeout="40ms" initial="dead"
        }}
        route "/**" pool="app"
        "#,
        backend.address
    ))
}

/// What the backend says to a request of this stream, which stays open.
async fn said(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), fields: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: shop.example\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"$") || !answer.contains(&b'#') {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("an answer");
        answer.push(byte.unwrap_or_else(|_| panic!("{}", answer.escape_ascii())));
    }
    let text = String::from_utf8(answer).unwrap();
    text.split_once('#').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_is_told_the_client_and_no_connection_serves_two() {
    let (backend, port) = (Told::start().await, Port::reserve());
    let listener = format!(r#"bind "{}"; trusted-proxies "127.0.0.1""#, port.address);
    let _server = told(&listener, "v1", &backend).run();
    until("a probe goes well", async || !backend.probed.lock().unwrap().is_empty()).await;
    let expected = |stream: &TcpStream| {
        let from = stream.local_addr().unwrap().port();
        format!("PROXY TCP4 127.0.0.1 127.0.0.1 {from} {}\\r\\n$", port.number())
    };
    let mut one = TcpStream::connect(port.address).await.unwrap();
    let mut two = TcpStream::connect(port.address).await.unwrap();
    let first = said(&mut one, "").await;
    assert!(first.ends_with(&expected(&one)), "{first}");
    let second = said(&mut two, "").await;
    assert!(second.ends_with(&expected(&two)), "{second}");
    assert_eq!(said(&mut one, "").await, first, "its own connection is used again");
    let reported = said(&mut one, "X-Forwarded-For: 2001:db8::7\r\n").await;
    let expected = format!("PROXY TCP6 2001:db8::7 ::ffff:127.0.0.1 0 {}\\r\\n$", port.number());
    assert!(reported.ends_with(&expected), "{reported}");
    assert_eq!(said(&mut one, "").await, first);
    let probed = backend.probed.lock().unwrap().clone();
    assert!(probed.iter().all(|header| header == b"PROXY UNKNOWN\r\n"), "{probed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn version_2_tells_the_name_and_the_tls_of_the_client() {
    let (backend, port) = (Told::start().await, Port::reserve());
    let listener = format!(r#"bind "{}"; tls {{ certificate "cert.pem" key="cert.key" }}"#, port.address);
    let site = told(&listener, "v2", &backend);
    let authority = Authority::new("authority");
    site.pair("cert", &authority.server(&["shop.example"]));
    let _server = site.run();
    until("a probe goes well", async || !backend.probed.lock().unwrap().is_empty()).await;
    let connector = tokio_rustls::TlsConnector::from(authority.trusted(&[]));
    let tcp = TcpStream::connect(port.address).await.unwrap();
    let mut tls = connector.connect("shop.example".try_into().unwrap(), tcp).await.unwrap();
    let said = said(&mut tls, "").await;
    for part in [r"\r\n\r\n\x00\r\nQUIT\n!\x11", "shop.example", "TLSv1.3"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let local = [b"\r\n\r\n\0\r\nQUIT\n".as_slice(), &[0x20, 0, 0, 0]].concat();
    let probed = backend.probed.lock().unwrap().clone();
    assert!(probed.iter().all(|header| *header == local), "{probed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_passes_begins_with_its_client_and_one_of_a_socket_with_nobody() {
    let (backend, port) = (Told::start().await, Port::reserve());
    let site = Site::new();
    let socket = site.path("in.sock");
    site.write(
        "site.kdl",
        format!(
            r#"
            listener "db" {{ bind "{}" "unix:{}"; forward "app" }}
            pool "app" {{ backend "tcp://{}"; proxy-protocol "v1" }}
            "#,
            port.address,
            socket.display(),
            backend.address
        ),
    );
    let _server = site.run();
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let from = stream.local_addr().unwrap().port();
    let expected = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {from} {}\\r\\n$", port.number());
    let over_tcp = said(&mut stream, "").await;
    assert!(over_tcp.ends_with(&expected), "{over_tcp}");
    let over_socket = said(&mut UnixStream::connect(socket).await.unwrap(), "").await;
    assert!(over_socket.ends_with("PROXY UNKNOWN\\r\\n$"), "{over_socket}");
}
