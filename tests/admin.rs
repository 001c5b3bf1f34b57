//! The management listener: what it tells, whom it obeys, and what becomes of orders over swaps.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::certs::Authority;
use super::support::client::Answer;
use super::support::{Backend, Client, Port, Site, until};

/// Backends `a` and `b` by weight behind a listener, and an `admin`.
struct Managed {
    backends: [Backend; 2],
    port: Port,
    admin: Port,
}

impl Managed {
    fn new() -> Self {
        Self {
            backends: [Backend::start("a"), Backend::start("b")],
            port: Port::reserve(),
            admin: Port::reserve(),
        }
    }

    /// A config in which `b` has this weight.
    fn config(&self, weight: u16, settings: &str) -> String {
        let [a, b] = [0, 1].map(|at| self.backends[at].port());
        format!(
            r#"
            listener "web" {{ bind "127.0.0.1:{}" }}
            admin "127.0.0.1:{}"
            pool "app" {{
                balance "weighted-round-robin"
                backend "http://127.0.0.1:{a}" weight=3
                backend "http://127.0.0.1:{b}" weight={weight}
                {settings}
            }}
            route "/**" pool="app"
            "#,
            self.port.number(),
            self.admin.number(),
        )
    }

    fn site(&self, settings: &str) -> Site {
        let site = Site::with(&self.config(1, settings));
        site.write("at.key", "0123456789abcdef".repeat(4));
        site.close("at.key");
        site
    }

