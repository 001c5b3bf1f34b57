//! Policies, and the same settings on a route.

use divisor_schema::config::{RETRY, TIMEOUT};
use divisor_schema::plan::{Cidr, Encoding};

use super::block::Checked;
use super::transpose;
use super::types::{
    Compress, Cors, Csrf, HeaderChange, HeaderEdit, Policy, RateKey, RateLimit, Reference, Retry, RetryCause,
    Settings, SharedLimit, Timeouts,
};
use super::units::Rate;
use crate::source::{At, Span, Spanned};

pub(super) fn policy(block: &Checked) -> Option<Policy> {
    Some(Policy { name: block.name.clone()?, settings: settings(block), single: block.single() })
}

pub(super) fn settings(block: &Checked) -> Settings {
    Settings {
        allow: networks(block, "allow"),
        deny: networks(block, "deny"),
        rate_limits: block.blocks("rate-limit").filter_map(rate_limit).collect(),
        shared_limits: block
            .blocks("rate-limit")
            .filter_map(|limit| limit.written("use").map(Reference::to))
            .collect(),
        request_headers: headers(block, "request-header-set", "request-header-add", "request-header-remove"),
        response_headers: headers(block, "header-set", "header-add", "header-remove"),
        body_limit: block.written("body-limit"),
        timeouts: block.block("timeout").map(timeouts).unwrap_or_default(),
        retry: block.block("retry").map(retry),
        compress: block.block("compress").map(compress),
        cors: block.block("cors").map(cors),
        csrf: block.block("csrf").map(|block| Csrf { origins: block.list("origin") }),
    }
}

/// Networks; a route has none under `deny`, which is an action there.
pub(super) fn networks(block: &Checked, field: &str) -> Vec<Spanned<Cidr>> {
    block.list::<Option<Cidr>>(field).into_iter().filter_map(transpose).collect()
}

fn timeouts(block: &Checked) -> Timeouts {
    Timeouts {
        first_byte: block.written("first-byte"),
        body_idle: block.written("body-idle"),
        tunnel_idle: block.written("tunnel-idle"),
        exchange: block.written("exchange"),
        min_rate: block.written("min-rate"),
        min_rate_grace: block.written("min-rate-grace"),
    }
}

fn retry(block: &Checked) -> Retry {
    let cause = |word: Spanned<String>| word.map(|word| cause(&word));
    let on = block.list("on").into_iter().map(cause).collect();
    Retry { attempts: block.value("attempts"), budget: block.value("budget"), on }
}

fn compress(block: &Checked) -> Compress {
    let encoding = |word: Spanned<String>| word.map(|word| encoding(&word));
    Compress {
        encodings: block.list("encoding").into_iter().map(encoding).collect(),
        types: block.list("type"),
        min_size: block.value("min-size"),
    }
}

fn cors(block: &Checked) -> Cors {
    Cors {
        origins: block.list("origin"),
        methods: block.list("method"),
        headers: block.list("header"),
        expose: block.list("expose"),
        credentials: block.value("credentials"),
        max_age: block.value("max-age"),
    }
}

/// The encoding of this name; the vocabulary lets no other name through.
fn encoding(word: &str) -> Encoding {
    match word {
        "zstd" => Encoding::Zstd,
        "br" => Encoding::Brotli,
        _ => Encoding::Gzip,
    }
}

/// The cause of this name; the vocabulary lets no other name through.
fn cause(word: &str) -> RetryCause {
    match word {
        "reset" => RetryCause::Reset,
        "timeout" => RetryCause::Timeout,
        _ => word.parse().map_or(RetryCause::ConnectFailure, RetryCause::Status),
    }
}

impl Settings {
    /// What holds where nobody says anything, for the block at `at`.
    pub fn defaults(at: Span) -> Self {
        let timeout = Checked::empty(&TIMEOUT, at);
        let timeouts = Timeouts {
            first_byte: timeout.leaf("first-byte"),
            body_idle: timeout.leaf("body-idle"),
            tunnel_idle: timeout.leaf("tunnel-idle"),
            exchange: timeout.leaf("exchange"),
            min_rate: timeout.leaf("min-rate"),
            min_rate_grace: timeout.leaf("min-rate-grace"),
        };
        Self { timeouts, retry: Some(retry(&Checked::empty(&RETRY, at))), ..Self::default() }
    }
}

pub(super) fn shared_limit(block: &Checked) -> Option<SharedLimit> {
    Some(SharedLimit { name: block.name.clone()?, limit: rate_limit(block)? })
}

fn rate_limit(block: &Checked) -> Option<RateLimit> {
    let rate = block.written::<Rate>("rate")?;
    Some(RateLimit {
        at: At(rate.span),
        period: rate.value.period,
        requests: rate.map(|rate| rate.requests),
        burst: block.written("burst"),
        key: block.value::<String>("key").map(|_| RateKey::ClientIp),
        block: block.written("block"),
        max_keys: block.value("max-keys"),
    })
}

/// Changes in the order of the file.
fn headers(block: &Checked, set: &str, add: &str, remove: &str) -> Vec<HeaderEdit> {
    let edit = |change: fn(Spanned<String>) -> HeaderChange| {
        move |(name, value): (Spanned<String>, Spanned<String>)| HeaderEdit { name, change: change(value) }
    };
    let set = block.pairs(set).into_iter().map(edit(HeaderChange::Set));
    let add = block.pairs(add).into_iter().map(edit(HeaderChange::Add));
    let removed =
        block.list(remove).into_iter().map(|name| HeaderEdit { name, change: HeaderChange::Remove });
    let mut edits: Vec<HeaderEdit> = set.chain(add).chain(removed).collect();
    edits.sort_by_key(|edit| edit.name.span);
    edits
}
