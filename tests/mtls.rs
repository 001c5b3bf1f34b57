//! Certificates of clients.

use super::support::certs::{Authority, Pair};
use super::support::site::Server;
use super::support::{Backend, Client, Port, Site};

/// Two authorities, and a site where clients of api.example show a certificate and others need none.
struct Guarded {
    servers: Authority,
    clients: Authority,
    port: Port,
    site: Site,
}

impl Guarded {
    /// `auth` is what stands after `client-auth` in the host.
    fn new(auth: &str, backend: &Backend) -> Self {
        let (servers, clients, port) =
            (Authority::new("servers"), Authority::new("clients"), Port::reserve());
        let site = Site::with(&format!(
            r#"
            listener "web" {{
                bind "127.0.0.1:{}"
                tls {{ certificate "site.pem" key="site.key" trust="servers.pem" }}
            }}
            host "www.example" {{ route "/**" pool="app" }}
            host "api.example" {{
                tls {{ client-auth ca="clients.pem" {auth} }}
                route "/**" pool="app"
            }}
            pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" }}
            "#,
            port.number(),
            backend.port()
        ));
        site.pair("site", &servers.server(&["www.example", "api.example"]));
        site.write("servers.pem", &servers.pem);
        site.write("clients.pem", &clients.pem);
        Self { servers, clients, port, site }
    }

    async fn connect(&self, host: &str, pair: Option<&Pair>) -> Option<Client> {
        let config = match pair {
            Some(pair) => self.servers.trusted_with(pair, &["h2", "http/1.1"]),
            None => self.servers.trusted(&["h2", "http/1.1"]),
        };
        Client::connect_tls(self.port.address, host, config).await.ok()
    }

