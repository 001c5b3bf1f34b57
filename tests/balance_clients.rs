//! Which client gets which backend: keys, sticky cookies, backups, and queues.

use std::collections::{BTreeMap, BTreeSet};

use super::support::certs::Authority;
use super::support::client::Answer;
use super::support::{Backend, Client, Port, Site, until};

/// Backends `a`, `b` and `c` behind a pool with these settings; `marks` stand on their lines.
fn pool(settings: &str, marks: [&str; 3]) -> (Vec<Backend>, Port, Site) {
    let backends: Vec<Backend> = ["a", "b", "c"].into_iter().map(Backend::start).collect();
    let port = Port::reserve();
    let site = Site::with(&config(&backends, &port, settings, marks));
    (backends, port, site)
}

fn config(backends: &[Backend], port: &Port, settings: &str, marks: [&str; 3]) -> String {
    let line =
        |(backend, mark): (&Backend, &str)| format!("backend \"http://127.0.0.1:{}\" {mark}", backend.port());
    let lines: Vec<String> = backends.iter().zip(marks).map(line).collect();
    format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; trusted-proxies "127.0.0.0/8" }}
        pool "app" {{
            {}
            probe "/health" every="50ms" timeout="1s" rise=1 fall=1
            {settings}
        }}
        route "/**" pool="app"
        "#,
        port.number(),
        lines.join("\n"),
    )
}

async fn get(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = client.send("GET", path, headers, "").await.unwrap();
    assert_eq!(answer.status, 200);
    answer
}

