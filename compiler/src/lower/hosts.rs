//! Hosts and their routes.

use std::collections::BTreeMap;

use divisor_schema::plan::{
    Action, Cidr, Condition, ErrorPage, Host, HostId, HostTable, Methods, Mirror, Policy, PoolId, RateLimit,
    Route, RouteId, Share, Subject, Tables, Template, Test, Weight,
};

use super::policies::Policies;
use crate::facts::{Facts, ReadRoute, Site};
use crate::model::{self, Listener};
use crate::routes::{self, EmptySegments, HostPattern, Pattern, RequestSet, RouteSet, TableBuilder, analyse};

/// Collects hosts, routes, policies and tables while listeners ask for them.
pub(super) struct Hosts<'f, 'm> {
    facts: &'f Facts<'m>,
    pools: Vec<PoolId>,
    policies: Policies<'m>,
    hosts: Vec<Host>,
    routes: Vec<Route>,
    tables: TableBuilder,
    /// Hosts by site and by the policies of the listener: listeners that agree share them.
    known: BTreeMap<(usize, Vec<String>), HostId>,
}

/// What came together.
pub(super) struct Lowered {
    pub(super) hosts: Vec<Host>,
    pub(super) routes: Vec<Route>,
    pub(super) policies: Vec<Policy>,
    pub(super) rate_limits: Vec<RateLimit>,
    pub(super) tables: Tables,
}

impl<'f, 'm> Hosts<'f, 'm> {
    /// Nothing yet. `pools` are the ids of the pools of the model.
    pub(super) fn new(facts: &'f Facts<'m>, pools: Vec<PoolId>) -> Self {
        Self {
            facts,
            pools,
            policies: Policies::new(&facts.model.rate_limits),
            hosts: vec![],
            routes: vec![],
            tables: TableBuilder::default(),
            known: BTreeMap::new(),
        }
    }

    /// Everything that was asked for.
    pub(super) fn finish(self) -> Lowered {
        let (policies, rate_limits) = self.policies.finish();
        Lowered {
            hosts: self.hosts,
            routes: self.routes,
            policies,
            rate_limits,
            tables: self.tables.finish(),
        }
    }

