//! Routes as they act: with the settings of everything around them.

use divisor_schema::plan::Millis;

use super::{Facts, serving};
use crate::model::{Action, Listener, Model, Pool, RateLimit, Retry, Route, ServerTls, Settings};
use crate::source::Spanned;

/// A route on one of the listeners that serve it.
pub(crate) struct Acting<'m> {
    /// The listener.
    pub(crate) listener: &'m Listener,
    /// The route.
    pub(crate) route: &'m Route,
    /// Everything that sets something for it, the outermost first.
    pub(crate) layers: Vec<&'m Settings>,
    /// Whether its clients are asked for a certificate.
    pub(crate) asks: bool,
}

/// A setting and how far from the route it was written: the position of its layer.
pub(crate) type Set<'m, T> = (usize, &'m Spanned<T>);

impl<'m> Acting<'m> {
    /// The setting that holds, if anybody wrote it.
    pub(crate) fn set<T>(&self, read: impl Fn(&'m Settings) -> Option<&'m Spanned<T>>) -> Option<Set<'m, T>> {
        let inner_first = self.layers.iter().enumerate().rev();
        inner_first.filter_map(|(at, layer)| Some((at, read(layer)?))).next()
    }

    /// How long the whole exchange may take, if that is limited.
    pub(crate) fn exchange(&self) -> Option<Set<'m, Millis>> {
        self.set(|settings| settings.timeouts.exchange.as_ref())
    }

    /// How long a response may take to begin, if anybody wrote it.
    pub(crate) fn first_byte(&self) -> Option<Set<'m, Millis>> {
        self.set(|settings| settings.timeouts.first_byte.as_ref())
    }

    /// How long a response may take to begin.
    pub(crate) fn first_byte_or_default(&self, facts: &Facts<'m>) -> Option<Spanned<Millis>> {
        let default = facts.defaults.timeouts.first_byte.as_ref();
        let default = default.map(|it| Spanned::default_at(it.value, self.route.pattern.span));
        self.first_byte().map(|(_, written)| *written).or(default)
    }

    /// When a request is sent again, if anybody wrote it.
    pub(crate) fn retry(&self) -> Option<&'m Retry> {
        self.layers.iter().rev().find_map(|settings| settings.retry.as_ref())
    }

    /// How often a request is sent again.
    pub(crate) fn attempts(&self, facts: &Facts<'m>) -> Spanned<u8> {
        let written = self.set(|settings| settings.retry.as_ref().map(|retry| &retry.attempts));
        let default = || facts.defaults.retry.as_ref().map_or(0, |retry| retry.attempts.value);
        written.map_or_else(|| Spanned::default_at(default(), self.route.pattern.span), |(_, it)| *it)
    }

    /// The rate limits that bind its requests.
    pub(crate) fn rate_limits(&self, model: &'m Model) -> Vec<&'m RateLimit> {
        let own = self.layers.iter().flat_map(|layer| &layer.rate_limits);
        let shared = self.layers.iter().flat_map(|layer| &layer.shared_limits);
        let shared = shared.filter_map(|limit| model.rate_limits.get(limit.id?.index()));
        own.chain(shared.map(|shared| &shared.limit)).collect()
    }

    /// The pools that it sends requests to.
    pub(crate) fn pools(&self, model: &'m Model) -> impl Iterator<Item = &'m Pool> + use<'m> {
        let named = self.route.action.iter().flat_map(Action::pools);
        named.filter_map(|pool| model.pools.get(pool.id?.index()))
    }
}

impl<'m> Facts<'m> {
    /// Every route on every listener that serves it.
    pub(crate) fn acting(&self) -> impl Iterator<Item = Acting<'m>> + '_ {
        let model = self.model;
        self.sites.iter().flat_map(move |site| {
            let listeners = serving(model).filter(|(index, _)| site.listeners.contains(index));
            let host_uses = site.host.map_or(&[][..], |host| &host.uses);
            let host_asks = site.host.is_some_and(|host| host.client_auth.is_some());
            listeners.flat_map(move |(_, listener)| {
                let asks = |tls: &ServerTls| host_asks || tls.client_auth.is_some();
                let asks = listener.tls.as_ref().is_some_and(asks);
                site.routes.iter().filter_map(move |position| {
                    let route = self.patterns.routes.get(*position)?.route;
                    let policies = self.policies([&listener.uses, host_uses, &route.uses]).into_iter();
                    let layers = policies.map(|policy| &policy.settings).chain([&route.settings]).collect();
                    Some(Acting { listener, route, layers, asks })
                })
            })
        })
    }
}
