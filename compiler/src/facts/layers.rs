//! The settings that bind a route, layer by layer.

use divisor_schema::plan::{Access, Cidr};

use super::{Facts, ReadRoute, Site};
use crate::model::{Listener, Policy, Reference, Settings};
use crate::routes::HostPattern;
use crate::source::Spanned;

/// Settings with the name of the place where they are written.
pub(crate) struct Layer<'m> {
    /// `policy public`, or the place of a route.
    pub(crate) name: String,
    /// The policy; `None` for what a route sets for itself.
    pub(crate) policy: Option<&'m Policy>,
    /// What they set.
    pub(crate) settings: &'m Settings,
}

impl<'m> Facts<'m> {
    /// What binds the requests of a route on a listener, the outermost first: what an inner layer sets holds, and lists
    /// add up.
    pub(crate) fn layers(
        &self,
        listener: &'m Listener,
        site: &Site<'m>,
        read: &ReadRoute<'m>,
    ) -> Vec<Layer<'m>> {
        let host_uses = site.host.map_or(&[][..], |host| &host.uses);
        let mut layers = self.used([&listener.uses, host_uses, &read.route.uses]);
        layers.push(Layer { name: place(site, read), policy: None, settings: &read.route.settings });
        layers
    }

    /// The policies that some `use` lists name, as layers.
    pub(crate) fn used(&self, lists: [&'m [Reference<Policy>]; 3]) -> Vec<Layer<'m>> {
        let layer = |policy: &'m Policy| Layer {
            name: format!("policy {}", policy.name.value),
            policy: Some(policy),
            settings: &policy.settings,
        };
        self.policies(lists).into_iter().map(layer).collect()
    }

    /// The policies that some `use` lists name, each once and where it is named first; those of one list by name.
    pub(super) fn policies(&self, lists: [&'m [Reference<Policy>]; 3]) -> Vec<&'m Policy> {
        let mut seen = vec![];
        for list in lists {
            let mut ids: Vec<usize> = list.iter().filter_map(|policy| Some(policy.id?.index())).collect();
            ids.sort_by_key(|id| self.model.policies.get(*id).map(|policy| &policy.name.value));
            for id in ids {
                if !seen.contains(&id) {
                    seen.push(id);
                }
            }
        }
        seen.into_iter().filter_map(|id| self.model.policies.get(id)).collect()
    }
}

/// Every list that allows must hold a client: an inner layer narrows what an outer one says, and never widens it.
pub(crate) fn access(layers: &[Layer<'_>]) -> Access {
    let list = |networks: &[Spanned<Cidr>]| {
        let mut networks: Vec<Cidr> = networks.iter().map(|network| network.value).collect();
        networks.sort_unstable();
        networks.dedup();
        networks
    };
    let mut allow: Vec<Vec<Cidr>> = layers.iter().map(|layer| list(&layer.settings.allow)).collect();
    allow.retain(|list| !list.is_empty());
    allow.sort_unstable();
    allow.dedup();
    let denied: Vec<Spanned<Cidr>> = layers.iter().flat_map(|layer| layer.settings.deny.clone()).collect();
    Access { allow, deny: list(&denied) }
}

/// Where a route is written: what tells its rate limits from others.
fn place(site: &Site<'_>, read: &ReadRoute<'_>) -> String {
    let host = site.names.first().filter(|_| read.host.is_some()).map(HostPattern::text);
    let host = host.map(|name| format!("{name} ")).unwrap_or_default();
    let methods: Vec<&str> = read.route.methods.iter().map(|method| method.value.as_str()).collect();
    let methods = if methods.is_empty() { String::new() } else { format!("{} ", methods.join(",")) };
    let conditions: String = read.conditions.iter().map(|condition| format!(" {condition}")).collect();
    let clients: String = read.route.clients.iter().map(|network| format!(" {}", network.value)).collect();
    format!("route {methods}{host}{}{conditions}{clients}", read.route.pattern.value)
}
