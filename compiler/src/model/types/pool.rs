//! Pools.

use divisor_schema::plan::{Address, Balance, Millis, ProxyProtocol, SameSite, Scheme};

use super::{ClientTls, Secret};
use crate::source::Spanned;

/// Backends that serve the same thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: Spanned<String>,
    /// How a backend is chosen.
    pub balance: Spanned<Balance>,
    /// Backends in the order of the config.
    pub backends: Vec<Backend>,
    /// TLS towards its `https` backends.
    pub tls: Option<ClientTls>,
    /// Active health check of its backends.
    pub probe: Option<Probe>,
    /// Passive health check of its backends.
    pub eject: Eject,
    /// When fewer than so many percent of the backends are alive, all are used.
    pub fail_open: Spanned<u8>,
    /// Limits of the connections to each backend.
    pub connections: Connections,
    /// What a consistent hash tells requests apart by.
    pub hash: Hash,
    /// A cookie that keeps a client at its backend.
    pub sticky: Option<Sticky>,
    /// How long a backend that came back gets less than its share.
    pub slow_start: Option<Spanned<Millis>>,
    /// The PROXY protocol header that its connections begin with.
    pub proxy_protocol: Option<Spanned<ProxyProtocol>>,
}

/// What a consistent hash tells requests apart by.
#[derive(Debug, Clone, PartialEq)]
pub struct Hash {
    /// The key; `None` is the client's address.
    pub key: Option<HashKey>,
    /// What a backend takes at most, in percent of its share.
    pub max_load: Spanned<u8>,
}

/// What requests are told apart by.
#[derive(Debug, Clone, PartialEq)]
pub enum HashKey {
    /// The client's address.
    ClientAddress,
    /// The path.
    Path,
    /// A header.
    Header(Spanned<String>),
    /// A cookie.
    Cookie(Spanned<String>),
    /// A query parameter.
    Query(Spanned<String>),
}

/// A cookie that keeps a client at its backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Sticky {
    /// Its name.
    pub cookie: Spanned<String>,
    /// What seals it.
    pub key: Secret,
    /// How long the browser keeps it.
    pub max_age: Option<Spanned<Millis>>,
    /// Whether it is for TLS only; `None` is where the listener has TLS.
    pub secure: Option<Spanned<bool>>,
    /// With which requests from other sites it is sent.
    pub same_site: Spanned<SameSite>,
    /// The paths it is sent with.
    pub path: Spanned<String>,
}

/// One server of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    /// The URL as written.
    pub url: Spanned<String>,
    /// The URL, read; `None` when that failed and was reported.
    pub target: Option<Target>,
    /// Its share; 0 takes no new client.
    pub weight: Spanned<u16>,
    /// How many targets are used at a time, where it is a service.
    pub slots: Spanned<u16>,
    /// Whether it is for when no other is alive.
    pub backup: Spanned<bool>,
    /// TLS in place of the pool's.
    pub tls: Option<ClientTls>,
    /// Health check in place of the pool's.
    pub probe: Option<Probe>,
    /// Connection limits in place of the pool's.
    pub connections: Option<Connections>,
}

/// Where a backend is and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Plain text or TLS.
    pub scheme: Scheme,
    /// Host and port; of a service, its first slot.
    pub address: Address,
}

impl Target {
    /// Whether it is a service, whose targets are found out while running.
    pub fn is_service(&self) -> bool {
        matches!(self.address, Address::Service(..))
    }
}

impl Backend {
    /// Whether it is a service, whose targets are found out while running.
    pub fn is_service(&self) -> bool {
        self.target.as_ref().is_some_and(Target::is_service)
    }

    /// How many servers it may stand for.
    pub fn servers(&self) -> u16 {
        if self.is_service() { self.slots.value } else { 1 }
    }
}

/// An active health check.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// What is tried.
    pub kind: ProbeKind,
    /// The port to connect to; `None` is that of requests.
    pub port: Option<Spanned<u16>>,
    /// From one probe to the next.
    pub every: Spanned<Millis>,
    /// Time for the whole answer.
    pub timeout: Spanned<Millis>,
    /// Successes in a row that bring a dead backend back.
    pub rise: Spanned<u8>,
    /// Failures in a row that take a living backend out.
    pub fall: Spanned<u8>,
    /// Whether a backend counts as alive until its first probe is over.
    pub starts_alive: Spanned<bool>,
}

/// What a probe tries.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeKind {
    /// A request.
    Http(HttpProbe),
    /// A connection.
    Tcp,
    /// `grpc.health.v1.Health/Check`.
    Grpc {
        /// The service to ask for; `None` is the server as a whole.
        service: Option<Spanned<String>>,
        /// The authority to ask for; `None` is that of the backend.
        host: Option<Spanned<String>>,
    },
}

/// The request of a probe, and what its answer must be.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpProbe {
    /// What to ask with.
    pub method: Spanned<String>,
    /// Path to ask for, with query.
    pub path: Spanned<String>,
    /// Value of `Host`; `None` is that of the backend.
    pub host: Option<Spanned<String>>,
    /// More headers.
    pub headers: Vec<(Spanned<String>, Spanned<String>)>,
    /// Statuses of a healthy answer, by range.
    pub statuses: Vec<Spanned<(u16, u16)>>,
    /// What a healthy answer holds.
    pub body: Option<Spanned<String>>,
}

impl Probe {
    /// The request that it sends, if it does that.
    pub fn http(&self) -> Option<&HttpProbe> {
        match &self.kind {
            ProbeKind::Http(http) => Some(http),
            ProbeKind::Tcp | ProbeKind::Grpc { .. } => None,
        }
    }

    /// The host that it asks for, if it says so.
    pub fn host(&self) -> Option<&Spanned<String>> {
        match &self.kind {
            ProbeKind::Http(http) => http.host.as_ref(),
            ProbeKind::Grpc { host, .. } => host.as_ref(),
            ProbeKind::Tcp => None,
        }
    }
}

/// A passive health check: takes a backend out after errors in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Eject {
    /// So many; 0 never takes one out.
    pub consecutive_errors: Spanned<u32>,
    /// How long it stays out.
    pub lasts: Spanned<Millis>,
    /// How long it stays out at most, when it happens again and again.
    pub max_lasts: Spanned<Millis>,
    /// The share of the backends, in percent, that may be out at a time.
    pub max_percent: Spanned<u8>,
}

/// Limits of the connections to one backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Connections {
    /// Exchanges at a time.
    pub per_backend: Spanned<u32>,
    /// Requests that wait for their turn at a time.
    pub queue: Spanned<u32>,
    /// How long a request waits for its turn.
    pub queue_timeout: Spanned<Millis>,
    /// Whether TLS offers HTTP/2.
    pub h2: Spanned<bool>,
    /// From one ping on an HTTP/2 connection to the next.
    pub ping: Spanned<Millis>,
    /// TCP and TLS set-up.
    pub connect_timeout: Spanned<Millis>,
    /// How long an unused connection is kept.
    pub idle_timeout: Spanned<Millis>,
    /// How long a connection is used at all; `None` is as long as it lasts.
    pub max_age: Option<Spanned<Millis>>,
}
