//! The flat layout.

use divisor_schema::plan::{Balance, Scheme};

use super::*;
use crate::model::{HeaderChange, Layout};

const FLAT: &str = r#"type: w-round-robin
host: 0.0.0.0
port: "8000"
health_checker_time: 10s
backends:
  - url: "https://backend1.example.com"
    health_check_path: "/health"
    weight: 2
    tls_enabled: true
    tls_skip_verify: false
    tls_ca_cert: "/path/to/ca.crt"
    tls_client_cert: "/path/to/client.crt"
    tls_client_key: "/path/to/client.key"
    tls_min_version: "1.2"
    max_conn: 512
    max_conn_timeout: 30s
    max_conn_duration: 10s
    max_idle_conn_duration: 10s
    max_idempotent_call_attempts: 5
  - url: localhost:8080
    weight: 1
custom_headers:
  x-client-ip: $remote_addr
  x-request-id: $uuid
server:
  http_version: http2
  cert_file: cert.pem
  key_file: key.pem
  tls_min_version: "1.2"
  tls_cipher_suites:
    - "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    - "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
  prefer_server_ciphers: true
  tcp_keepalive_period: 30s
  read_timeout: 7s
  write_timeout: 8s
  idle_timeout: 1m30s
  proxy_timeout: 20s
  max_request_body_size: 1048576
  disable_keepalive: true
security:
  tls: { max_version: "1.3", min_version: "1.2", hsts_max_age: 31536000, hsts_include_subdomain: true }
  rate_limit:
    enabled: true
    requests_per_second: 100
    burst_size: 200
    block_duration: 5m
  headers:
    x_frame_options: "DENY"
    x_content_type_options: "nosniff"
    xss_protection: "1; mode=block"
    content_security_policy: "default-src 'self'"
    referrer_policy: "strict-origin-when-cross-origin"
"#;

#[test]
fn the_flat_layout_keeps_every_meaning() {
    let model = model("config.yaml", FLAT);
    assert_eq!(model.layout, Layout::Flat);
    let listener = &model.listeners[0];
    assert_eq!(listener.binds[0].value.to_string(), "0.0.0.0:8000");
    assert_eq!(listener.tcp_keepalive.unwrap().value.0, 30_000);
    assert!(listener.http.h2.unwrap().value && !listener.http.keep_alive.value);
    assert_eq!(listener.http.header_timeout.value.0, 7000);
    assert_eq!(listener.http.idle_timeout.value.0, 90_000);
    let tls = listener.tls.as_ref().unwrap();
    assert_eq!(tls.settings.min_version.as_ref().unwrap().value, "1.2");
    assert_eq!(tls.settings.max_version.as_ref().unwrap().value, "1.3");
    assert_eq!(tls.settings.cipher_suites.len(), 2);
    assert!(tls.prefer_server_order.value && tls.certificates[0].default.value);
    let hsts = tls.hsts.as_ref().unwrap();
    assert_eq!(hsts.max_age.value.0, 31_536_000_000);
    assert!(hsts.include_subdomains.value);
}

#[test]
fn the_flat_pool_and_policy() {
    let model = model("config.yaml", FLAT);
    let pool = &model.pools[0];
    assert_eq!(pool.balance.value, Balance::WeightedRoundRobin);
    let [first, second] = &pool.backends[..] else { panic!("two backends") };
    assert_eq!(first.target.as_ref().unwrap().scheme, Scheme::Https);
    assert_eq!(second.target.as_ref().unwrap().address.to_string(), "localhost:8080");
    assert_eq!((first.weight.value, second.weight.value), (2, 1));
    assert_eq!(first.tls.as_ref().unwrap().ca.as_ref().unwrap().value, "/path/to/ca.crt");
    assert!(first.tls.as_ref().unwrap().verify.value && second.tls.is_none());
    assert_eq!(first.probe.as_ref().unwrap().every.value.0, 10_000);
    assert_eq!(second.probe.as_ref().unwrap().http().unwrap().path.value, "/");
    let connections = second.connections.as_ref().unwrap();
    assert_eq!((connections.queue_timeout.value.0, connections.max_age.unwrap().value.0), (30_000, 10_000));

    let settings = &model.policy(&model.listeners[0].uses[0]).unwrap().settings;
    assert_eq!(settings.rate_limits[0].requests.value, 100);
    assert_eq!(settings.rate_limits[0].burst.unwrap().value, 200);
    assert_eq!(settings.rate_limits[0].block.unwrap().value.0, 300_000);
    assert_eq!(settings.body_limit.unwrap().value, 1 << 20);
    assert_eq!(settings.timeouts.first_byte.unwrap().value.0, 20_000);
    assert_eq!(settings.timeouts.body_idle.unwrap().value.0, 8000);
    assert_eq!(settings.retry.as_ref().unwrap().attempts.value, 4);
    let names: Vec<_> = settings.response_headers.iter().map(|edit| edit.name.value.as_str()).collect();
    assert_eq!(
        names,
        [
            "X-Frame-Options",
            "X-Content-Type-Options",
            "X-XSS-Protection",
            "Content-Security-Policy",
            "Referrer-Policy"
        ]
    );
    assert!(
        matches!(&settings.request_headers[0].change, HeaderChange::Set(value) if value.value == "$remote_addr")
    );
    assert!(model.routes[0].action.is_some());
}

