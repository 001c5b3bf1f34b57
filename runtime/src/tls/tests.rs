use std::io;
use std::path::Path;
use std::sync::Arc;

use divisor_schema::plan::{Certificate, ClientTls, Identity, Roots, ServerTls, TlsSettings, TlsVersion};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SignatureAlgorithm, date_time_ymd,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

/// A folder with a private authority (`ca.pem`) and whatever it issues.
struct Folder {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Folder {
    fn new() -> Self {
        Self::with_authority("one authority")
    }

    fn with_authority(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(dir.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes `name.pem` and `name.key` for `hosts`.
    fn issue(&self, name: &str, hosts: &[&str]) -> Identity {
        self.issue_until(name, hosts, 4096)
    }

    fn issue_until(&self, name: &str, hosts: &[&str], year: i32) -> Identity {
        self.issue_with(name, hosts, year, &rcgen::PKCS_ECDSA_P256_SHA256)
    }

    fn issue_with(
        &self,
        name: &str,
        hosts: &[&str],
        year: i32,
        kind: &'static SignatureAlgorithm,
    ) -> Identity {
        let key = KeyPair::generate_for(kind).unwrap();
        let mut params =
            CertificateParams::new(hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>()).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
        Identity { certificate: format!("{name}.pem"), key: format!("{name}.key") }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn server(&self, plan: &ServerTls) -> Server {
        Server::new(plan, HTTP1, self.path(), None).unwrap()
    }

    /// A server with one certificate for `host`.
    fn simple_server(&self, host: &str) -> Arc<ServerConfig> {
        let identity = self.issue(host, &[host]);
        Arc::clone(config(&self.server(&server_plan(
            vec![Certificate { names: vec![], identity, pin: None, trust: None }],
            Some(0),
        ))))
    }

    fn clients(&self, plan: &ClientTls) -> Clients {
        Clients::new(std::slice::from_ref(plan), self.path(), None).unwrap()
    }
}

fn settings(min: TlsVersion, max: TlsVersion) -> TlsSettings {
    let suites = vec![0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];
    TlsSettings { min, max, suites, groups: vec![0x11ec, 0x001d, 0x0017, 0x0018] }
}

fn usual() -> TlsSettings {
    settings(TlsVersion::Tls12, TlsVersion::Tls13)
}

const HTTP1: Alpn = &["http/1.1"];
const BOTH: Alpn = &["h2", "http/1.1"];

fn server_plan(certificates: Vec<Certificate>, default: Option<u32>) -> ServerTls {
    ServerTls {
        settings: usual(),
        prefer_server_order: false,
        session_tickets: true,
        certificates,
        default,
        client_auth: None,
        exceptions: vec![],
    }
}

/// How clients get in that ask for any name.
fn config(server: &Server) -> &Arc<ServerConfig> {
    &server.entrance("").config
}

fn client_plan() -> ClientTls {
    ClientTls { settings: usual(), roots: Roots::File("ca.pem".into()), identity: None, server_name: None }
}

type Shake = (io::Result<TlsStream<DuplexStream>>, io::Result<tokio_rustls::server::TlsStream<DuplexStream>>);

async fn handshake(clients: &Clients, server: &Arc<ServerConfig>, name: &str) -> Shake {
    let (near, far) = duplex(64 * 1024);
    let connector = TlsConnector::from(Arc::clone(&clients.configs()[0].0));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    tokio::join!(connector.connect(name, near), TlsAcceptor::from(Arc::clone(server)).accept(far))
}

/// What an operator reads when the client refuses.
async fn refusal(clients: &Clients, server: &Arc<ServerConfig>, name: &str) -> String {
    explain(&handshake(clients, server, name).await.0.unwrap_err())
}

/// The file of the certificate that a client of `name` gets.
async fn served(folder: &Folder, server: &Server, name: &str) -> Option<String> {
    let unverified = folder.clients(&ClientTls { roots: Roots::Unverified, ..client_plan() });
    let (client, _) = handshake(&unverified, config(server), name).await;
    let client = client.ok()?;
    let leaf = client.get_ref().1.peer_certificates()?.first()?.clone();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: &Path| CertificateDer::from_pem_file(path).is_ok_and(|it| it == leaf);
    files
        .filter(|path| path.extension().is_some_and(|it| it == "pem"))
        .find(|path| of(path))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_certificate_is_chosen_by_server_name() {
    let folder = Folder::new();
    let own = |name, hosts: &[&str]| Certificate {
        names: vec![],
        identity: folder.issue(name, hosts),
        pin: None,
        trust: None,
    };
    let given = Certificate { names: vec!["Given.Example".into()], ..own("given", &["other.example"]) };
    let certificates = vec![own("shop", &["shop.example"]), own("wild", &["*.shop.example"]), given];
    let strict = folder.server(&server_plan(certificates.clone(), None));
    assert_eq!(served(&folder, &strict, "shop.example").await.as_deref(), Some("shop"));
    assert_eq!(served(&folder, &strict, "www.shop.example").await.as_deref(), Some("wild"));
    assert_eq!(served(&folder, &strict, "given.example").await.as_deref(), Some("given"));
    assert_eq!(served(&folder, &strict, "a.b.shop.example").await, None);
    assert_eq!(served(&folder, &strict, "other.example").await, None);
    assert_eq!(served(&folder, &strict, "192.0.2.1").await, None, "an address is no server name");
    let lenient = folder.server(&server_plan(certificates, Some(1)));
    assert_eq!(served(&folder, &lenient, "other.example").await.as_deref(), Some("wild"));
    assert_eq!(served(&folder, &lenient, "192.0.2.1").await.as_deref(), Some("wild"));
}

#[tokio::test]
async fn of_several_certificates_the_client_gets_one_that_it_can_verify() {
    let folder = Folder::new();
    let ed25519 = folder.issue_with("ed25519", &["shop.example"], 4096, &rcgen::PKCS_ED25519);
    let ecdsa = folder.issue("ecdsa", &["shop.example"]);
    let certificates =
        [ed25519, ecdsa].map(|identity| Certificate { names: vec![], identity, pin: None, trust: None });
    let server = folder.server(&server_plan(certificates.into(), None));
    assert_eq!(served(&folder, &server, "shop.example").await.as_deref(), Some("ed25519"));
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let known = provider.signature_verification_algorithms.mapping;
    let known: Vec<_> =
        known.iter().filter(|(scheme, _)| *scheme != SignatureScheme::ED25519).copied().collect();
    provider.signature_verification_algorithms.mapping = known.leak();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.path().join("ca.pem")).unwrap()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(Arc::new(provider));
    let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let connector = TlsConnector::from(Arc::new(client.with_no_client_auth()));
    let (near, far) = duplex(64 * 1024);
    let name = ServerName::try_from("shop.example").unwrap();
    let acceptor = TlsAcceptor::from(Arc::clone(config(&server)));
    let (client, _) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    let expected = CertificateDer::from_pem_file(folder.path().join("ecdsa.pem")).unwrap();
    assert_eq!(client.unwrap().get_ref().1.peer_certificates(), Some(&[expected][..]));
}

#[tokio::test]
async fn sessions_resume_over_swaps_that_demand_the_same() {
    let folder = Folder::new();
    let identity = folder.issue("shop", &["shop.example"]);
    let plan = server_plan(vec![Certificate { names: vec![], identity, pin: None, trust: None }], Some(0));
    let server = folder.server(&plan);
    let clients = folder.clients(&client_plan());
    let kind = async |clients: &Clients, server: &Server| {
        let (client, far) = handshake(clients, config(server), "shop.example").await;
        let (mut client, mut far) = (client.unwrap(), far.unwrap());
        far.write_all(b"x").await.unwrap();
        far.flush().await.unwrap();
        client.read_u8().await.unwrap(); // the tickets come before the first byte
        client.get_ref().1.handshake_kind().unwrap()
    };
    assert_ne!(kind(&clients, &server).await, HandshakeKind::Resumed);
    let same = Server::new(&plan, HTTP1, folder.path(), Some(&server)).unwrap();
    let same_clients = Clients::new(&[client_plan()], folder.path(), Some(&clients)).unwrap();
    assert_eq!(kind(&same_clients, &same).await, HandshakeKind::Resumed);
    folder.issue("shop", &["shop.example"]);
    let renewed = Server::new(&plan, HTTP1, folder.path(), Some(&same)).unwrap();
    assert!(!Arc::ptr_eq(config(&renewed), config(&same)));
    assert_eq!(kind(&same_clients, &renewed).await, HandshakeKind::Resumed);
    let stateful = ServerTls { session_tickets: false, ..plan };
    let other = Server::new(&stateful, HTTP1, folder.path(), Some(&renewed)).unwrap();
    assert_ne!(kind(&same_clients, &other).await, HandshakeKind::Resumed);
    assert_eq!(kind(&same_clients, &other).await, HandshakeKind::Resumed, "by what the server keeps");
}

#[test]
fn a_configuration_is_kept_only_if_settings_and_files_are_the_same() {
    let folder = Folder::new();
    let identity = folder.issue("shop", &["shop.example"]);
    let plan = server_plan(
        vec![Certificate { names: vec![], identity: identity.clone(), pin: None, trust: None }],
        Some(0),
    );
    let server = folder.server(&plan);
    let again = |plan: &ServerTls, alpn| {
        let new = Server::new(plan, alpn, folder.path(), Some(&server)).unwrap();
        Arc::ptr_eq(config(&new), config(&server))
    };
    assert!(again(&plan, HTTP1));
    assert!(!again(&plan, BOTH));
    assert!(!again(&ServerTls { prefer_server_order: true, ..plan.clone() }, HTTP1));

    let plans = [client_plan(), ClientTls { identity: Some(identity), ..client_plan() }];
    let clients = Clients::new(&plans, folder.path(), None).unwrap();
    folder.issue("shop", &["shop.example"]);
    let swapped = Clients::new(&plans, folder.path(), Some(&clients)).unwrap();
    let same = |index: usize| Arc::ptr_eq(&clients.configs()[index].0, &swapped.configs()[index].0);
    assert_eq!((same(0), same(1)), (true, false));
}

#[test]
fn settings_reach_rustls_in_their_order() {
    let folder = Folder::new();
    let certificate = Certificate {
        names: vec![],
        identity: folder.issue("shop", &["shop.example"]),
        pin: None,
        trust: None,
    };
    let chosen = TlsSettings { suites: vec![0xc02f, 0x1303, 0xc02b], groups: vec![0x17, 0x1d], ..usual() };
    let plan =
        ServerTls { settings: chosen, prefer_server_order: true, ..server_plan(vec![certificate], None) };
    let server = Server::new(&plan, BOTH, folder.path(), None).unwrap();
    let provider = config(&server).crypto_provider();
    let suites: Vec<u16> = provider.cipher_suites.iter().map(|it| it.suite().into()).collect();
    let groups: Vec<u16> = provider.kx_groups.iter().map(|it| it.name().into()).collect();
    assert_eq!((suites, groups), (vec![0xc02f, 0x1303, 0xc02b], vec![0x17, 0x1d]));
    assert!(config(&server).ignore_client_order);
    assert_eq!(config(&server).alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    let unknown = ServerTls { settings: TlsSettings { suites: vec![0x0005], ..usual() }, ..plan };
    assert_eq!(
        Server::new(&unknown, BOTH, folder.path(), None).unwrap_err().to_string(),
        "the plan wants cipher suite 0x0005, which this version does not have: compile it with the version that runs here"
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = Folder::new();
    let (a, b) = (folder.issue("a", &["a.example"]), folder.issue("b", &["b.example"]));
    folder.write("empty.pem", "");
    folder.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA");
    folder.write("odd.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    folder.write("odd.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let base = folder.path().display().to_string();
    let error = |certificate: &str, key: &str| {
        let identity = Identity { certificate: certificate.into(), key: key.into() };
        let plan = server_plan(vec![Certificate { names: vec![], identity, pin: None, trust: None }], None);
        let error = Server::new(&plan, HTTP1, folder.path(), None).unwrap_err();
        error.to_string().replace(&base, "").replace(['/', '\\'], "")
    };
    assert_eq!(
        error(&a.certificate, &b.key),
        "the key in b.key is not the key of the certificate in a.pem: put the pair that belongs together in place"
    );
    assert!(error("none.pem", &a.key).starts_with("cannot read none.pem: "));
    assert_eq!(
        error("empty.pem", &a.key),
        "empty.pem holds no certificate: it needs a `BEGIN CERTIFICATE` block"
    );
    assert_eq!(
        error(&a.certificate, &a.certificate),
        "a.pem holds no private key: it needs an unencrypted `BEGIN PRIVATE KEY` block"
    );
    assert!(
        error("broken.pem", &a.key).starts_with("broken.pem is no valid PEM (missing section end marker")
    );
    assert!(error("odd.pem", &a.key).starts_with("the certificate in odd.pem cannot be used ("));
    assert!(error(&a.certificate, "odd.key").starts_with("the key in odd.key cannot be used ("));

    let odd_roots = ClientTls { roots: Roots::File("odd.pem".into()), ..client_plan() };
    let error = Clients::new(&[odd_roots], folder.path(), None).unwrap_err().to_string();
    assert!(error.contains("odd.pem cannot be used"), "{error}");
    let bad_name = ClientTls { server_name: Some("a b".into()), ..client_plan() };
    let error = Clients::new(&[bad_name], folder.path(), None).unwrap_err().to_string();
    assert_eq!(error, "server-name `a b` is no host name: correct it in the config");
}

#[tokio::test]
async fn a_backend_is_verified_unless_the_plan_says_otherwise() {
    let folder = Folder::new();
    let server = folder.simple_server("app.internal");
    let verified = folder.clients(&client_plan());
    assert!(handshake(&verified, &server, "app.internal").await.0.is_ok());
    assert_eq!(
        refusal(&verified, &server, "other.internal").await,
        "its certificate is for app.internal, not for other.internal: set `server-name`"
    );
    let namesake = Folder::new().simple_server("app.internal");
    assert_eq!(
        refusal(&verified, &namesake, "app.internal").await,
        "its certificate is not signed by the authority it names: perhaps `ca` is an older one of the same name"
    );
    let stranger = Folder::with_authority("another").simple_server("app.internal");
    assert_eq!(
        refusal(&verified, &stranger, "app.internal").await,
        "its certificate is signed by an authority that is not trusted here: name the authority's certificate as `ca`"
    );
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let roots = Roots::Unverified;
        let unverified =
            folder.clients(&ClientTls { roots, settings: settings(version, version), ..client_plan() });
        assert!(handshake(&unverified, &stranger, "whatever.internal").await.0.is_ok());
    }
    let expired = folder.issue_until("old", &["app.internal"], 2001);
    let certificates = vec![Certificate { names: vec![], identity: expired, pin: None, trust: None }];
    let old = folder.server(&server_plan(certificates, Some(0)));
    let why = refusal(&verified, config(&old), "app.internal").await;
    assert!(why.starts_with("its certificate expired ") && why.ends_with(" days ago: renew it"), "{why}");
}

#[test]
fn the_roots_of_the_system_are_used_where_it_has_some() {
    let folder = Folder::new();
    let system = ClientTls { roots: Roots::System, ..client_plan() };
    match Clients::new(&[system.clone(), system], folder.path(), None) {
        Ok(clients) => assert_eq!(clients.configs().len(), 2),
        Err(error) => assert!(matches!(error, TlsError::NoSystemRoots), "{error}"),
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_demanded() {
    let folder = Folder::new();
    let identity = folder.issue("app", &["app.internal"]);
    let server_name = Some("app.internal".to_owned());
    let mut files = files::Files::new(folder.path());
    let provider = settings::provider(&usual()).unwrap();
    let certified = files.read_identity(&identity).unwrap().certified(&provider, None).unwrap();
    let mut roots = RootCertStore::empty();
    files.read("ca.pem").unwrap().certificates().unwrap().into_iter().for_each(|it| roots.add(it).unwrap());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
    let server = Arc::new(server);

    let bare = folder.clients(&client_plan());
    let (client, refused) = handshake(&bare, &server, "app.internal").await;
    assert!(refused.is_err());
    let alert = client.unwrap().read_u8().await.unwrap_err(); // TLS 1.3: the client learns of it after its handshake
    assert_eq!(
        explain(&alert),
        "the other side demands a client certificate: name one as `certificate` and `key` (alert CertificateRequired)"
    );
    let identity = Some(folder.issue("lb", &["lb.internal"]));
    let known = folder.clients(&ClientTls { identity, server_name, ..client_plan() });
    assert_eq!(known.configs()[0].1, Some(ServerName::try_from("app.internal").unwrap()));
    let (_, accepted) = handshake(&known, &server, "app.internal").await;
    assert!(accepted.unwrap().get_ref().1.peer_certificates().is_some());
}

#[tokio::test]
async fn failed_handshakes_are_explained() {
    let folder = Folder::new();
    let server = folder.simple_server("app.internal");
    let identity = folder.issue("modern", &["app.internal"]);
    let only13 = ServerTls {
        settings: settings(TlsVersion::Tls13, TlsVersion::Tls13),
        ..server_plan(vec![Certificate { names: vec![], identity, pin: None, trust: None }], Some(0))
    };
    let modern = folder.server(&only13);
    let old = folder
        .clients(&ClientTls { settings: settings(TlsVersion::Tls12, TlsVersion::Tls12), ..client_plan() });
    let (client, far) = handshake(&old, config(&modern), "app.internal").await;
    assert_eq!(
        explain(&client.unwrap_err()),
        "the other side speaks none of the TLS versions in use here (alert ProtocolVersion)"
    );
    assert_eq!(explain(&far.unwrap_err()), "the other side offers none of the TLS versions in use here");

    let (mut near, far) = duplex(1024);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = TlsAcceptor::from(server).accept(far).await.unwrap_err();
    assert_eq!(
        explain(&error),
        "the other side does not speak TLS on this port; perhaps it speaks plain HTTP"
    );

    let (near, mut far) = duplex(1024);
    far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let connector = TlsConnector::from(Arc::clone(&old.configs()[0].0));
    let error = connector.connect(ServerName::try_from("app.internal").unwrap(), near).await.unwrap_err();
    assert_eq!(
        explain(&error),
        "the other side does not speak TLS on this port; perhaps it speaks plain HTTP"
    );

    let (near, far) = duplex(1024);
    drop(near);
    let connector = TlsConnector::from(Arc::clone(&old.configs()[0].0));
    let error = connector.connect(ServerName::try_from("app.internal").unwrap(), far).await.unwrap_err();
    assert!(!explain(&error).is_empty());
    assert_eq!(
        explain(&io::ErrorKind::UnexpectedEof.into()),
        "the other side closed the connection during the handshake: does it speak TLS on this port?"
    );
    assert_eq!(explain(&io::Error::other("lost")), "lost");
}
