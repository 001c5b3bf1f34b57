//! A backend that is too slow: so many exchanges under way, so many that wait, and the rest hears so at once.

use tokio::task::JoinHandle;

use super::site;
use crate::support::{Backend, Client, Port, Site, until};

fn ask(port: &Port, path: &'static str) -> JoinHandle<u16> {
    let address = port.address;
    tokio::spawn(async move { Client::connect(address).await.get(path).await.status.as_u16() })
}

/// The value of a metric of the only backend.
async fn metric(admin: &Port, name: &str) -> u64 {
    let answer = Client::connect(admin.address).await.get("/metrics").await;
    let line = answer.text().lines().find(|line| line.starts_with(&format!("divisor_backend_{name}{{")));
    line.and_then(|line| line.rsplit(' ').next()).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_both_limits_is_refused_at_once_and_the_rest_goes_through() {
    let (backend, port, admin) = (Backend::start("a"), Port::reserve(), Port::reserve());
    let server = Site::with(&format!(
        r#"
        runtime {{ workers 2 }}
        admin "{}"
        listener "web" {{ bind "{}" }}
        pool "app" {{
            backend "http://{}"
            connections per-backend=2 queue=3 queue-timeout="1h"
        }}
        route "/**" pool="app"
        "#,
        admin.address, port.address, backend.address
    ))
    .run();
    let mut asked: Vec<_> = (0..2).map(|_| ask(&port, "/hold")).collect();
    until("two are under way", async || backend.holding() == 2).await;
    asked.extend((0..3).map(|_| ask(&port, "/hold")));
    until("three wait", async || metric(&admin, "waiting").await == 3).await;
    assert_eq!(metric(&admin, "in_flight").await, 5);
    for _ in 0..5 {
        assert_eq!(ask(&port, "/hold").await.unwrap(), 503);
    }
    server.wait_for("2 exchanges in flight, and 3 that wait");
    assert_eq!((backend.requests(), metric(&admin, "errors_total").await), (2, 0), "no fault of the backend");
    // One leaves, one of those that wait goes on, and there is room for one more.
    backend.release();
    until("another one is under way", async || backend.holding() == 3).await;
    asked.push(ask(&port, "/hold"));
    until("three wait again", async || metric(&admin, "waiting").await == 3).await;
    assert_eq!(ask(&port, "/hold").await.unwrap(), 503);
    (0..5).for_each(|_| backend.release());
    for answer in asked {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(ask(&port, "/").await.unwrap(), 200);
    until("nothing is left", async || metric(&admin, "in_flight").await == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_for_a_turn_is_refused_and_another_backend_helps_out() {
    let (backend, other, port) = (Backend::start("a"), Backend::start("b"), Port::reserve());
    let limits = r#"connections per-backend=1 queue-timeout="100ms"; eject consecutive-errors=0"#;
    let server = site(&port, &[&backend], limits, "retry 0").run();
    let held = ask(&port, "/hold");
    until("one is under way", async || backend.holding() == 1).await;
    assert_eq!(ask(&port, "/").await.unwrap(), 503);
    server.wait_for("no place became free within 100ms");
    backend.release();
    assert_eq!(held.await.unwrap(), 200);
    drop(server);
    let port = Port::reserve();
    let _server = site(&port, &[&backend, &other], limits, "retry 1").run();
    let held = ask(&port, "/hold");
    until("one is under way", async || backend.holding() + other.holding() == 2).await;
    for _ in 0..4 {
        assert_eq!(ask(&port, "/").await.unwrap(), 200, "from the one that is free");
    }
    backend.release();
    other.release();
    assert_eq!(held.await.unwrap(), 200);
}
