//! Connections to backends: one worker's own, opened when needed and used again.

mod body;
mod connect;
mod idle;

pub(crate) use self::body::{BackendBody, BodyError, Held};
pub(crate) use self::connect::{ConnectError, connect, is_want, open};
pub(crate) use self::idle::{Connection, Incoming, Lease, Upstream};
