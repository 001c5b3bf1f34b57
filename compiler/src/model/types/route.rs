//! Hosts and routes.

use divisor_schema::plan::Cidr;

use super::{Certificate, ClientAuth, Listener, Policy, Pool, Reference, Settings};
use crate::source::Spanned;

/// What some names serve.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its name patterns.
    pub names: Vec<Spanned<String>>,
    /// The listeners it is limited to; none means all.
    pub listeners: Vec<Reference<Listener>>,
    /// Certificates for its names, beside those of the listener.
    pub certificates: Vec<Certificate>,
    /// Certificates of its clients, in place of what the listener says.
    pub client_auth: Option<ClientAuth>,
    /// Policies that bind every request of this host.
    pub uses: Vec<Reference<Policy>>,
    /// What is sent with errors of our own.
    pub error_pages: Vec<ErrorPage>,
    /// Its routes, sorted by pattern.
    pub routes: Vec<Route>,
}

/// What is sent with an error of our own.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorPage {
    /// The statuses it is sent with.
    pub statuses: Vec<Spanned<u16>>,
    /// The page.
    pub page: Page,
    /// Value of `Content-Type`.
    pub content_type: Spanned<String>,
}

/// Where a page comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// A file.
    File(Spanned<String>),
    /// The config itself.
    Text(Spanned<String>),
}

/// A set of requests and what is done with them.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The path pattern.
    pub pattern: Spanned<String>,
    /// Whether the pattern is a regex for whole paths.
    pub is_regex: bool,
    /// Methods; none means every method.
    pub methods: Vec<Spanned<String>>,
    /// Conditions on header fields and query parameters; all hold.
    pub conditions: Vec<Condition>,
    /// Networks of its clients; none means every client.
    pub clients: Vec<Spanned<Cidr>>,
    /// Whether its paths may have encoded slashes, which stay as they are.
    pub keep_encoded_slash: Spanned<bool>,
    /// The higher one of two routes that meet wins, before containment is looked at.
    pub priority: Spanned<i32>,
    /// What is done; `None` when that could not be read and was reported.
    pub action: Option<Action>,
    /// The path the backend is sent, a template; `None` is the path of the request.
    pub rewrite: Option<Spanned<String>>,
    /// The pool that is sent copies.
    pub mirror: Option<Mirror>,
    /// Policies that bind its requests.
    pub uses: Vec<Reference<Policy>>,
    /// Settings of its own, before those of any policy.
    pub settings: Settings,
}

/// Something that must hold for a header field or a query parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What it looks at.
    pub subject: Subject,
    /// The name of the field.
    pub name: Spanned<String>,
    /// What a value must be.
    pub test: Spanned<Test>,
}

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A header field.
    Header,
    /// A query parameter.
    Query,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// There, or not there.
    Present(bool),
    /// This.
    Equals(String),
    /// Something that begins like this.
    Prefix(String),
    /// Something that this regex holds as a whole.
    Regex(String),
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Sent to a backend of a pool.
    Proxy {
        /// The pool.
        pool: Reference<Pool>,
    },
    /// Sent to a backend of one of several pools.
    Split {
        /// The pools with their weights.
        shares: Vec<Share>,
    },
    /// Answered with a redirect.
    Redirect {
        /// The value of `Location`, a template.
        location: Spanned<String>,
        /// 301, 302, 303, 307 or 308.
        status: Spanned<u16>,
    },
    /// Answered as written.
    Respond {
        /// 200 to 599.
        status: Spanned<u16>,
        /// Body.
        body: Spanned<String>,
        /// Value of `Content-Type`.
        content_type: Spanned<String>,
    },
    /// Refused.
    Deny {
        /// 400 to 599.
        status: Spanned<u16>,
    },
}

/// Copies of requests for another pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// The pool.
    pub pool: Reference<Pool>,
    /// Of how many requests in a hundred.
    pub percent: Spanned<u8>,
}

impl Route {
    /// The pools that a request, or a copy of it, can go to.
    pub fn pools(&self) -> impl Iterator<Item = &Reference<Pool>> {
        let mirror = self.mirror.as_ref().map(|mirror| &mirror.pool);
        self.action.iter().flat_map(Action::pools).chain(mirror)
    }
}

/// A pool and its share of the requests of a route.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The pool.
    pub pool: Reference<Pool>,
    /// Its weight among all shares; 0 takes it out.
    pub weight: Spanned<u16>,
}

impl Action {
    /// The pools that a request can go to.
    pub fn pools(&self) -> impl Iterator<Item = &Reference<Pool>> {
        let (one, several) = match self {
            Self::Proxy { pool } => (Some(pool), &[][..]),
            Self::Split { shares } => (None, shares.as_slice()),
            Self::Redirect { .. } | Self::Respond { .. } | Self::Deny { .. } => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().map(|share| &share.pool))
    }
}
