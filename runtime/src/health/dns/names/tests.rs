use std::collections::BTreeMap;

use tokio::net::UdpSocket;

use super::*;

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// A name server with these names, each with an address, or `None` where it does not know. It has no other name.
async fn serve(names: &[(&str, Option<Ipv4Addr>)]) -> SocketAddr {
    let names = names.iter().map(|(name, address)| (*name, address.map(IpAddr::from))).collect::<Vec<_>>();
    serve_both(&names).await
}

/// The same with addresses of either family.
async fn serve_both(names: &[(&str, Option<IpAddr>)]) -> SocketAddr {
    let names: BTreeMap<String, Option<IpAddr>> =
        names.iter().map(|(name, address)| ((*name).to_owned(), *address)).collect();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((_, from)) = socket.recv_from(&mut query).await {
            if let Some(answer) = answer(&query, &names) {
                _ = socket.send_to(&answer, from).await;
            }
        }
    });
    address
}

/// One question, answered (RFC 1035, section 4); the names of `silent.test` are not.
fn answer(query: &[u8], names: &BTreeMap<String, Option<IpAddr>>) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, vec![]);
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..][..length]).to_lowercase());
        at += 1 + length;
    }
    let kind = query[at + 2];
    let name = labels.join(".");
    if name.ends_with(".silent.test") {
        return None;
    }
    let (code, address) = match names.get(&name) {
        Some(Some(address)) => (0, Some(address).filter(|it| kind == if it.is_ipv4() { 1 } else { 28 })),
        Some(None) => (2, None),
        None => (3, None),
    };
    let count = u8::from(address.is_some());
    let mut answer = vec![query[0], query[1], 0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
    answer.extend_from_slice(&query[12..at + 5]);
    if let Some(address) = address {
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        answer.extend_from_slice(&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 1, 0, octets.len() as u8]);
        answer.extend_from_slice(&octets);
    }
    Some(answer)
}

fn full(name: &str) -> Name {
    Name::from_utf8(name).unwrap()
}

/// Asks `server`, with these names to go on with.
fn searching(server: SocketAddr, search: &[&str]) -> Resolver {
    let (_, _, servers) = config(&[server]).into_parts();
    let search = search.iter().map(|name| full(name)).collect();
    let config = ResolverConfig::from_parts(None, search, servers);
    Resolver::new((config, ResolverOpts::default()), Hosts::default()).unwrap()
}

async fn ask(resolver: &Resolver, name: &str) -> Answer<IpAddr> {
    resolver.search(name, (RecordType::A, None), RData::ip_addr).await
}

#[test]
fn a_lost_answer_is_not_taken_for_no_address() {
    let (lost, nowhere) = (|| Answer::None("timed out".to_owned()), || Answer::Nowhere(SOON));
    let at = |addresses: &[u16]| Answer::At(addresses.to_vec(), SOON);
    assert!(matches!(nowhere().and(lost()), Answer::<u16>::None(_)));
    assert!(matches!(lost().and(nowhere()), Answer::<u16>::None(_)));
    assert!(matches!(nowhere().and(nowhere()), Answer::<u16>::Nowhere(_)));
    assert!(matches!(lost().and(at(&[1])), Answer::At(found, _) if found.len() == 1));
    assert!(matches!(at(&[1]).and(lost()), Answer::At(found, _) if found.len() == 1));
    assert!(matches!(at(&[1]).and(at(&[2, 3])), Answer::At(found, _) if found.len() == 3));
}

#[test]
fn names_are_completed_as_resolv_conf_says() {
    let search = [full("a.test."), full("b.test.")];
    let shown = |name: &str, dots| {
        full_names(&full(name), &search, dots).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("app", 1), "app.a.test. app.b.test. app.");
    assert_eq!(shown("app.c", 1), "app.c. app.c.a.test. app.c.b.test.");
    assert_eq!(shown("app.c", 5), "app.c.a.test. app.c.b.test. app.c.");
    assert_eq!(shown("app.", 5), "app.");
    assert_eq!(shown("localhost", 5), "localhost.");
}

