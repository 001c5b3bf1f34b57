//! Plans of whole configs.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use divisor_schema::plan::{
    Action, Address, Backend, Bind, Forwarded, HashKey, HeaderOp, Plan, SameSite, Secret, Share,
    TemplatePart, ValuePart,
};
use proptest::strategy::Strategy;

use crate::tls::testing::Scratch;
use crate::{Options, compile};

/// 2026-06-15.
const NOW: Duration = Duration::from_secs(20_619 * 86_400);

const KDL: &str = r#"
listener "https" {
    bind "0.0.0.0:8443" "[::]:8443"
    tls profile="intermediate" {
        certificate "certs/shop.pem" key="certs/shop.key"
        hsts max-age="365d" include-subdomains=#true
    }
    http h2=#true max-header-size="32KiB"
    trusted-proxies "10.0.0.0/8" "192.168.0.0/16"
    use "public"
}
listener "http" { bind "0.0.0.0:8080"; redirect "https"; }
pool "app" {
    balance "least-connection"
    backend "https://10.0.0.11:8443" weight=3
    backend "https://10.0.0.12:8443"
    tls ca="certs/shop.pem" server-name="app.internal"
    probe "/health" every="5s" timeout="1s"
}
pool "assets" { backend "http://10.0.0.21:8080"; backend "http://10.0.0.22:8080" weight=0; }
policy "public" {
    rate-limit "100/s" burst=200
    header-set "X-Frame-Options" "DENY"
    request-header-set "X-Client" "{client-address}"
}
policy "strict" { body-limit "1MiB"; header-set "X-Frame-Options" "SAMEORIGIN"; }
host "shop.example" "*.shop.example" listener="https" {
    use "strict"
    route "/**" pool="app"
    route "/assets/**" pool="assets" { timeout "5s"; header-remove "X-Frame-Options"; }
    route "/users/{id}" method="GET" pool="app" { rewrite "/u/{id}"; }
    route "/old/{*rest}" { redirect "/new/{rest}" status=308; }
    route "/private/**" { deny 403; }
    route "/canary/{id}" method="GET" priority=2 pool="assets" {
        header "X-Canary" regex="v[0-9]+"
        header "Accept" prefix="text/"
        query "debug" present=#true
        client "192.168.0.0/16" "10.0.0.0/8"
    }
}
route "/healthz" { respond 200 "ok"; }
"#;

const YAML: &str = r#"
routes:
  - { path: /healthz, respond: { status: 200, body: ok } }
hosts:
  - names: ["*.shop.example", shop.example]
    listener: https
    use: [strict]
    routes:
      - { path: "/private/**", deny: 403 }
      - path: "/canary/{id}"
        client: ["10.0.0.0/8", "192.168.0.0/16"]
        header: [{ name: Accept, prefix: text/ }, { name: x-canary, regex: "v[0-9]+" }]
        query: { name: debug, present: true }
        method: GET
        priority: 2
        pool: assets
      - { path: "/old/{*rest}", redirect: { location: "/new/{rest}", status: 308 } }
      - { path: "/users/{id}", method: GET, pool: app, rewrite: "/u/{id}" }
      - { path: "/assets/**", pool: assets, timeout: 5s, header-remove: [X-Frame-Options] }
      - { path: "/**", pool: app }
policies:
  strict: { header-set: { X-Frame-Options: SAMEORIGIN }, body-limit: 1MiB }
  public:
    request-header-set: { X-Client: "{client-address}" }
    header-set: { X-Frame-Options: DENY }
    rate-limit: [{ rate: 100/s, burst: 200 }]
pools:
  assets: { backends: ["http://10.0.0.21:8080", { url: "http://10.0.0.22:8080", weight: 0 }] }
  app:
    probe: { path: /health, every: 5s, timeout: 1s }
    tls: { ca: certs/shop.pem, server-name: app.internal }
    balance: least-connection
    backends:
      - { url: "https://10.0.0.11:8443", weight: 3 }
      - "https://10.0.0.12:8443"
