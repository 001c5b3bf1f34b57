//! A plan in the form in which it serves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use divisor_schema::plan::{
    Bind, Cidr, Digest, HttpSettings, Millis, Mirror, Plan, RateLimitId, Retry, Timeouts,
};
use http::HeaderValue;

use crate::message::Reserved;
use crate::policy::{Access, Compression, Cors, Csrf, HeaderOps, PerClient, RateLimits, TrustedProxies};
use crate::pool::{Places, Pool};
use crate::route::{Hosts, Names};
use crate::tls;

/// Where the live plan is published: written by the control thread, read by every request.
pub(crate) type Published = ArcSwap<Live>;

/// Everything a request needs. Never changes, but for what pools and rate limits learn.
pub(crate) struct Live {
    /// Counts the plans of this process.
    pub(crate) epoch: u64,
    /// Which plan it is.
    pub(crate) digest: Digest,
    /// The files that the plan names, and what they held just before they were read.
    pub(crate) files: Vec<(PathBuf, Digest)>,
    /// The plan: its routes and tables are used as they lie there.
    pub(crate) plan: Plan,
    /// Listeners, in the order of the plan.
    pub(crate) listeners: Vec<Arc<Listener>>,
    /// Pools, by [`divisor_schema::plan::PoolId`].
    pub(crate) pools: Vec<Arc<Pool>>,
    /// Policies, by [`divisor_schema::plan::PolicyId`].
    pub(crate) policies: Vec<Policy>,
    /// Pages of errors, by [`divisor_schema::plan::HostId`].
    pub(crate) error_pages: Vec<Vec<ErrorPage>>,
    /// Rate limits, by [`RateLimitId`].
    pub(crate) limits: RateLimits,
    /// Headers that tell backends what the certificate of a client says: nobody else may say so, on any route.
    pub(crate) reserved_headers: Reserved,
    /// TLS towards backends; kept so that the next plan can take it over.
    pub(super) client_tls: tls::Clients,
}

impl Live {
    /// The listener that accepts at the address `bind`.
    pub(crate) fn listener_at(&self, bind: &Bind) -> Option<&Arc<Listener>> {
        self.listeners.iter().find(|listener| listener.binds.contains(bind))
    }

    /// From now on its limits hold for what is open already as well: it is the plan that is live.
    pub(crate) fn limit(&self) {
        self.pools.iter().for_each(|pool| pool.limit());
        self.listeners.iter().for_each(|listener| listener.places.set_limit(listener.max_connections));
    }

    /// Addresses of the management listener.
    pub(crate) fn admin_binds(&self) -> &[SocketAddr] {
        self.plan.admin.as_ref().map_or(&[], |admin| &admin.binds)
    }

    /// Addresses to accept on.
    pub(crate) fn binds(&self) -> impl Iterator<Item = &Bind> {
        self.listeners.iter().flat_map(|listener| &listener.binds)
    }
}

/// A listener in the form in which it serves.
pub(crate) struct Listener {
    /// Name in the config.
    pub(crate) name: String,
    /// Addresses it accepts on.
    pub(crate) binds: Vec<Bind>,
    /// Permissions of its Unix sockets.
    pub(crate) socket_mode: u32,
    /// Networks whose connections begin with a PROXY protocol header.
    pub(crate) proxy_protocol: Vec<Cidr>,
    /// HTTP settings.
    pub(crate) http: HttpSettings,
    /// TLS; `None` is plain TCP.
    pub(crate) tls: Option<tls::Server>,
    /// Which host answers which name.
    pub(crate) hosts: Hosts,
    /// Whom to believe about clients.
    pub(crate) proxies: TrustedProxies,
    /// Header fields of every response.
    pub(crate) response_headers: HeaderOps,
    /// Interval of TCP keep-alive probes.
    pub(crate) tcp_keepalive: Option<std::time::Duration>,
    /// Open connections of each client, and how many there may be; `None` is no limit.
    pub(crate) per_client: Option<(Arc<PerClient>, u32)>,
    /// Places of its connections; counted without a limit as well, for the next plan may have one.
    pub(crate) places: Arc<Places>,
    /// As many places as there are.
    pub(super) max_connections: u32,
    /// Where all its connections go as they are.
    pub(crate) forward: Option<Forward>,
    /// Where TLS connections go as they are, by the name they ask for; `None` ends them here.
    pub(crate) passthrough: Names<Option<Forward>>,
}

/// Where connections go as they are.
#[derive(Clone)]
pub(crate) struct Forward {
    /// The pool.
    pub(crate) pool: Arc<Pool>,
    /// Between two pieces, in either direction.
    pub(crate) tunnel_idle: std::time::Duration,
    /// Interval of TCP keep-alive probes.
    pub(crate) tcp_keepalive: Option<std::time::Duration>,
}

/// A policy in the form in which it serves.
pub(crate) struct Policy {
    /// Which clients may at all.
    pub(crate) access: Access,
    /// All must admit the request.
    pub(crate) limits: Vec<RateLimitId>,
    /// Changes of the request.
    pub(crate) request_headers: HeaderOps,
    /// Changes of the response.
    pub(crate) response_headers: HeaderOps,
    /// Bytes of a request body.
    pub(crate) body_limit: Option<u64>,
    /// How long what may take.
    pub(crate) timeouts: Timeouts,
    /// When a request is sent again.
    pub(crate) retry: Retry,
    /// Which responses are compressed.
    pub(crate) compress: Option<Compression>,
    /// The pool that is sent copies.
    pub(crate) mirror: Option<Mirror>,
    /// Pages of other origins that may read responses.
    pub(crate) cors: Option<Cors>,
    /// Tells forged requests from others.
    pub(crate) csrf: Option<Csrf>,
}

/// What is sent with an error of our own.
pub(crate) struct ErrorPage {
    /// The statuses it is sent with.
    pub(crate) statuses: Vec<u16>,
    /// Value of `Content-Type`.
    pub(crate) content_type: HeaderValue,
    /// The page, shared by all responses.
    pub(crate) body: Bytes,
}

/// A plan's duration as the rest of the runtime measures it.
pub(super) fn duration(millis: Option<Millis>) -> Option<std::time::Duration> {
    millis.map(std::time::Duration::from)
}
