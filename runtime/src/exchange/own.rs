//! What backends are told of a client before anything else, and the connections that it has for itself because of that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

use divisor_schema::plan::ProxyProtocol;

use crate::proxy_protocol::{self, Facts, Origin};
use crate::upstream::Upstream;

use super::{Entered, Exchange};

impl Exchange<'_> {
    /// The connections of this client to the backend of `upstream`: those that begin with its address.
    pub(super) fn own(&self, upstream: &Rc<Upstream>, version: ProxyProtocol) -> Rc<Upstream> {
        self.client.own.get_or_init(Box::default).to(upstream, self.header(version))
    }

    /// The PROXY protocol header of this exchange.
    pub(super) fn header(&self, version: ProxyProtocol) -> Vec<u8> {
        let client = self.client;
        if self.address == client.origin.source.ip().to_canonical() {
            let facts = client.entered.as_ref().map(Entered::facts).unwrap_or_default();
            return proxy_protocol::header(version, client.origin, &facts);
        }
        // What is known of the connection is known of the proxy's.
        proxy_protocol::header(version, reported(self.address, client.origin), &Facts::default())
    }
}

/// A client whose address a trusted proxy reports: without its port, which is then 0.
fn reported(address: IpAddr, Origin { destination, .. }: Origin) -> Origin {
    let nowhere: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let destination = destination.unwrap_or(SocketAddr::new(nowhere, 0));
    Origin { source: SocketAddr::new(address, 0), destination: Some(destination) }
}
