//! The PROXY protocol: a proxy says whom a connection is from before anything else
//! (haproxy.org, "The PROXY protocol", versions 1 and 2). Read from proxies in front, written to backends.

mod read;
mod write;

use std::net::SocketAddr;

pub(crate) use self::read::read;
pub(crate) use self::write::{header, own};

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The two ends of a client's connection: as a proxy in front reports them, or as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The client.
    pub(crate) source: SocketAddr,
    /// Where it connected to; `None` where that is a Unix socket, and then the client has no address, either.
    pub(crate) destination: Option<SocketAddr>,
}

/// What else is known of a client's connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// The name that it asked for with TLS; empty when it asked for none.
    pub(crate) name: String,
    /// The protocol that TLS settled on; empty when it settled on none.
    pub(crate) alpn: &'static str,
    /// The TLS that ended here.
    pub(crate) tls: Option<Tls>,
}

/// TLS with a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tls {
    /// As OpenSSL writes it: `TLSv1.3`.
    pub(crate) version: &'static str,
    /// Whether the client showed a certificate, which was then verified.
    pub(crate) certificate: bool,
}