listeners:
  http: { bind: "0.0.0.0:8080", redirect: https }
  https:
    use: [public]
    trusted-proxies: ["192.168.0.0/16", "10.0.0.0/8"]
    http: { max-header-size: 32KiB, h2: true }
    tls:
      certificates: [{ certificate: certs/shop.pem, key: certs/shop.key }]
      hsts: { include-subdomains: true, max-age: 365d }
    bind: ["0.0.0.0:8443", "[::]:8443"]
"#;

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("certs")).unwrap();
    scratch.chain("certs/shop", &["shop.example", "*.shop.example"]);
    scratch
}

fn plan_of(root: &Path) -> Plan {
    let compilation = compile(root, &Options { now: UNIX_EPOCH + NOW, ..Options::default() }).unwrap();
    let messages: Vec<&str> = compilation.diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(messages, [""; 0]);
    let plan = compilation.plan.unwrap();
    assert_eq!(plan.check(), Ok(()));
    plan
}

fn plan(config: &str) -> Plan {
    plan_of(&scratch().write("divisor.kdl", config))
}

/// The route that takes a request on a listener.
fn route<'p>(
    plan: &'p Plan,
    listener: &str,
    host: &str,
    method: &str,
    path: &str,
) -> &'p divisor_schema::plan::Route {
    let table = &plan.listeners.iter().find(|it| it.name == listener).unwrap().hosts;
    let parent = host.split_once('.').unwrap().1;
    let in_list = |list: &[(String, divisor_schema::plan::HostId)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    };
    let id = in_list(&table.exact, host).or(in_list(&table.one_label, parent)).or(table.default).unwrap();
    let candidates = plan.tables.walk(plan.hosts[id.index()].root, path);
    let taken =
        candidates.iter().map(|id| &plan.routes[id.index()]).find(|route| route.methods.contains(method));
    taken.unwrap()
}

#[test]
fn both_spellings_in_any_order_and_any_folder_give_the_same_bytes() {
    let (here, there) = (scratch(), scratch());
    let first = plan_of(&here.write("divisor.kdl", KDL)).encode();
    assert_eq!(plan_of(&here.write("divisor.kdl", KDL)).encode(), first, "twice");
    assert_eq!(plan_of(&there.write("other.kdl", KDL)).encode(), first, "elsewhere");
    assert_eq!(plan_of(&there.write("divisor.yaml", YAML)).encode(), first, "as YAML, in another order");
}

/// The declarations of a config, each whole.
fn declarations(config: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for line in config.trim().lines() {
        match all.last_mut().filter(|last| last.matches('{').count() > last.matches('}').count()) {
            Some(open) => *open += &format!("\n{line}"),
            None => all.push(line.to_owned()),
        }
    }
    all
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn the_order_of_declarations_means_nothing(
        declarations in proptest::prelude::Just(declarations(KDL)).prop_shuffle(),
        routes in 0..5usize,
    ) {
        // The routes inside the host turn, too.
        let turned = declarations.iter().map(|declaration| {
            let mut lines: Vec<&str> = declaration.lines().collect();
            if let Some(routes_at) = lines.iter().position(|line| line.starts_with("    route")) {
                let end = lines.len() - 1;
                lines[routes_at..end].rotate_left(routes);
            }
            lines.join("\n")
        });
        let shuffled: Vec<String> = turned.collect();
        let scratch = scratch();
        let plan = plan_of(&scratch.write("divisor.kdl", &shuffled.join("\n")));
        proptest::prop_assert_eq!(plan.encode(), plan_of(&scratch.write("divisor.kdl", KDL)).encode());
    }
}

