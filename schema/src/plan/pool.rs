//! Pools: backends that serve the same thing.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{ClientTlsId, Millis, Secret};

/// Backends that serve the same thing, with one balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Name in the config; identity across swaps.
    pub name: String,
    /// How a backend is chosen.
    pub balance: Balance,
    /// Backends in the order of the config; at least one.
    pub backends: Vec<Backend>,
    /// Passive health check; `None` never takes a backend out.
    pub eject: Option<Eject>,
    /// When fewer than so many percent of the backends are alive, all are used; 0 to 100.
    pub fail_open: u8,
    /// How keys find their backends; there with [`Balance::ConsistentHash`] alone.
    pub hash: Option<Hash>,
    /// A cookie that keeps a client at its backend.
    pub sticky: Option<Sticky>,
    /// How long a backend that came back gets less than its share; `None` gives it all of it at once.
    pub slow_start: Option<Millis>,
}

/// How [`Balance::ConsistentHash`] chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash {
    /// What requests are told apart by.
    pub key: HashKey,
    /// No backend is given more than so many percent of its share of the exchanges in flight: more than 100.
    pub max_load: u8,
}

/// What requests are told apart by. A request without it is told by the client's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashKey {
    /// The client's address, as trusted proxies report it.
    ClientAddress,
    /// The path, as it is routed.
    Path,
    /// The first line of a header: its name in lower case.
    Header(String),
    /// The value of a cookie.
    Cookie(String),
    /// The value of a query parameter, as it is written.
    Query(String),
}

/// A cookie that says, for nobody but the load balancer to read, which backend a client is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sticky {
    /// Its name.
    pub cookie: String,
    /// What it is sealed with.
    pub key: Secret,
    /// How long the browser keeps it; `None` is until it closes.
    pub max_age: Option<Millis>,
    /// Whether it is for TLS only; `None` is where the listener has TLS.
    pub secure: Option<bool>,
    /// With which requests from other sites it is sent.
    pub same_site: SameSite,
    /// The paths it is sent with.
    pub path: String,
}

/// With which requests from other sites a cookie is sent (RFC 6265bis, section 5.4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SameSite {
    /// With none.
    Strict,
    /// When somebody follows a link.
    Lax,
    /// With all of them; browsers take this for TLS only.
    None,
}

impl std::fmt::Display for SameSite {
    /// The name in the cookie.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        })
    }
}

/// A passive health check: takes a backend out after errors in a row (no connection, no answer, or 502, 503 or 504).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eject {
    /// So many; at least one.
    pub consecutive_errors: u32,
    /// How long it stays out.
    pub lasts: Millis,
    /// How long it stays out at most: twice `lasts` the second time, four times the third, and so on; at least `lasts`.
    pub max_lasts: Millis,
    /// The share of the backends, in percent, that may be out at a time: 0 to 100.
    pub max_percent: u8,
}

/// How a backend is chosen among those alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Balance {
    /// Each in turn.
    RoundRobin,
    /// Each in turn, as often as its weight says, spread evenly (smooth).
    WeightedRoundRobin,
    /// A uniformly random one.
    Random,
    /// The one with the fewest exchanges in flight for its weight.
    LeastConnection,
    /// The one with the lowest moving average of time to first byte (peak EWMA) for its weight and what it has in
    /// flight.
    LeastResponseTime,
    /// By a hash of the client address: the same client, the same backend, as long as the set is the same.
    IpHash,
    /// Of two random ones, the one with fewer exchanges in flight for its weight.
    PowerOfTwo,
    /// The one that a ring gives the key of the request to, or the next after it that has room: [`struct@Hash`].
    ConsistentHash,
}

impl Balance {
    /// Whether weights say how much a backend gets.
    pub fn is_weighted(self) -> bool {
        match self {
            Self::RoundRobin | Self::Random | Self::IpHash => false,
            Self::WeightedRoundRobin
            | Self::LeastConnection
            | Self::LeastResponseTime
            | Self::PowerOfTwo
            | Self::ConsistentHash => true,
        }
    }
}

impl std::fmt::Display for Balance {
    /// The name in the config.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::RoundRobin => "round-robin",
            Self::WeightedRoundRobin => "weighted-round-robin",
            Self::Random => "random",
            Self::LeastConnection => "least-connection",
            Self::LeastResponseTime => "least-response-time",
            Self::IpHash => "ip-hash",
            Self::PowerOfTwo => "power-of-two",
            Self::ConsistentHash => "consistent-hash",
        })
    }
}

