//! The examples: each compiles, twins are equal, and some of them are served.

use std::path::{Path, PathBuf};

use crate::support::{Backend, Client, Port, Site, until};

/// Examples in both spellings.
const TWINS: [&str; 7] = ["api", "canary", "demo", "includes/site", "mtls", "redirects", "shop"];

/// Examples of the flat layout, and the codes of what is said about them: keys that have no effect (DEP002) or are
/// called otherwise today (DEP001), and headers that browsers have given up (SEC008) or that leave something open
/// (SEC009).
const FLAT: [(&str, &[&str]); 10] = [
    ("https-backends", &["DEP001 max_idemponent_call_attempts"]),
    ("ip-hash", &[]),
    ("least-connection", &[]),
    ("least-response-time", &[]),
    ("limits", &["DEP002 concurrency", "DEP002 max_idle_worker_duration", "DEP002 middlewares"]),
    ("random", &[]),
    ("round-robin", &[]),
    (
        "security",
        &["DEP002 monitoring", "SEC008 X-XSS-Protection", "SEC009 base-uri", "DEP002 authentication"],
    ),
    ("tls", &[]),
    ("w-round-robin", &[]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A copy of the examples, with the keys as they must be: git does not keep that.
pub(crate) fn copy() -> Site {
    let site = Site::new();
    copy_folder(&folder(), site.folder());
    site
}

/// Copies the certificates of the examples to `certs`.
pub(crate) fn copy_certificates(site: &Site) {
    copy_folder(&folder().join("certs"), &site.path("certs"));
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
            continue;
        }
        std::fs::copy(entry.path(), &to).unwrap();
        if to.extension().is_some_and(|extension| extension == "key") {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// All configs that are complete, by their paths in the folder.
fn configs() -> Vec<String> {
    let twins = TWINS.iter().flat_map(|name| ["kdl", "yaml"].map(|spelling| format!("{name}.{spelling}")));
    twins.chain(FLAT.iter().map(|(name, _)| format!("flat/{name}.yaml"))).collect()
}

#[test]
fn no_example_is_forgotten() {
    let mut found = Vec::new();
    for part in ["", "flat/", "includes/"] {
        for entry in std::fs::read_dir(folder().join(part)).unwrap().map(Result::unwrap) {
            let name = format!("{part}{}", entry.file_name().to_str().unwrap());
            if name.ends_with(".kdl") || name.ends_with(".yaml") {
                found.push(name);
            }
        }
    }
    found.sort();
    let mut known = configs();
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn twins_give_the_same_bytes() {
    let site = copy();
    for name in TWINS {
        assert_eq!(site.compile(&format!("{name}.kdl")), site.compile(&format!("{name}.yaml")), "{name}");
    }
}

#[test]
fn the_same_config_gives_the_same_bytes_again_and_elsewhere() {
    let (here, there) = (copy(), copy());
    for name in configs() {
        let plan = here.compile(&name);
        assert_eq!(plan, here.compile(&name), "{name}");
        assert_eq!(plan, there.compile(&name), "{name}");
    }
}

#[test]
fn examples_are_clean() {
    let site = copy();
    for name in TWINS.iter().flat_map(|name| ["kdl", "yaml"].map(|spelling| format!("{name}.{spelling}"))) {
        let output = site.divisor(&["lint", &name, "--fail-on", "info"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!((said.as_str(), output.status.code()), ("no problems found\n", Some(0)), "{name}");
    }
}

#[test]
fn of_flat_examples_what_is_out_of_date_is_said_and_nothing_else() {
    let site = copy();
    for (name, wanted) in FLAT {
        let output = site.divisor(&["lint", &format!("flat/{name}.yaml"), "--output", "compact"]);
        let said = String::from_utf8(output.stdout).unwrap();
        // path:line:col: level[CODE] `key` …
        let found: Vec<String> = said
            .lines()
            .filter_map(|line| {
                let (code, rest) = line.split_once('[')?.1.split_once(']')?;
                Some(format!("{code} {}", rest.split('`').nth(1)?))
            })
            .collect();
        assert_eq!(found, wanted, "{name}: {said}");
        assert_eq!(said.lines().count(), wanted.len(), "{name}: {said}");
        assert!(output.status.success(), "{name}");
    }
}

/// Serves an example of the flat layout with two backends.
fn served(name: &str, port: &Port, backends: [&Backend; 2]) -> (Site, crate::support::site::Server) {
    let site = copy();
    let set = [
        format!("PORT={}", port.number()),
        format!("A={}", backends[0].port()),
        format!("B={}", backends[1].port()),
    ];
    let [port, a, b] = &set;
    let config = format!("flat/{name}.yaml");
    let output = site.divisor(&["compile", &config, "-o", "plan.bin", "--set", port, "--set", a, "--set", b]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let server = site.start(&["run", "plan.bin"]);
    (site, server)
}

#[tokio::test]
async fn flat_round_robin_is_served() {
    let (port, a, b) = (Port::reserve(), Backend::start("a"), Backend::start("b"));
    let _served = served("round-robin", &port, [&a, &b]);
    let mut client = Client::connect(port.address).await;
    until("both backends answer", async || {
        Client::connect(port.address).await.get("/").await;
        a.requests() > 0 && b.requests() > 0
    })
    .await;
    let (first, second) = (client.get("/").await, client.get("/").await);
    assert_ne!(first.text(), second.text());
}

#[tokio::test]
async fn flat_security_is_served() {
    let (port, backend) = (Port::reserve(), Backend::start("a"));
    let _served = served("security", &port, [&backend, &backend]);
    let mut client = Client::connect(port.address).await;
    for _ in 0..5 {
        let answer = client.get("/").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-xss-protection"), Some("1; mode=block"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'self'"));
        assert_eq!(answer.header("referrer-policy"), Some("strict-origin-when-cross-origin"));
    }
    // On a slow machine a second may have passed, and one more request with it.
    until("the burst is used up", async || Client::connect(port.address).await.get("/").await.status == 429)
        .await;
    let refused = client.get("/").await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn flat_limits_are_served() {
    let (port, backend) = (Port::reserve(), Backend::start("a"));
    let _served = served("limits", &port, [&backend, &backend]);
    let mut client = Client::connect(port.address).await;
    let answer = client.send("POST", "/", &[], &"x".repeat(1024)).await.unwrap();
    assert_eq!(answer.status, 200);
    let got = backend.last();
    assert_eq!(got.headers["x-client"], "127.0.0.1");
    assert_eq!(got.headers["x-fixed"], "divisor");
    assert_eq!(got.headers["x-request-id"].len(), 36);
    assert!(got.headers.contains_key("x-time") && got.headers.contains_key("x-count"));
    let mut client = Client::connect(port.address).await;
    let answer = client.send("POST", "/", &[], &"x".repeat(1025)).await.unwrap();
    assert_eq!(answer.status, 413);
}
