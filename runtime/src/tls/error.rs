//! What can be wrong with TLS settings, and why handshakes fail, in words that an operator understands.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

/// Why TLS settings cannot be used.
#[derive(Debug)]
pub(crate) enum TlsError {
    /// A file cannot be read.
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is not PEM throughout.
    Pem {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file holds no certificate.
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// A file holds no private key.
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// A file holds no list of revoked certificates.
    NoRevoked {
        /// The file.
        file: PathBuf,
    },
    /// A certificate has another key than the plan allows.
    Pinned {
        /// Its file.
        file: PathBuf,
    },
    /// Nobody can be let in by the certificates of clients.
    ClientAuth {
        /// File of the roots.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A private key cannot be used.
    Key {
        /// Its file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A certificate cannot be used.
    Certificate {
        /// Its file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A key is not that of its certificate.
    Mismatch {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
    },
    /// The system has no trusted roots.
    NoSystemRoots,
    /// `server-name` is no name.
    ServerName {
        /// What it is.
        name: String,
    },
    /// The plan wants what this version does not have.
    Unsupported {
        /// A cipher suite or a group.
        what: &'static str,
        /// Its number at IANA.
        code: u16,
    },
    /// Versions, suites and groups admit no handshake.
    Settings {
        /// Why.
        why: String,
    },
}

/// An error of rustls about settings.
pub(super) fn settings(error: Error) -> TlsError {
    TlsError::Settings { why: error.to_string() }
}

impl Display for TlsError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { file, error } => {
                write!(
                    f,
                    "cannot read {}: {error}; check that it is there and that this user may read it",
                    file.display()
                )
            }
            Self::Pem { file, why } => {
                write!(f, "{} is no valid PEM ({why}): export it again", file.display())
            }
            Self::NoCertificate { file } => {
                write!(f, "{} holds no certificate: it needs a `BEGIN CERTIFICATE` block", file.display())
            }
            Self::NoKey { file } => {
                write!(
                    f,
                    "{} holds no private key: it needs an unencrypted `BEGIN PRIVATE KEY` block",
                    file.display()
                )
            }
            Self::NoRevoked { file } => {
                write!(f, "{} holds no revocation list: it needs a `BEGIN X509 CRL` block", file.display())
            }
            Self::Pinned { file } => write!(
                f,
                "the certificate in {} has another key than the one it is pinned to: renew it with the same key, or compile \
                 the config anew",
                file.display()
            ),
            Self::ClientAuth { file, why } => write!(
                f,
                "clients cannot be verified by {} ({why}): put the certificates of your client authorities there",
                file.display()
            ),
            Self::Key { file, why } => {
                write!(
                    f,
                    "the key in {} cannot be used ({why}): use an RSA, ECDSA or Ed25519 key",
                    file.display()
                )
            }
            Self::Certificate { file, why } => {
                write!(
                    f,
                    "the certificate in {} cannot be used ({why}): have it issued again",
                    file.display()
                )
            }
            Self::Mismatch { certificate, key } => write!(
                f,
                "the key in {} is not the key of the certificate in {}: put the pair that belongs together in place",
                key.display(),
                certificate.display()
            ),
            Self::NoSystemRoots => write!(
                f,
                "the system has no trusted roots: install its CA certificates, set SSL_CERT_FILE, or name a `ca` file in \
                 the config"
            ),
            Self::ServerName { name } => {
                write!(f, "server-name `{name}` is no host name: correct it in the config")
            }
            Self::Unsupported { what, code } => write!(
                f,
                "the plan wants {what} {code:#06x}, which this version does not have: compile it with the version that \
                 runs here"
            ),
            Self::Settings { why } => write!(f, "the TLS settings admit no handshake: {why}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Why a handshake, or a connection after it, failed: what the other side did, and what to do about it.
pub(crate) fn explain(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(error) => explain_tls(error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the other side closed the connection during the handshake: does it speak TLS on this port?"
                .into()
        }
        None => error.to_string(),
    }
}

fn explain_tls(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => self::alert(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::MessageTooLarge) => {
            "the other side does not speak TLS on this port; perhaps it speaks plain HTTP".into()
        }
        Error::PeerIncompatible(why) => incompatible(why),
        Error::NoApplicationProtocol => "no application protocol in common (ALPN)".into(),
        other => other.to_string(),
    }
}

fn certificate(error: &CertificateError) -> String {
    use CertificateError as C;
    match error {
        C::Expired => "its certificate has expired: renew it".into(),
        C::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / 86_400;
            format!("its certificate expired {days} days ago: renew it")
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            "its certificate is not valid yet: check the clocks on both sides".into()
        }
        C::UnknownIssuer => {
            "its certificate is signed by an authority that is not trusted here: name the authority's certificate as `ca`"
                .into()
        }
        C::NotValidForName => "its certificate is for another name: set `server-name`".into(),
        C::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| quoted(name)).collect();
            let names = if names.is_empty() { "no name at all".into() } else { names.join(", ") };
            format!("its certificate is for {names}, not for {}: set `server-name`", expected.to_str())
        }
        C::Revoked => "its certificate is revoked".into(),
        C::BadSignature => {
            "its certificate is not signed by the authority it names: perhaps `ca` is an older one of the same name".into()
        }
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => {
            "its certificate is not meant for a server (extended key usage)".into()
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}

/// The name in webpki's way of writing it: `DnsName("shop.example")`.
fn quoted(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let meaning = match alert {
        A::CertificateRequired => {
            "the other side demands a client certificate: name one as `certificate` and `key`"
        }
        A::UnknownCA => "the other side does not trust the authority that signed our certificate",
        A::BadCertificate | A::UnsupportedCertificate | A::CertificateUnknown | A::AccessDenied => {
            "the other side does not accept our certificate"
        }
        A::CertificateExpired => "the other side says that our certificate has expired",
        A::CertificateRevoked => "the other side says that our certificate is revoked",
        A::ProtocolVersion => "the other side speaks none of the TLS versions in use here",
        A::HandshakeFailure | A::InsufficientSecurity => {
            "the other side has no cipher suite, group or signature scheme in common with us, or demands a client \
             certificate"
        }
        A::UnrecognisedName => "the other side does not serve this server name",
        A::NoApplicationProtocol => "the other side speaks none of the application protocols offered (ALPN)",
        _ => "the other side broke off",
    };
    format!("{meaning} (alert {alert:?})")
}

fn incompatible(why: &PeerIncompatible) -> String {
    use PeerIncompatible as P;
    match why {
        P::ServerDoesNotSupportTls12Or13 | P::ServerTlsVersionIsDisabledByOurConfig => {
            "the other side speaks none of the TLS versions in use here".into()
        }
        P::Tls12NotOffered | P::Tls12NotOfferedOrEnabled | P::SupportedVersionsExtensionRequired => {
            "the other side offers none of the TLS versions in use here".into()
        }
        P::NoCipherSuitesInCommon => "no cipher suite in common with the other side".into(),
        P::NoKxGroupsInCommon => "no key-exchange group in common with the other side".into(),
        P::NoSignatureSchemesInCommon => "no signature scheme in common with the other side".into(),
        other => format!("the other side is not compatible: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls_pki_types::{ServerName, UnixTime};

    use super::*;

    #[track_caller]
    fn says(error: Error, words: &str) {
        let text = explain(&io::Error::other(error));
        assert!(text.contains(words), "{text}");
    }

    #[test]
    fn certificates_are_explained() {
        let day = |day: u64| UnixTime::since_unix_epoch(Duration::from_secs(day * 86_400));
        let expected = ServerName::try_from("app.internal").unwrap();
        let cases = [
            (CertificateError::Expired, "has expired: renew it"),
            (CertificateError::ExpiredContext { time: day(9), not_after: day(2) }, "expired 7 days ago"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidYetContext { time: day(1), not_before: day(2) }, "not valid yet"),
            (CertificateError::UnknownIssuer, "an authority that is not trusted here"),
            (CertificateError::NotValidForName, "for another name"),
            (
                CertificateError::NotValidForNameContext { expected, presented: vec![] },
                "for no name at all, not for app",
            ),
            (CertificateError::Revoked, "is revoked"),
            (CertificateError::BadSignature, "not signed by the authority it names"),
            (CertificateError::InvalidPurpose, "extended key usage"),
            (CertificateError::BadEncoding, "is not accepted"),
        ];
        cases.into_iter().for_each(|(error, words)| says(Error::InvalidCertificate(error), words));
    }

    #[test]
    fn alerts_are_explained_and_named() {
        let cases = [
            (AlertDescription::CertificateRequired, "demands a client certificate"),
            (AlertDescription::UnknownCA, "does not trust the authority"),
            (AlertDescription::BadCertificate, "does not accept our certificate (alert BadCertificate)"),
            (AlertDescription::CertificateExpired, "our certificate has expired"),
            (AlertDescription::CertificateRevoked, "our certificate is revoked"),
            (AlertDescription::ProtocolVersion, "none of the TLS versions"),
            (AlertDescription::HandshakeFailure, "in common with us"),
            (AlertDescription::UnrecognisedName, "does not serve this server name"),
            (AlertDescription::NoApplicationProtocol, "(ALPN)"),
            (AlertDescription::InternalError, "broke off (alert InternalError)"),
        ];
        cases.into_iter().for_each(|(alert, words)| says(Error::AlertReceived(alert), words));
    }

    #[test]
    fn other_failures_are_explained() {
        says(PeerIncompatible::ServerDoesNotSupportTls12Or13.into(), "speaks none of the TLS versions");
        says(PeerIncompatible::Tls12NotOffered.into(), "offers none of the TLS versions");
        says(PeerIncompatible::NoCipherSuitesInCommon.into(), "no cipher suite in common");
        says(PeerIncompatible::NoKxGroupsInCommon.into(), "no key-exchange group in common");
        says(PeerIncompatible::NoSignatureSchemesInCommon.into(), "no signature scheme in common");
        says(PeerIncompatible::NullCompressionRequired.into(), "not compatible: NullCompressionRequired");
        says(InvalidMessage::InvalidContentType.into(), "plain HTTP");
        says(Error::NoApplicationProtocol, "(ALPN)");
        says(Error::DecryptError, "decrypt");
    }

    #[test]
    fn a_cause_is_kept_where_there_is_one() {
        use std::error::Error as _;
        let file = PathBuf::from("a.pem");
        assert!(TlsError::NoKey { file: file.clone() }.source().is_none());
        assert!(TlsError::Read { file, error: io::ErrorKind::NotFound.into() }.source().is_some());
        let text = settings(rustls::Error::General("no suites".into())).to_string();
        assert!(text.starts_with("the TLS settings admit no handshake: "), "{text}");
        assert!(TlsError::NoSystemRoots.to_string().contains("SSL_CERT_FILE"));
    }
}
