//! Listeners: where clients connect, and which host answers which name.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{HeaderOp, HostId, Millis, PoolId, ServerTls};

/// Addresses to accept on, with TLS and HTTP settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Name in the config; identity across swaps.
    pub name: String,
    /// Addresses to bind, sorted.
    pub binds: Vec<Bind>,
    /// Permissions of Unix sockets, as `chmod` takes them.
    pub socket_mode: u32,
    /// TLS; `None` is plain TCP.
    pub tls: Option<ServerTls>,
    /// HTTP settings.
    pub http: HttpSettings,
    /// Networks whose `Forwarded` and `X-Forwarded-*` are believed, sorted.
    pub trusted_proxies: Vec<Cidr>,
    /// Fields that tell backends whom a request comes from.
    pub forwarded: Forwarded,
    /// Networks whose connections begin with a PROXY protocol header, sorted.
    pub proxy_protocol: Vec<Cidr>,
    /// Open client connections at a time, over all workers.
    pub max_connections: Option<u32>,
    /// Open connections of one client at a time, over all workers.
    pub max_connections_per_client: Option<u32>,
    /// Interval of TCP keep-alive probes; `None` leaves the system's.
    pub tcp_keepalive: Option<Millis>,
    /// Set on every response of this listener, `Strict-Transport-Security` for one.
    pub response_headers: Vec<HeaderOp>,
    /// Which host answers which name.
    pub hosts: HostTable,
    /// Every connection goes to a pool as it is, once TLS is taken off it if there is `tls`; then there are no hosts.
    pub forward: Option<Forward>,
    /// Host patterns (`shop.example`, `*.shop.example`, `**.shop.example`), sorted. A TLS connection that asks for such a
    /// name goes to a pool as it is; with `None` it ends here, like one that asks for a name without a pattern. The most
    /// specific pattern says so.
    pub passthrough: Vec<(String, Option<Forward>)>,
}

/// Where connections go as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// A pool of [`Tcp`](super::Scheme::Tcp) backends.
    pub pool: PoolId,
    /// Between two pieces, in either direction.
    pub tunnel_idle: Millis,
}

/// Where clients connect to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bind {
    /// An address of this machine. `[::]` binds IPv6 only.
    Tcp(SocketAddr),
    /// A Unix socket, by its path.
    Unix(String),
}

impl Bind {
    /// The address, if it is one.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Whether only this machine gets there.
    pub fn is_local(&self) -> bool {
        self.tcp().is_none_or(|address| address.ip().is_loopback())
    }
}

impl std::fmt::Display for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// Bytes of a socket's path, without the zero that ends it (`sockaddr_un` of Linux).
const SOCKET_PATH_MOST: usize = 107;

/// Whether a Unix socket can lie at this path: absolute, so that it means the same wherever the runtime is started.
pub fn is_socket_path(path: &str) -> bool {
    let fits = path.starts_with('/') && !path.ends_with('/') && path.len() <= SOCKET_PATH_MOST;
    fits && !path.contains(char::is_control)
}

/// Fields that tell backends whom a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forwarded {
    /// `X-Forwarded-For`, `-Proto` and `-Host`.
    Legacy,
    /// `Forwarded` (RFC 7239).
    Standard,
    /// All of these.
    Both,
    /// None of these.
    Neither,
}

/// How a listener speaks HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSettings {
    /// HTTP/2: by ALPN under TLS, by prior knowledge in plain text.
    pub h2: bool,
    /// Keep client connections open between requests (HTTP/1).
    pub keep_alive: bool,
    /// Bytes of a request head.
    pub max_header_size: u32,
    /// Bytes of the path and query of a request.
    pub max_target_size: u32,
    /// Header fields of a request.
    pub max_headers: u16,
    /// Concurrent streams of an HTTP/2 connection.
    pub max_streams: u32,
    /// From accept to the end of the TLS handshake, with a PROXY protocol header before it.
    pub handshake_timeout: Millis,
    /// From the first byte of a request head to its end.
    pub header_timeout: Millis,
    /// Between two requests of a connection.
    pub idle_timeout: Millis,
    /// Empty path segments (`/a//b`) are kept instead of merged.
    pub keep_empty_segments: bool,
}

/// A network: an address without host bits and the length of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cidr {
    /// First address.
    pub address: IpAddr,
    /// Bits that count: at most 32 for IPv4, 128 for IPv6.
    pub prefix: u8,
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Cidr {
    /// `None` when the prefix is longer than the address, or the address has bits beyond it.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        let cidr = Self { address, prefix };
        cidr.is_canonical().then_some(cidr)
    }

    /// Whether the prefix fits the address and no host bit is set.
    pub fn is_canonical(&self) -> bool {
        let (bits, width) = bits(self.address);
        self.prefix <= width && bits & !mask(self.prefix, width) == 0
    }

    /// Whether `address` is in this network. An IPv4-mapped IPv6 address counts as its IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (mine, width) = bits(self.address);
        let (theirs, other) = bits(address.to_canonical());
        width == other && (mine ^ theirs) & mask(self.prefix, width) == 0
    }
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

fn mask(prefix: u8, width: u8) -> u128 {
    let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
    all & !(all.checked_shr(u32::from(prefix)).unwrap_or(0))
}

/// Which host answers which name: the most specific pattern wins. Names are lower case, without port or final dot.
/// Each list is sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostTable {
    /// `shop.example`.
    pub exact: Vec<(String, HostId)>,
    /// `*.shop.example`, stored as `shop.example`: exactly one label in front.
    pub one_label: Vec<(String, HostId)>,
    /// `**.shop.example`, stored as `shop.example`: one label or more in front.
    pub many_labels: Vec<(String, HostId)>,
    /// Every other name; `None` answers 421.
    pub default: Option<HostId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let ten = Cidr::new("10.0.0.0".parse().unwrap(), 8).unwrap();
        assert!(ten.contains("10.255.0.1".parse().unwrap()));
        assert!(ten.contains("::ffff:10.0.0.1".parse().unwrap()));
        assert!(!ten.contains("11.0.0.1".parse().unwrap()));
        assert!(!ten.contains("::1".parse().unwrap()));
        let all = Cidr::new("::".parse().unwrap(), 0).unwrap();
        assert!(all.contains("2001:db8::1".parse().unwrap()));
        assert!(!all.contains("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn host_bits_and_long_prefixes_are_refused() {
        assert_eq!(Cidr::new("10.0.0.1".parse().unwrap(), 8), None);
        assert_eq!(Cidr::new("10.0.0.0".parse().unwrap(), 33), None);
        assert!(Cidr::new("10.0.0.1".parse().unwrap(), 32).is_some());
        assert!(Cidr::new("2001:db8::".parse().unwrap(), 32).is_some());
    }
}
