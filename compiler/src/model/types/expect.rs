//! Claims about requests.

use divisor_schema::plan::Cidr;

use super::{Condition, Listener, Pool, Reference};
use crate::source::Spanned;

/// A claim about a request, or about every request of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// What is asked for.
    pub request: Spanned<RequestLine>,
    /// Methods; none means every method.
    pub methods: Vec<Spanned<String>>,
    /// Conditions on its header fields and query parameters; all hold.
    pub conditions: Vec<Condition>,
    /// Networks that it comes from; none means anywhere.
    pub clients: Vec<Spanned<Cidr>>,
    /// The listener it arrives at; `None` is each of those that speak its scheme.
    pub listener: Option<Reference<Listener>>,
    /// The path of the request is a pattern, and the claim is about all that match it.
    pub for_all: Spanned<bool>,
    /// The pool it goes to.
    pub pool: Option<Reference<Pool>>,
    /// The path pattern of the route that takes it.
    pub route: Option<Spanned<String>>,
    /// The status it is answered with, without a backend.
    pub status: Option<Spanned<u16>>,
    /// Where it is redirected to.
    pub redirect: Option<Spanned<String>>,
}

/// What a request asks for, as people write it: `GET https://shop.example/cart?x=1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestLine {
    /// Method; `*` is every method, `None` is none written.
    pub method: Option<String>,
    /// `https`, not `http`.
    pub tls: bool,
    /// Host name in lower case, without port; `*`, or a pattern such as `*.shop.example`.
    pub host: String,
    /// Path as written, or a pattern.
    pub path: String,
    /// Query without `?`.
    pub query: Option<String>,
}

impl RequestLine {
    /// The same for a method, without what has no meaning: `GET https://shop.example/cart?x=1`.
    pub fn with_method(&self, method: &str) -> String {
        format!("{method} {}", self.url())
    }

    /// `https://shop.example/cart?x=1`.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}://{}{}{query}", self.host, self.path)
    }
}
