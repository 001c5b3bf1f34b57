//! What the certificate of a client says, in the words that headers carry.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderValue;
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::distinguished_name;

/// A certificate that a client showed and that was verified. All of it is printable ASCII; what cannot be read is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientCertificate {
    /// Whom it is for (RFC 4514); `None` when that cannot be read.
    pub(crate) subject: Option<HeaderValue>,
    /// Who signed it, in the same way.
    pub(crate) issuer: String,
    /// Its serial number in hexadecimal.
    pub(crate) serial: String,
    /// SHA-256 of all of it in hexadecimal.
    pub(crate) fingerprint: String,
    /// Its host names, with commas between them.
    pub(crate) dns_names: String,
    /// Its URIs, with commas between them.
    pub(crate) uris: String,
}

impl ClientCertificate {
    /// Reads a certificate.
    pub(crate) fn new(der: &CertificateDer<'_>) -> Self {
        let fingerprint = hex(digest(&SHA256, der).as_ref());
        let Ok(certificate) = EndEntityCert::try_from(der) else {
            return Self { fingerprint, ..Self::default() };
        };
        let subject = distinguished_name::text(certificate.subject());
        let serial = certificate.serial();
        let serial = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
        Self {
            subject: subject.and_then(|subject| HeaderValue::try_from(subject).ok()),
            issuer: distinguished_name::text(certificate.issuer()).unwrap_or_default(),
            serial: hex(serial),
            fingerprint,
            dns_names: list(certificate.valid_dns_names()),
            uris: list(certificate.valid_uri_names()),
        }
    }

    /// Whom it is for, as text.
    pub(crate) fn subject(&self) -> &str {
        self.subject.as_ref().and_then(|subject| subject.to_str().ok()).unwrap_or_default()
    }
}

/// Names with commas between them. What would split a list or a header is written as in a subject (RFC 4514), as `\2C`: a
/// `%2C` that a URI holds stays what it is, and no URI holds a backslash (RFC 3986).
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for name in names {
        if !text.is_empty() {
            text.push(',');
        }
        for byte in name.bytes() {
            match byte {
                b'!'..=b'~' if !matches!(byte, b',' | b'\\') => text.push(char::from(byte)),
                _ => _ = write!(text, "\\{byte:02X}"), // writing to a string cannot fail
            }
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::string::Ia5String;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType, SerialNumber};

    use super::*;

    fn certificate(uris: &[&str]) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["a.example".to_owned(), "*.b.example".to_owned()]).unwrap();
        let uris = uris.iter().map(|uri| SanType::URI(Ia5String::try_from(*uri).unwrap()));
        params.subject_alt_names.extend(uris);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "bill\r\nX: y");
        params.serial_number = Some(SerialNumber::from_slice(&[0x80, 0x01]));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_is_told_in_words_of_one_line() {
        let der = certificate(&["spiffe://shop.example/billing", "urn:a,b c\r\nd"]);
        let told = ClientCertificate::new(&der);
        assert_eq!(told.subject(), "CN=bill\\0D\\0AX: y");
        assert_eq!(told.issuer, told.subject());
        assert_eq!(told.serial, "8001");
        assert_eq!(told.dns_names, "a.example,*.b.example");
        assert_eq!(told.uris, "spiffe://shop.example/billing,urn:a\\2Cb\\20c\\0D\\0Ad");
        assert_eq!(told.fingerprint, hex(digest(&SHA256, &der).as_ref()));
        assert_eq!(told.fingerprint.len(), 64);
    }

    #[test]
    fn what_cannot_be_read_is_empty_and_still_a_certificate() {
        let told = ClientCertificate::new(&CertificateDer::from(&b"x"[..]));
        assert_eq!((told.subject(), told.issuer.as_str(), told.serial.as_str()), ("", "", ""));
        assert_eq!(told.fingerprint, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
    }

    #[test]
    fn uris_that_differ_are_told_apart() {
        let told = ["urn:a,b", "urn:a%2Cb", "urn:a%2cb", "urn:a\\2Cb", "urn:a%252Cb"]
            .map(|uri| list([uri].into_iter()));
        assert_eq!(told, ["urn:a\\2Cb", "urn:a%2Cb", "urn:a%2cb", "urn:a\\5C2Cb", "urn:a%252Cb"]);
        assert_eq!(list(["urn:a", "b"].into_iter()), "urn:a,b");
    }

    /// The names of a list.
    fn read(list: &str) -> Vec<String> {
        let name = |text: &str| {
            let mut parts = text.split('\\');
            let mut bytes = parts.next().unwrap().as_bytes().to_vec();
            for part in parts {
                bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
                bytes.extend(&part.as_bytes()[2..]);
            }
            String::from_utf8(bytes).unwrap()
        };
        list.split(',').map(name).collect()
    }

    proptest! {
        #[test]
        fn every_list_can_be_read_back(names in proptest::collection::vec("[a2C,%\\\\ ä]{1,9}", 1..4)) {
            prop_assert_eq!(read(&list(names.iter().map(String::as_str))), names);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = ClientCertificate::new(&CertificateDer::from(bytes));
        }

        #[test]
        fn names_are_headers(names in proptest::collection::vec(".{0,20}", 0..3)) {
            let told = list(names.iter().map(String::as_str));
            prop_assert!(told.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
