//! TLS towards clients.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use divisor_schema::plan::{Certificate, ServerTls};
use http::HeaderName;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;

use super::clients::{Asked, Places, asked};
use super::files::{Files, IdentityFiles};
use super::settings::{provider, versions};
use super::{TlsError, error};

/// Sessions that can be resumed by their identifier; tickets need no memory.
const SESSIONS: usize = 32_768;

/// TLS of one listener.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// What is asked of clients that ask for a name without an entry in `names`, then all else that is asked of some.
    entrances: Vec<Arc<Entrance>>,
    /// Entrances by host pattern.
    names: Places,
    plan: ServerTls,
    alpn: Alpn,
    files: blake3::Hash,
}

/// The protocols that are offered to clients, the preferred first; none takes whatever a client means to speak.
pub(crate) type Alpn = &'static [&'static str];

/// How clients of some names get in. Each has sessions of its own: one that began without a certificate never goes on
/// where one is asked for (CVE-2025-23419 is what happens otherwise).
#[derive(Debug)]
pub(crate) struct Entrance {
    /// The configuration for rustls.
    pub(crate) config: Arc<ServerConfig>,
    /// What is asked of clients; `None` is nothing.
    pub(crate) asked: Option<Asked>,
}

impl Server {
    /// Builds the configuration of a listener. Relative paths start at `base`. When `previous` has the same settings and
    /// files, its configuration is kept. Otherwise it is new, and keeps the sessions and ticket keys where the same is
    /// asked of clients: a renewed certificate costs nobody a full handshake, and a session never crosses into other
    /// demands.
    ///
    /// # Errors
    /// [`TlsError`] names the file that cannot be used.
    pub(crate) fn new(
        plan: &ServerTls,
        alpn: Alpn,
        base: &Path,
        previous: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let mut files = Files::new(base);
        let identities = plan
            .certificates
            .iter()
            .map(|it| files.read_identity(&it.identity))
            .collect::<Result<Vec<_>, _>>()?;
        let provider = provider(&plan.settings)?;
        let (all, names) = asked(plan, &mut files, &provider)?;
        let files = files.hash();
        if let Some(same) = previous.filter(|old| old.plan == *plan && old.alpn == alpn && old.files == files)
        {
            return Ok(same.clone());
        }
        let resolver = Arc::new(ByName::new(plan, &identities, &provider)?);
        let entrances = all.into_iter().map(|asked| {
            let mut config = config(plan, alpn, &provider, &resolver, asked.as_ref())?;
            match previous.and_then(|old| old.same_demands(plan, asked.as_ref())) {
                Some(known) => known.keep_sessions(&mut config),
                None => new_sessions(&mut config, plan.session_tickets)?,
            }
            Ok(Arc::new(Entrance { config: Arc::new(config), asked }))
        });
        let entrances = entrances.collect::<Result<_, TlsError>>()?;
        Ok(Self { entrances, names, plan: plan.clone(), alpn, files })
    }

    /// The entrance by which the same is demanded of clients as by `asked` under `plan`.
    fn same_demands(&self, plan: &ServerTls, asked: Option<&Asked>) -> Option<&Arc<Entrance>> {
        let same = self.plan.settings == plan.settings && self.plan.session_tickets == plan.session_tickets;
        self.entrances.iter().find(|entrance| same && entrance.asked.as_ref() == asked)
    }

    /// The headers that tell backends the subjects of client certificates.
    pub(crate) fn subject_headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.entrances.iter().filter_map(|entrance| entrance.asked.as_ref()?.subject_header.as_ref())
    }

    /// Whether all clients get in by the same entrance, whatever name they ask for.
    pub(crate) fn only(&self) -> Option<&Arc<Entrance>> {
        self.entrances.first().filter(|_| self.names.is_empty())
    }

    /// How clients of a name get in: the most specific pattern says so. `name` is in lower case.
    pub(crate) fn entrance(&self, name: &str) -> &Arc<Entrance> {
        let parent = |name: &str| name.split_once('.').map(|(_, parent)| parent.to_owned());
        let one_label = || self.names.get(&format!("*.{}", parent(name)?));
        let many_labels = || {
            let mut parents = std::iter::successors(parent(name), |name| parent(name));
            parents.find_map(|parent| self.names.get(&format!("**.{parent}")))
        };
        let found = if self.names.is_empty() {
            None
        } else {
            self.names.get(name).or_else(one_label).or_else(many_labels)
        };
        &self.entrances[found.copied().unwrap_or(0)]
    }
}

