//! The management listener.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Cidr;

/// Where the process is managed from: counters, and the weights of backends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admin {
    /// Addresses to accept on, in order; at least one.
    pub binds: Vec<SocketAddr>,
    /// Networks that may, in order; none is this machine, and then all of `binds` are loopback addresses.
    pub allow: Vec<Cidr>,
}
