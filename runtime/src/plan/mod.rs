//! From the bytes of a plan to everything a request needs.

mod activate;
mod files;
mod live;

pub(crate) use self::activate::activate;
pub(crate) use self::files::{digest, named};
pub(crate) use self::live::{ErrorPage, Forward, Listener, Live, Policy, Published};
