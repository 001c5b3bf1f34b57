//! What happens to a request on its way.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Cidr, Millis, PoolId, RateLimitId, TemplatePart};

/// Everything that applies to the requests of a route, already merged from listener, host, route and `use`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Which clients may at all.
    pub access: Access,
    /// All must admit the request.
    pub rate_limits: Vec<RateLimitId>,
    /// Applied to the request before it is sent to a backend, in order.
    pub request_headers: Vec<HeaderOp>,
    /// Applied to the response before it is sent to the client, in order.
    pub response_headers: Vec<HeaderOp>,
    /// Bytes of a request body; `None` is no limit.
    pub body_limit: Option<u64>,
    /// How long what may take.
    pub timeouts: Timeouts,
    /// When a request is sent again.
    pub retry: Retry,
    /// Which responses of backends are compressed; `None` is none.
    pub compress: Option<Compress>,
    /// The pool that is sent copies of what backends are sent.
    pub mirror: Option<Mirror>,
    /// Pages of other origins that may read responses; `None` leaves that to the backends.
    pub cors: Option<Cors>,
    /// Refuses requests that a page of another origin forged; `None` refuses none.
    pub csrf: Option<Csrf>,
}

/// Pages of other origins that may read responses (the CORS protocol of the Fetch standard).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cors {
    /// Origins in lower case, sorted; none is every one, and then no credentials.
    pub origins: Vec<String>,
    /// Methods beyond `GET`, `HEAD` and `POST`, sorted.
    pub methods: Vec<String>,
    /// Request headers beyond the safe ones, in lower case, sorted.
    pub headers: Vec<String>,
    /// Response headers that a page may read, in lower case, sorted.
    pub expose: Vec<String>,
    /// Cookies too.
    pub credentials: bool,
    /// How long a browser remembers what it was told.
    pub max_age: Millis,
}

/// Refuses requests that change something and that a browser says come from a page of another origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Csrf {
    /// Other origins that may, in lower case, sorted.
    pub origins: Vec<String>,
}

/// Which clients may: those in every list of `allow` and in no network of `deny`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Access {
    /// Lists of networks, each sorted and not empty; no list admits everybody.
    pub allow: Vec<Vec<Cidr>>,
    /// Networks, sorted.
    pub deny: Vec<Cidr>,
}

impl Access {
    /// Whether a client may.
    pub fn admits(&self, client: IpAddr) -> bool {
        let is_in = |list: &[Cidr]| list.iter().any(|network| network.contains(client));
        self.allow.iter().all(|list| is_in(list)) && !is_in(&self.deny)
    }
}

/// Copies of requests for another pool, whose answers are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Mirror {
    /// The pool.
    pub pool: PoolId,
    /// Of how many requests in a hundred: 1 to 100.
    pub percent: u8,
}

/// Which responses are compressed, for clients that accept it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Compress {
    /// The preferred first; each once, at least one.
    pub encodings: Vec<Encoding>,
    /// Media types in lower case, sorted: `application/json`, or with one `*` for anything: `text/*`, `*+json`.
    pub types: Vec<String>,
    /// Bytes from which it is worth it, where the length is known.
    pub min_size: u64,
}

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

/// How long the parts of an exchange may take.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timeouts {
    /// From the end of the request, or from its last piece that the backend took, to the head of the response.
    pub first_byte: Millis,
    /// Between two pieces of a body, in either direction.
    pub body_idle: Millis,
    /// Between two pieces, in either direction, once the connection speaks another protocol.
    pub tunnel_idle: Millis,
    /// The whole exchange; `None` is no limit.
    pub exchange: Option<Millis>,
    /// Bytes a second that a client sends or takes of a body while it is waited for; 0 is any.
    pub min_rate: u64,
    /// How long a client may be slower than that at first.
    pub min_rate_grace: Millis,
}

/// When a request is sent again, to another backend where there is one. Never after a byte of the response has gone to
/// the client, and never a request that a backend may have acted on unless it is idempotent and without a body.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Retry {
    /// Tries after the first.
    pub attempts: u8,
    /// Of the requests that a pool has in flight, the share in percent that may have been sent again: 0 to 100. Unless it
    /// is 0, a few may be in any case.
    pub budget: u8,
    /// What it is sent again after.
    pub on: RetryOn,
}

/// What a request is sent again after.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RetryOn {
    /// No connection came about.
    pub connect_failure: bool,
    /// The backend broke off before its response.
    pub reset: bool,
    /// The response did not begin in time.
    pub timeout: bool,
    /// Statuses of responses, sorted: 500 to 599.
    pub statuses: Vec<u16>,
}

