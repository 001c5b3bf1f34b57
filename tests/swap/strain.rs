//! Everything that swaps must not lose, at once: clients of every kind, while listeners, pools, limits and certificates come
//! and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::certs::Authority;
use crate::support::client::Answer;
use crate::support::{Backend, Client, PATIENCE, Port, Site, until};

/// Where it all takes place.
struct Place {
    web: Port,
    secure: Port,
    /// Open with plan `two` only.
    extra: Port,
    one: Backend,
    two: Backend,
    echo: std::net::SocketAddr,
}

impl Place {
    /// The plan `name` sends everything to the backend of its own name, and marks answers with it.
    fn config(&self, name: &str, limit: u32) -> String {
        let (backend, extra) = match name {
            "one" => (&self.one, String::new()),
            _ => (&self.two, format!(r#"listener "extra" {{ bind "{}" }}"#, self.extra.address)),
        };
        format!(
            r#"
            runtime {{ workers 2 }}
            listener "web" {{ bind "{web}"; http h2=#true; max-connections {connections} }}
            listener "secure" {{ bind "{secure}"; http h2=#true; tls {{ certificate "{name}.pem" key="{name}.key" }} }}
            {extra}
            pool "{name}" {{
                backend "http://{backend}"
                connections per-backend={limit} queue-timeout="30s"
            }}
            pool "echo" {{ backend "http://{echo}"; connections per-backend={limit} }}
            route "/chat" pool="echo"
            route "/**" pool="{name}" {{ header-set "X-Plan" "{name}" }}
            "#,
            web = self.web.address,
            secure = self.secure.address,
            connections = 20 + limit,
            backend = backend.address,
            echo = self.echo,
        )
    }
}

/// A backend that switches protocols, and says everything again.
async fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                head(&mut stream).await;
                let switch =
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
                stream.write_all(switch.as_bytes()).await.unwrap();
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.expect("a head comes").unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A tunnel that is to last.
async fn tunnel(web: &Port) -> TcpStream {
    let mut stream = TcpStream::connect(web.address).await.unwrap();
    let request = "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 101"));
    stream
}

/// One plan marked the answer, and the backend of the same plan gave it.
fn is_of_one_plan(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("x-plan"), Some(answer.text()), "{answer:?}");
}

/// Asks until told to stop, and counts the answers. A client that does not keep its connection comes anew each time.
fn load(
    connect: impl AsyncFn() -> Client + Send + Sync + 'static,
    keeps: bool,
    (over, answered): (Arc<AtomicBool>, Arc<AtomicU64>),
) -> JoinHandle<()> {
    // On a thread of its own, whatever the future may hold.
    tokio::task::spawn_blocking(move || {
        tokio::runtime::Handle::current().block_on(async {
            let mut client = connect().await;
            while !over.load(SeqCst) {
                is_of_one_plan(&client.send("POST", "/", &[], "body").await.unwrap());
                answered.fetch_add(1, SeqCst);
                if !keeps {
                    client = connect().await;
                }
            }
        });
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_or_of_two_plans_whatever_comes_and_goes() {
    let [web, secure, extra] = [(); 3].map(|()| Port::reserve());
    let (one, two) = (Backend::start("one"), Backend::start("two"));
    let place = Place { web, secure, extra, one, two, echo: echo().await };
    let (site, authority) = (Site::new(), Authority::new("authority"));
    let mut plans = Vec::new();
    for (name, limit) in [("two", 1), ("one", 3), ("two", 3), ("one", 1)] {
        site.pair(name, &authority.server(&["localhost"]));
        site.write("site.kdl", place.config(name, limit));
        plans.push(site.compile("site.kdl"));
    }
    let server = site.run();
    let (web, secure) = (place.web.address, place.secure.address);
    let told = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let tls = |alpn: &'static str| {
        let trusted = authority.trusted(&[alpn]);
        async move || Client::connect_tls(secure, "localhost", Arc::clone(&trusted)).await.unwrap()
    };
    let mut clients = Vec::new();
    for keeps in [true, false] {
        clients.push(load(async move || Client::connect(web).await, keeps, told.clone()));
        clients.push(load(async move || Client::connect_h2(web).await, keeps, told.clone()));
        clients.push(load(tls("http/1.1"), keeps, told.clone()));
        clients.push(load(tls("h2"), keeps, told.clone()));
    }
    let mut tunnel = tunnel(&place.web).await;
    let mut at_extra = 0;
    for swap in 0..32 {
        // Before the plan with this address goes, some come to it; they are answered in the time of the next.
        let mut waiting = Vec::new();
        for _ in 0..if swap % 2 == 1 { 8 } else { 0 } {
            let mut stream = TcpStream::connect(place.extra.address).await.unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .await
                .unwrap();
            waiting.push(stream);
        }
        let before = told.1.load(SeqCst);
        site.replace("plan.bin", &plans[swap % plans.len()]);
        server.signal("HUP");
        server.wait_for_nth("swapped", swap + 1);
        for mut stream in waiting {
            let mut answer = String::new();
            timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("it ends").unwrap();
            assert!(answer.contains("x-plan: two\r\n") && answer.ends_with("two"), "{answer}");
            at_extra += 1;
        }
        let word = [swap as u8; 4];
        tunnel.write_all(&word).await.unwrap();
        let mut said = [0; 4];
        timeout(PATIENCE, tunnel.read_exact(&mut said)).await.expect("the tunnel lasts").unwrap();
        assert_eq!(said, word);
        until("requests were answered since", || async { told.1.load(SeqCst) > before + 16 }).await;
    }
    told.0.store(true, SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    let answered = told.1.load(SeqCst) + at_extra;
    let asked = place.one.requests() + place.two.requests();
    assert_eq!(asked, answered, "each request reaches one backend, once");
    assert_eq!(server.count("plan refused"), 0);
    drop(tunnel);
    assert!(server.stop().success());
}
