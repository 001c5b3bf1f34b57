//! PEM files of certificates and keys, read into facts.

use std::io::{ErrorKind, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::SigningKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::suites::Authentication;

/// The largest certificate or key file that is read, in bytes.
const FILE_SIZE_MAX: u64 = 1 << 20;

/// What is said about a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    /// Whom it is for, as text.
    pub(crate) subject: String,
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
    pub(super) subject_der: Vec<u8>,
    pub(super) issuer_der: Vec<u8>,
    public_key_der: Vec<u8>,
}

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// RSA, with the bits of its modulus.
    Rsa(usize),
    /// ECDSA on a NIST curve of 256, 384 or 521 bits.
    Ecdsa(u16),
    /// Ed25519.
    Ed25519,
    /// Any other.
    Other,
}

impl KeyKind {
    /// The TLS 1.2 suites it can be used with; `None` for no known ones.
    pub(crate) fn authentication(self) -> Option<Authentication> {
        match self {
            Self::Rsa(_) => Some(Authentication::Rsa),
            Self::Ecdsa(_) | Self::Ed25519 => Some(Authentication::Ecdsa),
            Self::Other => None,
        }
    }

    /// Whether nobody accepts it any more.
    pub(crate) fn is_weak(self) -> bool {
        matches!(self, Self::Rsa(bits) if bits < 2048)
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
            Self::Ecdsa(bits) => write!(f, "ECDSA P-{bits}"),
            Self::Ed25519 => write!(f, "Ed25519"),
            Self::Other => write!(f, "unknown"),
        }
    }
}

/// A private key that can sign handshakes.
#[derive(Debug, Clone)]
pub(crate) struct Key(Arc<dyn SigningKey>);

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A certificate chain, or a bundle of roots.
    Certificate,
    /// A private key.
    Key,
}

/// Why a file is of no use in its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileFault {
    /// It cannot be read; why.
    Unreadable(String),
    /// It holds something else.
    Wrong {
        /// What it holds.
        holds: String,
        /// What to do.
        help: &'static str,
    },
    /// It holds a private key that cannot be used.
    UnsupportedKey {
        /// What kind of key.
        holds: String,
        /// What to do.
        help: &'static str,
    },
}

/// The certificates of a PEM file, in its order; at least one.
///
/// # Errors
/// [`FileFault`] says what the file is instead.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<Certificate>, FileFault> {
    let bytes = read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&bytes).map(|der| {
        let der = der.ok()?;
        let (_, parsed) = X509Certificate::from_der(&der).ok()?;
        Some(facts(&parsed))
    });
    match certificates.collect::<Option<Vec<Certificate>>>() {
        Some(certificates) if certificates.is_empty() => Err(other_content(&bytes, Slot::Certificate)),
        Some(certificates) => Ok(certificates),
        None => Err(FileFault::Wrong {
            holds: "a certificate that does not parse".into(),
            help: "copy the file again: a line of it is damaged",
        }),
    }
}

/// The private key of a PEM file.
///
/// # Errors
/// [`FileFault`] says what the file is instead, or why the key cannot be used.
pub(crate) fn read_key(path: &Path) -> Result<Key, FileFault> {
    let bytes = read(path)?;
    if contains(&bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(unusable_key("ENCRYPTED PRIVATE KEY").unwrap_or_else(|| other_content(&bytes, Slot::Key)));
    }
    let Ok(der) = PrivateKeyDer::from_pem_slice(&bytes) else {
        return Err(other_content(&bytes, Slot::Key));
    };
    any_supported_type(&der).map(Key).map_err(|_| FileFault::UnsupportedKey {
        holds: "a private key of an algorithm or size that TLS does not use here".into(),
        help: "use ECDSA P-256 or P-384, RSA of 2048 bits or more, or Ed25519",
    })
}

/// Whether the key signs for the certificate.
pub(crate) fn belong_together(certificate: &Certificate, key: &Key) -> bool {
    key.0.public_key().is_none_or(|public| public.as_ref() == certificate.public_key_der)
}

