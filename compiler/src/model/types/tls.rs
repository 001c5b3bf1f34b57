//! TLS on both sides. Names of versions, suites and groups are text: the module `tls` of the crate knows them.

use divisor_schema::plan::Millis;

use crate::source::{At, Spanned};

/// Versions, suites and groups, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TlsSettings {
    /// Name of a set of versions, suites and groups.
    pub profile: Spanned<String>,
    /// Oldest version, `1.2`; `None` is the profile's.
    pub min_version: Option<Spanned<String>>,
    /// Newest version, `1.3`; `None` is the profile's.
    pub max_version: Option<Spanned<String>>,
    /// Names of TLS 1.2 suites in order of preference; none means the profile's.
    pub cipher_suites: Vec<Spanned<String>>,
    /// Names of key-exchange groups in order of preference; none means the profile's.
    pub groups: Vec<Spanned<String>>,
}

/// TLS towards clients.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTls {
    /// Its place: the word `tls`.
    pub at: At,
    /// Versions, suites, groups.
    pub settings: TlsSettings,
    /// The server's order of suites counts, not the client's.
    pub prefer_server_order: Spanned<bool>,
    /// Sessions go on by tickets that clients keep; otherwise by what is kept here.
    pub session_tickets: Spanned<bool>,
    /// Certificates to choose from by server name.
    pub certificates: Vec<Certificate>,
    /// Certificates of clients, for all hosts that say nothing else.
    pub client_auth: Option<ClientAuth>,
    /// `Strict-Transport-Security` on every response.
    pub hsts: Option<Hsts>,
}

/// A certificate chain and its key: PEM files, relative to the folder of the file that names them.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// File with the chain, leaf first.
    pub certificate: Spanned<String>,
    /// File with the private key; `None` when none was written.
    pub key: Option<Spanned<String>>,
    /// File with the private root that ends the chain.
    pub trust: Option<Spanned<String>>,
    /// Host patterns it is used for; none means the names in the certificate.
    pub names: Vec<Spanned<String>>,
    /// Also used for a client that names no server, or one that no certificate covers.
    pub default: Spanned<bool>,
    /// What a renewed certificate must keep: `spki` is the key.
    pub pin: Option<Spanned<String>>,
}

/// Certificates of clients.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientAuth {
    /// Its place: the word `client-auth`.
    pub at: At,
    /// PEM file with the roots that sign them.
    pub ca: Spanned<String>,
    /// Whether a client without one is refused.
    pub required: Spanned<bool>,
    /// PEM files with lists of certificates that are revoked.
    pub crl: Vec<Spanned<String>>,
    /// The request header that tells backends the subject of the certificate.
    pub subject_header: Option<Spanned<String>>,
}

/// `Strict-Transport-Security` (RFC 6797).
#[derive(Debug, Clone, PartialEq)]
pub struct Hsts {
    /// How long a browser remembers.
    pub max_age: Spanned<Millis>,
    /// Subdomains too.
    pub include_subdomains: Spanned<bool>,
    /// Asks to be put on the preload lists.
    pub preload: Spanned<bool>,
}

/// TLS towards backends.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientTls {
    /// Its place: the word `tls`.
    pub at: At,
    /// Versions, suites, groups.
    pub settings: TlsSettings,
    /// PEM file with the roots to trust; `None` is the roots of the system.
    pub ca: Option<Spanned<String>>,
    /// File with the certificate shown to the backend.
    pub certificate: Option<Spanned<String>>,
    /// File with its key.
    pub key: Option<Spanned<String>>,
    /// The name that the backend's certificate must bear; `None` is the host of its address.
    pub server_name: Option<Spanned<String>>,
    /// Whether the backend's certificate is verified at all.
    pub verify: Spanned<bool>,
}
