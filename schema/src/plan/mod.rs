//! The plan: everything the runtime needs, decided by the compiler.
//!
//! Names are ids, patterns are tables, defaults are explicit. [`Plan::encode`] is deterministic, and
//! [`Plan::decode`] is total: any byte string gives a plan or a [`LoadError`]. A decoded plan has passed one
//! check over every index, so the runtime indexes without looking.

mod admin;
mod check;
mod condition;
mod dfa;
mod envelope;
mod id;
mod listener;
mod name;
mod path;
mod policy;
mod pool;
mod route;
mod table;
mod template;
mod tls;
mod value;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

pub use self::admin::Admin;
pub use self::condition::{Condition, Subject, Test};
pub use self::dfa::{Dfa, DfaId};
pub use self::envelope::{Digest, FORMAT, LoadError, MIN_READER};
pub use self::id::{ClientTlsId, HostId, Id, ListenerId, PolicyId, PoolId, RateLimitId, RouteId, StateId};
pub use self::listener::{Bind, Cidr, Forward, Forwarded, HostTable, HttpSettings, Listener, is_socket_path};
pub use self::name::{InvalidHost, host_name};
pub use self::path::{PathError, has_encoded_slash, normalise};
pub use self::policy::{
    Access, CertificatePart, Compress, Cors, Csrf, Encoding, HeaderOp, Mirror, Policy, RateLimit, Retry,
    RetryOn, Timeouts, ValuePart,
};
pub use self::pool::{
    Address, Backend, Balance, Connections, Eject, Hash, HashKey, Pool, Probe, ProbeKind, ProxyProtocol,
    SameSite, Scheme, Sticky,
};
pub use self::route::{Action, ErrorPage, Host, Methods, Route, Share, Template, TemplatePart};
pub use self::table::{Edge, State, Tables};
pub use self::template::{Source, fill, push_part};
pub use self::tls::{
    Certificate, ClientAuth, ClientTls, Identity, Roots, ServerTls, TlsSettings, TlsVersion,
};
pub use self::value::{Millis, Secret, Weight};

/// A compiled configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Who compiled it.
    pub meta: Meta,
    /// Process-wide settings.
    pub runtime: Runtime,
    /// The management listener.
    pub admin: Option<Admin>,
    /// Listeners, sorted by name.
    pub listeners: Vec<Listener>,
    /// Pools, sorted by name.
    pub pools: Vec<Pool>,
    /// TLS settings towards backends, each once.
    pub client_tls: Vec<ClientTls>,
    /// Rate limits, each once.
    pub rate_limits: Vec<RateLimit>,
    /// What happens to a request on its way, each distinct bundle once.
    pub policies: Vec<Policy>,
    /// Hosts: entry points into the route tables.
    pub hosts: Vec<Host>,
    /// Routes of all hosts.
    pub routes: Vec<Route>,
    /// Checks of files that were not there when the plan was compiled, sorted by file.
    pub undecided: Vec<Undecided>,
    /// The route tables of all hosts, in the form in which they run.
    #[serde(skip)]
    pub tables: Tables,
}

/// Who compiled a plan. Holds no time and no path: the same sources give the same bytes everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Version of the compiler.
    pub compiler: String,
    /// Edition of the language the config was written in.
    pub edition: String,
}

/// Checks of a file that was not there when the plan was compiled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Undecided {
    /// The file. A relative path starts at the folder of the plan.
    pub file: String,
    /// Codes of the rules that say nothing about it: `CRT005`. Sorted.
    pub codes: Vec<String>,
}

/// Process-wide settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// Worker threads; `None` is one for each core.
    pub workers: Option<u16>,
    /// Name servers to ask; none are those of the system.
    pub dns: Vec<SocketAddr>,
    /// How long a shutdown waits for exchanges in flight.
    pub drain: Millis,
    /// Open files that the process asks the system for; `None` is as many as it may have.
    pub max_files: Option<u32>,
}

impl Plan {
    /// The plan as bytes: the same plan gives the same bytes, always.
    pub fn encode(&self) -> Vec<u8> {
        envelope::encode(self)
    }

    /// Reads a plan from bytes.
    ///
    /// # Errors
    /// [`LoadError`] says what is wrong with the bytes: not a plan, of another version, damaged, or inconsistent.
    pub fn decode(bytes: &[u8]) -> Result<Self, LoadError> {
        let plan = envelope::decode(bytes)?;
        check::check(&plan).map_err(LoadError::Inconsistent)?;
        Ok(plan)
    }

    /// Checks every index of this plan, as [`Plan::decode`] does after reading.
    ///
    /// # Errors
    /// Names the first thing that points nowhere.
    pub fn check(&self) -> Result<(), String> {
        check::check(self)
    }
}
