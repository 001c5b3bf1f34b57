//! What a certificate says (RFC 5280).

use std::net::IpAddr;

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::key::KeyKind;

/// What is said about a certificate. All of it is public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Whom it is for, as text.
    pub(crate) subject: String,
    /// Whom it is for, in one word: its common name, or else its first name.
    pub(crate) title: String,
    /// Who signed it: the common name, or else all of the name.
    pub(crate) issuer: String,
    /// Where its issuer's certificate can be had, as it says itself. Nobody looks.
    pub(crate) issuer_url: Option<String>,
    /// First second of its validity, since the epoch.
    pub(crate) not_before: i64,
    /// Last second of its validity, since the epoch.
    pub(crate) not_after: i64,
    /// DNS names it covers, in lower case.
    pub(crate) names: Vec<String>,
    /// Addresses it covers.
    pub(crate) addresses: Vec<IpAddr>,
    /// Its key.
    pub(crate) key: KeyKind,
    /// Whether it may sign other certificates.
    pub(crate) is_authority: bool,
    /// Whether its key may sign handshakes.
    pub(crate) signs_handshakes: bool,
    /// What it may be used for; `None` is anything.
    pub(crate) purposes: Option<Purposes>,
    /// The algorithm that its issuer signed it with, where nobody accepts that any more.
    pub(crate) weak_signature: Option<&'static str>,
    pub(super) subject_der: Vec<u8>,
    pub(super) issuer_der: Vec<u8>,
    pub(super) public_key_der: Vec<u8>,
    pub(super) der: CertificateDer<'static>,
}

/// Extended key usages (RFC 5280, section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purposes {
    /// It may be a server's.
    pub(crate) server: bool,
    /// It may be a client's.
    pub(crate) client: bool,
}

impl Certificate {
    /// Reads a certificate; `None` when it is none.
    pub(super) fn parse(der: Vec<u8>) -> Option<Self> {
        let der = CertificateDer::from(der);
        let (rest, parsed) = X509Certificate::from_der(&der).ok()?;
        let read = rest.is_empty().then(|| facts(&parsed))?;
        Some(Self { der, ..read })
    }

    /// Whether it names itself as its issuer: a root, or a certificate that nobody signed.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }

    /// Its public key in DER, with the algorithm (SubjectPublicKeyInfo).
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key_der
    }
}

fn facts(certificate: &X509Certificate<'_>) -> Certificate {
    let (names, addresses) = alternative_names(certificate);
    let subject = certificate.subject();
    let title =
        common_name(subject).or_else(|| names.first().cloned()).unwrap_or_else(|| subject.to_string());
    let issuer = certificate.issuer();
    Certificate {
        subject: subject.to_string(),
        title,
        issuer: common_name(issuer).unwrap_or_else(|| issuer.to_string()),
        issuer_url: issuer_url(certificate),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        names,
        addresses,
        key: KeyKind::of(certificate.public_key()),
        is_authority: certificate.is_ca(),
        signs_handshakes: certificate
            .key_usage()
            .ok()
            .flatten()
            .is_none_or(|usage| usage.value.digital_signature()),
        purposes: purposes(certificate),
        weak_signature: weak_signature(&certificate.signature_algorithm.algorithm.to_id_string()),
        subject_der: subject.as_raw().to_vec(),
        issuer_der: issuer.as_raw().to_vec(),
        public_key_der: certificate.public_key().raw.to_vec(),
        der: CertificateDer::from(vec![]),
    }
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    let text = name.iter_common_name().next()?.as_str().ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn alternative_names(certificate: &X509Certificate<'_>) -> (Vec<String>, Vec<IpAddr>) {
    let (mut names, mut addresses) = (vec![], vec![]);
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
        match name {
            GeneralName::DNSName(name) => names.push(name.to_ascii_lowercase()),
            GeneralName::IPAddress(octets) => addresses.extend(address(octets)),
            _ => {}
        }
    }
    (names, addresses)
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

fn purposes(certificate: &X509Certificate<'_>) -> Option<Purposes> {
    let usage = certificate.extended_key_usage().ok().flatten()?.value;
    Some(Purposes { server: usage.any || usage.server_auth, client: usage.any || usage.client_auth })
}

/// The address in the extension that says where the issuer's certificate is (RFC 5280, section 4.2.2.1).
fn issuer_url(certificate: &X509Certificate<'_>) -> Option<String> {
    const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
    certificate.extensions().iter().find_map(|extension| {
        let ParsedExtension::AuthorityInfoAccess(access) = extension.parsed_extension() else { return None };
        let issuers = access.accessdescs.iter().filter(|it| it.access_method.to_id_string() == CA_ISSUERS);
        let mut places = issuers.filter_map(|it| match it.access_location {
            GeneralName::URI(place) => Some(place.to_owned()),
            _ => None,
        });
        places.next()
    })
}

/// The name of a signature algorithm that is broken, or that nothing verifies.
fn weak_signature(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "1.2.840.113549.1.1.2" => "MD2",
        "1.2.840.113549.1.1.4" => "MD5",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10045.4.1" => "SHA-1",
        "1.2.840.113549.1.1.14" | "1.2.840.10045.4.3.1" => "SHA-224",
        "1.2.840.10040.4.3" | "2.16.840.1.101.3.4.3.1" | "2.16.840.1.101.3.4.3.2" => "DSA",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Issued, Scratch};
    use super::super::{belong_together, read_certificates, read_key};
    use super::*;

    #[test]
    fn facts_of_a_certificate_and_its_key() {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.issue("shop", &Issued::new(&["Shop.example", "10.0.0.1", "::1"]));
        let facts = &read_certificates(&certificate).unwrap()[0];
        assert_eq!((facts.title.as_str(), facts.issuer.as_str()), ("Shop.example", "Shop.example"));
        assert!(facts.is_self_issued() && facts.signs_handshakes);
        assert_eq!((facts.purposes, facts.weak_signature, facts.issuer_url.as_ref()), (None, None, None));
        assert_eq!(facts.names, ["shop.example"]);
        assert_eq!(facts.addresses, ["10.0.0.1", "::1"].map(|it| it.parse::<IpAddr>().unwrap()));
        assert_eq!(facts.key.to_string(), "ECDSA P-256");
        assert!(!facts.is_authority);
        assert!(belong_together(facts, &read_key(&key).unwrap()));
        let (_, other) = scratch.issue("other", &Issued::new(&["shop.example"]));
        assert!(!belong_together(facts, &read_key(&other).unwrap()));
    }

    #[test]
    fn broken_signatures_have_names() {
        assert_eq!(weak_signature("1.2.840.113549.1.1.5"), Some("SHA-1"));
        assert_eq!(weak_signature("1.2.840.10045.4.3.1"), Some("SHA-224"));
        assert_eq!(weak_signature("1.2.840.113549.1.1.4"), Some("MD5"));
        assert_eq!(weak_signature("1.2.840.113549.1.1.2"), Some("MD2"));
        assert_eq!(weak_signature("1.2.840.10040.4.3"), Some("DSA"));
        assert_eq!(weak_signature("1.2.840.10045.4.3.2"), None);
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        assert_eq!(Certificate::parse(vec![]), None);
        assert_eq!(Certificate::parse(vec![0x30, 0x80]), None);
    }
}
