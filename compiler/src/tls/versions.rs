//! Names of TLS versions.

use divisor_schema::plan::TlsVersion;

/// Why a text is not a TLS version that can be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionFault {
    /// A version that is prohibited: its name, and what prohibits it.
    Legacy(&'static str, &'static str),
    /// No version.
    Unknown,
}

/// The version with this name, in any of the usual spellings: `1.2`, `TLSv1.2`, `VersionTLS12`, `0x0303`.
///
/// # Errors
/// [`VersionFault`] tells versions that are prohibited from texts that are none.
pub(crate) fn version(text: &str) -> Result<TlsVersion, VersionFault> {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = letters.to_ascii_lowercase();
    let name = name.strip_prefix("version").unwrap_or(&name);
    let number = name.strip_prefix("tlsv").or(name.strip_prefix("tls")).unwrap_or(name);
    match number {
        "13" | "0x0304" => Ok(TlsVersion::Tls13),
        "12" | "0x0303" => Ok(TlsVersion::Tls12),
        "11" | "0x0302" => Err(VersionFault::Legacy("TLS 1.1", "prohibited by RFC 8996")),
        "10" | "1" | "0x0301" => Err(VersionFault::Legacy("TLS 1.0", "prohibited by RFC 8996")),
        "sslv3" | "ssl3" | "ssl30" | "0x0300" => {
            Err(VersionFault::Legacy("SSL 3.0", "prohibited by RFC 7568"))
        }
        "sslv2" | "ssl2" | "ssl20" | "0x0002" => {
            Err(VersionFault::Legacy("SSL 2.0", "prohibited by RFC 6176"))
        }
        _ => Err(VersionFault::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_read() {
        for text in ["1.2", "tls1.2", "TLSv1.2", "TLSv1_2", "TLS 1.2", "VersionTLS12", "0x0303"] {
            assert_eq!(version(text), Ok(TlsVersion::Tls12), "{text}");
        }
        assert_eq!(version("TLSv1.3"), Ok(TlsVersion::Tls13));
    }

    #[test]
    fn prohibited_versions_are_told_from_nonsense() {
        for text in ["1.0", "TLSv1", "1.1", "VersionTLS11", "SSLv3", "sslv2"] {
            assert!(matches!(version(text), Err(VersionFault::Legacy(..))), "{text}");
        }
        for text in ["", "1.4", "tls", "DTLS 1.2", "12.0", "latest"] {
            assert_eq!(version(text), Err(VersionFault::Unknown), "{text}");
        }
    }
}