    /// The status that a client gets; `None` when it is not let in.
    async fn status(&self, host: &str, pair: Option<&Pair>) -> Option<u16> {
        let mut client = self.connect(host, pair).await?;
        client.send("GET", "/", &[], "").await.ok().map(|answer| answer.status.as_u16())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_show_a_certificate_where_the_host_demands_one() {
    let backend = Backend::start("a");
    let guarded = Guarded::new("", &backend);
    let _server = guarded.site.run();
    let stranger = Authority::new("clients").client("mallory");
    let good = guarded.clients.client("billing");
    assert_eq!(guarded.status("api.example", Some(&good)).await, Some(200));
    assert_eq!(guarded.status("api.example", None).await, None);
    assert_eq!(guarded.status("api.example", Some(&stranger)).await, None);
    assert_eq!(guarded.status("www.example", None).await, Some(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_of_a_request_must_be_one_that_the_handshake_was_for() {
    let backend = Backend::start("a");
    let guarded = Guarded::new("", &backend);
    let _server = guarded.site.run();
    let www = guarded.connect("www.example", None).await.unwrap();
    assert_eq!(www.host("api.example").get("/").await.status, 421);
    let good = guarded.clients.client("billing");
    let api = guarded.connect("api.example", Some(&good)).await.unwrap();
    assert_eq!(api.host("www.example").get("/").await.status, 421);
    assert_eq!(backend.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_without_certificate_does_not_go_on_where_one_is_demanded() {
    let backend = Backend::start("a");
    let guarded = Guarded::new("", &backend);
    let _server = guarded.site.run();
    // One configuration, so that sessions of the one name are there when the other is asked for.
    let config = guarded.servers.trusted(&[]);
    for _ in 0..3 {
        let www = Client::connect_tls(guarded.port.address, "www.example", config.clone()).await;
        assert_eq!(www.unwrap().get("/").await.status, 200);
        let api = Client::connect_tls(guarded.port.address, "api.example", config.clone()).await;
        if let Ok(mut api) = api {
            assert!(api.send("GET", "/", &[], "").await.is_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_is_told_the_subject_and_nobody_can_forge_it() {
    let backend = Backend::start("a");
    let guarded = Guarded::new(r#"required=#false subject-header="X-Client-Subject""#, &backend);
    let _server = guarded.site.run();
    let forged = [("x-client-subject", "CN=admin"), ("x_client_subject", "CN=admin"), ("x-other", "stays")];
    let good = guarded.clients.client("billing, inc");
    for (host, pair, told) in [
        ("api.example", Some(&good), Some("CN=billing\\, inc")),
        ("api.example", None, None),
        ("www.example", None, None),
    ] {
        let mut client = guarded.connect(host, pair).await.unwrap();
        assert_eq!(client.send("GET", "/", &forged, "").await.unwrap().status, 200);
        let got = backend.last();
        let subject = got.headers.get("x-client-subject").map(|value| value.to_str().unwrap());
        assert_eq!((subject, got.headers.get("x_client_subject")), (told, None), "{host}");
        assert_eq!(got.headers["x-other"], "stays");
        assert_eq!(client.post_trailers("/", &forged).await.status, 200);
        let trailers = backend.last().trailers;
        assert_eq!(trailers.keys().collect::<Vec<_>>(), ["x-other"], "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_ends_with_the_list_that_revokes_it() {
    let backend = Backend::start("a");
    let guarded = Guarded::new(r#"crl="clients.crl""#, &backend);
    let (good, bad) = (guarded.clients.client("good"), guarded.clients.client("bad"));
    guarded.site.write("clients.crl", guarded.clients.revoking(None));
    let server = guarded.site.run();
    assert_eq!(guarded.status("api.example", Some(&bad)).await, Some(200));
    let mut open = guarded.connect("api.example", Some(&bad)).await.unwrap();
    assert_eq!(open.get("/").await.status, 200);
    guarded.site.write("clients.crl", guarded.clients.revoking(Some(&bad)));
    server.wait_for("swapped");
    assert_eq!(guarded.status("api.example", Some(&bad)).await, None);
    assert_eq!(guarded.status("api.example", Some(&good)).await, Some(200));
    assert_eq!(open.get("/").await.status, 421, "a connection from before does not go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_demands_certificates_holds_for_open_connections() {
    let backend = Backend::start("a");
    let guarded = Guarded::new("", &backend);
    let config = std::fs::read_to_string(guarded.site.path("site.kdl")).unwrap();
    let open = config.replace(r#"tls { client-auth ca="clients.pem"  }"#, "");
    assert_ne!(config, open);
    guarded.site.write("site.kdl", open);
    let server: Server = guarded.site.run();
    let mut client = guarded.connect("api.example", None).await.unwrap();
    assert_eq!(client.get("/").await.status, 200);
    guarded.site.write("site.kdl", config);
    guarded.site.compile("site.kdl");
    server.wait_for("swapped");
    assert_eq!(client.get("/").await.status, 421);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_certificate_is_renewed_with_its_key_only() {
    let (authority, port) = (Authority::new("root"), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{
            bind "127.0.0.1:{}"
            tls {{ certificate "site.pem" key="site.key" trust="root.pem" pin="spki" }}
        }}
        host "www.example" {{ route "/**" {{ respond 200 "ok" }} }}
        "#,
        port.number()
    ));
    site.write("root.pem", &authority.pem);
    site.pair("site", &authority.server(&["www.example"]));
    let server = site.run();
    site.pair("site", &authority.server(&["www.example"]));
    let refused = server.wait_for("plan refused");
    assert!(refused.contains("another key than the one it is pinned to"), "{refused}");
    let mut client = Client::connect_tls(port.address, "www.example", authority.trusted(&[])).await.unwrap();
    assert_eq!(client.get("/").await.status, 200);
}

#[test]
fn both_spellings_of_client_certificates_give_the_same_plan() {
    let backend = Backend::start("a");
    let auth = r#"required=#false crl="clients.crl" subject-header="X-Client-Subject""#;
    let guarded = Guarded::new(auth, &backend);
    guarded.site.write("clients.crl", guarded.clients.revoking(None));
    let (port, backend) = (guarded.port.number(), backend.port());
    guarded.site.write(
        "site.yaml",
        format!(
            r#"
listeners:
  web:
    bind: "127.0.0.1:{port}"
    tls: {{ certificates: [{{ certificate: site.pem, key: site.key, trust: servers.pem }}] }}
hosts:
  - names: www.example
    routes: [{{ path: "/**", pool: app }}]
  - names: api.example
    tls: {{ client-auth: {{ ca: clients.pem, required: false, crl: clients.crl, subject-header: X-Client-Subject }} }}
    routes: [{{ path: "/**", pool: app }}]
pools:
  app: {{ backends: ["http://127.0.0.1:{backend}"], probe: {{ path: /health }} }}
"#
        ),
    );
    assert_eq!(guarded.site.compile("site.kdl"), guarded.site.compile("site.yaml"));
}
