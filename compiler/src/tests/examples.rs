//! The example of the guide in both spellings.

use super::*;

const KDL: &str = r#"
listener "https" {
    bind "0.0.0.0:8443" "[::]:8443"
    tls profile="intermediate" {
        certificate "certs/shop.pem" key="certs/shop.key"
        hsts max-age="365d" include-subdomains=#true
    }
    http h2=#true max-header-size="32KiB" header-timeout="10s" idle-timeout="60s"
    trusted-proxies "10.0.0.0/8"
}

pool "app" {
    balance "least-connection"
    backend "https://10.0.0.11:8443" weight=3
    backend "https://10.0.0.12:8443"
    tls ca="certs/internal-ca.pem" certificate="certs/lb.pem" key="certs/lb.key" server-name="app.internal"
    probe "/health" every="5s" timeout="1s" rise=2 fall=3
    connections per-backend=512 idle-timeout="60s" max-age="10m"
}

pool "assets" { backend "http://10.0.0.21:8080"; probe "/health" every="5s" timeout="1s" }

policy "public" {
    rate-limit "100/s" burst=200 key="client-ip" block="5m" max-keys=50000
    header-set "X-Content-Type-Options" "nosniff"
    header-set "X-Frame-Options" "DENY"
    request-header-remove "X-Debug" "X-Trace"
    body-limit "4MiB"
}

listener "http" { bind "0.0.0.0:8080"; redirect "https" }

host "shop.example" "*.shop.example" listener="https" {
    use "public"
    route "/**" pool="app"
    route "/assets/**" pool="assets" { timeout "5s" }
    route "/api/{version}/orders/{id}" method="GET" pool="app" { retry 2; rewrite "/{version}/{id}" }
    route "/old/{*rest}" { redirect "/new/{rest}" status=308 }
    route "/healthz" { respond 200 "ok" }
    route "/admin/**" { deny 403; timeout { first-byte "1s"; body-idle "2s"; exchange "3s" } }
}

runtime workers=4 drain="10s"
"#;

const YAML: &str = r#"
runtime: { workers: 4, drain: 10s }
hosts:
  - names: [shop.example, "*.shop.example"]
    listener: https
    use: [public]
    routes:
      - { path: /healthz, respond: { status: 200, body: ok } }
      - { path: "/**", pool: app }
      - { path: "/old/{*rest}", redirect: { location: "/new/{rest}", status: 308 } }
      - { path: "/assets/**", pool: assets, timeout: 5s }
      - { path: "/admin/**", deny: 403, timeout: { first-byte: 1s, body-idle: 2s, exchange: 3s } }
      - { path: "/api/{version}/orders/{id}", method: [GET], pool: app, retry: 2, rewrite: "/{version}/{id}" }
x-probe: &probe { path: /health, every: 5s, timeout: 1s }
pools:
  assets: { backends: ["http://10.0.0.21:8080"], probe: *probe }
  app:
    balance: least-connection
    backends:
      - { url: "https://10.0.0.11:8443", weight: 3 }
      - "https://10.0.0.12:8443"
    tls: { ca: certs/internal-ca.pem, certificate: certs/lb.pem, key: certs/lb.key, server-name: app.internal }
    probe: { <<: *probe, rise: 2, fall: 3 }
    connections: { per-backend: 512, idle-timeout: 60s, max-age: 10m }
policies:
  public:
    rate-limit: { rate: 100/s, burst: 200, key: client-ip, block: 5m, max-keys: 50000 }
    header-set: { X-Content-Type-Options: nosniff, X-Frame-Options: DENY }
    request-header-remove: [X-Debug, X-Trace]
    body-limit: 4MiB
listeners:
  http: { bind: "0.0.0.0:8080", redirect: https }
  https:
    bind: ["0.0.0.0:8443", "[::]:8443"]
    tls:
      profile: intermediate
      certificates: [{ certificate: certs/shop.pem, key: certs/shop.key }]
      hsts: { max-age: 365d, include-subdomains: true }
    http: { h2: true, max-header-size: 32KiB, header-timeout: 10s, idle-timeout: 60s }
    trusted-proxies: ["10.0.0.0/8"]
"#;

#[test]
fn kdl_and_yaml_twins_are_equal() {
    let (kdl, yaml) = (model("main.kdl", KDL), model("main.yaml", YAML));
    assert_eq!(kdl, yaml);
}

#[test]
fn the_example_says_what_it_says() {
    let model = model("main.kdl", KDL);
    let names: Vec<_> = model.listeners.iter().map(|it| it.name.value.as_str()).collect();
    assert_eq!(names, ["http", "https"]);
    let app = &model.pools[0];
    assert_eq!(app.balance.value, divisor_schema::plan::Balance::LeastConnection);
    assert_eq!((app.backends[0].weight.value, app.backends[0].weight.written), (3, true));
    assert_eq!((app.backends[1].weight.value, app.backends[1].weight.written), (1, false));
    assert_eq!(app.connections.queue_timeout.value.0, 5000);
    assert!(!app.connections.queue_timeout.written);
    assert_eq!(model.listeners[0].redirect.as_ref().unwrap().listener.id.unwrap().index(), 1);
    let host = &model.hosts[0];
    assert_eq!(host.routes[0].pattern.value, "/**");
    assert_eq!(model.policy(&host.uses[0]).unwrap().settings.body_limit.unwrap().value, 4 << 20);
    let api = host.routes.iter().find(|route| route.rewrite.is_some()).unwrap();
    assert_eq!(api.settings.retry.as_ref().unwrap().attempts.value, 2);
    assert_eq!(host.routes.len(), 6);
    assert_eq!(model.runtime.drain.value.0, 10_000);
}

#[test]
fn per_backend_settings_override_those_of_the_pool() {
    let text = r#"pool "a" {
        backend "https://10.0.0.1:1" { tls verify=#false; probe "/x"; connections per-backend=1 connect-timeout="1s" }
        backend "https://10.0.0.2:1"
    }"#;
    let model = model("main.kdl", text);
    let [first, second] = &model.pools[0].backends[..] else { panic!("two backends") };
    assert!(!first.tls.as_ref().unwrap().verify.value);
    assert_eq!(first.probe.as_ref().unwrap().every.value.0, 5000);
    assert_eq!(first.connections.as_ref().unwrap().connect_timeout.value.0, 1000);
    assert!(second.tls.is_none() && second.probe.is_none() && second.connections.is_none());
}

#[test]
fn defaults_are_those_of_the_table() {
    let defaults = model::Settings::defaults(source::Span::default());
    assert_eq!(defaults.timeouts.first_byte.unwrap().value.0, 30_000);
    assert_eq!(defaults.timeouts.body_idle.unwrap().value.0, 60_000);
    assert!(defaults.timeouts.exchange.is_none() && defaults.body_limit.is_none());
    assert_eq!(defaults.retry.unwrap().attempts.value, 1);
}
