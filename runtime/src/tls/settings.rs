//! Versions, suites and groups.

use std::sync::Arc;

use divisor_schema::plan::{TlsSettings, TlsVersion};
use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};

use super::TlsError;

/// The provider with the suites and groups of `settings`, in their order.
pub(super) fn provider(settings: &TlsSettings) -> Result<Arc<CryptoProvider>, TlsError> {
    let suite = |&code: &u16| {
        let known = aws_lc_rs::ALL_CIPHER_SUITES.iter().find(|suite| u16::from(suite.suite()) == code);
        known.copied().ok_or(TlsError::Unsupported { what: "cipher suite", code })
    };
    let group = |&code: &u16| {
        let known = aws_lc_rs::ALL_KX_GROUPS.iter().find(|group| u16::from(group.name()) == code);
        known.copied().ok_or(TlsError::Unsupported { what: "key-exchange group", code })
    };
    Ok(Arc::new(CryptoProvider {
        cipher_suites: settings.suites.iter().map(suite).collect::<Result<_, _>>()?,
        kx_groups: settings.groups.iter().map(group).collect::<Result<_, _>>()?,
        ..aws_lc_rs::default_provider()
    }))
}

/// The versions of `settings`.
pub(super) fn versions(settings: &TlsSettings) -> Vec<&'static SupportedProtocolVersion> {
    let known = [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)];
    let wanted = known.into_iter().filter(|(version, _)| (settings.min..=settings.max).contains(version));
    wanted.map(|(_, version)| version).collect()
}