    /// The hosts of a listener that serves them itself.
    pub(super) fn table(&mut self, index: usize, listener: &'m Listener) -> HostTable {
        let facts = self.facts;
        let mut sites: Vec<(usize, &Site<'m>)> =
            facts.sites.iter().enumerate().filter(|(_, site)| site.listeners.contains(&index)).collect();
        sites.sort_by_key(|(_, site)| &site.names);
        let mut table = HostTable::default();
        for (position, site) in sites {
            let id = self.host(position, site, listener);
            add(&mut table, &site.names, id);
        }
        sorted(table)
    }

    /// The hosts of a listener that sends everything to `target`: the same names, one route for all of them.
    pub(super) fn redirect(&mut self, listener: &'m Listener, target: usize, status: u16) -> HostTable {
        let names: Vec<HostPattern> = {
            let mut names: Vec<HostPattern> =
                self.facts.sites_of(target).flat_map(|site| site.names.iter().cloned()).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let serves_all = self.facts.sites_of(target).any(|site| site.names.is_empty());
        let mut table = HostTable::default();
        if names.is_empty() && !serves_all {
            return table;
        }
        let location = self.facts.location(target);
        let id = self.redirect_host(listener, &names, location, status);
        add(&mut table, &names, id);
        if serves_all {
            table.default = Some(id);
        }
        sorted(table)
    }

    /// The host of a site as it is on `listener`.
    fn host(&mut self, position: usize, site: &Site<'m>, listener: &'m Listener) -> HostId {
        let around = self.facts.used([&listener.uses, &[], &[]]);
        let key = (position, around.into_iter().map(|layer| layer.name).collect());
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = HostId::new(self.hosts.len() as u32);
        let routes = self.site_routes(site, listener);
        if let Ok(analysis) = &site.analysis {
            let root = self.tables.append(analysis, &routes);
            let error_pages = self.error_pages(site);
            self.hosts.push(Host { names: texts(&site.names), root, error_pages });
        }
        self.known.insert(key, id);
        id
    }

    /// The pages of a site, by their first status.
    fn error_pages(&self, site: &Site<'m>) -> Vec<ErrorPage> {
        let lowered = |page: &model::ErrorPage| {
            let body = match &page.page {
                model::Page::Text(text) => text.value.clone(),
                model::Page::File(file) => {
                    let read = self.facts.pages.iter().find(|read| std::ptr::eq(read.file, file));
                    read?.text.clone().ok()?
                }
            };
            let mut statuses: Vec<u16> = page.statuses.iter().map(|status| status.value).collect();
            statuses.sort_unstable();
            Some(ErrorPage { statuses, content_type: page.content_type.value.clone(), body })
        };
        let pages = site.host.into_iter().flat_map(|host| &host.error_pages);
        let mut pages: Vec<ErrorPage> = pages.filter_map(lowered).collect();
        pages.sort_by(|a, b| a.statuses.cmp(&b.statuses));
        pages
    }

    /// The ids of the routes of a site, by their position in it. They are numbered by what they match.
    fn site_routes(&mut self, site: &Site<'m>, listener: &'m Listener) -> Vec<RouteId> {
        let facts = self.facts;
        let read = |position: &usize| facts.patterns.routes.get(*position);
        let mut order: Vec<(usize, &ReadRoute<'m>)> =
            site.routes.iter().enumerate().filter_map(|(at, route)| Some((at, read(route)?))).collect();
        order.sort_by_cached_key(|(_, read)| {
            let conditions = read.conditions.iter().map(ToString::to_string).collect::<Vec<_>>();
            (
                &read.route.pattern.value,
                method_set(read.route),
                conditions,
                clients(read.route),
                read.host.is_none(),
            )
        });
        let mut ids = vec![RouteId::new(0); site.routes.len()];
        for (at, read) in order {
            let id = RouteId::new(self.routes.len() as u32);
            let route = self.route(site, listener, read);
            self.routes.extend(route);
            if let Some(slot) = ids.get_mut(at) {
                *slot = id;
            }
        }
        ids
    }

    fn route(&mut self, site: &Site<'m>, listener: &'m Listener, read: &ReadRoute<'m>) -> Option<Route> {
        let route = read.route;
        let pattern = read.pattern.as_ref().ok()?;
        Some(Route {
            pattern: pattern.text.clone(),
            methods: methods(route),
            conditions: read.conditions.iter().map(|it| self.condition(it)).collect(),
            clients: clients(route),
            keep_encoded_slash: route.keep_encoded_slash.value,
            action: self.action(pattern, route)?,
            policy: self.policies.merge(
                &self.facts.layers(listener, site, read),
                Some(pattern),
                self.mirror(route),
            ),
        })
    }

    fn condition(&mut self, condition: &routes::Condition) -> Condition {
        Condition {
            subject: match condition.subject() {
                routes::Subject::Header => Subject::Header,
                routes::Subject::Query => Subject::Query,
            },
            name: condition.name().to_owned(),
            test: match condition.test() {
                routes::Test::Present => Test::Present,
                routes::Test::Equals(text) => Test::Equals(text.clone()),
                routes::Test::Prefix(text) => Test::Prefix(text.clone()),
                routes::Test::Regex(_) => Test::Regex(self.tables.language(condition.word())),
            },
        }
    }

    fn action(&self, pattern: &Pattern, route: &model::Route) -> Option<Action> {
        let rewrite = || route.rewrite.as_ref().and_then(|text| routes::rewrite(&text.value, pattern).ok());
        Some(match route.action.as_ref()? {
            model::Action::Proxy { pool } => Action::Proxy { pool: self.pool(pool)?, rewrite: rewrite() },
            model::Action::Split { shares } => match self.shares(shares).as_slice() {
                [only] => Action::Proxy { pool: only.pool, rewrite: rewrite() },
                shares => Action::Split { shares: shares.to_vec(), rewrite: rewrite() },
            },
            model::Action::Redirect { location, status } => Action::Redirect {
                location: routes::location(&location.value, pattern).ok()?,
                status: status.value,
            },
            model::Action::Respond { status, body, content_type } => Action::Respond {
                status: status.value,
                body: body.value.clone(),
                content_type: content_type.value.clone(),
            },
            model::Action::Deny { status } => Action::Respond {
                status: status.value,
                body: String::new(),
                content_type: "text/plain; charset=utf-8".to_owned(),
            },
        })
    }

    /// The id of a pool.
    pub(super) fn pool(&self, pool: &model::Reference<model::Pool>) -> Option<PoolId> {
        self.pools.get(pool.id?.index()).copied()
    }

    fn mirror(&self, route: &model::Route) -> Option<Mirror> {
        let mirror = route.mirror.as_ref()?;
        Some(Mirror { pool: self.pool(&mirror.pool)?, percent: mirror.percent.value })
    }

    /// The pools that have a weight, sorted.
    fn shares(&self, shares: &[model::Share]) -> Vec<Share> {
        let share = |share: &model::Share| {
            Some(Share { pool: self.pool(&share.pool)?, weight: Weight::new(share.weight.value)? })
        };
        let mut shares: Vec<Share> = shares.iter().filter_map(share).collect();
        shares.sort_unstable_by_key(|share| share.pool);
        shares
    }

    fn redirect_host(
        &mut self,
        listener: &'m Listener,
        names: &[HostPattern],
        location: Template,
        status: u16,
    ) -> HostId {
        let id = HostId::new(self.hosts.len() as u32);
        let route = RouteId::new(self.routes.len() as u32);
        let every = Pattern::every();
        let set = RequestSet::new(&every, routes::Methods::Any);
        let set = RouteSet { set, priority: 0, own: true };
        if let Ok(analysis) = analyse(&[set], EmptySegments::Kept) {
            let root = self.tables.append(&analysis, &[route]);
            self.hosts.push(Host { names: texts(names), root, error_pages: vec![] });
        }
        self.routes.push(Route {
            pattern: every.text,
            methods: Methods::Any,
            conditions: vec![],
            clients: vec![],
            keep_encoded_slash: false,
            action: Action::Redirect { location, status },
            policy: self.policies.merge(&self.facts.used([&listener.uses, &[], &[]]), None, None),
        });
        id
    }
}

fn method_set(route: &model::Route) -> routes::Methods<'_> {
    routes::Methods::new(route.methods.iter().map(|method| method.value.as_str()))
}

/// The networks of its clients, each once, sorted.
fn clients(route: &model::Route) -> Vec<Cidr> {
    let mut networks: Vec<Cidr> = route.clients.iter().map(|network| network.value).collect();
    networks.sort_unstable_by_key(|network| (network.address, network.prefix));
    networks.dedup();
    networks
}

fn methods(route: &model::Route) -> Methods {
    match method_set(route) {
        routes::Methods::Any => Methods::Any,
        routes::Methods::Only(methods) => Methods::Only(methods.into_iter().map(str::to_owned).collect()),
    }
}

fn texts(names: &[HostPattern]) -> Vec<String> {
    names.iter().map(HostPattern::text).collect()
}

fn add(table: &mut HostTable, names: &[HostPattern], id: HostId) {
    if names.is_empty() {
        table.default = Some(id);
    }
    for name in names {
        match name {
            HostPattern::Exact(name) => table.exact.push((name.clone(), id)),
            HostPattern::OneLabel(name) => table.one_label.push((name.clone(), id)),
            HostPattern::ManyLabels(name) => table.many_labels.push((name.clone(), id)),
        }
    }
}

fn sorted(mut table: HostTable) -> HostTable {
    for list in [&mut table.exact, &mut table.one_label, &mut table.many_labels] {
        list.sort_unstable();
    }
    table
}
