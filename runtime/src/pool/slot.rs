//! What stands where a service has a slot, and where backends are.

use std::net::SocketAddr;

use divisor_schema::plan::{Address, Backend};
use rustls_pki_types::ServerName;

/// Where a backend is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// None is down.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Who stands in the slot; who stood there last, if it is empty now.
    pub(super) target: Option<Target>,
    /// Whether nobody stands in the slot any longer. The target is still known: requests may be on their way to it.
    pub(super) left: bool,
}

/// A target of a service (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its host.
    pub(crate) name: String,
    /// Its port.
    pub(crate) port: u16,
    /// Its share; at least 1.
    pub(crate) weight: u16,
    /// It is for when none of a lower rank is alive.
    pub(crate) rank: u16,
}

impl Target {
    /// Whether it is the same server.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.port) == (&other.name, other.port)
    }

    pub(super) fn address(&self) -> Address {
        Address::Name(self.name.clone(), self.port)
    }

    /// Its URL, as if it were written in the config instead of the service.
    pub(super) fn url(&self, slot: &Backend) -> String {
        Backend { address: self.address(), ..slot.clone() }.url()
    }
}

impl Place {
    pub(super) fn of(address: &Address) -> Self {
        let addresses = match address {
            Address::Ip(address) => vec![*address],
            Address::Name(..) | Address::Unix(_) | Address::Service(..) => Vec::new(),
        };
        Self { addresses, ..Self::default() }
    }

    /// The name that the certificate of a target must bear.
    pub(crate) fn server_name(&self) -> Option<ServerName<'static>> {
        ServerName::try_from(self.target.as_ref()?.name.clone()).ok()
    }
}
