//! Pools.

use divisor_schema::plan::Balance;

use super::block::Checked;
use super::tls;
use super::types::{Backend, Connections, Eject, Pool, Probe};

pub(super) fn pool(block: &Checked) -> Option<Pool> {
    Some(Pool {
        name: block.name.clone()?,
        balance: block.value::<String>("balance").map(|word| balance(&word)),
        backends: block.blocks("backend").map(backend).collect(),
        tls: block.block("tls").map(tls::client),
        probe: block.block("probe").map(probe),
        eject: eject(&block.block_or_defaults("eject")),
        connections: connections(&block.block_or_defaults("connections")),
    })
}

/// The balancer with this name; the vocabulary lets no other name through.
pub(super) fn balance(word: &str) -> Balance {
    match word {
        "weighted-round-robin" | "w-round-robin" => Balance::WeightedRoundRobin,
        "random" => Balance::Random,
        "ip-hash" => Balance::IpHash,
        "least-connection" => Balance::LeastConnection,
        "least-response-time" => Balance::LeastResponseTime,
        _ => Balance::RoundRobin,
    }
}

fn backend(block: &Checked) -> Backend {
    let target = block.written("url");
    Backend {
        url: block.value("url"),
        target: target.and_then(|target| target.value),
        weight: block.value("weight"),
        tls: block.block("tls").map(tls::client),
        probe: block.block("probe").map(probe),
        connections: block.block("connections").map(connections),
    }
}

fn probe(block: &Checked) -> Probe {
    Probe {
        path: block.value("path"),
        every: block.value("every"),
        timeout: block.value("timeout"),
        rise: block.value("rise"),
        fall: block.value("fall"),
    }
}

pub(super) fn eject(block: &Checked) -> Eject {
    Eject {
        consecutive_errors: block.value("consecutive-errors"),
        lasts: block.value("for"),
        max_percent: block.value("max-percent"),
    }
}

pub(super) fn connections(block: &Checked) -> Connections {
    Connections {
        per_backend: block.value("per-backend"),
        queue_timeout: block.value("queue-timeout"),
        connect_timeout: block.value("connect-timeout"),
        idle_timeout: block.value("idle-timeout"),
        max_age: block.written("max-age"),
    }
}
