//! Every variable of header values, as a backend sees it.

use divisor_schema::config::VARIABLES;

use crate::support::certs::{Authority, Pair};
use crate::support::{Backend, Client, Port, Site};

/// A site whose clients may show a certificate, on `shop.example`.
struct Shop {
    servers: Authority,
    clients: Authority,
    backend: Backend,
    port: Port,
    plain: Port,
    site: Site,
}

impl Shop {
    fn new(routes: &str) -> Self {
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let (backend, port, plain) = (Backend::start("a"), Port::reserve(), Port::reserve());
        let site = Site::with(&format!(
            r#"
            listener "web" {{
                bind "127.0.0.1:{}"
                tls {{ certificate "shop.pem" key="shop.key" trust="ca.pem"; client-auth ca="clients.pem" required=#false }}
            }}
            listener "plain" {{ bind "127.0.0.1:{}"; http h2=#true }}
            pool "app" {{ backend "http://127.0.0.1:{}"; probe "/health" every="5s" timeout="1s" }}
            {routes}
            "#,
            port.number(),
            plain.number(),
            backend.port()
        ));
        site.pair("shop", &servers.server(&["shop.example"]));
        site.write("ca.pem", &servers.pem);
        site.write("clients.pem", &clients.pem);
        Self { servers, clients, backend, port, plain, site }
    }

    async fn connect(&self, pair: Option<&Pair>, alpn: &str) -> Client {
        let config = match pair {
            Some(pair) => self.servers.trusted_with(pair, &[alpn]),
            None => self.servers.trusted(&[alpn]),
        };
        Client::connect_tls(self.port.address, "shop.example", config).await.unwrap()
    }

    fn billing(&self) -> Pair {
        self.clients.workload("billing, inc", "billing.example", "spiffe://shop.example/billing")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands for each variable.
fn expected(shop: &Shop, pair: &Pair) -> Vec<(&'static str, Value)> {
    let serial: Vec<u8> = pair.serial.iter().copied().skip_while(|byte| *byte == 0).collect();
    let is = |text: &str| Value::Is(text.to_owned());
    let der = <rustls_pki_types::CertificateDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(
        pair.certificate.as_bytes(),
    );
    let fingerprint = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der.unwrap());
    assert_eq!(shop.backend.requests(), 0, "the counter begins");
    vec![
        ("{client-address}", is("127.0.0.1")),
        ("{time}", Value::Looks(is_time)),
        ("{uuid}", Value::Looks(is_uuid)),
        ("{counter}", is("1")),
        ("{method}", is("POST")),
        ("{scheme}", is("https")),
        ("{host}", is("shop.example")),
        ("{path}", is("/users/7")),
        ("{query}", is("?q=1")),
        ("{tls-version}", is("TLSv1.3")),
        ("{tls-cipher}", Value::Looks(|text| text.starts_with("TLS13_AES_"))),
        ("{server-name}", is("shop.example")),
        ("{client-cert-subject}", is("CN=billing\\, inc")),
        ("{client-cert-issuer}", is("CN=clients")),
        ("{client-cert-serial}", Value::Is(hex(&serial))),
        ("{client-cert-fingerprint}", Value::Is(hex(fingerprint.as_ref()))),
        ("{client-cert-dns}", is("billing.example")),
        ("{client-cert-uri}", is("spiffe://shop.example/billing")),
        ("{client-cert-verified}", is("yes")),
        ("$remote_addr", is("127.0.0.1")),
        ("$time", Value::Looks(is_time)),
        ("$uuid", Value::Looks(is_uuid)),
        ("$incremental", is("1")),
    ]
}

enum Value {
    Is(String),
    Looks(fn(&str) -> bool),
}

/// `2026-01-02T03:04:05.678Z`.
fn is_time(text: &str) -> bool {
    text.len() == 24 && text.starts_with("20") && text.ends_with('Z') && text.get(10..11) == Some("T")
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.get(14..15) == Some("4")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_sees_every_variable() {
    let lines = VARIABLES.iter().enumerate();
    let lines: Vec<String> =
        lines.map(|(at, it)| format!("request-header-set \"X-Value-{at}\" \"<{}>\"", it.name)).collect();
    for alpn in ["h2", "http/1.1"] {
        let shop = Shop::new(&format!("route \"/users/*\" pool=\"app\" {{ {} }}", lines.join("; ")));
        let billing = shop.billing();
        let expected = expected(&shop, &billing);
        let names: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
        let tested: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
        assert_eq!(tested, names, "every variable of the language has a case here");
        let _server = shop.site.run();
        let mut client = shop.connect(Some(&billing), alpn).await;
        assert_eq!(client.send("POST", "/users/7?q=1", &[], "").await.unwrap().status, 200);
        let got = shop.backend.last();
        for (at, (name, value)) in expected.iter().enumerate() {
            let seen = got.headers[format!("x-value-{at}")].to_str().unwrap();
            let seen = seen.strip_prefix('<').and_then(|seen| seen.strip_suffix('>')).unwrap();
            match value {
                Value::Is(text) => assert_eq!(seen, text, "{name} over {alpn}"),
                Value::Looks(right) => assert!(right(seen), "{name} over {alpn}: {seen}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_certificate_says_cannot_be_forged_on_any_route() {
    let shop = Shop::new(
        r#"
        route "/told" pool="app" {
            request-header-set "X-Client" "{client-cert-subject}"
            request-header-set "X-Verified" "{client-cert-verified}"
            request-header-add "X-Uri" "{client-cert-uri}"
        }
        route "/silent" pool="app"
        "#,
    );
    let _server = shop.site.run();
    let forged =
        [("x-client", "CN=admin"), ("x_client", "CN=admin"), ("x-verified", "yes"), ("x_uri", "spiffe://a")];
    let forged = [&forged[..], &[("x-uri", "spiffe://admin"), ("x-other", "stays")]].concat();
    let billing = shop.billing();
    let clients = [
        (
            shop.connect(Some(&billing), "h2").await,
            "CN=billing\\, inc",
            "yes",
            "spiffe://shop.example/billing",
        ),
        (shop.connect(None, "h2").await, "", "no", ""),
        (shop.connect(None, "http/1.1").await, "", "no", ""),
        (Client::connect(shop.plain.address).await.host("shop.example"), "", "no", ""),
    ];
    for (mut client, subject, verified, uri) in clients {
        assert_eq!(client.send("GET", "/told", &forged, "").await.unwrap().status, 200);
        let got = shop.backend.last().headers;
        let all = |name: &str| got.get_all(name).iter().map(|it| it.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(
            (all("x-client"), all("x-verified"), all("x-uri")),
            (vec![subject], vec![verified], vec![uri])
        );
        assert_eq!((all("x_client"), all("x_uri"), all("x-other")), (vec![], vec![], vec!["stays"]));
        assert_eq!(client.send("GET", "/silent", &forged, "").await.unwrap().status, 200);
        let got = shop.backend.last().headers;
        for name in ["x-client", "x_client", "x-verified", "x-uri", "x_uri"] {
            assert!(!got.contains_key(name), "{name} came through a route that does not set it");
        }
        assert_eq!(got["x-other"], "stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_certificate_says_cannot_be_forged_behind_a_body() {
    let shop = Shop::new(
        r#"
        route "/told" pool="app" { request-header-set "X-Client-Id" "{client-cert-uri}" }
        route "/silent" pool="app"
        "#,
    );
    let _server = shop.site.run();
    let forged = [("x-client-id", "spiffe://admin"), ("x_client_id", "spiffe://admin"), ("x-sum", "7")];
    let billing = shop.billing();
    for mut client in [
        shop.connect(Some(&billing), "h2").await,
        shop.connect(Some(&billing), "http/1.1").await,
        shop.connect(None, "h2").await,
        Client::connect_h2(shop.plain.address).await,
        Client::connect(shop.plain.address).await,
    ] {
        for path in ["/told", "/silent"] {
            assert_eq!(client.post_trailers(path, &forged).await.status, 200);
            let got = shop.backend.last();
            assert_eq!((&got.body[..], got.target.as_str()), (&b"abc"[..], path));
            let names: Vec<&str> = got.trailers.keys().map(|name| name.as_str()).collect();
            assert_eq!(names, ["x-sum"], "{path}, HTTP/2: {}", client.is_h2());
        }
    }
}