/// Whether everyone on this machine can read the file. No on systems without modes.
pub(crate) fn is_world_readable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileFault> {
    let unreadable = |why: &str| FileFault::Unreadable(why.to_owned());
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => unreadable("no such file"),
        ErrorKind::PermissionDenied => unreadable("permission denied"),
        _ => FileFault::Unreadable(error.to_string()),
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(unreadable("not a file"));
    }
    let mut bytes = vec![];
    file.take(FILE_SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 {
        0 => Err(unreadable("the file is empty")),
        size if size > FILE_SIZE_MAX => Err(unreadable("larger than 1 MiB")),
        _ => Ok(bytes),
    }
}

/// What a file without the expected PEM section holds.
fn other_content(bytes: &[u8], slot: Slot) -> FileFault {
    let wrong = |holds: &str, help| FileFault::Wrong { holds: holds.into(), help };
    let Some(label) = first_label(bytes) else {
        return match bytes.first() {
            Some(0x30) => wrong(
                "DER or PKCS#12, not PEM",
                "convert it: `openssl x509 -inform der` or `openssl pkcs12 -nodes`",
            ),
            _ => wrong("no PEM block", "a PEM file begins with `-----BEGIN`"),
        };
    };
    match (slot, label.as_str()) {
        (Slot::Key, label) if unusable_key(label).is_some() => {
            unusable_key(label).unwrap_or_else(|| wrong(label, "use a PEM private key"))
        }
        (Slot::Certificate, label) if label.ends_with("PRIVATE KEY") => {
            wrong("a private key", "the paths of certificate and key look swapped")
        }
        (Slot::Key, "CERTIFICATE") => wrong("a certificate", "the paths of certificate and key look swapped"),
        (_, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
            wrong("a certificate request", "a CA has to sign it first")
        }
        (_, "PUBLIC KEY" | "RSA PUBLIC KEY") => wrong("a public key", "name the file with the other half"),
        (_, label) => wrong(&format!("`{label}`"), "name a PEM file with the right content"),
    }
}

/// Keys that are keys, but not for here.
fn unusable_key(label: &str) -> Option<FileFault> {
    let (holds, help) = match label {
        "ENCRYPTED PRIVATE KEY" => (
            "a key with a passphrase",
            "remove it: `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW`, and `chmod 600 NEW`",
        ),
        "OPENSSH PRIVATE KEY" => {
            ("an SSH key", "create a TLS key: `openssl ecparam -genkey -name prime256v1`")
        }
        "DSA PRIVATE KEY" => ("a DSA key", "use ECDSA P-256: TLS 1.3 has no DSA"),
        _ => return None,
    };
    Some(FileFault::UnsupportedKey { holds: holds.into(), help })
}

