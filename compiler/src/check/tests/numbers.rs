//! Rules that compute.

use super::{found, with_pool, with_routes, with_tls};

/// A pool, a route to it, and what else there is.
fn site(pool: &str, route: &str, more: &str) -> String {
    format!(
        "listener \"web\" {{ bind \"127.0.0.1:8080\"; }}\n\
         pool \"app\" {{ {pool}; probe \"/health\"; }}\n\
         route \"/**\" pool=\"app\" {{ {route} }}\n{more}"
    )
}

const TWO: &str = "backend \"http://127.0.0.1:9000\"; backend \"http://127.0.0.1:9001\"";

#[test]
fn tries_are_counted_with_their_time() {
    let three = format!("{TWO}; backend \"http://127.0.0.1:9002\"");
    let route = |settings: &str| found(&site(&three, settings, ""));
    assert_eq!(route("timeout \"3s\""), "", "nobody wrote the retry");
    assert_eq!(route("retry 2; timeout \"6s\""), "", "3 × 2s");
    insta::assert_snapshot!(route("retry 2 { on \"timeout\"; }; timeout { first-byte \"4s\"; exchange \"10s\"; }"), @r"
    TMO002 only 1 of 3 tries fit into an exchange of 10s
      -> tries begin after 0s, 6s, 12s: write `retry 0`, or leave less than 3300ms to each try
    ");
    assert_eq!(found(&site(TWO, "retry 5; timeout \"5s\"", "")), "", "there are two backends to try");
    insta::assert_snapshot!(route("retry 2; timeout \"1s\""), @r#"
    TMO003 a request may spend all of its 1s for one connection
      -> write `connect-timeout="200ms"`
    UPS007 a dead backend of pool `app` is noticed after up to 16s, and a request to it may take 1s
      -> `every="3s" timeout="1s" fall=3` notices it after 10s, with 1.0 probes a second
    "#);
}

#[test]
fn parts_are_shorter_than_the_whole() {
    let route = |settings: &str| found(&site(TWO, settings, ""));
    insta::assert_snapshot!(route("timeout { first-byte \"20s\"; body-idle \"10s\"; exchange \"10s\"; }"), @r"
    TMO003 `first-byte` of 20s never acts: the whole exchange ends before
      -> write less than 10s for `first-byte`, or take it away
    TMO003 `body-idle` of 10s never acts: the whole exchange ends before
      -> write less than 10s for `body-idle`, or take it away
    ");
    assert_eq!(route("timeout \"10s\""), "", "the default of `first-byte` is nobody's mistake");
    let pool = |limits: &str| found(&with_pool(&format!("{TWO}; probe \"/health\"; connections {limits}")));
    insta::assert_snapshot!(pool("idle-timeout=\"60s\" queue-timeout=\"40s\" max-age=\"30s\""), @r"
    TMO003 no connection is ever idle for 1m
      -> set `idle-timeout` below 30s, or take it away
    TMO003 a request may wait 40s for a connection that lives for 30s
      -> shed load early: set `queue-timeout` to `7500ms`
    ");
    let lenient = site(
        "backend \"http://127.0.0.1:9000\" { probe \"/slow\" every=\"9s\" timeout=\"8s\"; }",
        "timeout \"5s\"",
        "",
    );
    insta::assert_snapshot!(found(&lenient), @r#"
    TMO003 a backend that takes 8s passes its probe and fails every request
      -> write `timeout="5s"` for the probe
    "#);
}

#[test]
fn probes_that_notice_late() {
    let pool = |probe: &str, timeout: &str| {
        found(&with_routes(&format!(
            "pool \"app\" {{ backend \"http://127.0.0.1:1\"; probe \"/\" {probe}; }}\nroute \"/**\" pool=\"app\" {{ {timeout} }}"
        )))
    };
    insta::assert_snapshot!(pool("every=\"5s\" timeout=\"500ms\"", "timeout \"1s\"; "), @r#"
    TMO003 a request may spend all of its 1s for one connection
      -> write `connect-timeout="200ms"`
    UPS007 a dead backend of pool `app` is noticed after up to 15500ms, and a request to it may take 1s
      -> `every="3100ms" timeout="500ms" fall=3` notices it after 9800ms, with 0.3 probes a second
    "#);
    assert_eq!(pool("every=\"20s\" timeout=\"500ms\" fall=2", ""), "");
}

#[test]
fn clients_and_connections_in_proportion() {
    let site = |listener: &str, limits: &str| {
        found(&format!(
            "listener \"web\" {{ bind \"127.0.0.1:8080\"; {listener} }}\npool \"app\" {{ {TWO}; probe \"/health\"; {limits} }}\n\
             route \"/**\" pool=\"app\""
        ))
    };
    insta::assert_snapshot!(site("max-connections 1000000", ""), @r"
    TMO008 1000000 clients share 1024 exchanges with backends
      -> at 50ms each, 1024 at a time are 20480 requests a second; write `max-connections 10240`
    ");
    insta::assert_snapshot!(site("max-connections 100", "connections per-backend=200"), @r"
    TMO008 200 exchanges for each backend are never reached
      -> write at most `per-backend=100`, or take it away
    ");
    assert_eq!(site("max-connections 100", ""), "", "the default is nobody's mistake");
    assert_eq!(
        site("max-connections 100; http h2=#true", "connections per-backend=200"),
        "",
        "many streams each"
    );
    assert_eq!(site("", "connections per-backend=200"), "");
}

#[test]
fn limits_of_http2() {
    insta::assert_snapshot!(
        found(&with_tls("profile \"modern\"").replace("tls {", "http max-header-size=\"512KiB\"; tls {")),
        @r#"
    TMO011 one connection may hold 64 MiB of request heads
      -> write `max-header-size="64KiB"`, or fewer streams
    "#
    );
    let plain =
        with_routes("route \"/**\" { respond 200 \"ok\"; }").replace("; }\n", "; http max-streams=9999; }\n");
    assert!(!found(&plain).contains("TMO011"), "no HTTP/2 in plain text");
}

#[test]
fn bursts_and_their_rates() {
    let limit = |limit: &str| {
        found(&with_routes(&format!("route \"/**\" {{ respond 200 \"ok\"; rate-limit {limit}; }}")))
    };
    for fine in ["\"100/s\" burst=200", "\"10/m\" burst=5", "\"5/h\" burst=3", "\"10/h\"", "\"10/s\" burst=1"]
    {
        assert_eq!(limit(fine), "", "{fine}");
    }
    insta::assert_snapshot!(limit("\"100/s\" burst=5"), @r"
    RLM002 a client that opens six connections is refused at 100/s
      -> write `burst=50`: half a second of requests
    ");
    insta::assert_snapshot!(limit("\"2000/s\" burst=100"), @r"
    RLM002 a client that opens six connections is refused at 2000/s
      -> write `burst=1000`: half a second of requests
    ");
    insta::assert_snapshot!(limit("\"10/s\" burst=1000"), @r"
    RLM002 a client may send 1000 requests at once, at 10/s
      -> write `burst=20`: two seconds of requests
    ");
    insta::assert_snapshot!(limit("\"10/m\" burst=40"), @r"
    RLM002 a client may send 40 requests at once, at 10/m
      -> write at most `burst=10`
    ");
    assert_eq!(limit("\"1/s\" burst=5 block=\"5m\""), "", "sixty times as long");
}

#[test]
fn limits_beside_each_other() {
    let limits = |outer: &str, inner: &str| {
        found(&with_routes(&format!(
            "policy \"outer\" {{ rate-limit {outer}; }}\nroute \"/**\" {{ respond 200 \"ok\"; use \"outer\"; rate-limit {inner}; }}\n\
             route \"/other\" {{ respond 200 \"ok\"; use \"outer\"; }}"
        )))
    };
    insta::assert_snapshot!(limits("\"60/m\" burst=1", "\"2/s\" burst=2"), @r"
    RLM005 a limit of 2/s is never reached beside one of 60/m
      -> lower it below 60/m, or take it away
    ");
    insta::assert_snapshot!(limits("\"10/s\"", "\"10/s\""), @r"
    RLM005 a limit of 10/s is never reached beside one of 10/s
      -> lower it below 10/s, or take it away
    ");
    assert_eq!(limits("\"10/s\"", "\"5/s\""), "");
    assert_eq!(limits("\"10/s\" burst=20", "\"20/s\" burst=10"), "", "fewer at once");
    assert_eq!(limits("\"10/s\" burst=5", "\"20/s\" burst=10 block=\"1s\""), "", "it blocks");
}

#[test]
fn shares_of_the_internet_are_not_trusted() {
    let believing = |field: &str, networks: &str| {
        found(
            &with_routes("route \"/**\" { respond 200 \"ok\"; }")
                .replace("; }\n", &format!("; {field} {networks}; }}\n")),
        )
    };
    let trusting = |networks: &str| believing("trusted-proxies", networks);
    assert!(believing("proxy-protocol", "\"0.0.0.0/0\"").starts_with("SEC001 every client may set"));
    insta::assert_snapshot!(trusting("\"0.0.0.0/1\" \"2000::/3\""), @r"
    SEC001 one in 2 clients may set its own address
      -> list the networks of your proxies, `10.0.0.0/8` for one
    SEC001 one in 8 clients may set its own address
      -> list the networks of your proxies, `10.0.0.0/8` for one
    ");
    assert_eq!(trusting("\"10.0.0.0/8\" \"fc00::/7\" \"172.16.0.0/12\" \"2001:db8::/32\""), "");
}

#[test]
fn weights_that_say_something() {
    let pool = |balance: &str, weights: [u32; 3]| {
        let backends: String = (0..3)
            .zip(weights)
            .map(|(n, weight)| format!("backend \"http://127.0.0.1:900{n}\" weight={weight}; "))
            .collect();
        found(&with_pool(&format!("balance \"{balance}\"; {backends} probe \"/health\"")))
    };
    insta::assert_snapshot!(pool("weighted-round-robin", [2, 2, 2]), @r"
    UPS003 all backends of pool `app` weigh the same
      -> write `round-robin`, or give them different weights
    ");
    insta::assert_snapshot!(pool("least-connection", [1, 1, 200]), @r"
    UPS004 backend `http://127.0.0.1:9000` is meant for 0.50 % of pool `app`
      -> write `weight=0` to take it out, or at least `weight=2`
    ");
    assert_eq!(pool("least-connection", [2, 2, 2]), "", "it does more than weigh");
    assert_eq!(pool("weighted-round-robin", [0, 1, 100]), "");
    assert_eq!(pool("weighted-round-robin", [0, 0, 100]), "", "only one is left");
}

#[test]
fn weights_and_keys_of_balancers() {
    let pool = |content: &str| {
        found(&format!(
            "listener \"web\" {{ bind \"127.0.0.1:8080\"; }}\nroute \"/**\" pool=\"app\"\npool \"app\" {{ {content}; probe \"/\"; \
             backend \"http://10.0.0.1:80\" weight=2; backend \"http://10.0.0.2:80\"; }}"
        ))
    };
    for weighted in ["power-of-two", "least-connection", "weighted-round-robin"] {
        assert_eq!(pool(&format!("balance \"{weighted}\"")), "", "{weighted}");
    }
    assert_eq!(pool("balance \"consistent-hash\"; hash \"path\""), "");
    let wrong = [
        r#"balance "random""#,
        r#"balance "ip-hash""#,
        r#"balance "consistent-hash""#,
        r#"balance "consistent-hash"; hash "client-address" max-load="150%""#,
        r#"balance "power-of-two"; hash "path""#,
        r#"balance "power-of-two"; sticky "at" { key env="K"; same-site "none"; secure #false; }"#,
    ];
    insta::assert_snapshot!(wrong.map(pool).concat(), @r#"
    UPS003 weight 2 has no effect with `random`
      -> write `power-of-two`, or delete the weight
    UPS009 `ip-hash` of pool `app` sees one client only on listener `web`
      -> write `trusted-proxies "127.0.0.1"` in the listener, or bind an address that clients reach
    UPS003 weight 2 has no effect with `ip-hash`
      -> write `consistent-hash`, or delete the weight
    UPS009 `consistent-hash` of pool `app` sees one client only on listener `web`
      -> write `trusted-proxies "127.0.0.1"` in the listener, or bind an address that clients reach
    UPS009 `consistent-hash` of pool `app` sees one client only on listener `web`
      -> write `trusted-proxies "127.0.0.1"` in the listener, or bind an address that clients reach
    SYN008 `hash` has no effect where `balance` is `power-of-two`
      -> write `consistent-hash` for `balance`, or delete `hash`
    SYN008 `secure` has no effect where `same-site` is `none`
      -> delete `secure`, or change `same-site`
    "#);
}
