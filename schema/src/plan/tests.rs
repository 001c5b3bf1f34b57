//! Round trips, damage, and plans that contradict themselves.

use std::net::{IpAddr, Ipv4Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}"
}

fn millis() -> impl Strategy<Value = Millis> {
    (1u64..10_000_000).prop_map(Millis)
}

fn value() -> impl Strategy<Value = Vec<ValuePart>> {
    let part = prop_oneof![
        "[ -~]{1,12}".prop_map(ValuePart::Text),
        Just(ValuePart::ClientAddress),
        Just(ValuePart::Time),
        Just(ValuePart::Uuid),
        Just(ValuePart::Counter),
        Just(ValuePart::Method),
        Just(ValuePart::TlsVersion),
        Just(ValuePart::ClientCertificate(CertificatePart::Uris)),
        any::<u16>().prop_map(|segment| ValuePart::Target(TemplatePart::Segment(segment))),
    ];
    vec(part, 0..3)
}

fn headers() -> impl Strategy<Value = Vec<HeaderOp>> {
    let op = prop_oneof![
        (name(), value()).prop_map(|(name, value)| HeaderOp::Set(name, value)),
        (name(), value()).prop_map(|(name, value)| HeaderOp::Add(name, value)),
        name().prop_map(HeaderOp::Remove),
    ];
    vec(op, 0..3)
}

fn settings() -> impl Strategy<Value = TlsSettings> {
    let versions = prop_oneof![
        Just((TlsVersion::Tls12, TlsVersion::Tls12)),
        Just((TlsVersion::Tls12, TlsVersion::Tls13)),
        Just((TlsVersion::Tls13, TlsVersion::Tls13)),
    ];
    (versions, vec(any::<u16>(), 1..4), vec(any::<u16>(), 1..4))
        .prop_map(|((min, max), suites, groups)| TlsSettings { min, max, suites, groups })
}

fn identity() -> impl Strategy<Value = Identity> {
    (name(), name()).prop_map(|(certificate, key)| Identity { certificate, key })
}

fn client_tls() -> impl Strategy<Value = ClientTls> {
    let roots = prop_oneof![Just(Roots::System), name().prop_map(Roots::File), Just(Roots::Unverified)];
    (settings(), roots, option::of(identity()), option::of(name())).prop_map(
        |(settings, roots, identity, server_name)| ClientTls { settings, roots, identity, server_name },
    )
}

fn server_tls() -> impl Strategy<Value = ServerTls> {
    let certificate = (vec(name(), 0..2), identity(), option::of(any::<[u8; 32]>()), option::of(name()))
        .prop_map(|(names, identity, pin, trust)| Certificate { names, identity, pin, trust });
    let auth = || {
        let parts = (name(), vec(name(), 0..2), any::<bool>(), option::of("[a-z]{1,8}"));
        option::of(parts.prop_map(|(roots, revoked, required, subject_header)| ClientAuth {
            roots,
            revoked,
            required,
            subject_header,
        }))
    };
    let exceptions = option::of((name(), auth())).prop_map(|it| it.into_iter().collect());
    (settings(), any::<(bool, bool)>(), vec(certificate, 1..3), option::of(Just(0)), auth(), exceptions)
        .prop_map(|(settings, flags, certificates, default, client_auth, exceptions)| ServerTls {
            settings,
            prefer_server_order: flags.0,
            session_tickets: flags.1,
            certificates,
            default,
            client_auth,
            exceptions,
        })
}

fn http() -> impl Strategy<Value = HttpSettings> {
    (any::<(bool, bool, bool, u32)>(), 1u16.., 1u32.., millis(), millis(), millis()).prop_map(
        |((h2, keep_alive, keep_empty_segments, max_header_size), max_headers, max_streams, a, b, c)| {
            HttpSettings {
                h2,
                keep_alive,
                max_header_size,
                max_target_size: max_header_size,
                max_headers,
                max_streams,
                handshake_timeout: a,
                header_timeout: b,
                idle_timeout: c,
                keep_empty_segments,
            }
        },
    )
}

