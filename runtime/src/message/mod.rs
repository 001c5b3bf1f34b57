//! What travels between the two sides of an exchange: bodies, and the clocks that watch them.

mod body;
pub(crate) mod cookie;
mod duplex;
mod idle;
mod interim;
mod patience;
mod reserved;
mod turn;
pub(crate) mod websocket;

pub(crate) use self::body::{
    ClientBody, ClientFault, FORBIDDEN_TRAILERS, Progress, without_forbidden_trailers,
};
pub(crate) use self::duplex::Duplex;
pub(crate) use self::idle::{IdleTimer, LONGEST};
pub(crate) use self::interim::Interim;
pub(crate) use self::patience::Patience;
pub(crate) use self::reserved::Reserved;
pub(crate) use self::turn::Turn;
