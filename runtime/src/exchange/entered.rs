//! How a client got in with TLS: for which names that counts, and what backends are told of it.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

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

/// Tells the backend the subject of the client's certificate. `reserved` are all headers that say what a certificate
/// says: what the client wrote there is taken out, in any spelling that a backend may take for the same.
pub(super) fn tell(headers: &mut HeaderMap, entered: Option<&Entered>, reserved: &[HeaderName]) {
    if reserved.is_empty() {
        return;
    }
    let same = |a: &HeaderName, b: &HeaderName| {
        let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
        a.as_str().bytes().map(plain).eq(b.as_str().bytes().map(plain))
    };
    let forged = headers.keys().filter(|name| reserved.iter().any(|it| same(it, name)));
    let forged: Vec<HeaderName> = forged.cloned().collect();
    forged.iter().for_each(|name| drop(headers.remove(name)));
    if let Some((name, subject)) = entered.and_then(Entered::told) {
        _ = headers.try_insert(name.clone(), subject.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_says_of_itself_is_taken_out_in_every_spelling() {
        let reserved = [HeaderName::from_static("x-client-subject")];
        let mut headers = HeaderMap::new();
        for name in ["x-client-subject", "x_client_subject", "x-client_subject", "x-client"] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("CN=admin"));
        }
        tell(&mut headers, None, &reserved);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-client"]);
    }
}