fn listener() -> impl Strategy<Value = Listener> {
    let binds = vec(any::<(u32, u16)>(), 1..3);
    let proxies = vec((any::<u32>(), 0u8..=32), 0..3);
    let parts = (binds, option::of(server_tls()), http(), proxies, headers());
    (parts, option::of(1u32..), option::of(millis()), option::of(name())).prop_map(
        |((binds, tls, http, proxies, response_headers), max_connections, tcp_keepalive, host)| Listener {
            name: String::new(),
            binds: binds
                .into_iter()
                .map(|(ip, port)| Bind::Tcp((Ipv4Addr::from_bits(ip), port).into()))
                .chain([Bind::Unix("/run/divisor.sock".into())])
                .collect(),
            tls,
            http,
            trusted_proxies: proxies
                .into_iter()
                .map(|(ip, prefix)| {
                    let kept = ip & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                    Cidr { address: IpAddr::V4(Ipv4Addr::from_bits(kept)), prefix }
                })
                .collect(),
            socket_mode: 0o660,
            forwarded: Forwarded::Both,
            proxy_protocol: vec![],
            max_connections,
            max_connections_per_client: max_connections,
            tcp_keepalive,
            response_headers,
            hosts: HostTable {
                exact: host.into_iter().map(|host| (host, Id::new(0))).collect(),
                default: Some(Id::new(0)),
                ..HostTable::default()
            },
            forward: None,
            passthrough: vec![("*.kept.example".to_owned(), None)],
        },
    )
}

fn backend() -> impl Strategy<Value = Backend> {
    let address = prop_oneof![
        any::<(u32, u16)>().prop_map(|(ip, port)| Address::Ip((Ipv4Addr::from_bits(ip), port).into())),
        (name(), 1u16..).prop_map(|(name, port)| Address::Name(name, port)),
        Just(Address::Unix("/run/app.sock".into())),
        (name(), 1u16..).prop_map(|(name, slot)| Address::Service(name, slot)),
    ];
    let probe = (probe_kind(), option::of(1u16..), [millis(), millis()], [1u8.., 1u8..], any::<bool>())
        .prop_map(|(kind, port, [every, timeout], [rise, fall], starts_alive)| Probe {
            kind,
            port,
            every,
            timeout,
            rise,
            fall,
            starts_alive,
        });
    let connections =
        (1u32.., any::<u32>(), millis(), millis(), millis(), option::of(millis()), any::<bool>(), millis())
            .prop_map(
                |(per_backend, queue, queue_timeout, connect_timeout, idle_timeout, max_age, h2, ping)| {
                    Connections {
                        per_backend,
                        queue,
                        queue_timeout,
                        connect_timeout,
                        idle_timeout,
                        max_age,
                        h2,
                        ping,
                    }
                },
            );
    (any::<[bool; 2]>(), address, any::<u16>(), option::of(probe), connections).prop_map(
        |([secure, backup], address, weight, probe, connections)| Backend {
            scheme: if secure { Scheme::Https } else { Scheme::Http },
            address,
            weight,
            backup,
            tls: secure.then_some(Id::new(0)),
            probe,
            connections,
            proxy_protocol: backup.then_some(if secure { ProxyProtocol::V2 } else { ProxyProtocol::V1 }),
        },
    )
}

fn probe_kind() -> impl Strategy<Value = ProbeKind> {
    let host = || option::of("[a-z]{1,8}");
    let headers = vec(("[a-z]{1,8}", "[ -~]{0,8}"), 0..2);
    let statuses = (100u16..300, 300u16..600).prop_map(|range| std::vec![range]);
    let http = ("/[a-z]{0,8}", host(), headers, statuses, option::of(".{0,8}")).prop_map(
        |(path, host, headers, statuses, body)| ProbeKind::Http {
            method: "GET".into(),
            path,
            host,
            headers,
            statuses,
            body,
        },
    );
    let grpc = (".{0,8}", host()).prop_map(|(service, host)| ProbeKind::Grpc { service, host });
    prop_oneof![Just(ProbeKind::Tcp), grpc, http]
}