#[test]
fn files_are_named_from_the_folder_of_the_root_wherever_they_are_named() {
    let scratch = scratch();
    let split = KDL.split_once("pool \"app\"").unwrap();
    let listeners = split.0.replace("certs/", "../certs/");
    scratch.write("conf.d/listeners.kdl", &listeners);
    let root = scratch.write("divisor.kdl", &format!("include \"conf.d/*.kdl\"\npool \"app\"{}", split.1));
    assert_eq!(plan_of(&root).encode(), plan(KDL).encode());
}

#[test]
fn a_plan_survives_its_encoding() {
    let plan = plan(KDL);
    assert_eq!(Plan::decode(&plan.encode()), Ok(plan));
}

#[test]
fn requests_find_their_routes() {
    let plan = plan(KDL);
    for (method, path, pattern) in [
        ("GET", "/", "/**"),
        ("GET", "/assets/app.js", "/assets/**"),
        ("GET", "/users/1", "/users/{id}"),
        ("POST", "/users/1", "/**"),
        ("GET", "/healthz", "/healthz"),
        ("GET", "/private", "/private/**"),
    ] {
        for host in ["shop.example", "www.shop.example"] {
            assert_eq!(route(&plan, "https", host, method, path).pattern, pattern, "{method} {host} {path}");
        }
    }
}

#[test]
fn captures_become_positions() {
    let plan = plan(KDL);
    let users = route(&plan, "https", "shop.example", "GET", "/users/1");
    let Action::Proxy { rewrite: Some(rewrite), pool } = &users.action else { panic!("{users:?}") };
    assert_eq!(rewrite.0, [TemplatePart::Text("/u/".into()), TemplatePart::Segment(1)]);
    assert_eq!(plan.pools[pool.index()].name, "app");
    let old = route(&plan, "https", "shop.example", "GET", "/old");
    let Action::Redirect { location, status: 308 } = &old.action else { panic!("{old:?}") };
    assert_eq!(location.0, [TemplatePart::Text("/new/".into()), TemplatePart::Rest(1)]);
}

#[test]
fn policies_add_up_and_inner_ones_hold() {
    let plan = plan(KDL);
    let policy = |path| &plan.policies[route(&plan, "https", "shop.example", "GET", path).policy.index()];
    let frame = |text: &str| HeaderOp::Set("x-frame-options".into(), vec![ValuePart::Text(text.into())]);
    assert_eq!(policy("/").response_headers, [frame("SAMEORIGIN")], "the host's over the listener's");
    assert_eq!(policy("/assets").response_headers, [HeaderOp::Remove("x-frame-options".into())]);
    assert_eq!(
        policy("/").request_headers,
        [HeaderOp::Set("x-client".into(), vec![ValuePart::ClientAddress])]
    );
    assert_eq!(policy("/").body_limit, Some(1 << 20));
    assert_eq!(policy("/assets").timeouts.exchange.map(|it| it.0), Some(5_000));
    assert_eq!(policy("/").timeouts.first_byte.0, 30_000, "nobody set it");
    assert_eq!(policy("/").rate_limits, policy("/assets").rate_limits, "one limit for all that use it");
    assert_eq!(plan.rate_limits.len(), 1);
    assert_eq!((plan.rate_limits[0].requests, plan.rate_limits[0].burst), (100, 200));
    assert!(plan.policies.len() < plan.routes.len(), "equal ones are stored once");
}

