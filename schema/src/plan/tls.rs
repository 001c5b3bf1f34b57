//! TLS on both sides. Keys and certificates stay in their files; the plan names the files.

use serde::{Deserialize, Serialize};

/// Versions, cipher suites and groups.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TlsSettings {
    /// Oldest version.
    pub min: TlsVersion,
    /// Newest version; not older than `min`.
    pub max: TlsVersion,
    /// IANA code points of suites, in order of preference; at least one for each version in use.
    pub suites: Vec<u16>,
    /// IANA code points of key-exchange groups, in order of preference; at least one.
    pub groups: Vec<u16>,
}

/// Versions that can be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// TLS towards clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerTls {
    /// Versions, suites, groups.
    pub settings: TlsSettings,
    /// The server's order of suites counts, not the client's.
    pub prefer_server_order: bool,
    /// Sessions go on by tickets that clients keep; otherwise by what is kept here.
    pub session_tickets: bool,
    /// Certificates to choose from by server name; at least one.
    pub certificates: Vec<Certificate>,
    /// The certificate for a client that names no server, or one that no certificate covers; `None` refuses both.
    pub default: Option<u32>,
    /// What is asked of clients; `None` is nothing.
    pub client_auth: Option<ClientAuth>,
    /// Names of which something else is asked: host patterns (`shop.example`, `*.shop.example`, `**.shop.example`), sorted.
    pub exceptions: Vec<(String, Option<ClientAuth>)>,
}

/// Certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClientAuth {
    /// PEM file with the roots that sign them.
    pub roots: String,
    /// PEM files with lists of certificates that are revoked, sorted.
    pub revoked: Vec<String>,
    /// Whether a client without one is refused.
    pub required: bool,
    /// The request header, in lower case, that tells backends the subject of the certificate.
    pub subject_header: Option<String>,
}

/// A certificate and the names it is used for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Certificate {
    /// Host patterns (`shop.example`, `*.shop.example`) it is used for; none means the names in the certificate.
    pub names: Vec<String>,
    /// Its files.
    pub identity: Identity,
    /// SHA-256 of the public key (SubjectPublicKeyInfo, RFC 5280) that it must have, now and when it is renewed.
    pub pin: Option<[u8; 32]>,
    /// File with a private root that clients are told to trust. It is not served: `preflight` judges the chain by it.
    pub trust: Option<String>,
}

/// A certificate chain and its key: PEM files. Relative paths start at the folder of the plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The chain, leaf first.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// TLS towards backends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClientTls {
    /// Versions, suites, groups.
    pub settings: TlsSettings,
    /// Whom to trust.
    pub roots: Roots,
    /// The certificate shown to the backend.
    pub identity: Option<Identity>,
    /// The name the backend's certificate must bear; `None` is the host of its address.
    pub server_name: Option<String>,
}

/// Whom to trust.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Roots {
    /// The roots of the system.
    System,
    /// The certificates of a PEM file.
    File(String),
    /// Anyone: the config says so in so many words.
    Unverified,
}
