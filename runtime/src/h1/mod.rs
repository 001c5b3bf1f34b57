//! HTTP/1 of both sides (RFC 9112): strict, and nobody else's.
//!
//! What could be read in two ways is refused, never repaired: that is how requests are smuggled past a proxy. What is
//! sent is written anew from what was understood, so that nothing of the sender's spelling gets through.
//!
//! [`scan`], [`head`], [`framing`], [`chunked`] and [`encode`] know bytes alone; [`wire`] knows a stream; [`server`] and
//! [`client`] are the two sides of a connection. An exchange is one task with all it needs: the body of a request reads
//! from the client's stream when the backend's is ready to take it, and nothing is copied between tasks.

mod chunked;
pub(crate) mod client;
mod date;
mod encode;
mod fault;
mod framing;
mod head;
mod near;
mod reply;
mod scan;
pub(crate) mod server;
#[cfg(test)]
mod tests;
mod timer;
mod tunnel;
mod wire;

pub(crate) use self::date::now;
pub(crate) use self::fault::Fault;
pub(crate) use self::framing::upgrade;
pub(crate) use self::tunnel::Tunnel;
pub(crate) use self::wire::Wire;
