//! What follows from a model before anything is judged: patterns read and analysed, hosts given to their listeners,
//! TLS names understood, certificate files read. Rules judge these facts, and lowering writes them into a plan.

mod acting;
mod answer;
mod identities;
mod layers;
mod paths;
mod patterns;
mod routing;
mod tls;

pub(crate) use self::acting::Acting;
pub(crate) use self::answer::Answer;
pub(crate) use self::identities::{Bundle, Holder, Identity};
pub(crate) use self::layers::{Layer, access};
pub(crate) use self::paths::{plan_path, read_path};
pub(crate) use self::patterns::{Patterns, ReadRoute, condition};
pub(crate) use self::routing::Site;
pub(crate) use self::tls::{TlsUse, choice};

use divisor_schema::plan::{Template, TemplatePart};

use crate::FilePattern;
use crate::model::{ClientTls, Listener, Model, Settings};
use crate::source::{SourceMap, Span, Spanned};

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
    /// All files of roots to trust.
    pub(crate) bundles: Vec<Bundle<'m>>,
    /// What holds for a route where nobody says anything.
    pub(crate) defaults: Settings,
    /// Files that are only where the plan runs.
    elsewhere: &'m [FilePattern],
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
        now: i64,
        elsewhere: &'m [FilePattern],
    ) -> Self {
        Self {
            model,
            sources,
            gaps,
            now,
            patterns,
            sites: routing::sites(model, patterns),
            tls: tls::uses(model),
            identities: identities::identities(model, sources),
            bundles: identities::bundles(model, sources),
            defaults: Settings::defaults(Span::default()),
            elsewhere,
        }
    }

    /// Whether nothing of the config is missing.
    pub(crate) fn is_complete(&self) -> bool {
        !self.gaps.files && !self.gaps.parts
    }

    /// Whether a file need not be here, because it is only where the plan runs.
    pub(crate) fn is_elsewhere(&self, file: &Spanned<String>) -> bool {
        let path = plan_path(self.sources, file);
        self.elsewhere.iter().any(|pattern| pattern.matches(&path))
    }

    /// Where a request goes that belongs on the listener `target`.
    pub(crate) fn location(&self, target: usize) -> Template {
        let listener = self.model.listeners.get(target);
        let is_tls = listener.is_some_and(|listener| listener.tls.is_some());
        let (scheme, usual) = if is_tls { ("https://", 443) } else { ("http://", 80) };
        let port = listener.and_then(|listener| listener.binds.first()).map(|bind| bind.value.port());
        let port = port.filter(|port| *port != usual).map(|port| TemplatePart::Text(format!(":{port}")));
        let start = [TemplatePart::Text(scheme.to_owned()), TemplatePart::Host];
        Template(start.into_iter().chain(port).chain([TemplatePart::Path, TemplatePart::Query]).collect())
    }

    /// The sites of a listener, by its position in the model.
    pub(crate) fn sites_of(&self, listener: usize) -> impl Iterator<Item = &Site<'m>> {
        self.sites.iter().filter(move |site| site.listeners.contains(&listener))
    }
}

/// The listeners that serve hosts: those that do not send everything to another one.
pub(crate) fn serving(model: &Model) -> impl Iterator<Item = (usize, &Listener)> {
    model.listeners.iter().enumerate().filter(|(_, listener)| listener.redirect.is_none())
}

/// All settings of TLS towards backends.
pub(crate) fn client_tls(model: &Model) -> impl Iterator<Item = &ClientTls> {
    model
        .pools
        .iter()
        .flat_map(|pool| pool.tls.iter().chain(pool.backends.iter().filter_map(|it| it.tls.as_ref())))
}
