use std::collections::BTreeMap;
use std::net::IpAddr;

use divisor_schema::plan::{Address, Balance, Connections, HashKey, Millis, Scheme};
use tokio::sync::oneshot;

use super::admission::Busy;
use super::*;

mod choosing;
mod slots;

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn backend(port: u16, weight: u16) -> plan::Backend {
    plan::Backend {
        scheme: Scheme::Http,
        address: Address::Ip(SocketAddr::from(([10, 0, 0, 1], port))),
        weight,
        backup: false,
        tls: None,
        probe: None,
        connections: Connections {
            per_backend: 2,
            queue: 1,
            queue_timeout: Millis(50),
            connect_timeout: Millis(1_000),
            idle_timeout: Millis(1_000),
            max_age: None,
            h2: true,
            ping: Millis(360_000),
        },
        proxy_protocol: None,
    }
}

fn probed(port: u16) -> plan::Backend {
    let probe = plan::Probe {
        kind: plan::ProbeKind::Tcp,
        port: None,
        every: Millis(1_000),
        timeout: Millis(100),
        rise: 1,
        fall: 1,
        starts_alive: true,
    };
    plan::Backend { probe: Some(probe), ..backend(port, 1) }
}

fn settings(balance: Balance, backends: Vec<plan::Backend>) -> plan::Pool {
    let hash = plan::Hash { key: HashKey::ClientAddress, max_load: 125 };
    plan::Pool {
        name: "app".into(),
        balance,
        backends,
        eject: None,
        fail_open: 0,
        hash: Some(hash).filter(|_| balance == Balance::ConsistentHash),
        sticky: None,
        slow_start: None,
    }
}

fn pool(balance: Balance, weights: &[u16]) -> Pool {
    let backends = weights.iter().zip(8001..).map(|(&weight, port)| backend(port, weight)).collect();
    Pool::new(&settings(balance, backends), &[], None).unwrap()
}

/// The index of the next pick of a request that tried nothing yet.
fn next(pool: &Pool) -> usize {
    picked(pool, CLIENT, &[]).unwrap()
}

fn picked(pool: &Pool, client: IpAddr, tried: &[usize]) -> Option<usize> {
    let tried = Tried(tried.to_vec());
    pool.pick(of(client), &tried, Instant::now, &mut || 0).map(|pick| pick.index)
}

fn of(client: IpAddr) -> Affinity {
    Affinity { key: key::of_address(client), home: None }
}

fn counts(picks: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut counts = BTreeMap::new();
    picks.into_iter().for_each(|index| *counts.entry(index).or_default() += 1);
    counts.into_values().collect()
}

#[test]
fn ten_requests_over_two_backends_are_five_and_five() {
    let pool = pool(Balance::RoundRobin, &[1, 9]);
    assert_eq!(counts((0..10).map(|_| next(&pool))), [5, 5]);
}

