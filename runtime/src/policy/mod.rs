//! What happens to a request on its way, compiled from the plan: rate limits, header changes, compression, and whom to
//! believe about the client.

mod client;
mod compress;
mod headers;
mod rate_limit;
mod recent;
mod stamp;

pub(crate) use self::client::{Peer, TrustedProxies};
pub(crate) use self::compress::{Compressed, Compression};
pub(crate) use self::headers::{HeaderOps, InvalidHeader, Values};
pub(crate) use self::rate_limit::RateLimits;
