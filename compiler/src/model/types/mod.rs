//! What a config says, as plain typed things. Every leaf knows where it was written.
//!
//! Route patterns, host names, TLS versions, profiles, groups and cipher suites are text here: `routes` and `tls`
//! know what they mean. A leaf of type [`Spanned`] always has a value, its default if nobody wrote one; an
//! [`Option`] is `None` where nothing was written and nothing is the default.

mod expect;
mod listener;
mod policy;
mod pool;
mod route;
mod tls;

use std::net::SocketAddr;

use divisor_schema::plan::{Cidr, Id, Millis};

pub use self::expect::{Expect, RequestLine};
pub use self::listener::{Forward, Http, Listener, ListenerRedirect, Passthrough};
pub use self::policy::{
    Compress, Cors, Csrf, HeaderChange, HeaderEdit, Policy, RateKey, RateLimit, Retry, RetryCause, Settings,
    SharedLimit, Timeouts,
};
pub use self::pool::{
    Backend, Connections, Eject, Hash, HashKey, HttpProbe, Pool, Probe, ProbeKind, Sticky, Target,
};
pub use self::route::{Action, Condition, ErrorPage, Host, Mirror, Page, Route, Share, Subject, Test};
pub use self::tls::{Certificate, ClientAuth, ClientTls, Hsts, ServerTls, TlsSettings};
use crate::source::Spanned;

/// A whole config.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Which of the layouts it was written in.
    pub layout: Layout,
    /// The edition of the language that it says it is written in; `None` is the newest.
    pub edition: Option<Spanned<String>>,
    /// Process-wide settings.
    pub runtime: Runtime,
    /// The management listener.
    pub admin: Option<Admin>,
    /// Listeners, sorted by name. Two may have the same name until a rule has said so.
    pub listeners: Vec<Listener>,
    /// TLS settings of the flat layout that are not used, because it names no certificate.
    pub idle_tls: Vec<ServerTls>,
    /// Pools, sorted by name. Two may have the same name until a rule has said so.
    pub pools: Vec<Pool>,
    /// Policies, sorted by name. Two may have the same name until a rule has said so.
    pub policies: Vec<Policy>,
    /// Rate limits that policies share, sorted by name. Two may have the same name until a rule has said so.
    pub rate_limits: Vec<SharedLimit>,
    /// Hosts, sorted by their names.
    pub hosts: Vec<Host>,
    /// Routes outside any host, sorted by pattern: they belong to every host.
    pub routes: Vec<Route>,
    /// Claims about requests, sorted by what they ask for.
    pub expects: Vec<Expect>,
}

/// How a config is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Listeners, pools, hosts and routes, in KDL or YAML.
    #[default]
    Full,
    /// The flat YAML layout with top-level `backends`.
    Flat,
}

/// Process-wide settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Runtime {
    /// Worker threads; `None` is one for each core.
    pub workers: Option<Spanned<u16>>,
    /// Name servers to ask; none are those of the system.
    pub dns: Vec<Spanned<SocketAddr>>,
    /// How long a shutdown waits for exchanges in flight.
    pub drain: Spanned<Millis>,
    /// Open files that the process asks for; `None` is as many as it may have.
    pub max_files: Option<Spanned<u32>>,
    /// Bytes of memory that there are for the process. Nothing but rules looks at it.
    pub max_memory: Option<Spanned<u64>>,
}

/// Where the runtime reads a secret.
#[derive(Debug, Clone, PartialEq)]
pub enum Secret {
    /// A file.
    File(Spanned<String>),
    /// An environment variable.
    Env(Spanned<String>),
}

/// The management listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Admin {
    /// Addresses to accept on.
    pub binds: Vec<Spanned<SocketAddr>>,
    /// Networks that may; none is this machine.
    pub allow: Vec<Spanned<Cidr>>,
}

/// A name, and the thing that bears it where there is exactly one.
#[derive(Debug, Clone)]
pub struct Reference<T> {
    /// The name as written.
    pub name: Spanned<String>,
    /// Index into the list of the [`Model`]; `None` when nothing, or more than one thing, bears the name.
    pub id: Option<Id<T>>,
}

impl<T> PartialEq for Reference<T> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.id == other.id
    }
}

impl<T> Reference<T> {
    /// A reference that is yet to be resolved.
    pub fn to(name: Spanned<String>) -> Self {
        Self { name, id: None }
    }
}
