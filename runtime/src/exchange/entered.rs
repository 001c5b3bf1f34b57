//! How a client got in with TLS: for which names that counts, and what backends are told of it.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::message::Reserved;
use crate::proxy_protocol::{Facts, Tls};
use crate::tls::{Entrance, Server, Session};

/// How a client got in with TLS.
pub(crate) struct Entered {
    /// What was asked of it.
    pub(crate) entrance: Arc<Entrance>,
    /// What the handshake came to.
    pub(crate) session: Session,
    /// The protocol that both settled on; empty for none.
    pub(crate) alpn: &'static str,
}

impl Entered {
    /// Whether the clients of `host` get in by the same entrance, as things are now (RFC 9110, section 15.5.20).
    pub(super) fn admits(&self, server: &Server, host: &str) -> bool {
        let entrance = server.entrance(host);
        Arc::ptr_eq(entrance, &self.entrance) || entrance.asked == self.entrance.asked
    }

    /// What a PROXY protocol header says of it.
    pub(crate) fn facts(&self) -> Facts {
        let tls =
            Some(Tls { version: self.session.version, certificate: self.session.certificate.is_some() });
        Facts { name: self.session.server_name.clone(), alpn: self.alpn, tls }
    }

    /// The header that tells backends the subject, with the subject.
    fn told(&self) -> Option<(&HeaderName, &HeaderValue)> {
        let subject = self.session.certificate.as_ref()?.subject.as_ref()?;
        Some((self.entrance.asked.as_ref()?.subject_header.as_ref()?, subject))
    }
}

/// Tells the backend the subject of the client's certificate. What the client itself wrote under one of the headers that
/// say what a certificate says is taken out.
pub(super) fn tell(headers: &mut HeaderMap, entered: Option<&Entered>, reserved: &Reserved) {
    reserved.take_out(headers);
    if let Some((name, subject)) = entered.and_then(Entered::told) {
        _ = headers.try_insert(name.clone(), subject.clone());
    }
}
