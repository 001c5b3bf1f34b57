//! HTTP/1 on both sides. The rest of the runtime meets HTTP/1 only here.

pub(crate) mod client;
pub(crate) mod server;
