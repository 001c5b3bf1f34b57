//! TLS towards backends.

use std::path::Path;
use std::sync::Arc;

use divisor_schema::plan::{ClientTls, Roots};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::files::{Files, IdentityFiles};
use super::settings::{provider, versions};
use super::{TlsError, error};

/// The TLS settings of a plan towards backends, indexed by [`divisor_schema::plan::ClientTlsId`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Clients(Vec<Client>);

/// TLS towards some backends.
#[derive(Debug, Clone)]
struct Client {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    plan: ClientTls,
    files: blake3::Hash,
}

/// The roots of the system, read when they are first needed.
type SystemRoots = std::cell::OnceCell<Arc<RootCertStore>>;

impl Clients {
    /// Builds all configurations of a plan. Relative paths start at `base`. One that `previous` has too, with the same
    /// settings and files, is kept, and with it its sessions.
    ///
    /// # Errors
    /// [`TlsError`] names the file that cannot be used.
    pub(crate) fn new(plans: &[ClientTls], base: &Path, previous: Option<&Self>) -> Result<Self, TlsError> {
        let system = SystemRoots::new();
        let known = previous.map_or(&[][..], |clients| &clients.0);
        plans.iter().map(|plan| Client::new(plan, base, known, &system)).collect::<Result<_, _>>().map(Self)
    }

    /// Each configuration, with the name that a backend's certificate must bear if it is not the host of its address.
    pub(crate) fn configs(&self) -> Vec<(Arc<ClientConfig>, Option<ServerName<'static>>)> {
        self.0.iter().map(|client| (Arc::clone(&client.config), client.server_name.clone())).collect()
    }
}

impl Client {
    fn new(plan: &ClientTls, base: &Path, known: &[Self], system: &SystemRoots) -> Result<Self, TlsError> {
        let mut files = Files::new(base);
        let roots = match &plan.roots {
            Roots::File(path) => Some(files.read(path)?),
            Roots::System | Roots::Unverified => None,
        };
        let identity = plan.identity.as_ref().map(|identity| files.read_identity(identity)).transpose()?;
        let files = files.hash();
        if let Some(same) = known.iter().find(|old| old.plan == *plan && old.files == files) {
            return Ok(same.clone());
        }
        let server_name = plan.server_name.as_ref().map(|name| {
            ServerName::try_from(name.clone()).map_err(|_| TlsError::ServerName { name: name.clone() })
        });
        let roots = match (&plan.roots, &roots) {
            (Roots::Unverified, _) => None,
            (_, Some(file)) => Some(Arc::new(file.roots()?)),
            (_, None) => Some(Arc::clone(system.get_or_init(|| Arc::new(system_store())))),
        };
        let config = Arc::new(config(plan, roots, identity.as_ref())?);
        Ok(Self { config, server_name: server_name.transpose()?, plan: plan.clone(), files })
    }
}

/// `roots` are whom to trust; `None` is anyone.
fn config(
    plan: &ClientTls,
    roots: Option<Arc<RootCertStore>>,
    identity: Option<&IdentityFiles>,
) -> Result<ClientConfig, TlsError> {
    let provider = provider(&plan.settings)?;
    let algorithms = provider.signature_verification_algorithms;
    let certified = identity.map(|files| files.certified(&provider, None)).transpose()?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions(&plan.settings))
        .map_err(error::settings)?;
    let builder = match roots {
        Some(roots) if roots.is_empty() => return Err(TlsError::NoSystemRoots),
        Some(roots) => builder.with_root_certificates(roots),
        None => builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(algorithms))),
    };
    let mut config = match certified {
        Some(certified) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What the system trusts. Single roots that cannot be read are left out, as other programs do.
fn system_store() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    store
}

/// Accepts any certificate, for backends that the config says are not to be verified. That the backend has the key of
/// its certificate is verified all the same.
#[derive(Debug)]
struct Unverified(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