/// One server of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// Plain text or TLS.
    pub scheme: Scheme,
    /// Where it is.
    pub address: Address,
    /// Its share; 0 takes no new client.
    pub weight: u16,
    /// Whether it is for when no other is alive.
    pub backup: bool,
    /// TLS settings, if [`Scheme::Https`].
    pub tls: Option<ClientTlsId>,
    /// Active health check; `None` counts it as alive.
    pub probe: Option<Probe>,
    /// Limits of its connections.
    pub connections: Connections,
    /// The PROXY protocol header that its connections begin with.
    pub proxy_protocol: Option<ProxyProtocol>,
}

/// A version of the PROXY protocol (haproxy.org, "The PROXY protocol").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProxyProtocol {
    /// A line of text with the addresses.
    V1,
    /// Binary, with what else is known of the connection.
    V2,
}

/// How a backend is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scheme {
    /// HTTP/1.1 over TCP.
    Http,
    /// Over TLS, which settles the version: HTTP/2 or HTTP/1.1.
    Https,
    /// HTTP/2 over TCP, without asking (RFC 9113, section 3.3).
    H2c,
    /// Bytes over TCP, whatever they mean.
    Tcp,
}

impl Scheme {
    /// Whether requests can be sent to it.
    pub fn is_http(self) -> bool {
        match self {
            Self::Http | Self::Https | Self::H2c => true,
            Self::Tcp => false,
        }
    }
}

/// Where a backend is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Address {
    /// A fixed address.
    Ip(SocketAddr),
    /// A name, resolved while running; while it does not resolve, the backend is down.
    Name(String, u16),
    /// A Unix socket of this machine, by its path.
    Unix(String),
    /// A slot, from 1, of a service with this name (RFC 2782). Which target stands in it, and where that is, is found out
    /// while running; a slot without one is empty.
    Service(String, u16),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "{address}"),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
            Self::Unix(path) => write!(f, "unix:{path}"),
            Self::Service(name, slot) => write!(f, "{name}/{slot}"),
        }
    }
}

impl Backend {
    /// The backend as a URL, for people.
    pub fn url(&self) -> String {
        if let Address::Unix(_) = self.address {
            return self.address.to_string();
        }
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
            Scheme::Tcp => "tcp",
            Scheme::H2c => "h2c",
        };
        let srv = if let Address::Service(..) = self.address { "+srv" } else { "" };
        format!("{scheme}{srv}://{}", self.address)
    }
}

/// An active health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What is tried.
    pub kind: ProbeKind,
    /// The port to connect to; `None` is that of requests.
    pub port: Option<u16>,
    /// From one probe to the next.
    pub every: Millis,
    /// Time for the whole answer.
    pub timeout: Millis,
    /// Successes in a row that bring a dead backend back.
    pub rise: u8,
    /// Failures in a row that take a living backend out.
    pub fall: u8,
    /// Whether a backend counts as alive until its first probe is over.
    pub starts_alive: bool,
}

/// What a probe tries. Each does so over TLS if requests go over TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeKind {
    /// A request over HTTP/1.1.
    Http {
        /// What to ask with.
        method: String,
        /// Path to ask for, with query.
        path: String,
        /// Value of `Host`; `None` is that of the backend.
        host: Option<String>,
        /// More headers: names in lower case with their values, sorted.
        headers: Vec<(String, String)>,
        /// Statuses of a healthy answer: first and last of each range, sorted.
        statuses: Vec<(u16, u16)>,
        /// What the first [`ProbeKind::BODY`] bytes of a healthy answer hold.
        body: Option<String>,
    },
    /// A connection.
    Tcp,
    /// `grpc.health.v1.Health/Check` over HTTP/2; healthy is `SERVING`.
    Grpc {
        /// The service to ask for; the empty name is the server as a whole.
        service: String,
        /// The authority to ask for; `None` is that of the backend.
        host: Option<String>,
    },
}

impl ProbeKind {
    /// Bytes of an answer that are looked at.
    pub const BODY: usize = 64 << 10;
}

impl std::fmt::Display for ProbeKind {
    /// For people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http { path, .. } => f.write_str(path),
            Self::Tcp => f.write_str("tcp"),
            Self::Grpc { service, .. } if service.is_empty() => f.write_str("grpc"),
            Self::Grpc { service, .. } => write!(f, "grpc {service}"),
        }
    }
}

/// Limits of the connections to one backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// Exchanges at a time, over all workers.
    pub per_backend: u32,
    /// Requests that wait for their turn at a time; beyond, 503 at once.
    pub queue: u32,
    /// How long a request waits for its turn before 503.
    pub queue_timeout: Millis,
    /// TCP and TLS set-up.
    pub connect_timeout: Millis,
    /// How long an unused connection is kept.
    pub idle_timeout: Millis,
    /// How long a connection is used at all; `None` is as long as it lasts.
    pub max_age: Option<Millis>,
    /// Whether TLS offers HTTP/2.
    pub h2: bool,
    /// From one ping on an HTTP/2 connection to the next.
    pub ping: Millis,
}