fn pool() -> impl Strategy<Value = Pool> {
    let balance = prop_oneof![
        Just(Balance::RoundRobin),
        Just(Balance::WeightedRoundRobin),
        Just(Balance::Random),
        Just(Balance::LeastConnection),
        Just(Balance::LeastResponseTime),
        Just(Balance::IpHash),
        Just(Balance::PowerOfTwo),
        Just(Balance::ConsistentHash),
    ];
    let eject = (1u32.., millis(), 0u8..=100).prop_map(|(consecutive_errors, lasts, max_percent)| Eject {
        consecutive_errors,
        lasts,
        max_lasts: lasts,
        max_percent,
    });
    let key = prop_oneof![
        Just(HashKey::ClientAddress),
        Just(HashKey::Path),
        "[a-z]{1,8}".prop_map(HashKey::Header),
        "[A-Za-z]{1,8}".prop_map(HashKey::Cookie),
        "[a-z]{1,8}".prop_map(HashKey::Query),
    ];
    let hash = (key, 101u8..).prop_map(|(key, max_load)| Hash { key, max_load });
    let extras = (hash, option::of(sticky()), option::of(millis()));
    (balance, vec(backend(), 1..4), option::of(eject), extras).prop_map(
        |(balance, backends, eject, (hash, sticky, slow_start))| Pool {
            name: String::new(),
            balance,
            backends,
            eject,
            fail_open: 50,
            hash: Some(hash).filter(|_| balance == Balance::ConsistentHash),
            sticky,
            slow_start,
        },
    )
}

