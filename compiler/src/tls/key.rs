//! Keys: their algorithms, and what is thought of them.

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls_pki_types::PrivateKeyDer;
use x509_parser::der_parser::ber::BerObject;
use x509_parser::der_parser::der::parse_der;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::content::Content;
use super::suites::Authentication;
use crate::diagnostic::Severity;

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// RSA.
    Rsa {
        /// Bits of its modulus.
        bits: usize,
        /// Whether its public exponent is less than 65537.
        small_exponent: bool,
    },
    /// RSA that says it is for PSS signatures alone.
    RsaPss,
    /// ECDSA on a NIST curve of 256, 384 or 521 bits.
    Ecdsa(u16),
    /// Ed25519.
    Ed25519,
    /// ML-DSA.
    MlDsa,
    /// Any other.
    Other,
}

impl KeyKind {
    /// The algorithm of a public key.
    pub(super) fn of(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let curve = || key.algorithm.parameters.as_ref().and_then(|it| it.as_oid().ok());
        match (key.algorithm.algorithm.to_id_string().as_str(), key.parsed()) {
            ("1.2.840.113549.1.1.10", _) => Self::RsaPss,
            (_, Ok(PublicKey::RSA(rsa))) => {
                let exponent = rsa.try_exponent().unwrap_or(u64::MAX);
                Self::Rsa { bits: rsa.key_size(), small_exponent: exponent < 65_537 }
            }
            (_, Ok(PublicKey::EC(_))) => match curve().map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Self::Ecdsa(256),
                Some("1.3.132.0.34") => Self::Ecdsa(384),
                Some("1.3.132.0.35") => Self::Ecdsa(521),
                _ => Self::Other,
            },
            ("1.3.101.112", _) => Self::Ed25519,
            (oid, _) if oid.starts_with("2.16.840.1.101.3.4.3.1") && oid.len() == 24 => Self::MlDsa,
            _ => Self::Other,
        }
    }

    /// The TLS 1.2 suites it can be used with; `None` for no known ones.
    pub(crate) fn authentication(self) -> Option<Authentication> {
        match self {
            Self::Rsa { .. } => Some(Authentication::Rsa),
            Self::Ecdsa(_) | Self::Ed25519 => Some(Authentication::Ecdsa),
            Self::RsaPss | Self::MlDsa | Self::Other => None,
        }
    }

    /// What is to be said of a certificate with such a key: how bad it is, and why, as a label. `public` is whether its
    /// clients are browsers that trust public roots.
    pub(crate) fn verdict(self, public: bool) -> Option<(Severity, &'static str)> {
        use Severity::{Error, Info, Warning};
        Some(match self {
            Self::Rsa { bits, .. } if bits < 2048 => (Error, "2048 bits are the least"),
            Self::Rsa { bits, .. } if bits > 8192 => (Error, "8192 bits are the most"),
            Self::Rsa { small_exponent: true, .. } => (Error, "its exponent is less than 65537"),
            Self::Rsa { bits, .. } if bits > 4096 => (Warning, "every handshake costs as much as ten"),
            Self::Rsa { bits, .. } if bits > 3072 => (Info, "slower than 2048, and trusted no more"),
            Self::RsaPss => (Error, "it is for PSS signatures alone"),
            Self::Ecdsa(521) => (Warning, "browsers have no P-521"),
            Self::Ed25519 if public => (Warning, "no public authority issues Ed25519"),
            Self::MlDsa => (Warning, "hardly any client has ML-DSA"),
            Self::Other => (Error, "TLS has no such key here"),
            Self::Rsa { .. } | Self::Ecdsa(_) | Self::Ed25519 => return None,
        })
    }
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa { bits, .. } => write!(f, "RSA-{bits}"),
            Self::RsaPss => write!(f, "RSA-PSS"),
            Self::Ecdsa(bits) => write!(f, "ECDSA P-{bits}"),
            Self::Ed25519 => write!(f, "Ed25519"),
            Self::MlDsa => write!(f, "ML-DSA"),
            Self::Other => write!(f, "unknown"),
        }
    }
}

