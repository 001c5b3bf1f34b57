//! Connections to backends: one worker's own, opened when needed and used again.

mod body;
mod connect;
mod dial;
mod http2;
mod idle;
mod incoming;
mod own;

pub(crate) use self::body::{BackendBody, BodyError, Held};
pub(crate) use self::connect::{ConnectError, connect, open};
pub(crate) use self::dial::dial;
pub(crate) use self::idle::{Lease, Upstream};
pub(crate) use self::incoming::Incoming;
pub(crate) use self::own::Own;
