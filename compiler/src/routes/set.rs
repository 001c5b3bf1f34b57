//! Sets of requests as values, and single requests.

use std::net::IpAddr;

use super::{Clients, Conditions, Methods, Pattern};

/// A set of requests, the product of its parts: what a route is for, or what a claim is about.
#[derive(Debug, Clone)]
pub(crate) struct RequestSet<'a> {
    /// Its paths.
    pub(crate) pattern: &'a Pattern,
    /// Its methods.
    pub(crate) methods: Methods<'a>,
    /// What must hold for its header fields and query parameters.
    pub(crate) conditions: &'a Conditions,
    /// Its clients.
    pub(crate) clients: Clients,
}

/// One request, as far as routing looks at it: the subject of a question, or the example of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// Method.
    pub(crate) method: String,
    /// Normal path.
    pub(crate) path: String,
    /// Header fields: names in lower case, and values, whose characters are bytes (ISO 8859-1). A name may come more than
    /// once.
    pub(crate) headers: Vec<(String, String)>,
    /// Query parameters: names and values, decoded. A name may come more than once.
    pub(crate) query: Vec<(String, String)>,
    /// The client's address; `None` where none is known, and in an example where any will do.
    pub(crate) client: Option<IpAddr>,
}

impl<'a> RequestSet<'a> {
    /// The requests with one of these paths and one of these methods.
    pub(crate) fn new(pattern: &'a Pattern, methods: Methods<'a>) -> Self {
        Self { pattern, methods, conditions: Conditions::NONE, clients: Clients::Any }
    }

    /// Those of them that meet `conditions`, too, and come from one of `clients`.
    pub(crate) fn with(self, conditions: &'a Conditions, clients: Clients) -> Self {
        Self { conditions, clients, ..self }
    }

    /// Whether `request`, whose path is normal, is in the set.
    pub(crate) fn contains(&self, request: &Request) -> bool {
        let line = self.methods.contains(&request.method) && self.pattern.matches(&request.path);
        let fields = || self.conditions.hold(&request.headers, &request.query);
        line && self.clients.contains(request.client) && fields()
    }
}

impl Request {
    /// A request without header fields, query and known client.
    pub(crate) fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), headers: vec![], query: vec![], client: None }
    }
}
