//! Mistakes that others were given, too, and what they said: the table of `docs/lint-coverage.md`.
//!
//! `DIVISOR_WRITE=1 cargo test -p divisor-compiler peers` writes it.

use std::fmt::Write;
use std::path::Path;

use super::{certificates, compiled, rendered, with_pool, with_routes};
use crate::Compilation;
use crate::check::{Lint, catalogue};

/// A mistake, and who finds it.
struct Row {
    /// What is wrong.
    mistake: &'static str,
    /// What the others say, in the order of [`PEERS`].
    peers: [&'static str; 5],
    /// The code of the rule that finds it here.
    rule: &'static str,
    /// A config that makes it.
    config: fn() -> String,
}

/// Who was given the same mistakes, in the spelling of each.
const PEERS: [&str; 5] = ["nginx -t", "gixy-ng", "haproxy -c", "envoy --mode validate", "zentinel lint"];

const ROWS: &[Row] = &[
    Row {
        mistake: "expired certificate",
        peers: ["○", "○", "○", "○", "● leaf"],
        rule: "CRT006",
        config: || tls(r#"certificate "expired.pem" key="expired.key"; "#),
    },
    Row {
        mistake: "notBefore 2030",
        peers: ["○", "○", "○", "○", "○"],
        rule: "CRT008",
        config: || tls(r#"certificate "future.pem" key="future.key"; "#),
    },
    Row {
        mistake: "SAN does not cover host / CN only",
        peers: ["○", "○", "○", "○", "○"],
        rule: "CRT011",
        config: || tls(r#"certificate "other.pem" key="other.key"; "#),
    },
    Row {
        mistake: "chain incomplete",
        peers: ["○", "○", "○", "○", "○"],
        rule: "CRT009",
        config: || tls(r#"certificate "leaf.pem" key="leaf.key"; "#),
    },
    Row {
        mistake: "chain reversed",
        peers: [r#"◐ "key values mismatch""#, "○", "◐ id.", r#"◐ "failed to load""#, "○"],
        rule: "CRT010",
        config: || {
            whole(
                r#"listener "web" { bind "127.0.0.1:8443"; tls { certificate "reversed.pem" key="reversed.key"; }; }
route "/**" { respond 200 "ok"; }"#,
            )
        },
    },
    Row {
        mistake: "key belongs to another certificate",
        peers: ["●", "○", "●", "●", "○"],
        rule: "CRT005",
        config: || tls(r#"certificate "shop.pem" key="other.key"; "#),
    },
    Row {
        mistake: "RSA-1024",
        peers: ["●", "○", "◐ no reason given", "●", "○"],
        rule: "CRT012",
        config: || tls(r#"certificate "weak.pem" key="shop.key"; "#),
    },
    Row {
        mistake: "SHA-1 signature",
        peers: ["● (SECLEVEL)", "○", "◐ no reason given", "○", "○"],
        rule: "CRT013",
        config: || tls(r#"certificate "sha1.pem" key="sha1.key"; "#),
    },
    Row {
        mistake: "CA:TRUE leaf",
        peers: ["○", "○", "○", "○", "○"],
        rule: "CRT014",
        config: || tls(r#"certificate "authority.pem" key="authority.key"; "#),
    },
    Row {
        mistake: "EKU clientAuth only",
        peers: ["○", "○", "○", "○", "○"],
        rule: "CRT015",
        config: || tls(r#"certificate "client.pem" key="client.key"; "#),
    },
    Row {
        mistake: "key file 0644",
        peers: ["○", "○", "○", "○", "○"],
        rule: "CRT016",
        config: || tls(r#"certificate "shop.pem" key="shop-open.key"; "#),
    },
    Row {
        mistake: "one misspelt suite among good ones",
        peers: ["○ dropped", r#"◐ "possibly weak""#, "○ dropped", "●", "○"],
        rule: "TLS001",
        config: || {
            tls(
                r#"certificate "shop.pem" key="shop.key"; cipher-suites "ECDHE-ECDSA-AES128-GCM-SHA256" "ECDHE-ECDSA-AES128-GCM-SHA265""#,
            )
        },
    },
    Row {
        mistake: "RSA-only suites, ECDSA key, TLS 1.2: every handshake fails",
        peers: ["○", "○", "○", "○", "○"],
        rule: "TLS008",
        config: || {
            tls(r#"certificate "shop.pem" key="shop.key"; cipher-suites "ECDHE-RSA-AES128-GCM-SHA256""#)
        },
    },
    Row {
        mistake: "TLS 1.0 enabled",
        peers: ["○", "●", "○", "○", "–"],
        rule: "TLS003",
        config: || tls(r#"certificate "shop.pem" key="shop.key"; min-version "1.0""#),
    },
    Row {
        mistake: "min TLS 1.3 > max TLS 1.2",
        peers: ["–", "–", "●", "○", "○"],
        rule: "TLS004",
        config: || tls(r#"certificate "shop.pem" key="shop.key"; min-version "1.3"; max-version "1.2""#),
    },
    Row {
        mistake: "upstream TLS unverified",
        peers: ["○", "○", "●", "○", "○"],
        rule: "TLS017",
        config: || with_pool(r#"backend "https://127.0.0.1:1"; probe "/"; tls verify=#false"#),
    },
    Row {
        mistake: "duplicate host/SNI",
        peers: [r#"◐ "ignored" warn"#, "◐", "–", "●", "○"],
        rule: "TLS012",
        config: || {
            tls(r#"certificate "shop.pem" key="shop.key"; certificate "shop-new.pem" key="shop-new.key""#)
        },
    },
    Row {
        mistake: "unknown upstream",
        peers: ["◐ DNS error", "○", "●", "●", "●"],
        rule: "REF001",
        config: || with_routes(r#"route "/**" pool="ap""#),
    },
    Row {
        mistake: "unused upstream",
        peers: ["○", "○", "○", "○", "○"],
        rule: "REF003",
        config: || {
            with_routes(
                r#"pool "app" { backend "http://127.0.0.1:1"; }
route "/**" { respond 200 "ok"; }"#,
            )
        },
    },
    Row {
        mistake: "same backend address twice",
        peers: ["○", "○", "○", "○", "○"],
        rule: "REF004",
        config: || with_pool(r#"backend "http://127.0.0.1:1"; backend "http://localhost:1"; probe "/""#),
    },
    Row {
        mistake: "backend = own listener",
        peers: ["○", "○", "○", "○", "○"],
        rule: "REF005",
        config: || with_pool(r#"backend "http://127.0.0.1:8080"; probe "/""#),
    },
    Row {
        mistake: "prefix `/api` takes what `/api/v1` is for",
        peers: ["–", "–", "○", "○", "○"],
        rule: "RTE001",
        config: || {
            with_routes(
                r#"route "/api/**" priority=1 { respond 200 "all"; }
route "/api/v1/**" { respond 200 "v1"; }"#,
            )
        },
    },
    Row {
        mistake: "regex covers later regex",
        peers: ["○", "○", "○", "○", "○"],
        rule: "RTE001",
        config: || {
            with_routes(
                r#"route path-regex="/api/.*" priority=1 { respond 200 "all"; }
route path-regex="/api/v[0-9]+/.*" { respond 200 "one"; }"#,
            )
        },
    },
    Row {
        mistake: "identical route twice",
        peers: ["●", "○", "○", "○", "○"],
        rule: "RTE014",
        config: || {
            with_routes(
                r#"route "/a" { respond 200 "1"; }
route "/a" { respond 200 "2"; }"#,
            )
        },
    },
    Row {
        mistake: "redirect to itself",
        peers: ["○", "○", "○", "○", "○"],
        rule: "RTE011",
        config: || whole(r#"listener "web" { bind "127.0.0.1:8080"; redirect "web"; }"#),
    },
    Row {
        mistake: "retries × attempt > route timeout",
        peers: ["○", "○", "○", "○", "○"],
        rule: "TMO002",
        config: || {
            whole(
                r#"listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:1"; backend "http://127.0.0.1:2"; probe "/"; backend "http://127.0.0.1:3"; }
route "/**" pool="app" { timeout "5s"; retry 2; }"#,
            )
        },
    },
    Row {
        mistake: "health timeout ≥ interval",
        peers: ["–", "–", "○", "○", "●"],
        rule: "UPS006",
        config: || with_pool(r#"backend "http://127.0.0.1:1"; probe "/" every="1s" timeout="10s""#),
    },
    Row {
        mistake: "all weights 0 / all down",
        peers: ["○ (down)", "○", "◐ DIAG only", "● weights / ○ empty", "●"],
        rule: "UPS001",
        config: || with_pool(r#"backend "http://127.0.0.1:1" weight=0"#),
    },
    Row {
        mistake: "trust XFF from 0.0.0.0/0",
        peers: ["○", "○", "○", "○", "○"],
        rule: "SEC001",
        config: || {
            whole(
                r#"listener "web" { bind "127.0.0.1:8080"; trusted-proxies "0.0.0.0/0"; }
route "/**" { respond 200 "ok"; }"#,
            )
        },
    },
    Row {
        mistake: "rate limit by a header that the client writes",
        peers: ["○", "○", "○", "–", "○"],
        rule: "SYN005",
        config: || {
            with_routes(r#"route "/**" { respond 200 "ok"; rate-limit "9/s" key="header:x-real-ip"; }"#)
        },
    },
    Row {
        mistake: "Transfer-Encoding set by hand",
        peers: ["○", "○", "○", "○", "○"],
        rule: "SEC004",
        config: || {
            with_routes(
                r#"pool "app" { backend "http://127.0.0.1:1"; }
route "/**" pool="app" { request-header-set "Transfer-Encoding" "chunked"; }"#,
            )
        },
    },
    Row {
        mistake: "CORS `*` + credentials",
        peers: ["○", "○", "○", "○", "○"],
        rule: "SEC011",
        config: || with_routes(r#"route "/**" { respond 200 "ok"; cors "*" credentials=#true; }"#),
    },
    Row {
        mistake: "CIDR with host bits",
        peers: ["● warn", "○", "○", "–", "○"],
        rule: "SYN005",
        config: || {
            whole(
                r#"listener "web" { bind "127.0.0.1:8080"; trusted-proxies "10.0.0.1/8"; }
route "/**" { respond 200 "ok"; }"#,
            )
        },
    },
    Row {
        mistake: "identical / overlapping binds",
        peers: ["○ overlap", "○", "○ identical", "● identical, ○ overlap", "○"],
        rule: "OPS001",
        config: || {
            whole(
                r#"listener "a" { bind "0.0.0.0:80"; }
listener "b" { bind "10.0.0.1:80"; }
route "/**" { respond 200 "ok"; }"#,
            )
        },
    },
    Row {
        mistake: "unknown key",
        peers: ["●", "○", "● + did-you-mean", "●", "◐ some nodes ignored"],
        rule: "SYN003",
        config: || {
            whole(
                r#"listener "web" { bind "127.0.0.1:8080"; htpp h2=#true; }
route "/**" { respond 200 "ok"; }"#,
            )
        },
    },
    Row {
        mistake: "duration without unit",
        peers: ["–", "–", "○ 2.6, ● 3.x", "●", "–"],
        rule: "SYN009",
        config: || with_pool(r#"backend "http://127.0.0.1:1"; probe "/" every="5""#),
    },
    Row {
        mistake: "a setting without effect where it stands",
        peers: ["–", "◐", "●", "–", "○"],
        rule: "SYN008",
        config: || {
            tls(
                r#"certificate "shop.pem" key="shop.key"; min-version "1.3"; cipher-suites "ECDHE-ECDSA-AES128-GCM-SHA256""#,
            )
        },
    },
];

/// A listener with TLS for `shop.example`.
fn tls(settings: &str) -> String {
    format!(
        "listener \"web\" {{ bind \"127.0.0.1:8443\"; tls {{ {settings} }}; }}\n\
         host \"shop.example\" {{ route \"/**\" {{ respond 200 \"ok\"; }}; }}"
    )
}

fn whole(config: &str) -> String {
    config.to_owned()
}

fn said(compilation: &Compilation) -> String {
    compilation.diagnostics.iter().map(|found| rendered(compilation, found)).collect()
}

/// What Divisor says: the rule that is meant, and how bad that is.
fn cell(row: &Row, compilation: &Compilation) -> String {
    let found = compilation.diagnostics.iter().find(|found| found.code == row.rule);
    let found = found.unwrap_or_else(|| panic!("{}: {}", row.mistake, said(compilation)));
    let page = |lint: &&Lint| format!("rules.md#{}-{}", lint.rule.code.to_lowercase(), lint.rule.name);
    let page = catalogue().iter().find(|lint| lint.rule.code == row.rule).map(page).unwrap();
    format!("● [{}]({page}) {}", row.rule, found.severity.word())
}

fn table() -> String {
    let mut table =
        format!("| mistake | Divisor | {} |\n|{}\n", PEERS.join(" | "), " --- |".repeat(PEERS.len() + 2));
    let scratch = certificates();
    for row in ROWS {
        let compilation = compiled(&scratch, &(row.config)());
        let cell = cell(row, &compilation);
        writeln!(table, "| {} | {cell} | {} |", row.mistake, row.peers.join(" | ")).unwrap();
    }
    table
}

#[test]
fn what_others_let_pass_is_found_and_the_page_says_so() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/lint-coverage.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let start = text.find("| mistake |").unwrap();
    let end = start + text[start..].find("\n\n").map_or(text.len() - start, |length| length + 1);
    let table = table();
    if std::env::var_os("DIVISOR_WRITE").is_some() {
        std::fs::write(&page, format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    assert_eq!(&text[start..end], table, "stale: DIVISOR_WRITE=1 cargo test -p divisor-compiler peers");
}

/// Nothing else is found in the configs: a mistake is one finding.
#[test]
fn a_mistake_is_one_finding() {
    let scratch = certificates();
    // Nobody issues weak certificates any more: there is one of 2026 whose key is lost.
    let sound = ROWS.iter().filter(|row| row.rule != "CRT012");
    let beside = sound.filter_map(|row| {
        let compilation = compiled(&scratch, &(row.config)());
        let others = compilation.diagnostics.iter().filter(|found| found.code != row.rule);
        let codes: Vec<&str> = others.map(|found| found.code).collect();
        (!codes.is_empty()).then(|| format!("{} {codes:?}", row.mistake))
    });
    assert_eq!(beside.collect::<Vec<_>>(), [""; 0]);
}