#[test]
fn a_shared_limit_is_one_limit_in_both_spellings() {
    let kdl = r#"
        edition "2026.1"
        listener "web" { bind "127.0.0.1:8080"; }
        rate-limit "per-client" "10/s" burst=20
        policy "a" { rate-limit use="per-client"; rate-limit "100/m"; }
        route "/a" { respond 200; use "a"; rate-limit use="per-client"; }
        route "/b" { respond 200; rate-limit use="per-client"; }
    "#;
    let yaml = r#"
edition: "2026.1"
listeners: { web: { bind: "127.0.0.1:8080" } }
rate-limits: { per-client: { rate: 10/s, burst: 20 } }
policies: { a: { rate-limit: [{ use: per-client }, 100/m] } }
routes:
  - { path: /a, respond: 200, use: a, rate-limit: { use: per-client } }
  - { path: /b, respond: 200, rate-limit: { use: per-client } }
"#;
    let plan = plan(kdl);
    assert_eq!(plan, plan_of(&scratch().write("divisor.yaml", yaml)));
    let limits =
        |path| &plan.policies[route(&plan, "web", "any.example", "GET", path).policy.index()].rate_limits;
    assert_eq!((limits("/a").len(), plan.rate_limits.len()), (2, 2), "what is named twice counts once");
    let [shared] = limits("/b")[..] else { panic!("{:?}", limits("/b")) };
    assert!(limits("/a").contains(&shared));
    assert_eq!(
        plan.rate_limits[shared.index()].name,
        "rate-limit per-client: 10/1000ms burst=20 max-keys=100000"
    );
    assert_eq!(plan.meta.edition, "2026.1");
}

#[test]
fn a_redirecting_listener_has_the_names_of_its_target() {
    let plan = plan(KDL);
    let http = &plan.listeners[0];
    assert_eq!((http.name.as_str(), http.hosts.exact.len(), http.hosts.one_label.len()), ("http", 1, 1));
    let moved = route(&plan, "http", "shop.example", "GET", "/any/path");
    let Action::Redirect { location, status: 308 } = &moved.action else { panic!("{moved:?}") };
    let text = |text: &str| TemplatePart::Text(text.into());
    let expected =
        [text("https://"), TemplatePart::Host, text(":8443"), TemplatePart::Path, TemplatePart::Query];
    assert_eq!(location.0, expected);
}

#[test]
fn the_usual_port_is_left_out_of_redirects_and_every_name_is_served_without_hosts() {
    let plan = plan(
        r#"
        listener "plain" { bind "127.0.0.1:80"; }
        listener "other" { bind "127.0.0.1:81"; redirect "plain" status=302; use "limited"; }
        policy "limited" { body-limit "1KiB"; }
        route "/**" { respond 204; }
        "#,
    );
    let moved = route(&plan, "other", "any.example", "GET", "/");
    let Action::Redirect { location, status: 302 } = &moved.action else { panic!("{moved:?}") };
    let expected =
        [TemplatePart::Text("http://".into()), TemplatePart::Host, TemplatePart::Path, TemplatePart::Query];
    assert_eq!(location.0, expected);
    assert_eq!(
        plan.policies[moved.policy.index()].body_limit,
        Some(1024),
        "the policies of the listener bind"
    );
    assert_eq!(route(&plan, "plain", "any.example", "PURGE", "/").pattern, "/**");
}

#[test]
fn tls_is_written_out() {
    let plan = plan(KDL);
    let https = &plan.listeners[1];
    let tls = https.tls.as_ref().unwrap();
    assert_eq!(tls.default, Some(0), "the only certificate");
    assert_eq!(tls.certificates[0].identity.certificate, "certs/shop.pem");
    assert_eq!(tls.certificates[0].names, [""; 0]);
    let text = "max-age=31536000; includeSubDomains".to_owned();
    let hsts = HeaderOp::Set("strict-transport-security".into(), vec![ValuePart::Text(text)]);
    assert_eq!(https.response_headers, [hsts]);
    assert_eq!(plan.client_tls.len(), 1, "both backends share it");
    assert_eq!(plan.client_tls[0].server_name.as_deref(), Some("app.internal"));
}