fn sticky() -> impl Strategy<Value = Sticky> {
    let key = prop_oneof![name().prop_map(Secret::File), name().prop_map(Secret::Env)];
    let same_site = prop_oneof![Just(SameSite::Strict), Just(SameSite::Lax), Just(SameSite::None)];
    ("[A-Za-z]{1,8}", key, option::of(millis()), any::<Option<bool>>(), same_site, "/[a-z]{0,8}").prop_map(
        |(cookie, key, max_age, secure, same_site, path)| Sticky {
            cookie,
            key,
            max_age,
            secure,
            same_site,
            path,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    let timeouts = (millis(), millis(), millis(), option::of(millis()), any::<u64>(), millis()).prop_map(
        |(first_byte, body_idle, tunnel_idle, exchange, min_rate, min_rate_grace)| Timeouts {
            first_byte,
            body_idle,
            tunnel_idle,
            exchange,
            min_rate,
            min_rate_grace,
        },
    );
    let on = (any::<[bool; 3]>(), option::of(500u16..600)).prop_map(
        |([connect_failure, reset, timeout], status)| RetryOn {
            connect_failure,
            reset,
            timeout,
            statuses: status.into_iter().collect(),
        },
    );
    let retry =
        (any::<u8>(), 0u8..=100, on).prop_map(|(attempts, budget, on)| Retry { attempts, budget, on });
    let encodings = prop_oneof![
        Just(vec![Encoding::Gzip]),
        Just(vec![Encoding::Zstd, Encoding::Brotli, Encoding::Gzip]),
    ];
    let compress = (encodings, option::of(name()), any::<u64>()).prop_map(|(encodings, kind, min_size)| {
        Compress { encodings, types: kind.into_iter().collect(), min_size }
    });
    let network = |octet: u8| Cidr { address: IpAddr::V4(Ipv4Addr::new(octet, 0, 0, 0)), prefix: 8 };
    let network = any::<u8>().prop_map(network);
    let access = (option::of(network.clone()), option::of(network)).prop_map(|(allow, deny)| Access {
        allow: allow.into_iter().map(|network| vec![network]).collect(),
        deny: deny.into_iter().collect(),
    });
    let mirror = (1u8..=100).prop_map(|percent| Mirror { pool: Id::new(0), percent });
    let extras = (option::of(compress), access, option::of(mirror));
    (headers(), headers(), any::<Option<u64>>(), timeouts, retry, extras).prop_map(
        |(request_headers, response_headers, body_limit, timeouts, retry, (compress, access, mirror))| {
            Policy {
                access,
                rate_limits: vec![Id::new(0)],
                request_headers,
                response_headers,
                body_limit,
                timeouts,
                retry,
                compress,
                mirror,
                cors: Some(Cors {
                    origins: vec!["https://a".into()],
                    methods: vec!["PUT".into()],
                    headers: vec![],
                    expose: vec!["x-a".into()],
                    credentials: true,
                    max_age: Millis(5_000),
                }),
                csrf: Some(Csrf { origins: vec![] }),
            }
        },
    )
}

fn rate_limit() -> impl Strategy<Value = RateLimit> {
    (name(), 1u32.., millis(), 1u32.., option::of(millis()), 1u32..).prop_map(
        |(name, requests, period, burst, block, max_keys)| RateLimit {
            name,
            requests,
            period,
            burst,
            block,
            max_keys,
        },
    )
}

fn route() -> impl Strategy<Value = Route> {
    let text = "/[a-z]{0,8}".prop_map(TemplatePart::Text);
    let template = (text, any::<u16>()).prop_map(|(text, segment)| {
        Template(vec![
            text,
            TemplatePart::Segment(segment),
            TemplatePart::Within { segment, lead: segment, trail: 1 },
            TemplatePart::Rest(segment),
            TemplatePart::Query,
        ])
    });
    let split = (1u16.., option::of(template.clone())).prop_map(|(weight, rewrite)| Action::Split {
        shares: vec![Share { pool: Id::new(0), weight: Weight::new(weight).unwrap() }],
        rewrite,
    });
    let action = prop_oneof![
        split,
        option::of(template.clone()).prop_map(|rewrite| Action::Proxy { pool: Id::new(0), rewrite }),
        (template, prop_oneof![Just(301), Just(308)])
            .prop_map(|(location, status)| Action::Redirect { location, status }),
        (200u16..600, "\\PC{0,12}", "[a-z]+/[a-z]+")
            .prop_map(|(status, body, content_type)| Action::Respond { status, body, content_type }),
    ];
    let methods = prop_oneof![
        Just(Methods::Any),
        Just(Methods::Only(vec!["GET".into()])),
        Just(Methods::Only(vec!["GET".into(), "HEAD".into()])),
    ];
    let test = prop_oneof![
        Just(Test::Present),
        "[ -~]{0,4}".prop_map(Test::Equals),
        "[ -~]{0,4}".prop_map(Test::Prefix),
        Just(Test::Regex(Id::new(0))),
    ];
    let subject = prop_oneof![Just(Subject::Header), Just(Subject::Query)];
    let conditions = vec(
        (subject, name(), test).prop_map(|(subject, name, test)| Condition { subject, name, test }),
        0..2,
    );
    ("/[a-z]{0,8}", methods, conditions, action).prop_map(|(pattern, methods, conditions, action)| Route {
        pattern,
        methods,
        conditions,
        clients: Vec::new(),
        keep_encoded_slash: false,
        action,
        policy: Id::new(0),
    })
}

/// A table with a chain of literal edges, a parameter at its end, and every route somewhere.
fn tables(labels: &[String], routes: u32) -> Tables {
    let mut tables = Tables::default();
    for (at, label) in labels.iter().enumerate() {
        let (edge, start) = (at as u32, tables.labels.len() as u32);
        tables.labels.extend_from_slice(label.as_bytes());
        tables.edges.push(Edge {
            label_start: start,
            label_end: tables.labels.len() as u32,
            target: edge + 1,
        });
        let state = State {
            edges_start: edge,
            edges_end: edge + 1,
            other: State::NOWHERE,
            dfa: State::NOWHERE,
            targets_start: 0,
            targets_end: 0,
            candidates_start: 0,
            candidates_end: 0,
        };
        tables.states.push(state);
    }
    let end = labels.len() as u32;
    // Every text with an `x` in it goes on, all others end.
    tables.classes = (0..=u8::MAX).map(|byte| u8::from(byte == b'x')).collect();
    tables.next = vec![0, 1, 1, 1];
    tables.outcomes = vec![0, 1];
    tables.dfas = vec![Dfa { classes_start: 0, width: 2, next_start: 0, outcomes_start: 0, states: 2 }];
    tables.targets = vec![State::NOWHERE, end];
    tables.candidates = (0..routes).map(Id::new).collect();
    tables.states.push(State {
        edges_start: end,
        edges_end: end,
        other: end,
        dfa: 0,
        targets_start: 0,
        targets_end: 2,
        candidates_start: 0,
        candidates_end: routes,
    });
    tables
}

fn admin() -> impl Strategy<Value = Admin> {
    let network = |octet: u8| Cidr { address: IpAddr::V4(Ipv4Addr::new(octet, 0, 0, 0)), prefix: 8 };
    (1u16.., vec(any::<u8>().prop_map(network), 1..2))
        .prop_map(|(port, allow)| Admin { binds: vec![(Ipv4Addr::UNSPECIFIED, port).into()], allow })
}

prop_compose! {
    fn plan()(
        compiler in name(),
        workers in option::of(1u16..),
        drain in millis(),
        mut listeners in vec(listener(), 0..3),
        mut pools in vec(pool(), 1..3),
        client_tls in vec(client_tls(), 1..3),
        rate_limits in vec(rate_limit(), 1..3),
        policies in vec(policy(), 1..3),
        routes in vec(route(), 0..5),
        labels in vec(name(), 0..4),
        undecided in vec((name(), vec(name(), 1..3)).prop_map(|(file, codes)| Undecided { file, codes }), 0..2),
        admin in option::of(admin()),
    ) -> Plan {
        listeners.iter_mut().enumerate().for_each(|(at, listener)| listener.name = format!("listener-{at}"));
        pools.iter_mut().enumerate().for_each(|(at, pool)| pool.name = format!("pool-{at}"));
        Plan {
            meta: Meta { compiler: compiler.clone(), edition: "2026".into() },
            runtime: Runtime { workers, dns: std::vec![], drain, max_files: drain.0.try_into().ok() },
            tables: tables(&labels, routes.len() as u32),
            hosts: vec![Host {
                names: labels,
                root: Id::new(0),
                error_pages: vec![ErrorPage { statuses: vec![404, 502], content_type: "a/b".into(), body: compiler.clone() }],
            }],
            admin, listeners, pools, client_tls, rate_limits, policies, routes, undecided,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_survives_its_own_encoding(plan in plan()) {
        prop_assert_eq!(plan.check(), Ok(()));
        let bytes = plan.encode();
        prop_assert_eq!(&bytes, &plan.clone().encode());
        prop_assert_eq!(Plan::decode(&bytes), Ok(plan));
    }

    #[test]
    fn no_damage_goes_unnoticed(plan in plan(), at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = plan.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Plan::decode(&bytes).is_err(), "byte {} may change", at);
    }

    #[test]
    fn no_part_of_a_plan_is_a_plan(plan in plan(), length in any::<prop::sample::Index>()) {
        let bytes = plan.encode();
        prop_assert!(Plan::decode(&bytes[..length.index(bytes.len())]).is_err());
        let longer = [bytes.as_slice(), b"x"].concat();
        prop_assert!(Plan::decode(&longer).is_err());
    }

    #[test]
    fn no_bytes_make_the_loader_panic(bytes in vec(any::<u8>(), 0..512)) {
        let _ = Plan::decode(&bytes);
        let _ = Plan::decode(&[b"DVPL\x01\0\x01\0", bytes.as_slice()].concat());
    }

    /// Behind intact hashes: what a broken compiler could write.
    #[test]
    fn no_structure_makes_the_loader_panic(structure in vec(any::<u8>(), 0..256), tables in vec(any::<u8>(), 0..256)) {
        let _ = Plan::decode(&envelope::seal(&[(1, 1, structure), (2, 1, tables)]));
    }

    #[test]
    fn a_damaged_structure_behind_intact_hashes_never_panics(
        plan in plan(), at in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let mut structure = postcard::to_stdvec(&plan).unwrap();
        let at = at.index(structure.len());
        structure[at] ^= flip;
        let tables = envelope::encode_tables(&plan.tables);
        if let Ok(plan) = Plan::decode(&envelope::seal(&[(1, 1, structure), (2, 1, tables)])) {
            prop_assert_eq!(plan.check(), Ok(()));
        }
    }
}

/// A small plan that is whole.
fn small() -> Plan {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut plan = plan().new_tree(&mut runner).unwrap().current();
    plan.routes = vec![Route {
        pattern: "/**".into(),
        methods: Methods::Any,
        conditions: Vec::new(),
        clients: Vec::new(),
        keep_encoded_slash: false,
        action: Action::Proxy { pool: Id::new(0), rewrite: None },
        policy: Id::new(0),
    }];
    plan.tables = tables(&["a".into()], 1);
    plan.hosts[0].root = Id::new(0);
    plan.admin = Some(Admin {
        binds: vec![(Ipv4Addr::UNSPECIFIED, 9901).into()],
        allow: vec![Cidr { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), prefix: 8 }],
    });
    let pool = &mut plan.pools[0];
    pool.balance = Balance::ConsistentHash;
    pool.hash = Some(Hash { key: HashKey::Path, max_load: 125 });
    pool.sticky = Some(Sticky {
        cookie: "at".into(),
        key: Secret::Env("K".into()),
        max_age: None,
        secure: None,
        same_site: SameSite::Lax,
        path: "/".into(),
    });
    assert_eq!(plan.check(), Ok(()));
    plan
}

#[test]
fn every_refusal_says_why() {
    let bytes = small().encode();
    assert_eq!(Plan::decode(b""), Err(LoadError::Empty));
    assert_eq!(Plan::decode(b"listener \"web\""), Err(LoadError::NotAPlan));
    assert_eq!(Plan::decode(&bytes[..40]), Err(LoadError::Truncated));
    let mut future = bytes.clone();
    future[4..8].copy_from_slice(&[9, 0, 8, 0]);
    assert_eq!(Plan::decode(&future), Err(LoadError::TooNew { format: 9, min_reader: 8 }));
    let mut damaged = bytes.clone();
    damaged[20] ^= 1;
    assert_eq!(Plan::decode(&damaged), Err(LoadError::Damaged("the header")));
    let mut damaged = bytes;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    assert_eq!(Plan::decode(&damaged), Err(LoadError::Damaged("the route tables")));
    for error in [LoadError::Empty, LoadError::NotAPlan, LoadError::Truncated, LoadError::Damaged("it")] {
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn an_unknown_section_is_skipped_unless_it_is_critical() {
    let plan = small();
    let structure = postcard::to_stdvec(&plan).unwrap();
    let tables = envelope::encode_tables(&plan.tables);
    let mut sections = vec![(1, 1, structure), (2, 1, tables), (77, 1, b"signature".to_vec())];
    assert_eq!(Plan::decode(&envelope::seal(&sections)), Err(LoadError::UnknownSection(77)));
    sections[2].1 = 0x8001; // the mark of a part that may be skipped
    assert_eq!(Plan::decode(&envelope::seal(&sections)), Ok(plan));
    sections.remove(1);
    assert!(matches!(Plan::decode(&envelope::seal(&sections)), Err(LoadError::Malformed(_))));
}

/// Each change makes a whole plan contradict itself.
#[test]
fn what_points_nowhere_is_refused() {
    type Change = fn(&mut Plan);
    let changes: [(&str, Change); 46] = [
        ("host root", |plan| plan.hosts[0].root = Id::new(99)),
        ("policy", |plan| plan.routes[0].policy = Id::new(99)),
        ("pool", |plan| plan.routes[0].action = Action::Proxy { pool: Id::new(99), rewrite: None }),
        ("pool of a split", |plan| {
            let shares = vec![Share { pool: Id::new(99), weight: Weight::ONE }];
            plan.routes[0].action = Action::Split { shares, rewrite: None };
        }),
        ("not a set", |plan| {
            plan.routes[0].action = Action::Split { shares: Vec::new(), rewrite: None };
        }),
        ("no backend", |plan| plan.pools[0].backends.clear()),
        ("the ejection of pool", |plan| {
            plan.pools[0].eject = Some(Eject {
                consecutive_errors: 0,
                lasts: Millis(1),
                max_lasts: Millis(1),
                max_percent: 50,
            });
        }),
        ("its key disagree", |plan| plan.pools[0].hash = None),
        ("its key disagree", |plan| plan.pools[0].balance = Balance::Random),
        ("no more than the average", |plan| plan.pools[0].hash.as_mut().unwrap().max_load = 100),
        ("no cookie name", |plan| {
            plan.pools[0].hash.as_mut().unwrap().key = HashKey::Cookie("a b".into());
        }),
        ("no name", |plan| plan.pools[0].hash.as_mut().unwrap().key = HashKey::Query(String::new())),
        ("no cookie name", |plan| plan.pools[0].sticky.as_mut().unwrap().cookie = "a;b".into()),
        ("for no path", |plan| plan.pools[0].sticky.as_mut().unwrap().path = "/a;b".into()),
        ("in no time", |plan| plan.pools[0].slow_start = Some(Millis(0))),
        ("no sets", |plan| plan.admin.as_mut().unwrap().binds.clear()),
        ("open to everybody", |plan| plan.admin.as_mut().unwrap().allow.clear()),
        ("an error page", |plan| plan.hosts[0].error_pages[0].statuses = vec![200]),
        ("no word", |plan| {
            plan.policies[0].cors.as_mut().unwrap().origins = vec!["https://a, https://b".into()];
        }),
        ("credentials", |plan| plan.policies[0].cors.as_mut().unwrap().origins.clear()),
        ("an access list", |plan| plan.policies[0].access.allow = vec![vec![]]),
        ("pool of a mirror", |plan| {
            plan.policies[0].mirror = Some(Mirror { pool: Id::new(99), percent: 1 });
        }),
        ("a mirror", |plan| plan.policies[0].mirror = Some(Mirror { pool: Id::new(0), percent: 0 })),
        ("encodings", |plan| {
            let encodings = vec![Encoding::Gzip, Encoding::Gzip];
            plan.policies[0].compress = Some(Compress { encodings, types: vec![], min_size: 0 });
        }),
        ("media types", |plan| {
            let types = vec!["text/b".into(), "text/a".into()];
            plan.policies[0].compress =
                Some(Compress { encodings: vec![Encoding::Gzip], types, min_size: 0 });
        }),
        ("a retry", |plan| plan.policies[0].retry.budget = 101),
        ("a retry", |plan| plan.policies[0].retry.on.statuses = vec![503, 502]),
        ("rate limit", |plan| plan.policies[0].rate_limits = vec![Id::new(99)]),
        ("a zero in it", |plan| plan.rate_limits[0].burst = 0),
        ("methods", |plan| plan.routes[0].methods = Methods::Only(Vec::new())),
        ("no header name", |plan| plan.policies[0].request_headers = vec![HeaderOp::Remove("X Y".into())]),
        ("control character", |plan| {
            let value = vec![ValuePart::Text("a\r\nb".into())];
            plan.policies[0].response_headers = vec![HeaderOp::Set("a".into(), value)];
        }),
        ("no redirect", |plan| {
            plan.routes[0].action =
                Action::Redirect { location: Template(vec![TemplatePart::Path]), status: 200 };
        }),
        ("does not begin", |plan| {
            let rewrite = Some(Template(vec![TemplatePart::Text("x".into())]));
            plan.routes[0].action = Action::Proxy { pool: Id::new(0), rewrite };
        }),
        ("no final status", |plan| {
            plan.routes[0].action =
                Action::Respond { status: 101, body: String::new(), content_type: "a/b".into() };
        }),
        ("candidate", |plan| plan.tables.candidates[0] = Id::new(99)),
        ("points nowhere", |plan| plan.tables.edges[0].target = 99),
        ("lies outside", |plan| plan.tables.edges[0].label_end = 99),
        ("names are not in order", |plan| plan.pools.push(plan.pools[0].clone())),
        ("leaves its states", |plan| plan.tables.next[0] = 2),
        ("leaves its states", |plan| plan.tables.classes[7] = 2),
        ("outcome that leads nowhere", |plan| plan.tables.outcomes[1] = 2),
        ("automaton of a state", |plan| plan.tables.states[0].dfa = 7),
        ("lies outside", |plan| plan.tables.dfas[0].states = u32::MAX),
        ("automaton of a condition", |plan| {
            let test = Test::Regex(Id::new(7));
            plan.routes[0].conditions = vec![Condition { subject: Subject::Query, name: "x".into(), test }];
        }),
        ("no workers", |plan| plan.runtime.workers = Some(0)),
    ];
    for (reason, change) in changes {
        let mut plan = small();
        change(&mut plan);
        match Plan::decode(&plan.encode()) {
            Err(LoadError::Inconsistent(why)) => assert!(why.contains(reason), "{why} for {reason}"),
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[test]
fn a_walk_ends_where_the_path_does() {
    let tables = tables(&["a".into(), "b".into()], 1);
    let found = |path| tables.walk(Id::new(0), path).len();
    assert_eq!(found("/a/b"), 1);
    assert_eq!(found("/a/b/x/yx"), 1);
    assert_eq!(found("/a/b/x/y"), 0);
    assert_eq!(found("/a"), 0);
    assert_eq!(found("/b"), 0);
    assert_eq!(found("/"), 0);
}

#[test]
fn a_digest_is_short_and_stable() {
    assert_eq!(Digest::of(b"").to_string(), "af1349b9f5f9a1a6");
    assert_eq!(format!("{:?}", Digest::of(b"")), "Digest(af1349b9f5f9a1a6)");
}
