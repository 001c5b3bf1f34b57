//! Listeners.

use divisor_schema::plan::{Bind, Cidr, Forwarded, Millis};

use super::{Policy, Pool, Reference, ServerTls};
use crate::source::Spanned;

/// Addresses to accept on.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// Its name.
    pub name: Spanned<String>,
    /// Addresses in the order of the config; empty only when none of them could be read.
    pub binds: Vec<Spanned<Bind>>,
    /// Permissions of Unix sockets.
    pub socket_mode: Spanned<u32>,
    /// TLS; `None` is plain TCP.
    pub tls: Option<ServerTls>,
    /// HTTP settings.
    pub http: Http,
    /// Networks whose `Forwarded` and `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<Spanned<Cidr>>,
    /// Fields that tell backends whom a request comes from.
    pub forwarded: Spanned<Forwarded>,
    /// Networks whose connections begin with a PROXY protocol header.
    pub proxy_protocol: Vec<Spanned<Cidr>>,
    /// Open client connections at a time.
    pub max_connections: Option<Spanned<u32>>,
    /// Open connections of one client at a time.
    pub max_connections_per_client: Option<Spanned<u32>>,
    /// Interval of TCP keep-alive probes; `None` leaves the system's.
    pub tcp_keepalive: Option<Spanned<Millis>>,
    /// Every request is sent to another listener.
    pub redirect: Option<ListenerRedirect>,
    /// Every connection is sent to a pool as it is.
    pub forward: Option<Forward>,
    /// TLS connections for some names are sent to pools as they are.
    pub passthrough: Vec<Passthrough>,
    /// Policies that bind every request of this listener.
    pub uses: Vec<Reference<Policy>>,
}

impl Listener {
    /// Whether clients of this listener speak TLS, with it or with what is behind it.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some() || !self.passthrough.is_empty()
    }

    /// Whether it reads requests; otherwise it only passes connections on.
    pub fn reads_requests(&self) -> bool {
        self.forward.is_none() && (self.tls.is_some() || self.passthrough.is_empty())
    }

    /// Whether it serves hosts: it reads requests and does not send all of them to another listener.
    pub fn serves(&self) -> bool {
        self.redirect.is_none() && self.reads_requests()
    }

    /// Where it sends connections as they are.
    pub fn forwards(&self) -> impl Iterator<Item = &Forward> {
        self.forward.iter().chain(self.passthrough.iter().map(|it| &it.forward))
    }
}

/// Where connections are sent as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// The pool.
    pub pool: Reference<Pool>,
    /// How long a connection in which nothing moves is kept.
    pub tunnel_idle: Spanned<Millis>,
}

/// TLS connections that are not ended here.
#[derive(Debug, Clone, PartialEq)]
pub struct Passthrough {
    /// Patterns of the names they ask for.
    pub names: Vec<Spanned<String>>,
    /// Where they are sent.
    pub forward: Forward,
}

/// Sends every request of one listener to another.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerRedirect {
    /// Where to: the same host and path, with scheme and port of that listener.
    pub listener: Reference<Listener>,
    /// Status of the redirect.
    pub status: Spanned<u16>,
}

/// How a listener speaks HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// HTTP/2; `None` is the default: with TLS.
    pub h2: Option<Spanned<bool>>,
    /// Keep client connections open between requests.
    pub keep_alive: Spanned<bool>,
    /// Bytes of a request head.
    pub max_header_size: Spanned<u64>,
    /// Bytes of the path and query of a request.
    pub max_target_size: Spanned<u64>,
    /// Header fields of a request.
    pub max_headers: Spanned<u16>,
    /// Concurrent streams of an HTTP/2 connection.
    pub max_streams: Spanned<u32>,
    /// From accept to the end of the TLS handshake.
    pub handshake_timeout: Spanned<Millis>,
    /// From the first byte of a request head to its end.
    pub header_timeout: Spanned<Millis>,
    /// Between two requests of a connection.
    pub idle_timeout: Spanned<Millis>,
    /// Empty path segments (`/a//b`) are kept instead of merged.
    pub keep_empty_segments: Spanned<bool>,
}