#[test]
fn turns_are_exact_over_all_workers() {
    let pool = pool(Balance::RoundRobin, &[1, 1, 1]);
    let picks: Vec<usize> = std::thread::scope(|scope| {
        let worker = || (0..300).map(|_| next(&pool)).collect::<Vec<_>>();
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(counts(picks), [400, 400, 400]);
}

#[test]
fn a_swap_continues_the_turns() {
    let old = pool(Balance::RoundRobin, &[1, 1]);
    assert_eq!(next(&old), 0);
    let new =
        Pool::new(&settings(Balance::RoundRobin, vec![backend(8001, 1), backend(8002, 1)]), &[], Some(&old));
    assert_eq!(next(&new.unwrap()), 1);
}

#[test]
fn weighted_turns_follow_the_weights() {
    let pool = pool(Balance::WeightedRoundRobin, &[3, 1]);
    assert_eq!((0..8).map(|_| next(&pool)).collect::<Vec<_>>(), [0, 0, 1, 0, 0, 0, 1, 0]);
}

#[test]
fn random_reaches_every_backend_alike() {
    let pool = pool(Balance::Random, &[1, 1, 1, 1]);
    let numbers = (0..512u64).map(|step| step << 55);
    let pick = |number| pool.pick(of(CLIENT), &Tried::default(), Instant::now, &mut || number).unwrap().index;
    assert_eq!(counts(numbers.map(pick)), [128, 128, 128, 128]);
    let other = pool.pick(of(CLIENT), &Tried(vec![0, 1, 3]), Instant::now, &mut || u64::MAX).unwrap();
    assert_eq!(other.index, 2);
}

#[tokio::test]
async fn least_connection_prefers_the_idle_for_its_weight() {
    let pool = pool(Balance::LeastConnection, &[3, 1]);
    let mut tickets = Vec::new();
    let mut order = Vec::new();
    for _ in 0..3 {
        let pick = pool.pick(of(CLIENT), &Tried::default(), Instant::now, &mut || 0).unwrap();
        order.push(pick.index);
        tickets.push(pick.backend.enter().await.unwrap());
    }
    assert_eq!(counts(order), [2, 1]);
    assert_eq!(pool.backends()[0].in_flight(), 2);
    drop(tickets);
    assert_eq!(pool.backends()[0].in_flight(), 0);
}

#[test]
fn equals_take_turns() {
    for balance in [Balance::LeastConnection, Balance::LeastResponseTime] {
        let pool = pool(balance, &[1, 1]);
        assert_eq!(counts((0..10).map(|_| next(&pool))), [5, 5], "{balance:?}");
    }
}

#[tokio::test]
async fn least_response_time_prefers_the_fast_and_tries_the_unknown() {
    let pool = pool(Balance::LeastResponseTime, &[1, 1, 1]);
    let [slow, fast, unknown] = [0, 1, 2].map(|index| &pool.backends()[index]);
    let now = Instant::now();
    slow.enter().await.unwrap().answered(Duration::from_millis(300), now);
    fast.enter().await.unwrap().answered(Duration::from_millis(10), now);
    assert_eq!(next(&pool), 2);
    let first = unknown.enter().await.unwrap();
    assert_eq!(next(&pool), 1);
    first.answered(Duration::from_millis(1), now);
    drop(first);
    assert_eq!(next(&pool), 2);
    assert_eq!(picked(&pool, CLIENT, &[1, 2]), Some(0));
}

#[test]
fn a_client_keeps_its_backend_and_a_loss_moves_only_its_own() {
    let backends: Vec<_> = (8001..8006).map(probed).collect();
    let pool = Pool::new(&settings(Balance::IpHash, backends), &[], None).unwrap();
    let clients: Vec<IpAddr> = (0..500u32).map(|n| IpAddr::V4((0x0a00_0000 + n).into())).collect();
    let before: Vec<_> = clients.iter().map(|&client| picked(&pool, client, &[]).unwrap()).collect();
    assert!(counts(before.clone()).iter().all(|&count| (70..=130).contains(&count)), "{before:?}");
    pool.set_liveness(2, Liveness::Dead);
    for (&client, &home) in clients.iter().zip(&before) {
        let now = picked(&pool, client, &[]).unwrap();
        assert!(if home == 2 { now != 2 } else { now == home });
    }
    let mapped = "::ffff:10.0.0.7".parse().unwrap();
    assert_eq!(picked(&pool, mapped, &[]), picked(&pool, "10.0.0.7".parse().unwrap(), &[]));
    assert!(picked(&pool, "2001:db8::1".parse().unwrap(), &[]).is_some());
}

#[test]
fn the_dead_and_the_tried_are_not_picked() {
    let all = [
        Balance::RoundRobin,
        Balance::WeightedRoundRobin,
        Balance::Random,
        Balance::LeastConnection,
        Balance::LeastResponseTime,
        Balance::IpHash,
        Balance::PowerOfTwo,
        Balance::ConsistentHash,
    ];
    for balance in all {
        let pool = Pool::new(&settings(balance, vec![probed(1), probed(2), probed(3)]), &[], None).unwrap();
        assert_eq!(pool.alive(), 3);
        pool.set_liveness(0, Liveness::Dead);
        assert_eq!(pool.alive(), 2);
        for _ in 0..6 {
            assert_eq!(picked(&pool, CLIENT, &[1]), Some(2), "{balance:?}");
        }
        assert_eq!(picked(&pool, CLIENT, &[1, 2]), None, "{balance:?}");
        pool.set_liveness(0, Liveness::Alive);
        assert_eq!(picked(&pool, CLIENT, &[1, 2]), Some(0), "{balance:?}");
    }
}

#[test]
fn a_backend_keeps_its_state_over_a_swap_by_identity() {
    let old = Pool::new(&settings(Balance::RoundRobin, vec![probed(1), probed(2)]), &[], None).unwrap();
    old.set_liveness(1, Liveness::Dead);
    let new = Pool::new(&settings(Balance::Random, vec![probed(2), probed(3)]), &[], Some(&old)).unwrap();
    assert_eq!(new.backends()[0].liveness(), Liveness::Dead);
    assert_eq!(new.backends()[1].liveness(), Liveness::Unknown);
    let unprobed = Pool::new(&settings(Balance::Random, vec![backend(2, 1)]), &[], Some(&new)).unwrap();
    assert_eq!(unprobed.alive(), 1, "nothing would ever bring it back");
    let other = plan::Pool { name: "other".into(), ..settings(Balance::Random, vec![probed(2)]) };
    assert_eq!(Pool::new(&other, &[], Some(&old)).unwrap().backends()[0].liveness(), Liveness::Unknown);
}

#[test]
fn a_name_is_down_until_it_resolves() {
    let named = plan::Backend { address: Address::Name("app.internal".into(), 80), ..backend(1, 1) };
    let pool = Pool::new(&settings(Balance::RoundRobin, vec![named]), &[], None).unwrap();
    assert_eq!(picked(&pool, CLIENT, &[]), None);
    pool.set_addresses(0, vec![SocketAddr::from(([10, 0, 0, 9], 80))]);
    assert_eq!(picked(&pool, CLIENT, &[]), Some(0));
    assert_eq!(pool.backends()[0].place().addresses.as_slice(), [SocketAddr::from(([10, 0, 0, 9], 80))]);
    pool.set_addresses(0, Vec::new());
    assert_eq!(picked(&pool, CLIENT, &[]), None);
    assert_eq!(pool.name(), "app");
}

#[tokio::test(start_paused = true)]
async fn a_full_backend_makes_requests_wait_and_then_refuses_them() {
    let pool = pool(Balance::RoundRobin, &[1]);
    let backend = &pool.backends()[0];
    let first = backend.enter().await.unwrap();
    let second = backend.enter().await.unwrap();
    assert_eq!((first.number(), second.number()), (1, 2));
    let busy = backend.enter().await.unwrap_err();
    assert_eq!(busy, Busy::Waited { limit: 2, waited: Duration::from_millis(50) });
    assert_eq!(busy.to_string(), "2 exchanges in flight, and no place became free within 50ms");
    assert_eq!(backend.in_flight(), 2, "who gave up waiting is not in flight");
    let (done, waiting) = oneshot::channel();
    let queued = Arc::clone(backend);
    let queued = tokio::spawn(async move {
        done.send(()).unwrap();
        queued.enter().await
    });
    waiting.await.unwrap();
    drop(first);
    let third = queued.await.unwrap().unwrap();
    assert_eq!(third.number(), 3);
    assert!(Arc::ptr_eq(third.backend(), backend));
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_over_a_swap() {
    let old = pool(Balance::RoundRobin, &[1]);
    let tickets = (old.backends()[0].enter().await.unwrap(), old.backends()[0].enter().await.unwrap());
    let same = Pool::new(&settings(Balance::RoundRobin, vec![backend(8001, 1)]), &[], Some(&old)).unwrap();
    assert!(same.backends()[0].enter().await.is_err());
    let mut wider = backend(8001, 1);
    wider.connections.per_backend = 3;
    let wider = Pool::new(&settings(Balance::RoundRobin, vec![wider]), &[], Some(&same)).unwrap();
    assert!(wider.backends()[0].enter().await.is_err(), "a plan that is not live changes nothing");
    wider.limit();
    assert!(wider.backends()[0].enter().await.is_ok() && old.backends()[0].enter().await.is_ok());
    assert_eq!(wider.backends()[0].in_flight(), 2);
    drop(tickets);
    assert_eq!(wider.backends()[0].in_flight(), 0);
}

#[test]
fn who_stands_twice_is_two_and_each_keeps_its_own() {
    let twice = |previous: Option<&Pool>| {
        let plan = settings(Balance::RoundRobin, vec![backend(8001, 1), backend(8001, 1)]);
        Pool::new(&plan, &[], previous).unwrap()
    };
    let old = twice(None);
    let _first = old.backends()[0].try_enter().unwrap();
    let in_flight = |pool: &Pool| [0, 1].map(|at| pool.backends()[at].in_flight());
    assert_eq!((in_flight(&old), in_flight(&twice(Some(&old)))), ([1, 0], [1, 0]));
}

#[test]
fn the_host_header_omits_the_port_of_the_scheme() {
    let host = |scheme, address: Address| {
        let named = plan::Backend { scheme, address, ..backend(1, 1) };
        let pool = Pool::new(&settings(Balance::RoundRobin, vec![named]), &[], None).unwrap();
        pool.backends()[0].host().to_str().unwrap().to_owned()
    };
    assert_eq!(host(Scheme::Http, Address::Name("a.example".into(), 80)), "a.example");
    assert_eq!(host(Scheme::Https, Address::Name("a.example".into(), 80)), "a.example:80");
    assert_eq!(host(Scheme::Https, Address::Ip("[::1]:443".parse().unwrap())), "[::1]");
    assert_eq!(host(Scheme::Http, Address::Ip("[::1]:443".parse().unwrap())), "[::1]:443");
    assert_eq!(host(Scheme::Http, Address::Ip("10.0.0.1:80".parse().unwrap())), "10.0.0.1");
    assert_eq!(host(Scheme::Http, Address::Unix("/run/app.sock".into())), "localhost");
}

#[test]
fn a_connection_outlives_a_swap_unless_its_settings_change() {
    let one = |backend| Pool::new(&settings(Balance::Random, vec![backend]), &[], None).unwrap();
    let first = one(backend(1, 1));
    let same = |backend| first.backends()[0].is_same_connection(&one(backend).backends()[0]);
    assert!(same(backend(1, 7)) && same(probed(1)));
    assert!(!same(backend(2, 1)));
    let mut idle = backend(1, 1);
    idle.connections.idle_timeout = Millis(7);
    assert!(!same(idle));
}

#[test]
fn tls_names_come_from_the_settings_or_the_address() {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config =
        Arc::new(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    let named = rustls_pki_types::ServerName::try_from("app.internal").unwrap();
    let tls = [(Arc::clone(&config), None), (config, Some(named.clone()))];
    let secure = |id, address| {
        let backend = plan::Backend {
            scheme: Scheme::Https,
            address,
            tls: Some(plan::ClientTlsId::new(id)),
            ..backend(1, 1)
        };
        let pool = Pool::new(&settings(Balance::RoundRobin, vec![backend]), &tls, None)?;
        Ok::<_, InvalidName>(pool.backends()[0].tls().unwrap().1.clone().unwrap())
    };
    let ip = || Address::Ip("10.0.0.1:8443".parse().unwrap());
    assert_eq!(secure(0, ip()).unwrap().to_str(), "10.0.0.1");
    assert_eq!(secure(1, ip()).unwrap(), named);
    assert_eq!(secure(0, Address::Name("b.example".into(), 443)).unwrap().to_str(), "b.example");
    let error = secure(0, Address::Name("not a name".into(), 443)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the host of backend https://not a name:443 is no valid host name: correct it in the config"
    );
}