    /// Runs `divisor ctl`; gives what it says if it ends well.
    fn ctl(&self, site: &Site, arguments: &[&str]) -> Result<String, String> {
        let admin = format!("127.0.0.1:{}", self.admin.number());
        let output = site.divisor(&[&["ctl", "--admin", &admin], arguments].concat());
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    fn address(&self, at: usize) -> String {
        format!("127.0.0.1:{}", self.backends[at].port())
    }

    /// How many of so many requests each backend gets.
    async fn shares(&self, count: usize) -> [usize; 2] {
        let mut client = Client::connect(self.port.address).await;
        let mut seen = BTreeMap::new();
        for _ in 0..count {
            *seen.entry(client.get("/").await.text().to_owned()).or_default() += 1;
        }
        ["a", "b"].map(|name| seen.get(name).copied().unwrap_or(0))
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        Client::connect(self.admin.address).await.send(method, path, headers, "").await.unwrap()
    }

    /// The value of a metric, with its labels.
    async fn metric(&self, name: &str) -> u64 {
        let answer = self.ask("GET", "/metrics", &[]).await;
        let line = answer.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {}", answer.text())).parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_change_at_run_time_and_hold_until_the_config_says_otherwise() {
    let managed = Managed::new();
    let site = managed.site("");
    let server = site.run();
    assert_eq!(managed.shares(40).await, [30, 10]);
    let said = managed.ctl(&site, &["weight", "app", &managed.address(1), "3"]).unwrap();
    assert!(said.contains("unprobed  3 "), "{said}");
    assert_eq!(managed.shares(40).await, [20, 20]);
    // A swap that says the same of this backend leaves it; one that says something else does not.
    site.write("site.kdl", managed.config(1, "connections queue=7"));
    site.compile("site.kdl");
    server.wait_for_nth("swapped", 1);
    assert_eq!(managed.shares(40).await, [20, 20]);
    site.write("site.kdl", managed.config(2, ""));
    site.compile("site.kdl");
    server.wait_for_nth("swapped", 2);
    assert_eq!(managed.shares(50).await, [30, 20]);
    assert!(server.stop().success());
    let _again = site.start(&["run", "plan.bin"]);
    assert_eq!(managed.shares(50).await, [30, 20], "nothing is kept over a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_backend_keeps_its_clients_and_takes_no_new_ones() {
    let managed = Managed::new();
    let site = managed.site("sticky \"at\" { key file=\"at.key\" }");
    let server = site.run();
    let mut client = Client::connect(managed.port.address).await;
    let first = client.get("/").await;
    assert_eq!(first.text(), "a");
    let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    managed.ctl(&site, &["drain", "app", &managed.address(0)]).unwrap();
    let shown = managed.ctl(&site, &["backends"]).unwrap();
    assert!(shown.contains("unprobed, draining  0 "), "{shown}");
    assert_eq!(managed.shares(6).await, [0, 6]);
    for _ in 0..3 {
        let stays = client.send("GET", "/", &[("cookie", &cookie)], "").await.unwrap();
        assert_eq!((stays.text(), stays.header("set-cookie")), ("a", None));
    }
    server.signal("HUP");
    server.wait_for("swapped");
    assert_eq!(managed.shares(6).await, [0, 6], "a swap leaves it drained");
    managed.ctl(&site, &["resume", "app", &managed.address(0)]).unwrap();
    assert_eq!(managed.shares(8).await, [6, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_mean_nothing_are_refused_with_a_reason() {
    let managed = Managed::new();
    let site = managed.site("");
    let config = managed.config(1, "").replace("weighted-round-robin", "round-robin").replace("weight=3", "");
    site.write("site.kdl", config.replace("weight=1", ""));
    let _server = site.run();
    let ctl = |arguments: &[&str]| managed.ctl(&site, arguments).unwrap_err();
    let a = managed.address(0);
    assert!(ctl(&["drain", "api", &a]).contains("there is no pool `api`"));
    assert!(ctl(&["drain", "app", "10.0.0.1:1"]).contains("pool `app` has no backend at 10.0.0.1:1"));
    assert!(ctl(&["weight", "app", &a, "7"]).contains("does not look at weights"));
    managed.ctl(&site, &["weight", "app", &a, "0"]).unwrap();
    assert_eq!(managed.shares(4).await, [0, 4]);
    managed.ctl(&site, &["weight", "app", &a, "1"]).unwrap();
    assert_eq!(managed.shares(4).await, [2, 2]);
    for (method, path, status) in [
        ("GET", "/", 404),
        ("POST", "/backends", 405),
        ("GET", "/pools/app/backends/x/drain", 405),
        ("POST", "/pools/app/backends/x/stop", 404),
        ("POST", "/pools/app/backends/x?weight=70000", 400),
    ] {
        assert_eq!(managed.ask(method, path, &[]).await.status, status, "{method} {path}");
    }
    let nobody =
        site.divisor(&["ctl", "--admin", &format!("127.0.0.1:{}", Port::reserve().number()), "backends"]);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("cannot talk to 127.0.0.1:"), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_can_give_orders() {
    let managed = Managed::new();
    let site = managed.site("");
    let _server = site.run();
    let drain = format!("/pools/app/backends/{}/drain", managed.address(0));
    for headers in [&[("origin", "https://evil.example")][..], &[("sec-fetch-site", "cross-site")]] {
        assert_eq!(managed.ask("POST", &drain, headers).await.status, 403, "{headers:?}");
    }
    let mut rebound = Client::connect(managed.admin.address).await.host("evil.example");
    assert_eq!(rebound.get("/backends").await.status, 403);
    assert_eq!(managed.shares(4).await, [3, 1], "nothing came of it");
    assert_eq!(managed.ask("POST", &drain, &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_allowed_gets_no_word() {
    let managed = Managed::new();
    let config = managed.config(1, "");
    let admin = format!("admin \"127.0.0.1:{}\"", managed.admin.number());
    let site = Site::with(&config.replace(&admin, &format!("{admin} {{ allow \"10.0.0.0/8\" }}")));
    let server = site.run();
    let mut client = Client::connect(managed.admin.address).await;
    assert!(client.send("GET", "/metrics", &[], "").await.is_err());
    // The next plan lets it in, and the one after that has no management at all.
    site.write("site.kdl", &config);
    site.compile("site.kdl");
    server.wait_for_nth("swapped", 1);
    let mut open = Client::connect(managed.admin.address).await;
    assert_eq!(open.get("/metrics").await.status, 200);
    site.write("site.kdl", config.replace(&admin, ""));
    site.compile("site.kdl");
    server.wait_for_nth("swapped", 2);
    let late = open.send("GET", "/metrics", &[], "").await;
    assert!(late.is_err(), "{late:?}");
    until("nobody listens", async || tokio::net::TcpStream::connect(managed.admin.address).await.is_err())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted() {
    let managed = Managed::new();
    let site = managed.site("connections per-backend=5");
    let server = site.run();
    let mut client = Client::connect(managed.port.address).await;
    for path in ["/", "/", "/status/404", "/status/503", "/status/503"] {
        client.get(path).await;
    }
    assert_eq!(managed.metric("divisor_responses_total{class=\"2xx\"}").await, 2);
    assert_eq!(managed.metric("divisor_responses_total{class=\"4xx\"}").await, 1);
    assert_eq!(managed.metric("divisor_responses_total{class=\"5xx\"}").await, 2);
    assert_eq!(managed.metric("divisor_connections_open").await, 1);
    let mut malformed = tokio::net::TcpStream::connect(managed.port.address).await.unwrap();
    malformed.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").await.unwrap();
    let mut refused = String::new();
    malformed.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");
    drop(malformed);
    until("it is counted", async || managed.metric("divisor_connections_malformed_total").await == 1).await;
    let of = |name: &str, at| {
        let backend = managed.address(at);
        format!("divisor_backend_{name}{{pool=\"app\",backend=\"http://{backend}\"}}")
    };
    let mut sum = [0, 0];
    for at in [0, 1] {
        sum[0] += managed.metric(&of("requests_total", at)).await;
        sum[1] += managed.metric(&of("errors_total", at)).await;
        assert_eq!(managed.metric(&of("up", at)).await, 1);
        assert_eq!(managed.metric(&of("in_flight", at)).await, 0);
    }
    assert_eq!(sum, [5, 2]);
    site.replace("plan.bin", b"no plan");
    server.wait_for("plan refused");
    site.compile("site.kdl");
    server.signal("HUP");
    server.wait_for("swapped");
    until("both are counted", async || {
        managed.metric("divisor_plans_refused_total").await == 1
            && managed.metric("divisor_swaps_total").await >= 1
    })
    .await;
    let listed = managed.ask("GET", "/backends", &[]).await;
    let listed: serde_json::Value = serde_json::from_str(listed.text()).unwrap();
    assert_eq!((&listed[0]["pool"], &listed[0]["state"]), (&"app".into(), &"unprobed".into()));
    assert_eq!((&listed[0]["weight"], &listed[1]["written_weight"]), (&3.into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_fails_or_that_nobody_verifies_is_counted() {
    let (authority, managed) = (Authority::new("test"), Managed::new());
    let backend = Backend::start_tls("tls", Authority::serving(&authority.server(&["127.0.0.1"]), None));
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; tls {{ certificate "it.pem" key="it.key" trust="root.pem" }} }}
        admin "127.0.0.1:{}"
        pool "app" {{ backend "https://127.0.0.1:{}"; tls verify=#false }}
        host "localhost" {{ route "/**" pool="app" }}
        "#,
        managed.port.number(),
        managed.admin.number(),
        backend.port(),
    ));
    site.pair("it", &authority.server(&["localhost"]));
    site.write("root.pem", &authority.pem);
    let _server = site.run();
    let mut client =
        Client::connect_tls(managed.port.address, "localhost", authority.trusted(&[])).await.unwrap();
    assert_eq!(client.get("/").await.text(), "tls");
    assert_eq!(client.get("/").await.text(), "tls");
    assert_eq!(managed.metric("divisor_upstream_unverified_tls_connections_total").await, 1);
    assert_eq!(managed.metric("divisor_upstream_connections_total").await, 1);
    assert_eq!(managed.metric("divisor_tls_handshakes_failed_total").await, 0);
    let other = Authority::new("other").trusted(&[]);
    assert!(Client::connect_tls(managed.port.address, "localhost", other).await.is_err());
    until("it is counted", async || managed.metric("divisor_tls_handshakes_failed_total").await == 1).await;
}
