//! HTTP/2 to backends (RFC 9113), over the library that hyper is built on.
//!
//! [`connection`] is one connection and what is known of it; [`exchange`] sends a request on one of its streams and
//! reads the response, in the task of the exchange, as HTTP/1 does; [`head`] knows how heads are spelled.

mod connection;
mod exchange;
mod head;
mod upload;

pub(crate) use self::connection::{Shared, Slot, open};
pub(crate) use self::exchange::Incoming;
