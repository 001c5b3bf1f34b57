//! What travels between the two sides of an exchange: bodies, and the clock that watches them.

mod body;
mod idle;

pub(crate) use self::body::{ClientBody, ClientFault, without_forbidden_trailers};
pub(crate) use self::idle::IdleTimer;
