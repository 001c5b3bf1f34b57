//! What travels between the two sides of an exchange: bodies, and the clocks that watch them.

mod body;
mod idle;
mod turn;

pub(crate) use self::body::{ClientBody, ClientFault, Progress, without_forbidden_trailers};
pub(crate) use self::idle::IdleTimer;
pub(crate) use self::turn::Turn;
