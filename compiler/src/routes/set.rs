//! Sets of requests as values, and single requests.

use std::net::IpAddr;

use super::{Methods, Pattern};

/// A set of requests, the product of its parts: what a route is for, or what a claim is about.
#[derive(Debug, Clone)]
pub(crate) struct RequestSet<'a> {
    /// Its paths.
    pub(crate) pattern: &'a Pattern,
    /// Its methods.
    pub(crate) methods: Methods<'a>,
}

/// One request, as far as routing looks at it: the subject of a question, or the example of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    /// Method.
    pub(crate) method: String,
    /// Normal path.
    pub(crate) path: String,
    /// Header fields: names in lower case, and values. A name may come more than once.
    pub(crate) headers: Vec<(String, String)>,
    /// Query parameters: names and values, decoded. A name may come more than once.
    pub(crate) query: Vec<(String, String)>,
    /// The client's address; `None` where none is known, and in an example where any will do.
    pub(crate) client: Option<IpAddr>,
}

impl<'a> RequestSet<'a> {
    /// The requests with one of these paths and one of these methods.
    pub(crate) fn new(pattern: &'a Pattern, methods: Methods<'a>) -> Self {
        Self { pattern, methods }
    }

    /// Whether `request`, whose path is normal, is in the set.
    pub(crate) fn contains(&self, request: &Request) -> bool {
        self.methods.contains(&request.method) && self.pattern.matches(&request.path)
    }
}

impl Request {
    /// A request without header fields, query and known client.
    pub(crate) fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), headers: vec![], query: vec![], client: None }
    }
}
