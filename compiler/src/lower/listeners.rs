//! Listeners.

use divisor_schema::plan::{Cidr, Forward, HttpSettings, Listener};

use super::hosts::Hosts;
use super::{headers, tls};
use crate::facts::Facts;
use crate::model;
use crate::routes::HostPattern;
use crate::source::Spanned;

/// The listeners, sorted by name.
pub(super) fn lower<'m>(facts: &Facts<'m>, hosts: &mut Hosts<'_, 'm>) -> Vec<Listener> {
    let mut order: Vec<(usize, &'m model::Listener)> = facts.model.listeners.iter().enumerate().collect();
    order.sort_by_key(|(_, listener)| &listener.name.value);
    order.into_iter().map(|(index, listener)| self::listener(facts, hosts, index, listener)).collect()
}

fn listener<'m>(
    facts: &Facts<'m>,
    hosts: &mut Hosts<'_, 'm>,
    index: usize,
    listener: &'m model::Listener,
) -> Listener {
    let redirect = listener.redirect.as_ref().and_then(|to| Some((to.listener.id?.index(), to.status.value)));
    let table = match redirect {
        Some((target, status)) => hosts.redirect(listener, target, status),
        None => hosts.table(index, listener),
    };
    let forward = |it: &model::Forward| {
        Some(Forward { pool: hosts.pool(&it.pool)?, tunnel_idle: it.tunnel_idle.value })
    };
    let hsts = listener.tls.as_ref().and_then(|tls| tls.hsts.as_ref());
    let mut binds: Vec<_> = listener.binds.iter().map(|bind| bind.value.clone()).collect();
    binds.sort_unstable();
    binds.dedup();
    Listener {
        name: listener.name.value.clone(),
        binds,
        tls: listener.tls.as_ref().map(|tls| tls::server(facts, index, tls)),
        http: http(&listener.http, listener.tls.is_some() && listener.reads_requests()),
        socket_mode: listener.socket_mode.value,
        trusted_proxies: networks(&listener.trusted_proxies),
        forwarded: listener.forwarded.value,
        proxy_protocol: networks(&listener.proxy_protocol),
        max_connections_per_client: listener.max_connections_per_client.as_ref().map(|limit| limit.value),
        max_connections: listener.max_connections.as_ref().map(|limit| limit.value),
        tcp_keepalive: listener.tcp_keepalive.as_ref().map(|interval| interval.value),
        response_headers: hsts.map(headers::hsts).into_iter().collect(),
        hosts: table,
        forward: listener.forward.as_ref().and_then(&forward),
        passthrough: passthrough(facts, index, listener, forward),
    }
}

/// The names that are passed through. Those of hosts are there as well, because one may lie within a wildcard that is
/// passed through.
fn passthrough(
    facts: &Facts<'_>,
    index: usize,
    listener: &model::Listener,
    forward: impl Fn(&model::Forward) -> Option<Forward>,
) -> Vec<(String, Option<Forward>)> {
    if listener.passthrough.is_empty() {
        return vec![];
    }
    let passed = listener.passthrough.iter().flat_map(|it| {
        let forward = forward(&it.forward);
        let names = it.names.iter().filter_map(|name| HostPattern::parse(&name.value).ok());
        names.map(move |name| (name.text(), forward))
    });
    let served = facts.sites_of(index).flat_map(|site| &site.names).map(|name| (name.text(), None));
    let mut all: Vec<_> = passed.chain(served).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.dedup_by(|a, b| a.0 == b.0);
    all
}

fn networks(networks: &[Spanned<Cidr>]) -> Vec<Cidr> {
    let mut networks: Vec<Cidr> = networks.iter().map(|network| network.value).collect();
    networks.sort_unstable();
    networks.dedup();
    networks
}

fn http(http: &model::Http, is_tls: bool) -> HttpSettings {
    HttpSettings {
        h2: http.h2.as_ref().map_or(is_tls, |h2| h2.value),
        keep_alive: http.keep_alive.value,
        max_header_size: u32::try_from(http.max_header_size.value).unwrap_or(u32::MAX),
        max_target_size: u32::try_from(http.max_target_size.value).unwrap_or(u32::MAX),
        max_headers: http.max_headers.value,
        max_streams: http.max_streams.value,
        handshake_timeout: http.handshake_timeout.value,
        header_timeout: http.header_timeout.value,
        idle_timeout: http.idle_timeout.value,
        keep_empty_segments: http.keep_empty_segments.value,
    }
}
