//! Listeners.

use divisor_schema::plan::Cidr;

use super::block::Checked;
use super::types::{Forward, Http, Listener, ListenerRedirect, Passthrough, Reference};
use super::{references, tls};

pub(super) fn listener(block: &Checked) -> Option<Listener> {
    Some(Listener {
        name: block.name.clone()?,
        binds: block.list("bind"),
        tls: block.block("tls").map(tls::server),
        http: http(&block.block_or_defaults("http")),
        trusted_proxies: block
            .list::<Option<Cidr>>("trusted-proxies")
            .into_iter()
            .filter_map(super::transpose)
            .collect(),
        max_connections: block.written("max-connections"),
        tcp_keepalive: block.written("tcp-keepalive"),
        redirect: block.block("redirect").and_then(redirect),
        forward: block.block("forward").and_then(forward),
        passthrough: block.blocks("passthrough").filter_map(passthrough).collect(),
        uses: references(block, "use"),
    })
}

pub(super) fn http(block: &Checked) -> Http {
    Http {
        h2: block.written("h2"),
        keep_alive: block.value("keep-alive"),
        max_header_size: block.value("max-header-size"),
        max_headers: block.value("max-headers"),
        max_streams: block.value("max-streams"),
        handshake_timeout: block.value("handshake-timeout"),
        header_timeout: block.value("header-timeout"),
        idle_timeout: block.value("idle-timeout"),
        keep_empty_segments: block.value::<String>("empty-segments").map(|word| word == "keep"),
    }
}

fn redirect(block: &Checked) -> Option<ListenerRedirect> {
    let listener = Reference::to(block.written("listener")?);
    Some(ListenerRedirect { listener, status: block.value("status") })
}

fn forward(block: &Checked) -> Option<Forward> {
    Some(Forward { pool: Reference::to(block.written("pool")?), tunnel_idle: block.value("tunnel-idle") })
}

fn passthrough(block: &Checked) -> Option<Passthrough> {
    Some(Passthrough { names: block.list("name"), forward: forward(block)? })
}
