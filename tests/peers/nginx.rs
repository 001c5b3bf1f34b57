//! nginx as backend.

use std::time::Duration;

use super::programs::{Serving, program};
use crate::support::certs::Authority;
use crate::support::client::Answer;
use crate::support::{Client, Port, Site};

/// An nginx with a folder of files, in plain text and with TLS.
pub(crate) struct Nginx {
    site: Site,
    pub(crate) plain: Port,
    pub(crate) tls: Port,
    pub(crate) authority: Authority,
    serving: Option<Serving>,
}

impl Nginx {
    pub(crate) fn start() -> Self {
        let (plain, tls) = (Port::reserve(), Port::reserve());
        let authority = Authority::new("nginx root");
        let site = Site::with("");
        site.pair("tls", &authority.server(&["localhost"]));
        site.write("ca.pem", &authority.pem);
        let folder = site.folder().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/temporary;\n"))
            .concat();
        site.write("temporary/made", "");
        site.write("files/text.txt", "letters ".repeat(1000));
        site.write("files/large.bin", large());
        site.write(
            "nginx.conf",
            format!(
                "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
                events {{ worker_connections 1024; }}
                http {{
                    access_log off; client_max_body_size 0; keepalive_requests 1000000; {temporary}
                    server {{
                        listen {} reuseport; listen {} ssl http2 reuseport;
                        ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;
                        root {folder}/files; default_type application/octet-stream;
                        dav_methods PUT; create_full_put_path on;
                        location /connection {{ return 200 \"$connection $connection_requests $server_protocol\"; }}
                        location /nothing {{ return 204; }}
                        location /moved {{ return 301 /text.txt; }}
                        location /packed {{ gzip on; gzip_types *; gzip_min_length 1; alias {folder}/files; }}
                    }}
                }}",
                plain.address, tls.address
            ),
        );
        let mut nginx = Self { site, plain, tls, authority, serving: None };
        nginx.revive();
        nginx
    }

    pub(crate) fn revive(&mut self) {
        let mut command = program("nginx", "nginx-light");
        command
            .args(["-e", "stderr", "-p"])
            .arg(self.site.folder())
            .arg("-c")
            .arg(self.site.path("nginx.conf"));
        self.serving = Some(Serving::start(&mut command, self.plain.address));
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        self.serving.take().unwrap().kill();
    }
}

/// Bytes in which any piece that is lost, doubled or moved shows.
pub(crate) fn large() -> Vec<u8> {
    (0..8 * 1024 * 1024 / 8_u64)
        .flat_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        .collect()
}

/// A site before nginx, reached as `backend` says.
fn before(nginx: &Nginx, backend: &str) -> (Site, Port) {
    let port = Port::reserve();
    let site = Site::with(&format!(
        r#"
        runtime {{ workers 1 }}
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "app" {{ {backend} }}
        route "/**" pool="app"
        "#,
        port.number(),
    ));
    site.write("ca.pem", &nginx.authority.pem);
    (site, port)
}

fn plain(nginx: &Nginx) -> (Site, Port) {
    before(nginx, &format!(r#"backend "http://{}""#, nginx.plain.address))
}

fn secured(nginx: &Nginx) -> (Site, Port) {
    let backend = format!(
        r#"backend "https://127.0.0.1:{}"; tls {{ ca "ca.pem"; server-name "localhost" }}"#,
        nginx.tls.number()
    );
    before(nginx, &backend)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_kept() {
    let nginx = Nginx::start();
    for ((site, port), version) in [(plain(&nginx), "HTTP/1.1"), (secured(&nginx), "HTTP/2.0")] {
        let _server = site.run();
        let mut client = Client::connect(port.address).await;
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push(client.get("/connection").await.text().to_owned());
        }
        let connection = seen[0].split(' ').next().unwrap();
        assert!(seen.iter().all(|line| line.split(' ').next() == Some(connection)), "{seen:?}");
        assert!(seen[19].ends_with(&format!(" 20 {version}")), "{seen:?}");
    }
}

/// Everything that a client asks a file server for.
async fn files(client: &mut Client) {
    let text = "letters ".repeat(1000);
    let got = client.get("/text.txt").await;
    assert_eq!((got.status.as_u16(), got.text()), (200, text.as_str()));
    let head = client.send("HEAD", "/text.txt", &[], "").await.unwrap();
    assert_eq!((head.header("content-length"), head.body.len()), (Some("8000"), 0));
    let range = client.send("GET", "/text.txt", &[("range", "bytes=8-15")], "").await.unwrap();
    assert_eq!((range.status.as_u16(), range.text()), (206, "letters "));
    assert_eq!(range.header("content-range"), Some("bytes 8-15/8000"));
    let tag = got.header("etag").unwrap();
    let unchanged = client.send("GET", "/text.txt", &[("if-none-match", tag)], "").await.unwrap();
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
    let nothing = client.get("/nothing").await;
    assert_eq!((nothing.status.as_u16(), nothing.body.len()), (204, 0));
    assert_eq!(client.get("/moved").await.status, 301);
    assert_eq!(client.get("/missing").await.status, 404);
    let packed = client.send("GET", "/packed/text.txt", &[("accept-encoding", "gzip")], "").await.unwrap();
    assert_eq!(packed.header("content-encoding"), Some("gzip"), "{packed:?}");
    assert_eq!(unpacked(&packed), text);
    let kept = client.send("PUT", "/put.txt", &[], &text).await.unwrap();
    assert!(kept.status.is_success(), "{kept:?}");
    assert_eq!(client.get("/put.txt").await.text(), text);
    let much = client.get("/large.bin").await;
    assert!(much.body == large(), "{} bytes", much.body.len());
}

fn unpacked(answer: &Answer) -> String {
    std::io::read_to_string(flate2::read::GzDecoder::new(&answer.body[..])).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_served_and_stored_over_every_version() {
    let nginx = Nginx::start();
    for (site, port) in [plain(&nginx), secured(&nginx)] {
        let _server = site.run();
        files(&mut Client::connect(port.address).await).await;
        files(&mut Client::connect_h2(port.address).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_dies_under_load_and_comes_back_costs_no_request() {
    let (mut dying, staying, port) = (Nginx::start(), Nginx::start(), Port::reserve());
    let site = Site::with(&format!(
        r#"
        listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
        pool "app" {{
            backend "http://{}"
            backend "http://{}"
            probe "/text.txt" every="100ms" timeout="50ms"
        }}
        route "/**" pool="app" {{ retry attempts=2 budget="100%" }}
        "#,
        port.number(),
        dying.plain.address,
        staying.plain.address
    ));
    let _server = site.run();
    let url = format!("http://{}/text.txt", port.address);
    let load = std::thread::spawn(move || super::load::h2load(&["-c4", "-m4", "-D6", &url]));
    for _ in 0..2 {
        std::thread::sleep(Duration::from_secs(1));
        dying.kill();
        std::thread::sleep(Duration::from_secs(1));
        dying.revive();
    }
    load.join().unwrap();
}
