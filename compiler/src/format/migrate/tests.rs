//! Every flat example has the same plan in the full layout.

use super::*;
use crate::format::tests::{copied, plan};

#[test]
fn every_flat_example_has_the_same_plan_in_the_full_layout() {
    let (folder, paths) = copied();
    let mut migrated = 0;
    for path in paths.iter().filter(|path| path.starts_with(folder.path().join("flat"))) {
        let text = std::fs::read_to_string(path).unwrap();
        let before = plan(path).unwrap();
        for (spelling, extension) in [(Spelling::Yaml, "full.yaml"), (Spelling::Kdl, "full.kdl")] {
            let Migration { text, .. } = migrate(&text, spelling).unwrap();
            let target = path.with_extension(extension);
            std::fs::write(&target, &text).unwrap();
            assert_eq!(plan(&target).as_ref(), Ok(&before), "{}:\n{text}", path.display());
            assert_eq!(crate::format::format(&text, spelling).unwrap(), text);
        }
        migrated += 1;
    }
    assert!(migrated >= 10, "{migrated}");
}

const ALL: &str = include_str!("../testdata/flat.yaml");

#[test]
fn every_key_is_there_or_named() {
    let yaml = migrate(ALL, Spelling::Yaml).unwrap();
    insta::assert_snapshot!(yaml.text, @r#"
# The balancer in front of the shop.
# not migrated: `monitoring`: `admin` in the full layout shows counters and the state of backends
# not migrated: `server.concurrency`: `listener { max-connections }` in the full layout limits what a listener takes on
# not migrated: `server.typo`: it is no key of the flat layout
# not migrated: `security.logging`: refused requests are in the log of the program; delete it
# not migrated: `middlewares`: Go code does not run here: say it with `header-set`, `rate-limit`, `redirect` or `deny` in the full layout
# not migrated: `read_timeout`: `30` is no duration
# not migrated: `backends.tls_skip_verify`: it has no effect without `tls_enabled: true`
# not migrated: `security.rate_limit.window_size`: a rate is counted without a window
# not migrated: `write_timeout`: what its variable holds is written with one unit now: `90s`, not `1m30s`
# not migrated: `backends.max_idempotent_call_attempts`: the number of tries is one for all backends: 5

listeners:
  default:
    bind:
      - "127.0.0.1:${PORT:-8000}" # from outside
    tls:
      min-version: "1.2"
      cipher-suites: [A, B]
      prefer-server-order: true
      certificates:
        - { certificate: web.crt, key: web.key, default: true }
      hsts: { max-age: 365d }
    http: { h2: true, keep-alive: false }
    use: default

pools:
  default:
    balance: weighted-round-robin # by weight
    backends:
      # two of them
      # the big one
      - url: "https://localhost"
        weight: 2
        tls:
          ca: ca.crt # our own
      - { url: "http://localhost:8080", weight: 1 }
    probe: { path: /, every: 90s }
    connections: { queue-timeout: 30s, idle-timeout: 10s, max-age: 10s }

policies:
  default:
    rate-limit: { rate: 100/s, burst: 200, block: 5m }
    request-header-set: { x-client: $remote_addr, x-fixed: "5" }
    header-set: { X-Frame-Options: DENY }
    body-limit: 4MiB
    timeout: { first-byte: 1m, body-idle: "${WRITE}" }
    retry: 4

routes:
  - { path: "/**", pool: default }
# the end
"#);
    let kdl = migrate(ALL, Spelling::Kdl).unwrap();
    assert_eq!(kdl.missing, yaml.missing);
    insta::assert_snapshot!(kdl.text, @r#"
// The balancer in front of the shop.
// not migrated: `monitoring`: `admin` in the full layout shows counters and the state of backends
// not migrated: `server.concurrency`: `listener { max-connections }` in the full layout limits what a listener takes on
// not migrated: `server.typo`: it is no key of the flat layout
// not migrated: `security.logging`: refused requests are in the log of the program; delete it
// not migrated: `middlewares`: Go code does not run here: say it with `header-set`, `rate-limit`, `redirect` or `deny` in the full layout
// not migrated: `read_timeout`: `30` is no duration
// not migrated: `backends.tls_skip_verify`: it has no effect without `tls_enabled: true`
// not migrated: `security.rate_limit.window_size`: a rate is counted without a window
// not migrated: `write_timeout`: what its variable holds is written with one unit now: `90s`, not `1m30s`
// not migrated: `backends.max_idempotent_call_attempts`: the number of tries is one for all backends: 5

listener "default" {
    bind "127.0.0.1:${PORT:-8000}" // from outside
    tls min-version="1.2" prefer-server-order=#true {
        cipher-suites "A" "B"
        certificate "web.crt" key="web.key" default=#true
        hsts max-age="365d"
    }
    http h2=#true keep-alive=#false
    use "default"
}

pool "default" {
    balance "weighted-round-robin" // by weight
    // two of them
    // the big one
    backend "https://localhost" weight=2 {
        tls {
            ca "ca.crt" // our own
        }
    }
    backend "http://localhost:8080" weight=1
    probe "/" every="90s"
    connections queue-timeout="30s" idle-timeout="10s" max-age="10s"
}

policy "default" {
    rate-limit "100/s" burst=200 block="5m"
    request-header-set "x-client" "$remote_addr"
    request-header-set "x-fixed" "5"
    header-set "X-Frame-Options" "DENY"
    body-limit "4MiB"
    timeout first-byte="1m" body-idle="${WRITE}"
    retry 4
}

route "/**" pool="default"
// the end
"#);
}

#[test]
fn what_is_not_flat_or_not_yaml_is_refused() {
    let why = |text: &str| migrate(text, Spelling::Kdl).unwrap_err().to_string();
    assert_eq!(why("pools: {}\n"), "it is not in the flat layout, which has `backends` at its top");
    assert!(matches!(migrate("a: [\n", Spelling::Kdl), Err(Refusal::Broken(_))));
}
