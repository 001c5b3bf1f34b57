//! What files hold that were meant to hold something else.

use serde::{Deserialize, Serialize};

/// What a file turns out to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Content {
    /// Certificates.
    Certificate,
    /// A private key.
    PrivateKey,
    /// A private key with a passphrase.
    EncryptedKey,
    /// A private key for SSH.
    SshKey,
    /// A DSA key.
    DsaKey,
    /// A private key that cannot be used; what kind of.
    UnusableKey(String),
    /// A certificate request.
    Request,
    /// A public key.
    PublicKey,
    /// A PKCS#12 bundle.
    Pkcs12,
    /// A certificate in DER.
    DerCertificate,
    /// Something in DER.
    Der,
    /// A page of a web server, an error probably.
    Html,
    /// A section that is damaged.
    Damaged,
    /// A PEM section with another label.
    Other(String),
    /// No PEM section; how many bytes there are.
    Nothing(usize),
}

impl Content {
    /// What the file holds, after "holds".
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Certificate => "a certificate".into(),
            Self::PrivateKey => "a private key".into(),
            Self::EncryptedKey => "a key with a passphrase".into(),
            Self::SshKey => "an SSH key".into(),
            Self::DsaKey => "a DSA key".into(),
            Self::UnusableKey(kind) => kind.clone(),
            Self::Request => "a certificate request".into(),
            Self::PublicKey => "a public key".into(),
            Self::Pkcs12 => "a PKCS#12 bundle".into(),
            Self::DerCertificate => "a certificate in DER".into(),
            Self::Der => "DER".into(),
            Self::Html => "an HTML page".into(),
            Self::Damaged => "a PEM section that is damaged".into(),
            Self::Other(label) => format!("`{label}`"),
            Self::Nothing(bytes) => format!("no PEM section in its {bytes} bytes"),
        }
    }

    /// What to do about `file`.
    pub(crate) fn help(&self, file: &str) -> String {
        let new = format!("{}.pem", file.rsplit_once('.').map_or(file, |(stem, _)| stem));
        match self {
            Self::Certificate | Self::PrivateKey => "the paths of certificate and key look swapped".into(),
            Self::EncryptedKey => format!(
                "nobody is there to type it: `openssl pkcs8 -topk8 -nocrypt -in {file} -out {new}; chmod 600 {new}`"
            ),
            Self::SshKey => "create a TLS key: `openssl ecparam -genkey -name prime256v1 -noout`".into(),
            Self::DsaKey => "use ECDSA P-256: TLS 1.3 has no DSA".into(),
            Self::UnusableKey(_) => "use ECDSA P-256 or P-384, RSA of 2048 to 8192 bits, or Ed25519".into(),
            Self::Request => "a CA has to sign it first".into(),
            Self::PublicKey => "name the file with the other half".into(),
            Self::Pkcs12 => format!("convert it: `openssl pkcs12 -in {file} -nodes -out {new}`"),
            Self::DerCertificate => format!("convert it: `openssl x509 -inform der -in {file} -out {new}`"),
            Self::Der => "convert it to PEM".into(),
            Self::Html => "download it again: this is what a web server says of an error".into(),
            Self::Damaged => "copy the file again: a line of it is damaged".into(),
            Self::Other(_) => "name a PEM file with the right content".into(),
            Self::Nothing(_) => "a PEM file begins with `-----BEGIN`".into(),
        }
    }

    /// What a PEM section with this label holds.
    pub(super) fn of_label(label: &str) -> Self {
        match label {
            "CERTIFICATE" => Self::Certificate,
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Self::PrivateKey,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedKey,
            "OPENSSH PRIVATE KEY" => Self::SshKey,
            "DSA PRIVATE KEY" => Self::DsaKey,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::Request,
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::PublicKey,
            label => Self::Other(label.chars().filter(|it| !it.is_control()).take(40).collect()),
        }
    }

    /// Whether it is a private key, though none that can be used.
    pub(super) fn is_key(&self) -> bool {
        matches!(self, Self::EncryptedKey | Self::SshKey | Self::DsaKey | Self::UnusableKey(_))
    }
}
