//! The pool, from `type`, `health_checker_time` and `backends`.

use divisor_schema::plan::{Balance, Millis, Scheme};

use super::listener::profile;
use super::{duration, full, ineffective};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::block::Checked;
use crate::model::decode::Decoder;
use crate::model::types::{Backend, ClientTls, Connections, Pool, Probe, ProbeKind, Target, TlsSettings};
use crate::model::{pool, target};
use crate::source::{At, Span, Spanned};

pub(super) fn lower(decoder: &mut Decoder<'_>, root: &Checked, name: &Spanned<String>) -> Pool {
    let backends: Vec<&Checked> = root.blocks("backends").collect();
    let balance = balance(root, backends.len());
    let weighted = (balance.value == Balance::WeightedRoundRobin).then_some(balance.span);
    let every = duration(root, "health_checker_time");
    let defaults = full(name.span).block_or_defaults("pool").into_owned();
    Pool {
        name: name.clone(),
        backends: backends.iter().map(|block| backend(decoder, block, every, weighted)).collect(),
        balance,
        tls: None,
        probe: None,
        eject: pool::eject(&defaults.block_or_defaults("eject")),
        fail_open: defaults.value("fail-open"),
        connections: pool::connections(&defaults.block_or_defaults("connections")),
        hash: pool::hash(&defaults.block_or_defaults("hash")),
        sticky: None,
        slow_start: None,
        proxy_protocol: None,
    }
}

/// Keys that say something about TLS towards a backend.
const TLS: [&str; 7] = [
    "tls_skip_verify",
    "tls_ca_cert",
    "tls_client_cert",
    "tls_client_key",
    "tls_min_version",
    "tls_max_version",
    "tls_cipher_suites",
];

/// One backend needs no weight.
fn balance(root: &Checked, backends: usize) -> Spanned<Balance> {
    let balance = root.value::<String>("type").map(|word| pool::balance(&word));
    balance.map(|balance| match balance {
        Balance::WeightedRoundRobin if backends < 2 => Balance::RoundRobin,
        other => other,
    })
}

fn backend(
    decoder: &mut Decoder<'_>,
    block: &Checked,
    every: Option<Spanned<Millis>>,
    weighted: Option<Span>,
) -> Backend {
    let url: Spanned<String> = block.value("url");
    let target = url.written.then(|| address(decoder, block, &url)).flatten();
    let weight = block.written("weight");
    if let Some(reason) = weighted.filter(|_| block.written_at("weight").is_none()) {
        let message = format!("backend `{}` has no `weight`", url.value);
        let found = Diagnostic::error(Rule::MISSING_KEY, message, block.at, "weight missing here");
        decoder.report(
            found.label(reason, "balances by weight").help("write `weight`, or balance by `round-robin`"),
        );
    }
    let is_tls = target.as_ref().is_some_and(|target| target.scheme == Scheme::Https);
    if target.is_some() && !is_tls {
        ineffective(decoder, block, &TLS, "tls_enabled: true");
    }
    Backend {
        url,
        target,
        weight: weight.unwrap_or(Spanned::default_at(1, block.at)),
        slots: Spanned::default_at(8, block.at),
        backup: Spanned::default_at(false, block.at),
        tls: is_tls.then(|| tls(block)),
        probe: every.map(|every| probe(block, every)),
        connections: Some(connections(block)),
    }
}

fn address(decoder: &mut Decoder<'_>, block: &Checked, url: &Spanned<String>) -> Option<Target> {
    let tls = block.written::<bool>("tls_enabled");
    match target::parse_flat(&url.value, tls.is_some_and(|tls| tls.value)) {
        Ok(target) => Some(target),
        Err(fault) => {
            decoder.report(fault.at(url.span));
            None
        }
    }
}

fn tls(block: &Checked) -> ClientTls {
    ClientTls {
        at: At(block.written_at("tls_enabled").unwrap_or(block.at)),
        settings: TlsSettings {
            profile: profile(block.at),
            min_version: block.written("tls_min_version"),
            max_version: block.written("tls_max_version"),
            cipher_suites: block.list("tls_cipher_suites"),
            groups: Vec::new(),
        },
        ca: block.written("tls_ca_cert"),
        certificate: block.written("tls_client_cert"),
        key: block.written("tls_client_key"),
        server_name: None,
        verify: block.value::<bool>("tls_skip_verify").map(|skip| !skip),
    }
}

fn probe(block: &Checked, every: Spanned<Millis>) -> Probe {
    let full = full(block.at);
    let pool = full.block_or_defaults("pool");
    let defaults = pool.block_or_defaults("probe");
    Probe {
        kind: ProbeKind::Http(pool::http_probe(&defaults, block.value("health_check_path"))),
        port: None,
        every,
        timeout: defaults.value("timeout"),
        rise: defaults.value("rise"),
        fall: defaults.value("fall"),
        starts_alive: Spanned::default_at(true, block.at),
    }
}

fn connections(block: &Checked) -> Connections {
    let full = full(block.at);
    let pool = full.block_or_defaults("pool");
    let defaults = pool::connections(&pool.block_or_defaults("connections"));
    let limit = block.written::<u32>("max_conn").filter(|limit| limit.value > 0);
    Connections {
        per_backend: limit.or_else(|| block.default("max_conn")).unwrap_or(defaults.per_backend),
        queue: defaults.queue,
        queue_timeout: duration(block, "max_conn_timeout").unwrap_or(defaults.queue_timeout),
        connect_timeout: defaults.connect_timeout,
        idle_timeout: duration(block, "max_idle_conn_duration").unwrap_or(defaults.idle_timeout),
        max_age: duration(block, "max_conn_duration"),
        h2: defaults.h2,
        ping: defaults.ping,
    }
}
