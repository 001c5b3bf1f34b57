//! What a file holds: PEM sections (RFC 7468), or else what it looks like.

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{PemObject, SectionKind};

use super::FileFault;
use super::certificate::Certificate;
use super::content::Content;
use super::key::Key;

/// What a file holds. No secret is kept: of a private key there is only its public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Certificates in the order of the file.
    pub(super) certificates: Vec<Certificate>,
    /// Private keys in the order of the file, or what is wrong with them.
    pub(super) keys: Vec<Result<Key, Content>>,
    /// How many lists of revoked certificates there are.
    pub(super) revoked: usize,
    /// What it looks like to somebody who expects neither.
    pub(super) content: Content,
}

impl Held {
    /// Reads the bytes of a file.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut held = Self { certificates: vec![], keys: vec![], revoked: 0, content: content(bytes) };
        if contains(bytes, b"Proc-Type: 4,ENCRYPTED") {
            held.keys.push(Err(Content::EncryptedKey));
            return held;
        }
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
            if held.take(section.ok()).is_none() {
                held.content = Content::Damaged;
            }
        }
        if held.keys.is_empty() && held.content.is_key() {
            held.keys.push(Err(held.content.clone()));
        }
        held
    }

    /// Takes a section up; `None` for one that is damaged.
    fn take(&mut self, section: Option<(SectionKind, Vec<u8>)>) -> Option<()> {
        let (kind, der) = section?;
        match kind {
            SectionKind::Certificate => self.certificates.push(Certificate::parse(der)?),
            SectionKind::PrivateKey => self.keys.push(Key::parse(&PrivateKeyDer::Pkcs8(der.into()))),
            SectionKind::RsaPrivateKey => self.keys.push(Key::parse(&PrivateKeyDer::Pkcs1(der.into()))),
            SectionKind::EcPrivateKey => self.keys.push(Key::parse(&PrivateKeyDer::Sec1(der.into()))),
            SectionKind::Crl => self.revoked += 1,
            _ => {}
        }
        Some(())
    }

    /// Its certificates; at least one.
    ///
    /// # Errors
    /// Says what it holds instead.
    pub(crate) fn certificates(&self) -> Result<Vec<Certificate>, FileFault> {
        if self.certificates.is_empty() || self.content == Content::Damaged {
            return Err(FileFault::Wrong(self.content.clone()));
        }
        Ok(self.certificates.clone())
    }

    /// Its first private key.
    ///
    /// # Errors
    /// Says what it holds instead, or why the key cannot be used.
    pub(crate) fn key(&self) -> Result<Key, FileFault> {
        match self.keys.first() {
            Some(key) => key.clone().map_err(FileFault::UnusableKey),
            None => Err(FileFault::Wrong(self.content.clone())),
        }
    }

    /// That it holds lists of revoked certificates.
    ///
    /// # Errors
    /// Says what it holds instead.
    pub(crate) fn revoked(&self) -> Result<(), FileFault> {
        let whole = self.revoked > 0 && self.content != Content::Damaged;
        if whole { Ok(()) } else { Err(FileFault::Wrong(self.content.clone())) }
    }

    /// How many private keys it holds.
    pub(crate) fn key_count(&self) -> usize {
        self.keys.len()
    }
}

/// What the file looks like.
fn content(bytes: &[u8]) -> Content {
    let text = String::from_utf8_lossy(bytes);
    let mut labels = text.split("-----BEGIN ").skip(1).filter_map(|rest| Some(rest.split_once("-----")?.0));
    if let Some(label) = labels.find(|label| *label != "EC PARAMETERS") {
        return Content::of_label(label);
    }
    match bytes {
        [0x30, ..] if Certificate::parse(bytes.to_vec()).is_some() => Content::DerCertificate,
        // SEQUENCE { INTEGER 3, … }: the version of PKCS#12 (RFC 7292, section 4).
        [0x30, rest @ ..] if rest.windows(3).take(6).any(|window| window == [2, 1, 3]) => Content::Pkcs12,
        [0x30, ..] => Content::Der,
        _ if text.trim_start().starts_with('<') => Content::Html,
        _ => Content::Nothing(bytes.len()),
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Issued, Scratch};
    use super::*;

    fn section(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    }

    fn instead_of_a_key(text: &[u8]) -> String {
        match Held::of(text).key().unwrap_err() {
            FileFault::Wrong(content) | FileFault::UnusableKey(content) => {
                assert!(!content.help("x.key").is_empty());
                content.words()
            }
            FileFault::Unreadable(why) => why,
        }
    }

    #[test]
    fn other_content_is_named() {
        for (label, expected) in [
            ("CERTIFICATE REQUEST", "a certificate request"),
            ("PUBLIC KEY", "a public key"),
            ("ENCRYPTED PRIVATE KEY", "a key with a passphrase"),
            ("OPENSSH PRIVATE KEY", "an SSH key"),
            ("DSA PRIVATE KEY", "a DSA key"),
            ("X509 CRL", "`X509 CRL`"),
            ("EC PRIVATE KEY", "an EC key on a curve that TLS does not use here"),
            ("RSA PRIVATE KEY", "a private key that does not parse"),
            ("CERTIFICATE", "a PEM section that is damaged"),
        ] {
            assert_eq!(instead_of_a_key(section(label).as_bytes()), expected, "{label}");
        }
        let legacy = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(instead_of_a_key(legacy), "a key with a passphrase");
        assert_eq!(instead_of_a_key(b" <html>"), "an HTML page");
        assert_eq!(instead_of_a_key(b"nonsense"), "no PEM section in its 8 bytes");
        assert_eq!(instead_of_a_key(b"\x30\x82\x09\xB1\x02\x01\x03\x30"), "a PKCS#12 bundle");
        assert_eq!(instead_of_a_key(b"\x30\x02\x05\x00"), "DER");
    }

    #[test]
    fn certificates_and_keys_may_share_a_file() {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.issue("shop", &Issued::new(&["shop.example"]));
        let [certificate, key] = [certificate, key].map(|path| std::fs::read_to_string(path).unwrap());
        assert_eq!(instead_of_a_key(certificate.as_bytes()), "a certificate");
        let Err(FileFault::Wrong(content)) = Held::of(key.as_bytes()).certificates() else { panic!() };
        assert_eq!(content, Content::PrivateKey);
        let both = format!("\u{feff}# mine\r\n{}{key}{key}", section("EC PARAMETERS"));
        let held = Held::of((both + &certificate).as_bytes());
        assert_eq!((held.key_count(), held.content.clone()), (2, Content::PrivateKey));
        assert!(held.key().is_ok() && held.certificates().is_ok());
        let der = held.certificates[0].der.to_vec();
        assert_eq!(instead_of_a_key(&der), "a certificate in DER");
        let damaged = certificate + &section("CERTIFICATE");
        let Err(FileFault::Wrong(content)) = Held::of(damaged.as_bytes()).certificates() else { panic!() };
        assert_eq!(content, Content::Damaged);
    }
}
