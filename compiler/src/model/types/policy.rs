//! Policies: what happens to a request on its way.

use divisor_schema::plan::{Cidr, Encoding, Millis};

use super::Reference;
use crate::model::value::Typed;
use crate::source::{At, Spanned};

/// A named bundle of settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: Spanned<String>,
    /// What it sets.
    pub settings: Settings,
    /// What it sets to a single value, by the path of the key: what another policy cannot set differently beside it.
    pub(crate) single: Vec<(String, Spanned<Typed>)>,
}

/// What a policy, or a route itself, sets. What is `None` or empty is left to the policies around it; what nobody
/// sets is in [`Settings::defaults`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Networks that may, and no other; none is everybody.
    pub allow: Vec<Spanned<Cidr>>,
    /// Networks that may not.
    pub deny: Vec<Spanned<Cidr>>,
    /// All must admit the request.
    pub rate_limits: Vec<RateLimit>,
    /// These too; each counts the requests of all that name it.
    pub shared_limits: Vec<Reference<SharedLimit>>,
    /// Changes of the request, in order.
    pub request_headers: Vec<HeaderEdit>,
    /// Changes of the response, in order.
    pub response_headers: Vec<HeaderEdit>,
    /// Bytes of a request body.
    pub body_limit: Option<Spanned<u64>>,
    /// How long what may take.
    pub timeouts: Timeouts,
    /// When a request is sent again.
    pub retry: Option<Retry>,
    /// Which responses are compressed.
    pub compress: Option<Compress>,
    /// Pages of other origins that may read responses.
    pub cors: Option<Cors>,
    /// Refuses requests that a page of another origin forged.
    pub csrf: Option<Csrf>,
}

/// Pages of other origins that may read responses.
#[derive(Debug, Clone, PartialEq)]
pub struct Cors {
    /// Origins, or `*`.
    pub origins: Vec<Spanned<String>>,
    /// Methods beyond the simple ones.
    pub methods: Vec<Spanned<String>>,
    /// Request headers beyond the safe ones.
    pub headers: Vec<Spanned<String>>,
    /// Response headers that a page may read.
    pub expose: Vec<Spanned<String>>,
    /// Cookies too.
    pub credentials: Spanned<bool>,
    /// How long a browser remembers.
    pub max_age: Spanned<Millis>,
}

/// Refuses requests that a page of another origin forged.
#[derive(Debug, Clone, PartialEq)]
pub struct Csrf {
    /// Other origins that may.
    pub origins: Vec<Spanned<String>>,
}

/// Which responses are compressed.
#[derive(Debug, Clone, PartialEq)]
pub struct Compress {
    /// The preferred first.
    pub encodings: Vec<Spanned<Encoding>>,
    /// Media types, with one `*` for anything; none means what is text.
    pub types: Vec<Spanned<String>>,
    /// Bytes from which it is worth it.
    pub min_size: Spanned<u64>,
}

/// A rate limit that several policies and routes share.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedLimit {
    /// Its name.
    pub name: Spanned<String>,
    /// What it allows.
    pub limit: RateLimit,
}

/// How long the parts of an exchange may take.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeouts {
    /// From the end of the request head to the head of the response.
    pub first_byte: Option<Spanned<Millis>>,
    /// Between two pieces of a body.
    pub body_idle: Option<Spanned<Millis>>,
    /// Between two pieces once the connection speaks another protocol.
    pub tunnel_idle: Option<Spanned<Millis>>,
    /// The whole exchange.
    pub exchange: Option<Spanned<Millis>>,
    /// Bytes a second that a client sends or takes while it is waited for.
    pub min_rate: Option<Spanned<u64>>,
    /// How long a client may be slower than that at first.
    pub min_rate_grace: Option<Spanned<Millis>>,
}

/// When a request is sent again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub attempts: Spanned<u8>,
    /// The share of requests, in percent, that may be sent again.
    pub budget: Spanned<u8>,
    /// What a request is sent again after; none means what is usual.
    pub on: Vec<Spanned<RetryCause>>,
}

/// What a request can be sent again after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryCause {
    /// No connection came about.
    ConnectFailure,
    /// The backend broke off before its response.
    Reset,
    /// The response did not begin in time.
    Timeout,
    /// A response of this status.
    Status(u16),
}

/// A rate limit for each client.
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimit {
    /// Where it was declared: the rate, or the name of its block.
    pub at: At,
    /// Requests in `period`.
    pub requests: Spanned<u32>,
    /// Period of the rate: a second, a minute or an hour.
    pub period: Millis,
    /// Requests at once; `None` is as many as in the period.
    pub burst: Option<Spanned<u32>>,
    /// What tells clients apart.
    pub key: Spanned<RateKey>,
    /// How long a client that went over the limit is refused whatever it does.
    pub block: Option<Spanned<Millis>>,
    /// Clients remembered at a time.
    pub max_keys: Spanned<u32>,
}

/// What tells clients apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateKey {
    /// The client's address, as trusted proxies report it.
    #[default]
    ClientIp,
}

/// One change of a header.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderEdit {
    /// The field, as written.
    pub name: Spanned<String>,
    /// What is done with it.
    pub change: HeaderChange,
}

/// What is done with a header. A value is text with variables in it: `{client-address}`, `{id}` of the pattern, and the
/// like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderChange {
    /// Replaces all fields of this name.
    Set(Spanned<String>),
    /// Adds one field.
    Add(Spanned<String>),
    /// Removes all fields of this name.
    Remove,
}
