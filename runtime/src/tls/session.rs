//! What a handshake with a client came to.

use rustls::{ProtocolVersion, ServerConnection};

use super::ClientCertificate;

/// A TLS session, in the words that headers carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Session {
    /// As OpenSSL writes it: `TLSv1.3`.
    pub(crate) version: &'static str,
    /// The suite by its IANA name.
    pub(crate) cipher: &'static str,
    /// The name that the client asked for; empty when it asked for none.
    pub(crate) server_name: String,
    /// The certificate that the client showed. On the heap: most clients show none.
    pub(crate) certificate: Option<Box<ClientCertificate>>,
}

impl Session {
    /// The session of a connection whose handshake is over.
    pub(crate) fn of(connection: &ServerConnection) -> Self {
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "",
        };
        let cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        let server_name = connection.server_name().unwrap_or_default().to_owned();
        let shown = connection.peer_certificates().and_then(|chain| chain.first());
        let certificate = shown.map(|leaf| Box::new(ClientCertificate::new(leaf)));
        Self { version, cipher: cipher.unwrap_or_default(), server_name, certificate }
    }
}
