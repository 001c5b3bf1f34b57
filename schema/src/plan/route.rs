//! Routes: what is done with which requests.

use serde::{Deserialize, Serialize};

use super::{Cidr, Condition, PolicyId, PoolId, StateId, Weight};

/// An entry point into the route tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its names as in the config, for people; empty for routes outside any host.
    pub names: Vec<String>,
    /// Where the walk of a path starts.
    pub root: StateId,
    /// What is sent with errors of our own; each status once.
    pub error_pages: Vec<ErrorPage>,
}

/// What is sent with an error of our own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorPage {
    /// The statuses it is sent with, sorted: 400 to 599.
    pub statuses: Vec<u16>,
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The page.
    pub body: String,
}

/// A set of requests and what is done with them. The paths are in the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The path pattern, for people.
    pub pattern: String,
    /// Methods it is for.
    pub methods: Methods,
    /// What must hold for its header fields and query parameters: all of it.
    pub conditions: Vec<Condition>,
    /// Networks that its clients are in; every client, if there are none.
    pub clients: Vec<Cidr>,
    /// Whether it takes paths with an encoded slash, which are refused otherwise.
    pub keep_encoded_slash: bool,
    /// What is done.
    pub action: Action,
    /// What happens on the way.
    pub policy: PolicyId,
}

/// A set of methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Methods {
    /// Every method.
    Any,
    /// These, sorted, case-sensitive (RFC 9110, section 9.1); at least one.
    Only(Vec<String>),
}

impl Methods {
    /// Whether `method` is in the set.
    pub fn contains(&self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(methods) => methods.iter().any(|known| known == method),
        }
    }
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Sent to a backend of a pool.
    Proxy {
        /// The pool.
        pool: PoolId,
        /// The path it is sent with; `None` is its own. The query stays.
        rewrite: Option<Template>,
    },
    /// Answered with a redirect.
    Redirect {
        /// The value of `Location`.
        location: Template,
        /// 301, 302, 303, 307 or 308.
        status: u16,
    },
    /// Answered as written.
    Respond {
        /// 200 to 599.
        status: u16,
        /// Body.
        body: String,
        /// Value of `Content-Type`.
        content_type: String,
    },
    /// Sent to a backend of one of several pools.
    Split {
        /// The pools, sorted; each once, at least one.
        shares: Vec<Share>,
        /// The path it is sent with; `None` is its own. The query stays.
        rewrite: Option<Template>,
    },
}

/// A pool and its share of the requests of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The pool.
    pub pool: PoolId,
    /// Its weight among all shares.
    pub weight: Weight,
}

/// Text with holes that a request fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template(pub Vec<TemplatePart>);

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TemplatePart {
    /// As it stands.
    Text(String),
    /// A segment of the path, counted from 0.
    Segment(u16),
    /// A segment without its first `lead` and its last `trail` bytes; empty when it has fewer.
    Within {
        /// Which segment, counted from 0.
        segment: u16,
        /// Bytes in front.
        lead: u16,
        /// Bytes behind.
        trail: u16,
    },
    /// The path from this segment on, without a leading slash; empty when there is none.
    Rest(u16),
    /// The host name of the request, without port.
    Host,
    /// The whole path.
    Path,
    /// `?` and the query; empty when there is none.
    Query,
}