impl Entrance {
    /// Lets the sessions that began by this entrance go on under another configuration. rustls holds each to the name it
    /// began with, and asks for a certificate of that name first.
    fn keep_sessions(&self, config: &mut ServerConfig) {
        config.session_storage = Arc::clone(&self.config.session_storage);
        config.ticketer = Arc::clone(&self.config.ticketer);
    }
}

/// Nobody's sessions yet. The keys of tickets are for all workers and change every six hours.
fn new_sessions(config: &mut ServerConfig, tickets: bool) -> Result<(), TlsError> {
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    if tickets {
        config.ticketer = Ticketer::new().map_err(error::settings)?;
    }
    Ok(())
}

fn config(
    plan: &ServerTls,
    alpn: Alpn,
    provider: &Arc<CryptoProvider>,
    resolver: &Arc<ByName>,
    asked: Option<&Asked>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&versions(&plan.settings))
        .map_err(error::settings)?;
    let builder = match asked {
        Some(asked) => builder.with_client_cert_verifier(Arc::clone(&asked.verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(resolver) as Arc<dyn ResolvesServerCert>);
    config.ignore_client_order = plan.prefer_server_order;
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Ok(config)
}

type Candidates = HashMap<String, Vec<Arc<CertifiedKey>>>;

/// Chooses a certificate by the name that the client asks for: an exact name before a wildcard. Of several for one
/// name, the first that the client can verify.
#[derive(Debug)]
struct ByName {
    exact: Candidates,
    /// `*.shop.example`, stored as `shop.example`.
    wildcard: Candidates,
    /// For a client that names no server, or one that nobody is; `None` refuses it.
    default: Option<Arc<CertifiedKey>>,
}

impl ByName {
    fn new(
        plan: &ServerTls,
        identities: &[IdentityFiles],
        provider: &CryptoProvider,
    ) -> Result<Self, TlsError> {
        let mut resolver = Self { exact: HashMap::new(), wildcard: HashMap::new(), default: None };
        for (number, (certificate, files)) in plan.certificates.iter().zip(identities).enumerate() {
            let certified = Arc::new(files.certified(provider, certificate.pin)?);
            for name in names(certificate, &certified, files)? {
                let (map, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut resolver.wildcard, parent),
                    None => (&mut resolver.exact, name.as_str()),
                };
                map.entry(name.to_owned()).or_default().push(Arc::clone(&certified));
            }
            if plan.default.map(|index| index as usize) == Some(number) {
                resolver.default = Some(certified);
            }
        }
        Ok(resolver)
    }

    fn find(&self, name: &str) -> Option<&[Arc<CertifiedKey>]> {
        let name = name.to_ascii_lowercase();
        let parent = || name.split_once('.').and_then(|(_, parent)| self.wildcard.get(parent));
        self.exact.get(&name).or_else(parent).map(Vec::as_slice)
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(candidates) = client.server_name().and_then(|name| self.find(name)) else {
            return self.default.clone();
        };
        let schemes = client.signature_schemes();
        let verifiable = candidates.iter().find(|it| it.key.choose_scheme(schemes).is_some());
        verifiable.or(candidates.first()).cloned()
    }
}

/// The names that a certificate is used for, in lower case: those of the config, or else its own.
fn names(
    certificate: &Certificate,
    certified: &CertifiedKey,
    files: &IdentityFiles,
) -> Result<Vec<String>, TlsError> {
    if !certificate.names.is_empty() {
        return Ok(certificate.names.iter().map(|name| name.to_ascii_lowercase()).collect());
    }
    let unusable = |why: String| TlsError::Certificate { file: files.certificate().to_owned(), why };
    let leaf = certified.end_entity_cert().map_err(|error| unusable(error.to_string()))?;
    let leaf = webpki::EndEntityCert::try_from(leaf).map_err(|error| unusable(error.to_string()))?;
    Ok(leaf.valid_dns_names().map(str::to_ascii_lowercase).collect())
}
