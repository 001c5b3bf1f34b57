//! TLS settings, understood.

use super::client_tls;
use crate::model::{Listener, Model, TlsSettings};
use crate::source::Spanned;
use crate::tls::{Choice, group, profile, suite, version};

/// Some settings of TLS and what they come to.
pub(crate) struct TlsUse<'m> {
    /// As written.
    pub(crate) settings: &'m TlsSettings,
    /// The listener they are for; `None` towards backends, and where they are not used.
    pub(crate) listener: Option<&'m Listener>,
    /// Whether the server's order of suites counts, where there is a server.
    pub(crate) prefer: Option<&'m Spanned<bool>>,
    /// What they come to; names that mean nothing are left out.
    pub(crate) choice: Choice,
}

/// All settings of a model.
pub(super) fn uses(model: &Model) -> Vec<TlsUse<'_>> {
    let servers =
        model.listeners.iter().filter_map(|listener| Some((Some(listener), listener.tls.as_ref()?)));
    let idle = model.idle_tls.iter().map(|tls| (None, tls));
    let servers = servers.chain(idle).map(|(listener, tls)| TlsUse {
        settings: &tls.settings,
        listener,
        prefer: Some(&tls.prefer_server_order),
        choice: choice(&tls.settings),
    });
    let clients = client_tls(model).map(|tls| TlsUse {
        settings: &tls.settings,
        listener: None,
        prefer: None,
        choice: choice(&tls.settings),
    });
    servers.chain(clients).collect()
}

/// What settings come to; names that mean nothing are left out.
pub(crate) fn choice(settings: &TlsSettings) -> Choice {
    let bound = |text: &Option<Spanned<String>>| text.as_ref().and_then(|text| version(&text.value).ok());
    Choice {
        profile: profile(&settings.profile.value).unwrap_or_default(),
        min: bound(&settings.min_version),
        max: bound(&settings.max_version),
        suites: settings.cipher_suites.iter().filter_map(|name| suite(&name.value).ok()).collect(),
        groups: settings.groups.iter().filter_map(|name| group(&name.value).ok()).collect(),
    }
}
