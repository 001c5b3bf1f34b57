//! Which route a request takes, and why.
//!
//! `of_config` asks the facts of a config and names places in its files; `of_plan` walks the tables of a plan as the
//! runtime does. Both give a [`Trace`], which [`text`] and [`json`] render.

mod config;
mod json;
mod nearest;
mod plan;
mod request;
mod settings;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use self::config::{is_admitted, losers, nearest_that, of_config, outcome};
pub use self::json::json;
pub use self::plan::of_plan;
pub use self::request::Request;
pub use self::text::text;

use crate::source::{SourceMap, Span};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The request.
    pub request: Request,
    /// What each listener that may get it makes of it, by the names of the listeners; none when no listener speaks its
    /// scheme.
    pub answers: Vec<Answer>,
}

/// What a listener makes of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The listener.
    pub listener: Named,
    /// The path as it is routed; `None` where it was refused.
    pub path: Option<String>,
    /// The pattern of the host that answers its name; `None` where all names are served, or this one is not.
    pub host: Option<Named>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// The route that takes it.
    pub route: Option<Route>,
    /// Policies that bind it, the outermost first.
    pub policies: Vec<Named>,
    /// Settings that bind it.
    pub settings: Vec<Setting>,
    /// Routes for the same path that do not take it.
    pub lost: Vec<Lost>,
    /// The nearest request that goes elsewhere.
    pub nearest: Option<Nearest>,
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Where it is written; `None` in a plan.
    pub place: Option<Span>,
}

/// A route that takes a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its path pattern.
    pub pattern: Named,
    /// Its methods; none for every method.
    pub methods: Vec<String>,
    /// What must hold for its header fields, its query parameters and the client, in words.
    pub conditions: Vec<String>,
    /// Its named segments, filled.
    pub captures: Vec<(String, String)>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Sent to a backend of one of these pools, with this path and query.
    Proxied {
        /// The pools with their weights.
        pools: Vec<(Named, u16)>,
        /// Path and query that the backend is sent.
        path: String,
    },
    /// Not read here: the connection goes to a backend of this pool as it is.
    Passed {
        /// The pool.
        pool: Named,
    },
    /// Redirected.
    Redirected {
        /// Status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// Answered as the route says.
    Responded {
        /// Status.
        status: u16,
    },
    /// The route takes it, and its lists do not let the client in.
    Denied,
    /// Answered without a route.
    Unrouted {
        /// 400, 404 or 421.
        status: u16,
        /// Why.
        why: String,
    },
    /// The config does not say: an error of it, which a rule reports.
    Undecided,
}

impl Outcome {
    /// The status that the client gets; `None` where a backend decides.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Redirected { status, .. } | Self::Responded { status } | Self::Unrouted { status, .. } => {
                Some(*status)
            }
            Self::Denied => Some(403),
            Self::Proxied { .. } | Self::Passed { .. } | Self::Undecided => None,
        }
    }

    /// In a few words.
    pub fn summary(&self) -> String {
        match self {
            Self::Proxied { pools, .. } => match pools.as_slice() {
                [(pool, _)] => format!("pool {}", pool.name),
                pools => {
                    let shares: Vec<String> =
                        pools.iter().map(|(pool, weight)| format!("{} ({weight})", pool.name)).collect();
                    format!("pools {}", shares.join(", "))
                }
            },
            Self::Passed { pool } => format!("passed through to pool {}", pool.name),
            Self::Redirected { status, location } => format!("redirect {status} to {location}"),
            Self::Responded { status } => format!("status {status}"),
            Self::Denied => format!("status 403: {NOT_ADMITTED}"),
            Self::Unrouted { status, why } => format!("status {status}: {why}"),
            Self::Undecided => "not decided".to_owned(),
        }
    }
}

/// A setting that binds a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name in a config.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Who says so; `None` in a plan.
    pub origin: Option<Named>,
}

/// A route for the same path that does not take a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its path pattern.
    pub pattern: Named,
    /// Why it does not take the request.
    pub reason: String,
}

/// A request that goes elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The request.
    pub request: Request,
    /// The pattern of the route that takes it, if one does.
    pub route: Option<Named>,
    /// What becomes of it.
    pub outcome: Outcome,
}

impl Named {
    pub(crate) fn at(name: impl Into<String>, span: Span) -> Self {
        Self { name: name.into(), place: Some(span) }
    }

    fn nowhere(name: impl Into<String>) -> Self {
        Self { name: name.into(), place: None }
    }

    /// With its place, where it has one: `/users/{id}, shop.kdl:7`.
    pub fn text(&self, sources: &SourceMap) -> String {
        format!("{}{}", self.name, self.place(sources))
    }

    /// `, shop.kdl:7`; nothing where there is no place.
    fn place(&self, sources: &SourceMap) -> String {
        let at = self.place.and_then(|span| sources.location(span.start));
        at.map(|at| format!(", {}:{}", at.file, at.line)).unwrap_or_default()
    }

    /// As JSON: its name, and its place or null.
    pub fn json(&self, sources: &SourceMap) -> serde_json::Value {
        let at = self.place.and_then(|span| sources.location(span.start));
        let place = at.map(|at| serde_json::json!({ "file": at.file, "line": at.line, "col": at.column }));
        serde_json::json!({ "name": self.name, "place": place })
    }
}

/// The end of a sentence about a client.
const NOT_ADMITTED: &str = "the client may not";
/// The end of a sentence about a path that no route takes.
const NO_ROUTE: &str = "no route takes it";
/// The end of a sentence about a name that is nobody's.
const NO_HOST: &str = "no host has its name";
