//! Backends with a name: where they are is asked for again and again.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

use super::support::{Backend, Client, Port, Site, until};

/// What is said of a name.
#[derive(Debug, Clone)]
enum Said {
    /// Its addresses, for a second.
    At(Vec<Ipv4Addr>),
    /// There is no such name.
    Nowhere,
    /// Whoever knows it is down.
    Failure,
}

/// A name server on a port of its own.
struct NameServer {
    address: SocketAddr,
    names: Arc<Mutex<BTreeMap<String, Said>>>,
}

impl NameServer {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let names: Arc<Mutex<BTreeMap<String, Said>>> = Arc::default();
        let known = Arc::clone(&names);
        tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query).await {
                let answer = answer(&query[..length], &known.lock().unwrap());
                _ = socket.send_to(&answer, from).await;
            }
        });
        Self { address, names }
    }

    fn say(&self, name: &str, said: Said) {
        self.names.lock().unwrap().insert(name.to_owned(), said);
    }
}

/// One question, answered (RFC 1035, section 4).
fn answer(query: &[u8], names: &BTreeMap<String, Said>) -> Vec<u8> {
    let (mut at, mut labels) = (12, vec![]);
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..][..length]).to_lowercase());
        at += 1 + length;
    }
    let asked_for_a = query[at + 1..at + 3] == [0, 1];
    let (code, addresses) = match names.get(&labels.join(".")) {
        Some(Said::At(addresses)) if asked_for_a => (0, addresses.clone()),
        Some(Said::At(_)) => (0, vec![]),
        Some(Said::Failure) => (2, vec![]),
        Some(Said::Nowhere) | None => (3, vec![]),
    };
    let mut answer = vec![query[0], query[1], 0x81, 0x80 | code, 0, 1, 0, addresses.len() as u8, 0, 0, 0, 0];
    answer.extend_from_slice(&query[12..at + 5]);
    for address in addresses {
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        answer.extend_from_slice(&address.octets());
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_asked_for_by_its_ttl_and_is_down_when_it_is_nowhere() {
    let (backend, port, server) = (Backend::start("a"), Port::reserve(), NameServer::start().await);
    let site = Site::with(&format!(
        r#"
        runtime {{ workers 1; dns "{}"; }}
        listener "web" {{ bind "127.0.0.1:{}"; }}
        pool "app" {{ backend "http://app.test:{}"; connections connect-timeout="500ms"; }}
        route "/**" pool="app"
        "#,
        server.address,
        port.number(),
        backend.port()
    ));
    let divisor = site.run();
    divisor.wait_for("the name of the backend has no address");
    let mut client = Client::connect(port.address).await;
    assert_eq!(client.get("/").await.status, 503);
    server.say("app.test", Said::At(vec![Ipv4Addr::LOCALHOST]));
    divisor.wait_for("backend has new addresses");
    assert_eq!(client.get("/").await.text(), "a");
    // Who knows the name is down: what was known stays.
    server.say("app.test", Said::Failure);
    assert!(divisor.wait_for("the name of the backend does not resolve").contains("kept=1"));
    assert_eq!(client.get("/").await.text(), "a");
    // Of two addresses, only the second is listened at.

    server.say("app.test", Said::At(vec![Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::LOCALHOST]));
    divisor.wait_for_nth("backend has new addresses", 2);
    for _ in 0..4 {
        let mut fresh = Client::connect(port.address).await;
        assert_eq!(fresh.get("/").await.text(), "a");
    }
    server.say("app.test", Said::Nowhere);
    divisor.wait_for_nth("the name of the backend has no address", 2);
    until("it is down", async || client.get("/").await.status == 503).await;
}