/// The backend of each of 64 keys; each is asked for twice.
async fn homes(port: &Port, path: impl Fn(u32) -> String, header: (&str, &str)) -> BTreeMap<u32, String> {
    let mut homes = BTreeMap::new();
    for key in 0..64 {
        for _ in 0..2 {
            // A connection each: they end up on all workers.
            let mut client = Client::connect(port.address).await;
            let value = header.1.replace('#', &key.to_string());
            let answer = get(&mut client, &path(key), &[(header.0, &value)]).await;
            let home = homes.entry(key).or_insert_with(|| answer.text().to_owned());
            assert_eq!(home, answer.text(), "{key} moved");
        }
    }
    let used: BTreeSet<&String> = homes.values().collect();
    assert_eq!(used.len(), 3, "{homes:?}");
    homes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistent_hash_follows_its_key_and_only_the_keys_of_the_dead_move() {
    for (hash, path, header) in [
        ("", "/", ("x-forwarded-for", "192.0.2.#")),
        ("hash header=\"X-User\"", "/", ("x-user", "user-#")),
        ("hash cookie=\"user\"", "/", ("cookie", "other=1; user=user-#")),
        ("hash query=\"user\"", "/?a=1&user=#", ("x-user", "")),
        ("hash \"path\"", "/files/#", ("x-user", "")),
    ] {
        let (mut backends, port, site) = pool(&format!("balance \"consistent-hash\"\n{hash}"), [""; 3]);
        let server = site.run();
        let path = |key: u32| path.replace('#', &key.to_string());
        let before = homes(&port, path, header).await;
        backends[1].kill();
        server.wait_for("backend is down");
        let mut client = Client::connect(port.address).await;
        for (key, home) in before {
            let value = header.1.replace('#', &key.to_string());
            let now = get(&mut client, &path(key), &[(header.0, &value)]).await;
            assert!(if home == "b" { now.text() != "b" } else { now.text() == home }, "{hash}: {key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hot_key_is_shared_once_its_backend_is_full() {
    let settings = "balance \"consistent-hash\"\nhash header=\"X-User\" max-load=\"150%\"";
    let (backends, port, site) = pool(settings, [""; 3]);
    let _server = site.run();
    let holding = || backends.iter().map(Backend::holding).sum::<u64>();
    let mut held = Vec::new();
    for count in 1..=12 {
        let mut client = Client::connect(port.address).await;
        held.push(tokio::spawn(async move { client.send("GET", "/hold", &[("x-user", "joe")], "").await }));
        until("the request is held", || async { holding() == count }).await;
    }
    let most = backends.iter().map(Backend::holding).max().unwrap();
    assert_eq!(most, 6, "150 % of the average of 4");
    backends.iter().for_each(|backend| (0..backend.holding()).for_each(|_| backend.release()));
    for request in held {
        assert_eq!(request.await.unwrap().unwrap().status, 200);
    }
}

/// The value of the sticky cookie in an answer.
fn cookie(answer: &Answer) -> Option<String> {
    let value = answer.header("set-cookie")?.strip_prefix("at=")?;
    Some(format!("at={}", value.split(';').next()?))
}

const STICKY: &str = "sticky \"at\" { key file=\"at.key\" }";

#[tokio::test(flavor = "multi_thread")]
async fn a_sticky_client_stays_and_its_backend_does_not_see_the_cookie() {
    let (mut backends, port, site) = pool(STICKY, [""; 3]);
    site.write("at.key", "0123456789abcdef".repeat(4));
    site.close("at.key");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    let first = get(&mut client, "/", &[]).await;
    assert!(first.header("set-cookie").unwrap().ends_with("; Path=/; HttpOnly; SameSite=Lax"));
    let (home, sealed) = (first.text().to_owned(), cookie(&first).unwrap());
    for _ in 0..6 {
        let mut other = Client::connect(port.address).await;
        let both = format!("theme=dark; {sealed}");
        let answer = get(&mut other, "/", &[("cookie", &both)]).await;
        assert_eq!((answer.text(), answer.header("set-cookie")), (home.as_str(), None));
    }
    let index = ["a", "b", "c"].iter().position(|name| *name == home).unwrap();
    assert_eq!(backends[index].last().headers["cookie"], "theme=dark");
    // A forged one is no cookie, and a dead backend no home.
    let forged = get(&mut client, "/", &[("cookie", &sealed.replace('a', "b"))]).await;
    assert!(cookie(&forged).is_some());
    backends[index].kill();
    server.wait_for("backend is down");
    let moved = get(&mut client, "/", &[("cookie", &sealed)]).await;
    let anew = cookie(&moved).unwrap();
    assert_ne!(moved.text(), home);
    assert_eq!(get(&mut client, "/", &[("cookie", &anew)]).await.text(), moved.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_changed_in_its_file_and_old_cookies_hold() {
    let (_backends, port, site) = pool(STICKY, [""; 3]);
    let (old, new) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
    site.write("at.key", &old);
    site.close("at.key");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    let first = get(&mut client, "/", &[]).await;
    let sealed = cookie(&first).unwrap();
    site.write("at.key", format!("{new}\n{old}\n"));
    server.wait_for_nth("swapped", 1);
    assert_eq!(get(&mut client, "/", &[("cookie", &sealed)]).await.text(), first.text());
    // What is no key is refused, and the keys before stay.
    site.write("at.key", "nonsense");
    assert!(server.wait_for("plan refused").contains("64 hexadecimal digits"));
    assert_eq!(get(&mut client, "/", &[("cookie", &sealed)]).await.header("set-cookie"), None);
    site.write("at.key", &new);
    server.wait_for_nth("swapped", 2);
    assert!(cookie(&get(&mut client, "/", &[("cookie", &sealed)]).await).is_some(), "the old one is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn weight_0_keeps_who_is_there_and_takes_nobody_new() {
    let (backends, port, site) = pool(STICKY, [""; 3]);
    site.write("at.key", "0123456789abcdef".repeat(4));
    site.close("at.key");
    let server = site.run();
    let mut client = Client::connect(port.address).await;
    let sealed = loop {
        let answer = get(&mut client, "/", &[]).await;
        if answer.text() == "a" {
            break cookie(&answer).unwrap();
        }
    };
    site.write("site.kdl", config(&backends, &port, STICKY, ["weight=0", "", ""]));
    site.compile("site.kdl");
    server.wait_for("swapped");
    for _ in 0..6 {
        assert_ne!(get(&mut client, "/", &[]).await.text(), "a");
        assert_eq!(get(&mut client, "/", &[("cookie", &sealed)]).await.text(), "a");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_a_sticky_cookie_is_for_tls_only() {
    let (authority, backend, port) = (Authority::new("test"), Backend::start("a"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; tls {{ certificate "it.pem" key="it.key" trust="root.pem" }} }}
        pool "app" {{
            backend "http://127.0.0.1:{}"
            probe "/health"
            sticky "at" {{ key env="AT_KEY"; max-age "1h" }}
        }}
        host "localhost" {{ route "/**" pool="app" }}
        "#,
        port.number(),
        backend.port(),
    ));
    site.pair("it", &authority.server(&["localhost"]));
    site.write("root.pem", &authority.pem);
    site.compile("site.kdl");
    let refused = site.divisor(&["run", "plan.bin"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("the environment has no AT_KEY"), "{said}");
    let _server = site.start_with(&["run", "plan.bin"], &[("AT_KEY", &"ab".repeat(32))]);
    let mut client = Client::connect_tls(port.address, "localhost", authority.trusted(&[])).await.unwrap();
    let answer = client.get("/").await;
    assert!(answer.header("set-cookie").unwrap().ends_with("; SameSite=Lax; Secure; Max-Age=3600"));
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_help_when_no_other_is_alive() {
    let (mut backends, port, site) = pool("", ["", "backup=#true", "backup=#true"]);
    let server = site.run();
    server.wait_for_nth("backend is up", 3);
    let mut client = Client::connect(port.address).await;
    for _ in 0..6 {
        assert_eq!(get(&mut client, "/", &[]).await.text(), "a");
    }
    backends[0].kill();
    server.wait_for("backend is down");
    let answers = [get(&mut client, "/", &[]).await, get(&mut client, "/", &[]).await];
    assert_eq!(answers.map(|answer| answer.text().to_owned()).into_iter().collect::<BTreeSet<_>>().len(), 2);
    backends[0].revive();
    server.wait_for_nth("backend is up", 4);
    assert_eq!(get(&mut client, "/", &[]).await.text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once() {
    let (backends, port, site) =
        pool("connections per-backend=1 queue=1 queue-timeout=\"1h\"", ["", "weight=0", "weight=0"]);
    let _server = site.run();
    let [mut first, mut one, mut other] = [
        Client::connect(port.address).await,
        Client::connect(port.address).await,
        Client::connect(port.address).await,
    ];
    let held = tokio::spawn(async move { first.get("/hold").await });
    until("one is held", || async { backends[0].holding() == 1 }).await;
    // One of the two waits, and the other is refused.
    let refused = tokio::select! {
        answer = one.get("/") => answer,
        answer = other.get("/") => answer,
    };
    assert_eq!(refused.status, 503);
    backends[0].release();
    assert_eq!(held.await.unwrap().status, 200);
    until("the queue is empty", async || Client::connect(port.address).await.get("/").await.status == 200)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_comes_back_starts_slowly() {
    let (mut backends, port, site) = pool("slow-start \"1h\"", [""; 3]);
    let server = site.run();
    server.wait_for_nth("backend is up", 3);
    backends[1].kill();
    server.wait_for("backend is down");
    backends[1].revive();
    server.wait_for_nth("backend is up", 4);
    let mut client = Client::connect(port.address).await;
    let before = backends[1].requests();
    for _ in 0..41 {
        get(&mut client, "/", &[]).await;
    }
    assert_eq!(backends[1].requests() - before, 1, "one of 41: a twentieth of its share");
}
