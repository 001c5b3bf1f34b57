//! Listeners.

use divisor_schema::plan::Forwarded;

use super::block::Checked;
use super::policy::networks;
use super::types::{Forward, Http, Listener, ListenerRedirect, Passthrough, Reference};
use super::{references, tls};
use crate::source::Spanned;

pub(super) fn listener(block: &Checked) -> Option<Listener> {
    Some(Listener {
        name: block.name.clone()?,
        binds: block.list("bind"),
        tls: block.block("tls").map(tls::server),
        http: http(&block.block_or_defaults("http")),
        socket_mode: socket_mode(block),
        trusted_proxies: networks(block, "trusted-proxies"),
        forwarded: forwarded(block),
        proxy_protocol: networks(block, "proxy-protocol"),
        max_connections: block.written("max-connections"),
        max_connections_per_client: block.written("max-connections-per-client"),
        tcp_keepalive: block.written("tcp-keepalive"),
        redirect: block.block("redirect").and_then(redirect),
        forward: block.block("forward").and_then(forward),
        passthrough: block.blocks("passthrough").filter_map(passthrough).collect(),
        uses: references(block, "use"),
    })
}

/// The words are octal numbers; the table knows no others.
pub(super) fn socket_mode(block: &Checked) -> Spanned<u32> {
    block.value::<String>("socket-mode").map(|mode| u32::from_str_radix(&mode, 8).unwrap_or(0o600))
}

pub(super) fn forwarded(block: &Checked) -> Spanned<Forwarded> {
    block.value::<String>("forwarded").map(|word| match word.as_str() {
        "rfc7239" => Forwarded::Standard,
        "both" => Forwarded::Both,
        "none" => Forwarded::Neither,
        _ => Forwarded::Legacy,
    })
}

pub(super) fn http(block: &Checked) -> Http {
    Http {
        h2: block.written("h2"),
        keep_alive: block.value("keep-alive"),
        max_header_size: block.value("max-header-size"),
        max_target_size: block.value("max-target-size"),
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
