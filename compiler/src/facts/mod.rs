//! What follows from a model before anything is judged: patterns read and analysed, hosts given to their listeners,
//! TLS names understood, certificate files read. Rules judge these facts, and lowering writes them into a plan.

mod acting;
mod answer;
mod files;
mod identities;
mod layers;
mod pages;
mod paths;
mod patterns;
mod routing;
mod tls;

pub(crate) use self::acting::Acting;
pub(crate) use self::answer::Answer;
pub(crate) use self::files::Files;
pub use self::files::PathMap;
pub(crate) use self::identities::{Bundle, Holder, Identity, Purpose};
pub(crate) use self::layers::{Layer, access};
pub(crate) use self::pages::ReadPage;
pub(crate) use self::paths::{plan_path, read_path};
pub(crate) use self::patterns::{Patterns, ReadRoute, condition};
pub(crate) use self::routing::Site;
pub(crate) use self::tls::{TlsUse, choice};

use std::time::{SystemTime, UNIX_EPOCH};

use divisor_schema::plan::{Template, TemplatePart};

use crate::Options;
use crate::model::{ClientAuth, ClientTls, Listener, Model, Secret, Settings};
use crate::source::{SourceMap, Span, Spanned};
use crate::tls::Slot;

/// Everything that rules look at.
pub(crate) struct Facts<'m> {
    /// The config.
    pub(crate) model: &'m Model,
    /// Where it was written.
    pub(crate) sources: &'m SourceMap,
    /// What the model lacks.
    pub(crate) gaps: Gaps,
    /// The time at which certificates are judged, in seconds since the epoch.
    pub(crate) now: i64,
    /// Routes and host names, read.
    pub(crate) patterns: &'m Patterns<'m>,
    /// Hosts with their listeners and routes.
    pub(crate) sites: Vec<Site<'m>>,
    /// All settings of TLS.
    pub(crate) tls: Vec<TlsUse<'m>>,
    /// All certificates with their keys.
    pub(crate) identities: Vec<Identity<'m>>,
    /// All files with pages of errors.
    pub(crate) pages: Vec<ReadPage<'m>>,
    /// All files of roots to trust.
    pub(crate) bundles: Vec<Bundle<'m>>,
    /// What holds for a route where nobody says anything.
    pub(crate) defaults: Settings,
    /// All files of revoked certificates.
    pub(crate) revoked: Vec<&'m Spanned<String>>,
    /// The files that the config names.
    pub(crate) files: Files<'m>,
    /// What is soon for a certificate to end, in seconds, if that was said.
    pub(crate) expires_within: Option<i64>,
}

/// What is missing from a model because it could not be read. What is not there may only be unread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gaps {
    /// Whole files.
    pub(crate) files: bool,
    /// Parts of files.
    pub(crate) parts: bool,
}

impl<'m> Facts<'m> {
    /// Finds out what follows from `model`. Reads certificate files.
    pub(crate) fn new(
        model: &'m Model,
        sources: &'m SourceMap,
        patterns: &'m Patterns<'m>,
        gaps: Gaps,
        options: &'m Options,
    ) -> Self {
        let files = Files::new(sources, options);
        Self {
            model,
            sources,
            gaps,
            now: seconds(options.now),
            patterns,
            sites: routing::sites(model, patterns),
            tls: tls::uses(model),
            pages: pages::pages(model, sources),
            defaults: Settings::defaults(Span::default()),
            identities: identities::identities(model, &files),
            bundles: identities::bundles(model, &files),
            revoked: client_auths(model).flat_map(|auth| &auth.crl).collect(),
            expires_within: options.expires_within.map(|it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX)),
            files,
        }
    }

    /// Whether nothing of the config is missing.
    pub(crate) fn is_complete(&self) -> bool {
        !self.gaps.files && !self.gaps.parts
    }

    /// Where a request goes that belongs on the listener `target`.
    pub(crate) fn location(&self, target: usize) -> Template {
        let listener = self.model.listeners.get(target);
        let is_tls = listener.is_some_and(|listener| listener.tls.is_some());
        let (scheme, usual) = if is_tls { ("https://", 443) } else { ("http://", 80) };
        let port = listener.and_then(|listener| listener.binds.iter().find_map(|bind| bind.value.tcp()));
        let port = port.map(|bind| bind.port()).filter(|port| *port != usual);
        let port = port.map(|port| TemplatePart::Text(format!(":{port}")));
        let start = [TemplatePart::Text(scheme.to_owned()), TemplatePart::Host];
        Template(start.into_iter().chain(port).chain([TemplatePart::Path, TemplatePart::Query]).collect())
    }

    /// Every file that the config names and that nothing is known about because it is elsewhere, with what it is for.
    pub(crate) fn undecided(&self) -> Vec<(&Spanned<String>, Slot)> {
        let mut all: Vec<(&Spanned<String>, Slot)> = vec![];
        for identity in &self.identities {
            all.push((identity.certificate, Slot::Certificate));
            all.extend(identity.key.map(|key| (key, Slot::Key)));
        }
        all.extend(self.bundles.iter().map(|bundle| (bundle.file, Slot::Certificate)));
        all.extend(self.revoked.iter().map(|file| (*file, Slot::Revoked)));
        all.extend(secret_files(self.model).map(|file| (file, Slot::Secret)));
        all.retain(|(file, _)| self.files.is_elsewhere(file) && self.files.find(file).held.is_err());
        all
    }

    /// The public key of the certificate in a file.
    pub(crate) fn public_key(&self, file: &Spanned<String>) -> Option<Vec<u8>> {
        let certificates = self.files.find(file).certificates().ok()?;
        certificates.first().map(|leaf| leaf.public_key().to_vec())
    }

    /// The sites of a listener, by its position in the model.
    pub(crate) fn sites_of(&self, listener: usize) -> impl Iterator<Item = &Site<'m>> {
        self.sites.iter().filter(move |site| site.listeners.contains(&listener))
    }
}

/// Everything that is asked of clients.
pub(crate) fn client_auths(model: &Model) -> impl Iterator<Item = &ClientAuth> {
    let of_listeners =
        model.listeners.iter().filter_map(|listener| listener.tls.as_ref()?.client_auth.as_ref());
    of_listeners.chain(model.hosts.iter().filter_map(|host| host.client_auth.as_ref()))
}

/// The files that hold the keys that cookies are sealed with.
pub(crate) fn secret_files(model: &Model) -> impl Iterator<Item = &Spanned<String>> {
    model.pools.iter().filter_map(|pool| match &pool.sticky.as_ref()?.key {
        Secret::File(file) => Some(file),
        Secret::Env(_) => None,
    })
}

/// Seconds since the epoch.
fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}

/// The listeners that serve hosts.
pub(crate) fn serving(model: &Model) -> impl Iterator<Item = (usize, &Listener)> {
    model.listeners.iter().enumerate().filter(|(_, listener)| listener.serves())
}

/// All settings of TLS towards backends.
pub(crate) fn client_tls(model: &Model) -> impl Iterator<Item = &ClientTls> {
    model
        .pools
        .iter()
        .flat_map(|pool| pool.tls.iter().chain(pool.backends.iter().filter_map(|it| it.tls.as_ref())))
}
