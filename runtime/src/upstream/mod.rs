//! Connections to backends: one worker's own, opened when needed and used again.

mod body;
mod connect;
mod dial;
mod idle;

pub(crate) use self::body::{BackendBody, BodyError, Held};
pub(crate) use self::connect::{ConnectError, connect, open};
pub(crate) use self::dial::dial;
pub(crate) use self::idle::{Connection, Incoming, Lease, Upstream};
