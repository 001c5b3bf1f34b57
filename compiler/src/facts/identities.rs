//! Certificates, keys and roots, read from their files.

use std::rc::Rc;

use super::{Files, client_auths, client_tls};
use crate::model::{self, Model};
use crate::source::Spanned;
use crate::tls::{Certificate, FileFault, FileRecord, Key, gap, is_public};

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
    /// Private roots that clients are known to trust.
    pub(crate) trusted: Vec<Certificate>,
    /// The file of the chain, as it was found.
    pub(crate) certificate_file: Rc<FileRecord>,
    /// The file of the key, as it was found.
    pub(crate) key_file: Option<Rc<FileRecord>>,
}

impl Identity<'_> {
    /// The certificate itself, if its file could be read.
    pub(crate) fn leaf(&self) -> Option<&Certificate> {
        self.chain.as_ref().ok().and_then(|chain| chain.first())
    }

    /// Whether it leads to a private root that its clients trust, and not to a public one.
    pub(crate) fn is_private(&self) -> bool {
        self.chain.as_ref().is_ok_and(|chain| gap(chain, &self.trusted).is_none() && !is_public(chain))
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
    /// Whose certificates they sign.
    pub(crate) purpose: Purpose,
    /// Its certificates.
    pub(crate) roots: Result<Vec<Certificate>, FileFault>,
}

/// Whose certificates some roots sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Those of a listener or host: their clients trust these roots.
    Own,
    /// Those of backends.
    Backends,
    /// Those of clients.
    Clients,
}

/// All certificates of a model.
pub(super) fn identities<'m>(model: &'m Model, files: &Files<'_>) -> Vec<Identity<'m>> {
    let listeners = model.listeners.iter().enumerate().flat_map(|(index, listener)| {
        let certificates = listener.tls.iter().flat_map(|tls| &tls.certificates);
        certificates.map(move |certificate| (Holder::Listener(index), certificate))
    });
    let hosts = model.hosts.iter().enumerate().flat_map(|(index, host)| {
        host.certificates.iter().map(move |certificate| (Holder::Host(index), certificate))
    });
    let served = listeners.chain(hosts).map(|(holder, it)| {
        let trusted = it.trust.as_ref().and_then(|file| files.find(file).certificates().ok());
        let read = read(files, &it.certificate, it.key.as_ref(), holder, &it.names);
        Identity { trusted: trusted.unwrap_or_default(), ..read }
    });
    let shown = client_tls(model).filter_map(|tls| {
        let certificate = tls.certificate.as_ref()?;
        Some(read(files, certificate, tls.key.as_ref(), Holder::Client, &[]))
    });
    served.chain(shown).collect()
}

/// All files of roots of a model.
pub(super) fn bundles<'m>(model: &'m Model, files: &Files<'_>) -> Vec<Bundle<'m>> {
    let of_listeners = model.listeners.iter().flat_map(|listener| &listener.tls);
    let certificates = of_listeners.flat_map(|tls| &tls.certificates);
    let of_hosts = model.hosts.iter().flat_map(|host| &host.certificates);
    let own = certificates.chain(of_hosts).filter_map(|it: &model::Certificate| it.trust.as_ref());
    let own = own.map(|file| (Purpose::Own, file));
    let backends = client_tls(model).filter_map(|tls| tls.ca.as_ref()).map(|file| (Purpose::Backends, file));
    let clients = client_auths(model).map(|it| (Purpose::Clients, &it.ca));
    let read = |(purpose, file)| Bundle { file, purpose, roots: files.find(file).certificates() };
    own.chain(backends).chain(clients).map(read).collect()
}

fn read<'m>(
    files: &Files<'_>,
    certificate: &'m Spanned<String>,
    key: Option<&'m Spanned<String>>,
    holder: Holder,
    names: &'m [Spanned<String>],
) -> Identity<'m> {
    let certificate_file = files.find(certificate);
    let key_file = key.map(|key| files.find(key));
    Identity {
        certificate,
        key,
        holder,
        names,
        chain: certificate_file.certificates(),
        private: key_file.as_ref().map(|file| file.key()),
        trusted: vec![],
        certificate_file,
        key_file,
    }
}
