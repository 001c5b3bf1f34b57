//! rustls configurations for both sides, built from the plan and the files it names.
//!
//! [`Server`] is TLS towards clients, with an [`Entrance`] for each thing that is asked of them; [`Clients`] are the settings towards backends. Both keep the same rustls
//! configuration over a swap as long as settings and contents of files are the same, so that sessions resume.

mod client;
mod client_certificate;
mod clients;
mod distinguished_name;
mod error;
mod files;
mod server;
mod session;
mod settings;
mod socket;
mod stream;

pub(crate) use self::client::Clients;
pub(crate) use self::client_certificate::ClientCertificate;
pub(crate) use self::error::{TlsError, explain};
pub(crate) use self::server::{Alpn, Entrance, Server};
pub(crate) use self::session::Session;
pub(crate) use self::socket::Socket;

#[cfg(test)]
mod tests;
pub(crate) use self::stream::Stream;
