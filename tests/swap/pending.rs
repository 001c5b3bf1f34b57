//! A plan that is refused for a file waits for it.

use crate::support::certs::Authority;
use crate::support::{Backend, Client, Port, Site};

fn config(port: &Port, backend: &Backend, version: &str, more: &str) -> String {
    format!(
        r#"
        listener "web" {{ bind "{}" }}
        {more}
        pool "app" {{ backend "http://{}" }}
        route "/**" pool="app" {{ header-set "X-Version" "{version}" }}
        "#,
        port.address, backend.address
    )
}

/// A listener with TLS, whose files are `name.pem` and `name.key`.
fn secure(port: &Port, name: &str) -> String {
    format!(
        r#"listener "secure" {{ bind "{}"; tls {{ certificate "{name}.pem" key="{name}.key" }} }}"#,
        port.address
    )
}

async fn version(port: &Port) -> String {
    Client::connect(port.address).await.get("/").await.header("x-version").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_certificate_is_missing_is_tried_again_when_it_comes() {
    let (backend, port, tls) = (Backend::start("a"), Port::reserve(), Port::reserve());
    let site = Site::with(&config(&port, &backend, "one", ""));
    let server = site.run();
    let authority = Authority::new("authority");
    // Compiled with the files, which do not come along to where it runs.
    site.write("later/site.kdl", config(&port, &backend, "two", &secure(&tls, "late")));
    site.pair("later/late", &authority.server(&["localhost"]));
    let plan = {
        let output = site.divisor(&["compile", "later/site.kdl", "-o", "later/plan.bin"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(site.path("later/plan.bin")).unwrap()
    };
    site.replace("plan.bin", &plan);
    server.wait_for("plan refused");
    assert_eq!(version(&port).await, "one");
    // First a certificate that is none, then one whose key is still missing, then both.
    site.write("late.pem", "no certificate");
    server.wait_for_nth("plan refused", 2);
    site.replace("late.pem", &std::fs::read(site.path("later/late.pem")).unwrap());
    server.wait_for_nth("plan refused", 3);
    assert_eq!(version(&port).await, "one");
    std::fs::copy(site.path("later/late.key"), site.path("late.key")).unwrap();
    server.wait_for("swapped");
    assert_eq!(version(&port).await, "two");
    let mut client = Client::connect_tls(tls.address, "localhost", authority.trusted(&[])).await.unwrap();
    assert_eq!(client.get("/").await.text(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_plan_takes_the_place_of_one_that_waits_and_the_live_one_keeps_its_files_fresh() {
    let (backend, port) = (Backend::start("a"), Port::reserve());
    let (tls, late) = (Port::reserve(), Port::reserve());
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let site = Site::with(&config(&port, &backend, "one", &secure(&tls, "live")));
    site.pair("live", &old.server(&["localhost"]));
    let server = site.run();
    site.pair("late", &old.server(&["localhost"]));
    let waits = config(
        &port,
        &backend,
        "two",
        &format!("{}\n{}", secure(&tls, "live"), secure(&late, "late").replacen("secure", "late", 1)),
    );
    site.write("waits.kdl", waits);
    let output = site.divisor(&["compile", "waits.kdl", "-o", "waits.bin"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::rename(site.path("late.pem"), site.path("late.away")).unwrap();
    site.replace("plan.bin", &std::fs::read(site.path("waits.bin")).unwrap());
    server.wait_for("plan refused");
    // The certificate of the live plan is renewed while the other plan waits.
    site.pair("live", &new.server(&["localhost"]));
    server.wait_for("swapped");
    let trusts = Client::connect_tls(tls.address, "localhost", new.trusted(&[])).await;
    assert_eq!(trusts.unwrap().get("/").await.header("x-version"), Some("one"));
    // A newer plan comes; the one that waited is not remembered when its file comes after all.
    let before = server.count("swapped");
    site.write("site.kdl", config(&port, &backend, "three", &secure(&tls, "live")));
    site.compile("site.kdl");
    server.wait_for_nth("swapped", before + 1);
    std::fs::rename(site.path("late.away"), site.path("late.pem")).unwrap();
    server.signal("HUP");
    server.wait_for_nth("swapped", before + 2);
    assert_eq!(version(&port).await, "three");
}
