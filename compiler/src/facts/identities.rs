//! Certificates, keys and roots, read from their files.

use std::path::PathBuf;

use super::{client_tls, read_path};
use crate::model::{self, Model};
use crate::source::{SourceMap, Spanned};
use crate::tls::{Certificate, FileFault, Key, read_certificates, read_key};

/// A certificate chain and its key, read.
pub(crate) struct Identity<'m> {
    /// The file of the chain, as written.
    pub(crate) certificate: &'m Spanned<String>,
    /// The file of the key, as written.
    pub(crate) key: Option<&'m Spanned<String>>,
    /// Whose it is.
    pub(crate) holder: Holder,
    /// The names it is used for, as written; none means those in the certificate.
    pub(crate) names: &'m [Spanned<String>],
    /// The chain.
    pub(crate) chain: Result<Vec<Certificate>, FileFault>,
    /// The key.
    pub(crate) private: Option<Result<Key, FileFault>>,
    /// Where the key was read from.
    pub(crate) key_path: Option<PathBuf>,
}

impl Identity<'_> {
    /// The certificate itself, if its file could be read.
    pub(crate) fn leaf(&self) -> Option<&Certificate> {
        self.chain.as_ref().ok().and_then(|chain| chain.first())
    }
}

/// Whose a certificate is, by position in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A listener's, for all its hosts.
    Listener(usize),
    /// A host's.
    Host(usize),
    /// Shown to backends.
    Client,
}

/// A file of roots to trust, read.
pub(crate) struct Bundle<'m> {
    /// The file, as written.
    pub(crate) file: &'m Spanned<String>,
    /// Its certificates.
    pub(crate) roots: Result<Vec<Certificate>, FileFault>,
}

/// All certificates of a model.
pub(super) fn identities<'m>(model: &'m Model, sources: &SourceMap) -> Vec<Identity<'m>> {
    let listeners = model.listeners.iter().enumerate().flat_map(|(index, listener)| {
        let certificates = listener.tls.iter().flat_map(|tls| &tls.certificates);
        certificates.map(move |certificate| (Holder::Listener(index), certificate))
    });
    let hosts = model.hosts.iter().enumerate().flat_map(|(index, host)| {
        host.certificates.iter().map(move |certificate| (Holder::Host(index), certificate))
    });
    let served = listeners.chain(hosts).map(|(holder, it)| {
        let model::Certificate { certificate, key, names, .. } = it;
        read(sources, certificate, key.as_ref(), holder, names)
    });
    let shown = client_tls(model).filter_map(|tls| {
        let certificate = tls.certificate.as_ref()?;
        Some(read(sources, certificate, tls.key.as_ref(), Holder::Client, &[]))
    });
    served.chain(shown).collect()
}

/// All files of roots of a model.
pub(super) fn bundles<'m>(model: &'m Model, sources: &SourceMap) -> Vec<Bundle<'m>> {
    let of_listeners =
        model.listeners.iter().flat_map(|listener| &listener.tls).flat_map(|tls| &tls.certificates);
    let of_hosts = model.hosts.iter().flat_map(|host| &host.certificates);
    let trusted = of_listeners.chain(of_hosts).filter_map(|certificate| certificate.trust.as_ref());
    let towards_backends = client_tls(model).filter_map(|tls| tls.ca.as_ref());
    let read = |file| Bundle { file, roots: read_certificates(&read_path(sources, file)) };
    trusted.chain(towards_backends).map(read).collect()
}

fn read<'m>(
    sources: &SourceMap,
    certificate: &'m Spanned<String>,
    key: Option<&'m Spanned<String>>,
    holder: Holder,
    names: &'m [Spanned<String>],
) -> Identity<'m> {
    let key_path = key.map(|key| read_path(sources, key));
    Identity {
        certificate,
        key,
        holder,
        names,
        chain: read_certificates(&read_path(sources, certificate)),
        private: key_path.as_ref().map(|path| read_key(path)),
        key_path,
    }
}