/// The public half of a private key that can sign handshakes. The other half is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// SubjectPublicKeyInfo in DER; `None` where it cannot be told.
    pub(super) public: Option<Vec<u8>>,
}

impl Key {
    /// Reads a private key.
    ///
    /// # Errors
    /// Says what kind of key it is that cannot be used.
    pub(super) fn parse(der: &PrivateKeyDer<'_>) -> Result<Self, Content> {
        match any_supported_type(der) {
            Ok(key) => Ok(Self { public: key.public_key().map(|public| public.as_ref().to_vec()) }),
            Err(_) => Err(Content::UnusableKey(describe(der))),
        }
    }

    /// Its algorithm.
    pub(crate) fn kind(&self) -> KeyKind {
        let public = self.public.as_deref().and_then(|der| SubjectPublicKeyInfo::from_der(der).ok());
        public.map_or(KeyKind::Other, |(_, public)| KeyKind::of(&public))
    }
}

/// What a private key that cannot be used is, as far as that can be told.
fn describe(der: &PrivateKeyDer<'_>) -> String {
    let described = match der {
        PrivateKeyDer::Pkcs1(der) => rsa(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(_) => Some("an EC key on a curve that TLS does not use here".to_owned()),
        _ => None,
    };
    described.unwrap_or_else(|| "a private key that does not parse".to_owned())
}

/// A key in PKCS#8: `SEQUENCE { version, algorithm SEQUENCE { OID, … }, OCTET STRING }`.
fn pkcs8(der: &[u8]) -> Option<String> {
    let (_, key) = parse_der(der).ok()?;
    let [_, algorithm, content, ..] = key.as_sequence().ok()?.as_slice() else { return None };
    let oid = algorithm.as_sequence().ok()?.first()?.as_oid().ok()?.to_id_string();
    Some(match oid.as_str() {
        "1.2.840.113549.1.1.1" => return rsa(content.as_slice().ok()?),
        "1.2.840.113549.1.1.10" => "an RSA key for PSS signatures alone".to_owned(),
        "1.2.840.10040.4.1" => "a DSA key".to_owned(),
        "1.2.840.10045.2.1" => "an EC key on a curve that TLS does not use here".to_owned(),
        "1.3.101.110" | "1.3.101.111" => "a key for key exchange, which cannot sign".to_owned(),
        "1.3.101.113" => "an Ed448 key".to_owned(),
        _ => format!("a key of algorithm {oid}"),
    })
}

/// A key in PKCS#1: `SEQUENCE { version, modulus, … }`.
fn rsa(der: &[u8]) -> Option<String> {
    let (_, key) = parse_der(der).ok()?;
    let [_, modulus, ..] = key.as_sequence().ok()?.as_slice() else { return None };
    let bits = modulus_bits(modulus)?;
    Some(format!("an RSA key of {bits} bits"))
}

fn modulus_bits(modulus: &BerObject<'_>) -> Option<usize> {
    let bytes = modulus.as_slice().ok()?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    let leading = bytes.get(first)?.leading_zeros() as usize;
    Some((bytes.len() - first) * 8 - leading)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Issued, Scratch};
    use super::super::{belong_together, read_certificates, read_key};
    use super::*;

    #[test]
    fn kinds_of_keys_and_the_suites_they_need() {
        let scratch = Scratch::new();
        let rsa = KeyKind::Rsa { bits: 2048, small_exponent: false };
        for (name, algorithm, kind, authentication) in [
            ("p384", &rcgen::PKCS_ECDSA_P384_SHA384, KeyKind::Ecdsa(384), Authentication::Ecdsa),
            ("p521", &rcgen::PKCS_ECDSA_P521_SHA512, KeyKind::Ecdsa(521), Authentication::Ecdsa),
            ("ed25519", &rcgen::PKCS_ED25519, KeyKind::Ed25519, Authentication::Ecdsa),
            ("rsa", &rcgen::PKCS_RSA_SHA256, rsa, Authentication::Rsa),
        ] {
            let (certificate, key) =
                scratch.issue(name, &Issued { algorithm, ..Issued::new(&["shop.example"]) });
            let facts = &read_certificates(&certificate).unwrap()[0];
            assert_eq!((facts.key, facts.key.authentication()), (kind, Some(authentication)));
            let key = read_key(&key).unwrap();
            assert!(belong_together(facts, &key), "{kind}");
            assert_eq!(key.kind(), kind);
        }
        assert_eq!((KeyKind::Other.authentication(), KeyKind::Other.to_string()), (None, "unknown".into()));
    }

    #[test]
    fn verdicts_on_keys() {
        let rsa = |bits| KeyKind::Rsa { bits, small_exponent: false };
        let level = |kind: KeyKind| kind.verdict(true).map(|(level, _)| level);
        assert_eq!([rsa(2048), rsa(3072), KeyKind::Ecdsa(256), KeyKind::Ecdsa(384)].map(level), [None; 4]);
        assert_eq!(level(rsa(1024)), Some(Severity::Error));
        assert_eq!(level(rsa(4096)), Some(Severity::Info));
        assert_eq!(level(rsa(8192)), Some(Severity::Warning));
        assert_eq!(level(rsa(16_384)), Some(Severity::Error));
        assert_eq!(level(KeyKind::Rsa { bits: 2048, small_exponent: true }), Some(Severity::Error));
        assert_eq!([KeyKind::RsaPss, KeyKind::Other].map(level), [Some(Severity::Error); 2]);
        assert_eq!([KeyKind::Ecdsa(521), KeyKind::MlDsa].map(level), [Some(Severity::Warning); 2]);
        assert_eq!(level(KeyKind::Ed25519), Some(Severity::Warning));
        assert_eq!(KeyKind::Ed25519.verdict(false), None);
        assert_eq!([KeyKind::RsaPss, KeyKind::MlDsa].map(|kind| kind.to_string()), ["RSA-PSS", "ML-DSA"]);
    }

    #[test]
    fn keys_of_no_use_are_described() {
        let pkcs8 = |oid: &[u8], key: &[u8]| {
            let wrapped = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
            let algorithm = wrapped(0x30, &wrapped(6, oid));
            let all = [vec![2, 1, 0], algorithm, wrapped(4, key)].concat();
            describe(&PrivateKeyDer::Pkcs8(wrapped(0x30, &all).into()))
        };
        let rsa_oid = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1];
        let small = [0x30, 8, 2, 1, 0, 2, 3, 0, 0x80, 1];
        assert_eq!(pkcs8(&[&rsa_oid[..], &[1]].concat(), &small), "an RSA key of 16 bits");
        assert_eq!(pkcs8(&[&rsa_oid[..], &[10]].concat(), &small), "an RSA key for PSS signatures alone");
        assert_eq!(pkcs8(&[0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1], &[0]), "a DSA key");
        assert!(pkcs8(&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1], &[0]).starts_with("an EC key"));
        assert!(pkcs8(&[0x2B, 0x65, 110], &[0]).contains("key exchange"));
        assert_eq!(pkcs8(&[0x2B, 0x65, 113], &[0]), "an Ed448 key");
        assert_eq!(pkcs8(&[0x2B, 1], &[0]), "a key of algorithm 1.3.1");
        assert_eq!(describe(&PrivateKeyDer::Pkcs1(small.to_vec().into())), "an RSA key of 16 bits");
        assert!(describe(&PrivateKeyDer::Sec1(vec![].into())).starts_with("an EC key"));
        assert!(describe(&PrivateKeyDer::Pkcs1(vec![].into())).contains("does not parse"));
    }
}