#[test]
fn certificates_of_hosts_are_for_their_names() {
    let scratch = scratch();
    scratch.chain("a", &["a.example"]);
    scratch.chain("b", &["b.example", "c.example"]);
    let config = r#"
        listener "https" { bind "127.0.0.1:8443"; tls profile="modern"; }
        host "c.example" "b.example" { tls { certificate "b.pem" key="b.key"; }; route "/**" { respond 200 "b"; }; }
        host "a.example" { tls { certificate "a.pem" key="a.key" default=#true; }; route "/**" { respond 200 "a"; }; }
    "#;
    let plan = plan_of(&scratch.write("divisor.kdl", config));
    let tls = plan.listeners[0].tls.as_ref().unwrap();
    let names: Vec<&[String]> = tls.certificates.iter().map(|it| it.names.as_slice()).collect();
    assert_eq!(names, [&["a.example".to_owned()][..], &["b.example".to_owned(), "c.example".to_owned()][..]]);
    assert_eq!(tls.default, Some(0));
}

#[test]
fn pool_settings_stand_on_each_backend_and_a_weight_of_0_stays() {
    let plan = plan(KDL);
    let [app, assets] = &plan.pools[..] else { panic!("two pools, sorted") };
    assert!(app.backends.iter().all(|backend| backend.probe.is_some() && backend.tls.is_some()));
    assert_eq!(app.backends[0].weight, 3);
    assert_eq!(assets.backends.iter().map(|backend| backend.weight).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(assets.backends[0].connections.per_backend, 512);
}

#[test]
fn listeners_with_other_policies_have_hosts_of_their_own() {
    let plan = plan(
        r#"
        listener "a" { bind "127.0.0.1:8001"; use "limited"; }
        listener "b" { bind "127.0.0.1:8002"; }
        listener "c" { bind "127.0.0.1:8003"; }
        policy "limited" { body-limit "1KiB"; }
        host "shop.example" { route "/**" { respond 200 "ok"; }; }
        "#,
    );
    let host = |index: usize| plan.listeners[index].hosts.exact[0].1;
    assert_ne!(host(0), host(1));
    assert_eq!(host(1), host(2));
    let limit = |listener| {
        plan.policies[route(&plan, listener, "shop.example", "GET", "/").policy.index()].body_limit
    };
    assert_eq!((limit("a"), limit("b")), (Some(1024), None));
}

#[test]
fn a_split_has_the_pools_with_a_weight_in_their_order() {
    let split = |shares: &str| {
        plan(&format!(
            r#"
            listener "web" {{ bind "127.0.0.1:8001"; }}
            pool "a" {{ backend "http://127.0.0.1:9001"; probe "/"; }}
            pool "b" {{ backend "http://127.0.0.1:9002"; probe "/"; }}
            pool "c" {{ backend "http://127.0.0.1:9003"; probe "/"; }}
            route "/**" {{ split {{ {shares}; }}; rewrite "/new" }}
            route "/plain" {{ split {{ pool "a" weight=0; pool "b" }} }}
            "#
        ))
    };
    let plan = split(r#"pool "c" weight=5; pool "a" weight=95; pool "b" weight=0"#);
    let Action::Split { shares, rewrite: Some(_) } = &route(&plan, "web", "a.example", "GET", "/").action
    else {
        panic!("no split")
    };
    let named = |share: &Share| (plan.pools[share.pool.index()].name.clone(), share.weight.get());
    assert_eq!(shares.iter().map(named).collect::<Vec<_>>(), [("a".to_owned(), 95), ("c".to_owned(), 5)]);
    let only = &route(&plan, "web", "a.example", "GET", "/plain").action;
    assert!(matches!(only, Action::Proxy { .. }), "{only:?}");
}

#[test]
fn what_ties_clients_to_backends_is_the_same_in_both_spellings() {
    let kdl = r#"
        listener "web" { bind "127.0.0.1:8080"; trusted-proxies "127.0.0.0/8"; }
        pool "a" {
            balance "consistent-hash"
            backend "http://10.0.0.1:80" weight=2
            backend "http://10.0.0.2:80" backup=#true
            hash header="X-User" max-load="150%"
            sticky "at" { key file="keys/at"; max-age "1h"; same-site "strict"; secure #false; path "/a"; }
            connections queue=16
            probe "/"
        }
        pool "b" {
            balance "power-of-two"
            slow-start "30s"
            backend "http://10.0.0.3:80"
            sticky "b-at" { key env="AT_KEY"; }
            probe "/"
        }
        pool "c" { balance "consistent-hash"; backend "http://10.0.0.4:80"; probe "/"; hash "path"; }
        pool "d" { balance "consistent-hash"; backend "http://10.0.0.5:80"; probe "/"; hash cookie="Id"; }
        pool "e" { balance "consistent-hash"; backend "http://10.0.0.6:80"; probe "/"; hash query="id"; }
        pool "f" { balance "consistent-hash"; backend "http://10.0.0.7:80"; probe "/"; }
        route "/{pool}/**" { split { pool "a"; pool "b"; pool "c"; pool "d"; pool "e"; pool "f"; }; }
    "#;
    let yaml = r#"
listeners: { web: { bind: "127.0.0.1:8080", trusted-proxies: 127.0.0.0/8 } }
pools:
  a:
    balance: consistent-hash
    backends: [{ url: "http://10.0.0.1:80", weight: 2 }, { url: "http://10.0.0.2:80", backup: true }]
    hash: { header: X-User, max-load: 150% }
    sticky: { cookie: at, key: { file: keys/at }, max-age: 1h, same-site: strict, secure: false, path: /a }
    connections: { queue: 16 }
    probe: /
  b:
    balance: power-of-two
    slow-start: 30s
    backends: "http://10.0.0.3:80"
    sticky: { cookie: b-at, key: { env: AT_KEY } }
    probe: /
  c: { balance: consistent-hash, backends: "http://10.0.0.4:80", probe: /, hash: path }
  d: { balance: consistent-hash, backends: "http://10.0.0.5:80", probe: /, hash: { cookie: Id } }
  e: { balance: consistent-hash, backends: "http://10.0.0.6:80", probe: /, hash: { query: id } }
  f: { balance: consistent-hash, backends: "http://10.0.0.7:80", probe: / }
routes: [{ path: "/{pool}/**", split: { pools: [a, b, c, d, e, f] } }]
"#;
    let scratch = scratch();
    scratch.write("keys/at", &"ab".repeat(32));
    let plan = plan_of(&scratch.write("divisor.kdl", kdl));
    assert_eq!(plan, plan_of(&scratch.write("divisor.yaml", yaml)));
    let keys: Vec<_> = plan.pools.iter().filter_map(|pool| Some(pool.hash.as_ref()?.key.clone())).collect();
    assert_eq!(
        keys,
        [
            HashKey::Header("x-user".into()),
            HashKey::Path,
            HashKey::Cookie("Id".into()),
            HashKey::Query("id".into()),
            HashKey::ClientAddress,
        ]
    );
    let [a, b, ..] = &plan.pools[..] else { panic!("{:?}", plan.pools) };
    assert_eq!(a.hash.as_ref().map(|hash| hash.max_load), Some(150));
    let sticky = a.sticky.as_ref().unwrap();
    assert_eq!((&sticky.key, sticky.secure), (&Secret::File("keys/at".into()), Some(false)));
    assert_eq!((sticky.same_site, sticky.max_age.map(|it| it.0)), (SameSite::Strict, Some(3_600_000)));
    assert_eq!((a.backends[0].connections.queue, a.backends[1].backup), (16, true));
    assert_eq!(b.sticky.as_ref().unwrap().key, Secret::Env("AT_KEY".into()));
    assert_eq!((b.slow_start.map(|it| it.0), b.backends[0].connections.queue), (Some(30_000), 1024));
}

#[test]
fn how_clients_get_in_is_the_same_in_both_spellings() {
    let kdl = r#"
        listener "web" {
            bind "unix:/run/divisor.sock" "127.0.0.1:8080"
            socket-mode "0666"
            proxy-protocol "192.0.2.0/24" "127.0.0.1"
            forwarded "both"
            max-connections-per-client 20
            http max-target-size="1KiB"
        }
        pool "app" { backend "unix:/run/app.sock"; probe "/health"; }
        route "/**" pool="app"
    "#;
    let yaml = r#"
listeners:
  web:
    bind: ["127.0.0.1:8080", "unix:/run/divisor.sock"]
    socket-mode: "0666"
    proxy-protocol: ["127.0.0.1", 192.0.2.0/24]
    forwarded: both
    max-connections-per-client: 20
    http: { max-target-size: 1KiB }
pools: { app: { backends: ["unix:/run/app.sock"], probe: /health } }
routes: [{ path: "/**", pool: app }]
"#;
    let plan = plan(kdl);
    assert_eq!(plan, plan_of(&scratch().write("divisor.yaml", yaml)));
    let listener = &plan.listeners[0];
    let binds = [Bind::Tcp("127.0.0.1:8080".parse().unwrap()), Bind::Unix("/run/divisor.sock".into())];
    assert_eq!((listener.binds.as_slice(), listener.socket_mode), (binds.as_slice(), 0o666));
    assert_eq!((listener.proxy_protocol.len(), listener.forwarded), (2, Forwarded::Both));
    assert_eq!((listener.max_connections_per_client, listener.http.max_target_size), (Some(20), 1024));
    assert_eq!(plan.pools[0].backends[0].address, Address::Unix("/run/app.sock".into()));
    assert_eq!(plan.pools[0].backends[0].url(), "unix:/run/app.sock");
}

#[test]
fn the_management_listener_is_the_same_in_both_spellings() {
    let kdl = r#"
        listener "web" { bind "127.0.0.1:8080"; }
        admin "10.0.0.1:9901" "127.0.0.1:9901" { allow "127.0.0.0/8" "10.0.0.0/24"; }
        route "/**" { respond 200 "ok"; }
    "#;
    let yaml = r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
admin: { bind: ["127.0.0.1:9901", "10.0.0.1:9901"], allow: [10.0.0.0/24, 127.0.0.0/8] }
routes: [{ path: "/**", respond: { status: 200, body: ok } }]
"#;
    let plan = plan(kdl);
    assert_eq!(plan, plan_of(&scratch().write("divisor.yaml", yaml)));
    let admin = plan.admin.unwrap();
    assert_eq!(admin.binds, ["10.0.0.1:9901".parse().unwrap(), "127.0.0.1:9901".parse().unwrap()]);
    assert_eq!(admin.allow.len(), 2);
}

#[test]
fn a_service_is_as_many_backends_as_it_has_slots() {
    let kdl = r#"
        listener "web" { bind "127.0.0.1:8080"; }
        pool "api" {
            balance "weighted-round-robin"
            backend "https+srv://_https._tcp.Api.internal" slots=2
            backend "http://10.0.0.1:80" backup=#true
            probe "/health"
        }
        route "/**" pool="api"
    "#;
    let yaml = r#"
listeners: { web: { bind: "127.0.0.1:8080" } }
pools:
  api:
    balance: weighted-round-robin
    backends:
      - { url: "https+srv://_https._tcp.api.internal", slots: 2 }
      - { url: "http://10.0.0.1:80", backup: true }
    probe: { path: /health }
routes: [{ path: "/**", pool: api }]
"#;
    let plan = plan(kdl);
    assert_eq!(plan, plan_of(&scratch().write("divisor.yaml", yaml)));
    let urls: Vec<String> = plan.pools[0].backends.iter().map(Backend::url).collect();
    let service = "https+srv://_https._tcp.api.internal";
    assert_eq!(urls, [format!("{service}/1"), format!("{service}/2"), "http://10.0.0.1:80".into()]);
    assert!(plan.pools[0].backends[..2].iter().all(|it| it.tls.is_some() && it.weight == 1));
}
