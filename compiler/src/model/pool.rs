//! Pools.

use divisor_schema::plan::{Balance, ProxyProtocol, SameSite};

use super::block::Checked;
use super::tls;
use super::types::{
    Backend, Connections, Eject, Hash, HashKey, HttpProbe, Pool, Probe, ProbeKind, Secret, Sticky,
};
use crate::source::Spanned;

pub(super) fn pool(block: &Checked) -> Option<Pool> {
    Some(Pool {
        name: block.name.clone()?,
        balance: block.value::<String>("balance").map(|word| balance(&word)),
        backends: block.blocks("backend").map(backend).collect(),
        tls: block.block("tls").map(tls::client),
        probe: block.block("probe").map(probe),
        eject: eject(&block.block_or_defaults("eject")),
        fail_open: block.value("fail-open"),
        connections: connections(&block.block_or_defaults("connections")),
        hash: hash(&block.block_or_defaults("hash")),
        sticky: block.block("sticky").and_then(sticky),
        slow_start: block.written("slow-start"),
        proxy_protocol: block.written::<String>("proxy-protocol").map(|word| {
            word.map(|word| match word.as_str() {
                "v1" => ProxyProtocol::V1,
                _ => ProxyProtocol::V2,
            })
        }),
    })
}

pub(super) fn hash(block: &Checked) -> Hash {
    let named = |way| block.written::<String>(way);
    let key = match block.first_of("key") {
        Some("header") => named("header").map(HashKey::Header),
        Some("cookie") => named("cookie").map(HashKey::Cookie),
        Some("query") => named("query").map(HashKey::Query),
        _ => named("by").map(|by| match by.value.as_str() {
            "path" => HashKey::Path,
            _ => HashKey::ClientAddress,
        }),
    };
    Hash { key, max_load: block.value("max-load") }
}

fn sticky(block: &Checked) -> Option<Sticky> {
    Some(Sticky {
        cookie: block.written("cookie")?,
        key: secret(block.block("key")?)?,
        max_age: block.written("max-age"),
        secure: block.written("secure"),
        same_site: block.value::<String>("same-site").map(|word| match word.as_str() {
            "strict" => SameSite::Strict,
            "none" => SameSite::None,
            _ => SameSite::Lax,
        }),
        path: block.value("path"),
    })
}

fn secret(block: &Checked) -> Option<Secret> {
    match block.written("file") {
        Some(file) => Some(Secret::File(file)),
        None => block.written("env").map(Secret::Env),
    }
}

/// The balancer with this name; the vocabulary lets no other name through.
pub(super) fn balance(word: &str) -> Balance {
    match word {
        "weighted-round-robin" | "w-round-robin" => Balance::WeightedRoundRobin,
        "random" => Balance::Random,
        "ip-hash" => Balance::IpHash,
        "least-connection" => Balance::LeastConnection,
        "least-response-time" => Balance::LeastResponseTime,
        "power-of-two" => Balance::PowerOfTwo,
        "consistent-hash" => Balance::ConsistentHash,
        _ => Balance::RoundRobin,
    }
}

fn backend(block: &Checked) -> Backend {
    let target = block.written("url");
    Backend {
        url: block.value("url"),
        target: target.and_then(|target| target.value),
        weight: block.value("weight"),
        slots: block.value("slots"),
        backup: block.value("backup"),
        tls: block.block("tls").map(tls::client),
        probe: block.block("probe").map(probe),
        connections: block.block("connections").map(connections),
    }
}

fn probe(block: &Checked) -> Probe {
    Probe {
        kind: match block.word("type").as_deref() {
            Some("tcp") => ProbeKind::Tcp,
            Some("grpc") => {
                ProbeKind::Grpc { service: block.written("service"), host: block.written("host") }
            }
            _ => ProbeKind::Http(http_probe(block, block.value("path"))),
        },
        port: block.written("port"),
        every: block.value("every"),
        timeout: block.value("timeout"),
        rise: block.value("rise"),
        fall: block.value("fall"),
        starts_alive: block.value::<String>("initial").map(|word| word != "dead"),
    }
}

pub(super) fn http_probe(block: &Checked, path: Spanned<String>) -> HttpProbe {
    HttpProbe {
        method: block.value("method"),
        path,
        host: block.written("host"),
        headers: block.pairs("header"),
        statuses: match block.list("status") {
            written if !written.is_empty() => written,
            _ => vec![block.value("status")],
        },
        body: block.written("body"),
    }
}

pub(super) fn eject(block: &Checked) -> Eject {
    Eject {
        consecutive_errors: block.value("consecutive-errors"),
        lasts: block.value("for"),
        max_lasts: block.value("max-for"),
        max_percent: block.value("max-percent"),
    }
}

pub(super) fn connections(block: &Checked) -> Connections {
    Connections {
        per_backend: block.value("per-backend"),
        queue: block.value("queue"),
        queue_timeout: block.value("queue-timeout"),
        connect_timeout: block.value("connect-timeout"),
        idle_timeout: block.value("idle-timeout"),
        max_age: block.written("max-age"),
        h2: block.value("h2"),
        ping: block.value("ping"),
    }
}