/// The label of the first PEM section: `CERTIFICATE`.
fn first_label(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, _) = rest.split_once("-----")?;
    Some(label.to_owned())
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn facts(certificate: &X509Certificate<'_>) -> Certificate {
    let mut names = vec![];
    let mut addresses = vec![];
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
        match name {
            GeneralName::DNSName(name) => names.push(name.to_ascii_lowercase()),
            GeneralName::IPAddress(octets) => addresses.extend(address(octets)),
            _ => {}
        }
    }
    Certificate {
        subject: certificate.subject().to_string(),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        names,
        addresses,
        key: key_kind(certificate.public_key()),
        is_authority: certificate.is_ca(),
        subject_der: certificate.subject().as_raw().to_vec(),
        issuer_der: certificate.issuer().as_raw().to_vec(),
        public_key_der: certificate.public_key().raw.to_vec(),
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

fn key_kind(key: &SubjectPublicKeyInfo<'_>) -> KeyKind {
    const ED25519: &str = "1.3.101.112";
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => KeyKind::Rsa(rsa.key_size()),
        Ok(PublicKey::EC(_)) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|it| it.as_oid().ok());
            match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => KeyKind::Ecdsa(256),
                Some("1.3.132.0.34") => KeyKind::Ecdsa(384),
                Some("1.3.132.0.35") => KeyKind::Ecdsa(521),
                _ => KeyKind::Other,
            }
        }
        _ if key.algorithm.algorithm.to_id_string() == ED25519 => KeyKind::Ed25519,
        _ => KeyKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Issued, Scratch};
    use super::*;

    fn holds(fault: Result<impl std::fmt::Debug, FileFault>) -> String {
        match fault.unwrap_err() {
            FileFault::Unreadable(why) => why,
            FileFault::Wrong { holds, help } | FileFault::UnsupportedKey { holds, help } => {
                assert!(!help.is_empty());
                holds
            }
        }
    }

    #[test]
    fn facts_of_a_certificate_and_its_key() {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.issue("shop", &Issued::new(&["Shop.example", "10.0.0.1", "::1"]));
        let facts = &read_certificates(&certificate).unwrap()[0];
        assert_eq!(facts.names, ["shop.example"]);
        assert_eq!(facts.addresses, ["10.0.0.1", "::1"].map(|it| it.parse::<IpAddr>().unwrap()));
        assert_eq!(facts.key.to_string(), "ECDSA P-256");
        assert!(!facts.is_authority && !facts.key.is_weak());
        assert!(belong_together(facts, &read_key(&key).unwrap()));
        let (_, other) = scratch.issue("other", &Issued::new(&["shop.example"]));
        assert!(!belong_together(facts, &read_key(&other).unwrap()));
    }

    #[test]
    fn kinds_of_keys_and_the_suites_they_need() {
        let scratch = Scratch::new();
        for (name, algorithm, kind, authentication) in [
            ("p384", &rcgen::PKCS_ECDSA_P384_SHA384, KeyKind::Ecdsa(384), Authentication::Ecdsa),
            ("p521", &rcgen::PKCS_ECDSA_P521_SHA512, KeyKind::Ecdsa(521), Authentication::Ecdsa),
            ("ed25519", &rcgen::PKCS_ED25519, KeyKind::Ed25519, Authentication::Ecdsa),
            ("rsa", &rcgen::PKCS_RSA_SHA256, KeyKind::Rsa(2048), Authentication::Rsa),
        ] {
            let (certificate, key) =
                scratch.issue(name, &Issued { algorithm, ..Issued::new(&["shop.example"]) });
            let facts = &read_certificates(&certificate).unwrap()[0];
            assert_eq!((facts.key, facts.key.authentication()), (kind, Some(authentication)));
            assert!(belong_together(facts, &read_key(&key).unwrap()), "{kind}");
        }
        assert!(KeyKind::Rsa(1024).is_weak());
        assert_eq!((KeyKind::Other.authentication(), KeyKind::Other.to_string()), (None, "unknown".into()));
    }

    #[test]
    fn other_content_is_named() {
        let scratch = Scratch::new();
        let (certificate, key) = scratch.issue("shop", &Issued::new(&["shop.example"]));
        assert_eq!(holds(read_certificates(&key)), "a private key");
        assert_eq!(holds(read_key(&certificate)), "a certificate");
        let block = |label: &str| {
            scratch.write("other", &format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n"))
        };
        for (label, expected) in [
            ("CERTIFICATE REQUEST", "a certificate request"),
            ("PUBLIC KEY", "a public key"),
            ("ENCRYPTED PRIVATE KEY", "a key with a passphrase"),
            ("OPENSSH PRIVATE KEY", "an SSH key"),
            ("DSA PRIVATE KEY", "a DSA key"),
            ("X509 CRL", "`X509 CRL`"),
            ("EC PRIVATE KEY", "a private key of an algorithm or size that TLS does not use here"),
        ] {
            assert_eq!(holds(read_key(&block(label))), expected, "{label}");
        }
        assert_eq!(holds(read_certificates(&block("CERTIFICATE"))), "a certificate that does not parse");
        assert_eq!(holds(read_key(&scratch.write("html", "<html>"))), "no PEM block");
        assert_eq!(holds(read_certificates(&scratch.write("der", "0\u{2}"))), "DER or PKCS#12, not PEM");
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(holds(read_key(&scratch.write("legacy", legacy))), "a key with a passphrase");
    }

    #[test]
    fn unreadable_files_say_why() {
        let scratch = Scratch::new();
        assert_eq!(holds(read_key(&scratch.path("absent"))), "no such file");
        assert_eq!(holds(read_key(&scratch.path(""))), "not a file");
        assert_eq!(holds(read_key(&scratch.write("empty", ""))), "the file is empty");
        assert_eq!(holds(read_key(&scratch.write("large", &" ".repeat(1 << 20 | 1)))), "larger than 1 MiB");
    }

    #[cfg(unix)]
    #[test]
    fn modes_are_read() {
        let scratch = Scratch::new();
        let key = scratch.write("key", "x");
        assert!(!is_world_readable(&key));
        scratch.set_mode("key", 0o644);
        assert!(is_world_readable(&key));
        assert!(!is_world_readable(&scratch.path("absent")));
    }
}