#[test]
fn defaults_of_the_flat_layout() {
    let model = model("config.yml", "port: 8000\nbackends: [\"localhost:8080\"]\n");
    assert_eq!(model.listeners[0].binds[0].value.to_string(), "127.0.0.1:8000");
    assert!(!model.listeners[0].http.h2.unwrap().value && model.listeners[0].tls.is_none());
    let pool = &model.pools[0];
    assert_eq!(pool.backends[0].probe.as_ref().unwrap().every.value.0, 30_000);
    assert_eq!(model.policies[0].settings.body_limit.unwrap().value, 4 << 20);
    assert_eq!(model.policies[0].settings.timeouts.first_byte.unwrap().value.0, 60_000);
    assert_eq!(model.policies[0].settings.retry.as_ref().unwrap().attempts.value, 4);
}

#[test]
fn every_key_without_effect_is_named() {
    insta::assert_snapshot!(lint(
        "config.yaml",
        r#"type: w-round-robin
host: example.com
port: 8000
backends:
  - { url: "http://u:p@a/x", max_idemponent_call_attempts: 3, weight: 1 }
  - { url: b, max_idempotent_call_attempts: 2 }
monitoring: { host: localhost, port: 8001 }
custom_headers: { x-a: $nope }
server:
  http_version: http2
  max_idle_worker_duration: 10s
  concurrency: 1000
  read_timeout: 30
  tls_min_version: "1.2"
  tls_cipher_suites: [A]
  proxy_timeot: 5s
security:
  tls: { min_version: "1.3", cipher_suites: [B] }
  rate_limit: { enabled: true, requests_per_second: 100, window_size: 1m }
  authentication: { type: basic }
  logging: { level: info }
middlewares:
  - { name: x, code: "package main" }
"#
    ));
}

#[test]
fn a_rate_limit_needs_a_rate_only_when_it_is_on() {
    let text = |limit: &str| format!("port: 1\nbackends: [a]\nsecurity: {{ rate_limit: {limit} }}\n");
    assert!(model("c.yaml", &text("{ enabled: false }")).policies[0].settings.rate_limits.is_empty());
    assert!(lint("c.yaml", &text("{ enabled: true }")).contains("`requests_per_second` missing here"));
}

#[test]
fn flat_keys_beside_full_ones_are_misplaced() {
    let found = load_text("c.yaml", "pools: { a: { backends: [\"http://a\"] } }\nbackends: [\"http://b\"]\n");
    assert_eq!(found.diagnostics[0].code, "SYN004", "{}", shown(&found));
}

#[test]
fn tls_settings_without_tls_are_named() {
    let text = "port: 1\nbackends: [{ url: a, tls_ca_cert: ca.pem, tls_skip_verify: true }]\n\
                server: { tls_min_version: \"1.2\" }\nsecurity: { tls: { hsts_max_age: 1 } }\n";
    let found = load_text("c.yaml", text);
    let codes: Vec<_> = found.diagnostics.iter().map(|it| it.code).collect();
    assert_eq!(codes, ["SYN008"; 4], "{}", shown(&found));
    let text = "port: 1\nbackends: [a]\nserver: { cert_file: a, key_file: b }\n\
                security: { tls: { hsts_include_subdomain: true } }\n";
    assert!(lint("c.yaml", text).contains("has no effect without `hsts_max_age`"));
}