#[tokio::test]
async fn who_knows_one_of_the_names_of_a_search_being_down_is_not_no_address() {
    let server = serve(&[("app.down.test", None), ("web.b.test", Some(LOOPBACK))]).await;
    let resolver = searching(server, &["down.test.", "b.test."]);
    assert!(matches!(ask(&resolver, "app").await, Answer::None(_)));
    assert!(matches!(ask(&resolver, "web").await, Answer::At(found, _) if found == [LOOPBACK]));
    assert!(matches!(ask(&resolver, "other").await, Answer::Nowhere(_)));
}

#[tokio::test]
async fn both_families_are_those_of_one_name_of_the_search_list() {
    let (four, six) = ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
    let server = serve_both(&[("web.a.test", Some(four)), ("web.b.test", Some(six))]).await;
    let folder = tempfile::tempdir().unwrap();
    let (hosts, resolv) = (folder.path().join("hosts"), folder.path().join("resolv.conf"));
    std::fs::write(&resolv, "nameserver 127.0.0.1\n").unwrap();
    for (search, found) in [
        (["a.test.", "b.test."], "192.0.2.1:80"),
        (["b.test.", "a.test."], "[2001:db8::1]:80"),
        // Who is silent may know another host by this name.
        (["silent.test.", "a.test."], "nobody"),
    ] {
        let names = Names::of(&[server], &hosts, &resolv).unwrap();
        names.read.lock().unwrap().1 = Arc::new(searching(server, &search));
        let answer = match names.lookup("web", 80).await {
            Answer::At(found, _) => found.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" "),
            Answer::None(_) => "nobody".to_owned(),
            Answer::Nowhere(_) => "nowhere".to_owned(),
        };
        assert_eq!(answer, found, "{search:?}");
    }
}

#[tokio::test]
async fn files_are_read_again_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, resolv) = (folder.path().join("hosts"), folder.path().join("resolv.conf"));
    let unused = SocketAddr::from((LOOPBACK, 1));
    std::fs::write(&hosts, "192.0.2.1 app\n").unwrap();
    let names = Names::of(&[unused], &hosts, &resolv).unwrap();
    let found = async |name: &str| match names.lookup(name, 80).await {
        Answer::At(found, _) => found.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    };
    assert_eq!(found("app").await, "192.0.2.1:80");
    std::fs::write(&hosts, "192.0.2.2 app\n2001:db8::2 app\n").unwrap();
    assert_eq!(found("app").await, "[2001:db8::2]:80 192.0.2.2:80");
    assert_eq!(found("192.0.2.7").await, "192.0.2.7:80");
    // One that is being written is not one that has no names.
    std::fs::write(&hosts, "").unwrap();
    assert_eq!(found("app").await, "[2001:db8::2]:80 192.0.2.2:80");
}

#[tokio::test]
async fn another_resolv_conf_counts_from_the_next_question_on() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, resolv) = (folder.path().join("hosts"), folder.path().join("resolv.conf"));
    std::fs::write(&resolv, "nameserver 127.0.0.1\nsearch a.test\n").unwrap();
    let names = Names::of(&[], &hosts, &resolv).unwrap();
    let search = || names.resolver().search.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(search(), "a.test");
    let first = names.resolver();
    assert!(Arc::ptr_eq(&first, &names.resolver()), "nothing has changed");
    std::fs::write(&resolv, "nameserver 127.0.0.1\nsearch b.test c.test\n").unwrap();
    assert_eq!(search(), "b.test c.test");
    // One that is being written is not one that says nothing.
    std::fs::write(&resolv, "").unwrap();
    assert_eq!(search(), "b.test c.test");
    std::fs::remove_file(&resolv).unwrap();
    assert_eq!(search(), "b.test c.test");
    std::fs::write(&resolv, "nameserver 127.0.0.1\nsearch d.test\n").unwrap();
    assert_eq!(search(), "d.test");
}

#[tokio::test]
async fn without_a_resolv_conf_this_machine_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nothing");
    let names = Names::of(&[], &nowhere, &nowhere).unwrap();
    assert!(names.resolver().search.is_empty());
}
