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
    /// Its targets, for a second: priority, weight, port and name.
    Targets(Vec<(u16, u16, u16, &'static str)>),
    /// There is no such name.
    Nowhere,
    /// Whoever knows it is down.
    Failure,
    /// Nothing.
    Silence,
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
                if !answer.is_empty() {
                    _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { address, names }
    }

    fn say(&self, name: &str, said: Said) {
        self.names.lock().unwrap().insert(name.to_owned(), said);
    }
}

/// One question, answered (RFC 1035, section 4), if it is.
fn answer(query: &[u8], names: &BTreeMap<String, Said>) -> Vec<u8> {
    let (mut at, mut labels) = (12, vec![]);
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..][..length]).to_lowercase());
        at += 1 + length;
    }
    let asked_for_a = query[at + 1..at + 3] == [0, 1];
    if let (Some(Said::Targets(targets)), [0, 33]) = (names.get(&labels.join(".")), &query[at + 1..at + 3]) {
        return services(query, at, targets);
    }
    let (code, addresses) = match names.get(&labels.join(".")) {
        Some(Said::At(addresses)) if asked_for_a => (0, addresses.clone()),
        Some(Said::At(_) | Said::Targets(_)) => (0, vec![]),
        Some(Said::Failure) => (2, vec![]),
        Some(Said::Silence) => return vec![],
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

/// The answer to a question for SRV records (RFC 2782).
fn services(query: &[u8], at: usize, targets: &[(u16, u16, u16, &str)]) -> Vec<u8> {
    let mut answer = vec![query[0], query[1], 0x81, 0x80, 0, 1, 0, targets.len() as u8, 0, 0, 0, 0];
    answer.extend_from_slice(&query[12..at + 5]);
    for (priority, weight, port, name) in targets {
        let labels = name.split('.').filter(|label| !label.is_empty());
        let mut target: Vec<u8> =
            labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
        target.push(0);
        answer.extend_from_slice(&[0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 1, 0, 6 + target.len() as u8]);
        [priority, weight, port].into_iter().for_each(|number| answer.extend(number.to_be_bytes()));
        answer.extend(target);
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

/// A pool of a service, with a management listener at the second port.
fn service(server: &NameServer, port: &Port, admin: &Port, backend: &str) -> Site {
    Site::with(&format!(
        r#"
        runtime {{ workers 1; dns "{}"; }}
        admin {{ bind "127.0.0.1:{}"; }}
        listener "web" {{ bind "127.0.0.1:{}"; }}
        pool "app" {{
            balance "weighted-round-robin"
            {backend}
            eject consecutive-errors=5
            connections connect-timeout="500ms"
        }}
        route "/**" pool="app"
        "#,
        server.address,
        admin.number(),
        port.number(),
    ))
}

/// How many of `count` requests each backend answers.
async fn shares(client: &mut Client, count: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..count {
        let answer = client.get("/").await;
        assert_eq!(answer.status, 200, "no request is lost");
        *shares.entry(answer.text().to_owned()).or_default() += 1;
    }
    shares
}

fn of(shares: &[(&str, usize)]) -> BTreeMap<String, usize> {
    shares.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

const SERVICE: &str = "_http._tcp.api.test";
const SLOTS: &str = r#"backend "http+srv://_http._tcp.api.test" slots=4"#;

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_a_service_share_by_weight_and_come_and_go_by_ttl() {
    let (a, b, c) = (Backend::start("a"), Backend::start("b"), Backend::start("c"));
    let (port, admin, server) = (Port::reserve(), Port::reserve(), NameServer::start().await);
    for name in ["a.test", "b.test", "c.test"] {
        server.say(name, Said::At(vec![Ipv4Addr::LOCALHOST]));
    }
    let (to_a, to_b) = ((0, 3, a.port(), "a.test"), (0, 1, b.port(), "b.test"));
    server.say(SERVICE, Said::Targets(vec![to_a, to_b]));
    let site = service(&server, &port, &admin, SLOTS);
    let divisor = site.run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(shares(&mut client, 40).await, of(&[("a", 30), ("b", 10)]));
    let mut desk = Client::connect(admin.address).await;
    let backends = desk.get("/backends").await.text().to_owned();
    assert!(
        backends
            .contains(&format!("\"address\":\"a.test:{}\",\"state\":\"unprobed\",\"weight\":3", a.port()))
    );
    assert_eq!(backends.matches("\"state\":\"empty\"").count(), 2, "{backends}");
    assert_eq!(desk.get("/metrics").await.text().matches("divisor_backend_up{").count(), 2);
    // Another one comes; who is there keeps its slot.
    server.say(SERVICE, Said::Targets(vec![(0, 4, c.port(), "c.test"), to_b, to_a]));
    until("c gets requests", async || shares(&mut client, 8).await.contains_key("c")).await;
    assert_eq!(shares(&mut client, 80).await, of(&[("a", 30), ("b", 10), ("c", 40)]));
    assert!(desk.get("/backends").await.text().starts_with(&format!(
        "[{{\"pool\":\"app\",\"backend\":\"http+srv://{SERVICE}/1\",\"address\":\"a.test"
    )));
    // One goes, and another takes its slot: no connection to the one before is used.
    server.say(SERVICE, Said::Targets(vec![to_b]));
    until("b alone gets requests", async || shares(&mut client, 8).await == of(&[("b", 8)])).await;
    server.say(SERVICE, Said::Targets(vec![to_b, (0, 1, c.port(), "c.test")]));
    until("c is back", async || shares(&mut client, 8).await == of(&[("b", 4), ("c", 4)])).await;
    // Who knows the targets is down: they stay.
    server.say(SERVICE, Said::Failure);
    assert!(divisor.wait_for("the service does not resolve").contains("kept=2"));
    assert_eq!(shares(&mut client, 8).await, of(&[("b", 4), ("c", 4)]));
    // There is no such service any longer.
    server.say(SERVICE, Said::Nowhere);
    divisor.wait_for("the service has no target");
    until("nobody is there", async || client.get("/").await.status == 503).await;
    server.say(SERVICE, Said::Targets(vec![to_a]));
    until("a is there", async || client.get("/").await.status == 200).await;
    // "." is no service at all.
    server.say(SERVICE, Said::Targets(vec![(0, 0, 0, ".")]));
    divisor.wait_for_nth("the service has no target", 2);
    until("nobody is there", async || client.get("/").await.status == 503).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_a_higher_priority_number_are_for_when_no_other_is_alive() {
    let (b, c) = (Backend::start("b"), Backend::start("c"));
    let (port, admin, server) = (Port::reserve(), Port::reserve(), NameServer::start().await);
    let (a, gone) = (Backend::start("a"), Port::reserve());
    for name in ["a.test", "b.test", "c.test"] {
        server.say(name, Said::At(vec![Ipv4Addr::LOCALHOST]));
    }
    let (to_b, to_c) = ((20, 1, b.port(), "b.test"), (30, 9, c.port(), "c.test"));
    server.say(SERVICE, Said::Targets(vec![to_c, to_b, (10, 1, a.port(), "a.test")]));
    let probed = r#"backend "http+srv://_http._tcp.api.test" { probe type="tcp" every="50ms" timeout="1s" rise=1 fall=1; }"#;
    let site = service(&server, &port, &admin, probed);
    let _divisor = site.run();
    let mut client = Client::connect(port.address).await;
    assert_eq!(shares(&mut client, 8).await, of(&[("a", 8)]));
    // Where it should be, nobody is: the next in rank, and not the one after it.
    server.say(SERVICE, Said::Targets(vec![to_c, to_b, (10, 1, gone.number(), "a.test")]));
    until("b is used", async || {
        let answer = client.get("/").await;
        answer.status == 200 && answer.text() == "b"
    })
    .await;
    assert_eq!(shares(&mut client, 8).await, of(&[("b", 8)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_targets_than_slots_the_heaviest_are_used() {
    let (a, b) = (Backend::start("a"), Backend::start("b"));
    let (port, admin, server) = (Port::reserve(), Port::reserve(), NameServer::start().await);
    for name in ["a.test", "b.test"] {
        server.say(name, Said::At(vec![Ipv4Addr::LOCALHOST]));
    }
    server.say(SERVICE, Said::Targets(vec![(0, 1, a.port(), "a.test"), (0, 2, b.port(), "b.test")]));
    let site = service(&server, &port, &admin, r#"backend "http+srv://_http._tcp.api.test" slots=1"#);
    let divisor = site.run();
    assert!(divisor.wait_for("there are more targets than slots").contains("left=1"));
    let mut client = Client::connect(port.address).await;
    assert_eq!(shares(&mut client, 4).await, of(&[("b", 4)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_into_a_slot_is_not_kept_waiting_for_its_first_probe() {
    let (a, b) = (Backend::start("a"), Backend::start("b"));
    let (port, admin, server) = (Port::reserve(), Port::reserve(), NameServer::start().await);
    for name in ["a.test", "b.test"] {
        server.say(name, Said::At(vec![Ipv4Addr::LOCALHOST]));
    }
    server.say(SERVICE, Said::Targets(vec![(0, 1, a.port(), "a.test")]));
    let probed =
        r#"backend "http+srv://_http._tcp.api.test" { probe type="tcp" every="10m" initial="dead" rise=1; }"#;
    let site = service(&server, &port, &admin, probed);
    let _divisor = site.run();
    let mut client = Client::connect(port.address).await;
    until("a is there", async || client.get("/").await.status == 200).await;
    server.say(SERVICE, Said::Targets(vec![(0, 1, b.port(), "b.test")]));
    until("b is there", async || client.get("/").await.text() == "b").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_nobody_knows_does_not_keep_the_others_waiting() {
    let a = Backend::start("a");
    let (port, admin, server) = (Port::reserve(), Port::reserve(), NameServer::start().await);
    server.say("a.test", Said::At(vec![Ipv4Addr::LOCALHOST]));
    server.say("b.test", Said::Silence);
    server.say(SERVICE, Said::Targets(vec![(0, 1, a.port(), "a.test"), (0, 1, a.port(), "b.test")]));
    let site = service(&server, &port, &admin, SLOTS);
    let _divisor = site.run();
    assert_eq!(Client::connect(port.address).await.get("/").await.status, 200, "from the start");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_target_stays_drained_when_all_records_get_other_weights() {
    let (a, b, c) = (Backend::start("a"), Backend::start("b"), Backend::start("c"));
    let (port, admin, server) = (Port::reserve(), Port::reserve(), NameServer::start().await);
    for name in ["a.test", "b.test", "c.test"] {
        server.say(name, Said::At(vec![Ipv4Addr::LOCALHOST]));
    }
    let to = |weight, backend: &Backend, name| (0, weight, backend.port(), name);
    server.say(SERVICE, Said::Targets(vec![to(50, &a, "a.test"), to(50, &b, "b.test")]));
    let site = service(&server, &port, &admin, SLOTS);
    let _divisor = site.run();
    let mut desk = Client::connect(admin.address).await;
    let drain = format!("/pools/app/backends/a.test:{}/drain", a.port());
    assert_eq!(desk.send("POST", &drain, &[], "").await.unwrap().status, 200);
    let mut client = Client::connect(port.address).await;
    assert_eq!(shares(&mut client, 8).await, of(&[("b", 8)]));
    let more = vec![to(33, &a, "a.test"), to(33, &b, "b.test"), to(33, &c, "c.test")];
    server.say(SERVICE, Said::Targets(more));
    until("c gets requests", async || shares(&mut client, 8).await.contains_key("c")).await;
    assert_eq!(shares(&mut client, 8).await, of(&[("b", 4), ("c", 4)]));
}
