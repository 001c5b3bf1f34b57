//! TLS settings, understood.

use super::client_tls;
use crate::model::{Listener, Model, TlsSettings};
use crate::tls::{Choice, group, profile, suite, version};

/// Some settings of TLS and what they come to.
pub(crate) struct TlsUse<'m> {
    /// As written.
    pub(crate) settings: &'m TlsSettings,
    /// The listener they are for; `None` towards backends.
    pub(crate) listener: Option<&'m Listener>,
    /// What they come to; names that mean nothing are left out.
    pub(crate) choice: Choice,
}

/// All settings of a model.
pub(super) fn uses(model: &Model) -> Vec<TlsUse<'_>> {
    let servers = model
        .listeners
        .iter()
        .filter_map(|listener| listener.tls.as_ref().map(|tls| (Some(listener), &tls.settings)));
    let clients = client_tls(model).map(|tls| (None, &tls.settings));
    let understood = |(listener, settings)| TlsUse { settings, listener, choice: choice(settings) };
    servers.chain(clients).map(understood).collect()
}

/// What settings come to; names that mean nothing are left out.
pub(crate) fn choice(settings: &TlsSettings) -> Choice {
    let bound = |text: &Option<crate::source::Spanned<String>>| {
        text.as_ref().and_then(|text| version(&text.value).ok())
    };
    Choice {
        profile: profile(&settings.profile.value).unwrap_or_default(),
        min: bound(&settings.min_version),
        max: bound(&settings.max_version),
        suites: settings.cipher_suites.iter().filter_map(|name| suite(&name.value).ok()).collect(),
        groups: settings.groups.iter().filter_map(|name| group(&name.value).ok()).collect(),
    }
}
