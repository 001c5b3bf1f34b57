//! What happens to a request on its way, compiled from the plan: access lists, rate limits, header changes, compression, and whom to
//! believe about the client.

mod access;
mod client;
mod compress;
mod cors;
mod csrf;
mod forwarded;
mod headers;
mod per_client;
mod rate_limit;
mod recent;
mod stamp;

pub(crate) use self::access::Access;
pub(crate) use self::client::{Peer, TrustedProxies};
pub(crate) use self::compress::{Compressed, Compression};
pub(crate) use self::cors::Cors;
pub(crate) use self::csrf::Csrf;
pub(crate) use self::headers::{Asked, HeaderOps, InvalidHeader, Values};
pub(crate) use self::per_client::{PerClient, Place};
pub(crate) use self::rate_limit::RateLimits;