/// One change of a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HeaderOp {
    /// Replaces all fields of this name. Names are lower case.
    Set(String, Vec<ValuePart>),
    /// Adds one field.
    Add(String, Vec<ValuePart>),
    /// Removes all fields of this name.
    Remove(String),
}

impl HeaderOp {
    /// The field it changes.
    pub fn name(&self) -> &str {
        match self {
            Self::Set(name, _) | Self::Add(name, _) | Self::Remove(name) => name,
        }
    }
}

/// A piece of a header value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ValuePart {
    /// As it stands.
    Text(String),
    /// The client's address, as trusted proxies report it.
    ClientAddress,
    /// Now, RFC 3339 in UTC with milliseconds.
    Time,
    /// A random UUID (RFC 9562, version 4).
    Uuid,
    /// How many requests the chosen backend has got, this one included.
    Counter,
    /// A part of what was asked for.
    Target(TemplatePart),
    /// The method.
    Method,
    /// `http` or `https`, as the client spoke to this proxy.
    Scheme,
    /// The version of TLS as OpenSSL writes it, `TLSv1.3`; empty without TLS.
    TlsVersion,
    /// The cipher suite by its IANA name; empty without TLS.
    TlsCipher,
    /// The name that the client asked for in its handshake; empty when it asked for none.
    ServerName,
    /// What the certificate says that the client showed.
    ClientCertificate(CertificatePart),
}

/// What a client's certificate says; printable ASCII. All but [`CertificatePart::Verified`] is empty where none was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CertificatePart {
    /// Whom it is for, the most specific part first (RFC 4514).
    Subject,
    /// Who signed it, in the same way.
    Issuer,
    /// Its serial number in lower-case hexadecimal, two digits for each byte.
    Serial,
    /// SHA-256 of the certificate in lower-case hexadecimal.
    Fingerprint,
    /// Its host names (`subjectAltName`), with commas between them.
    DnsNames,
    /// Its URIs (`subjectAltName`), as those of SPIFFE, with commas between them; what could be taken for something else as
    /// a backslash and two hexadecimal digits.
    Uris,
    /// `yes` when a certificate was shown and leads to the roots, `no` otherwise.
    Verified,
}

impl std::fmt::Display for ValuePart {
    /// As in a config; names of a pattern, which a plan does not know, by the number of their segment.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(text) | Self::Target(TemplatePart::Text(text)) => text,
            Self::ClientAddress => "{client-address}",
            Self::Time => "{time}",
            Self::Uuid => "{uuid}",
            Self::Counter => "{counter}",
            Self::Target(TemplatePart::Host) => "{host}",
            Self::Target(TemplatePart::Path) => "{path}",
            Self::Target(TemplatePart::Query) => "{query}",
            Self::Target(TemplatePart::Segment(number)) => return write!(f, "{{segment {number}}}"),
            Self::Target(TemplatePart::Within { segment, .. }) => {
                return write!(f, "{{part of segment {segment}}}");
            }
            Self::Target(TemplatePart::Rest(number)) => return write!(f, "{{rest from {number}}}"),
            Self::Method => "{method}",
            Self::Scheme => "{scheme}",
            Self::TlsVersion => "{tls-version}",
            Self::TlsCipher => "{tls-cipher}",
            Self::ServerName => "{server-name}",
            Self::ClientCertificate(CertificatePart::Subject) => "{client-cert-subject}",
            Self::ClientCertificate(CertificatePart::Issuer) => "{client-cert-issuer}",
            Self::ClientCertificate(CertificatePart::Serial) => "{client-cert-serial}",
            Self::ClientCertificate(CertificatePart::Fingerprint) => "{client-cert-fingerprint}",
            Self::ClientCertificate(CertificatePart::DnsNames) => "{client-cert-dns}",
            Self::ClientCertificate(CertificatePart::Uris) => "{client-cert-uri}",
            Self::ClientCertificate(CertificatePart::Verified) => "{client-cert-verified}",
        })
    }
}

/// A rate limit for each client: the generic cell rate algorithm (ITU-T I.371), as governor implements it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Where it was declared; identity across swaps: an unchanged limit keeps its state.
    pub name: String,
    /// Requests in `period`; at least one.
    pub requests: u32,
    /// The period of the rate.
    pub period: Millis,
    /// Requests at once; at least one.
    pub burst: u32,
    /// How long a client that went over the limit is refused whatever it does.
    pub block: Option<Millis>,
    /// Clients remembered at a time; the longest idle is forgotten first.
    pub max_keys: u32,
}
