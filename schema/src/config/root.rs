//! The top level of a config.

use super::listener::LISTENER;
use super::policy::POLICY;
use super::pool::POOL;
use super::route::{HOST, ROUTE};
use super::{Block, DURATION, Field, Kind, TEXTS};

/// The language.
pub static ROOT: Block = Block {
    name: "config",
    doc: "A whole config: a set of facts, whose order does not matter.",
    arguments: &[],
    groups: &[&[
        Field::new("listener", Kind::Named(&LISTENER), "Addresses to accept on, with TLS and HTTP settings.")
            .yaml("listeners"),
        Field::new("pool", Kind::Named(&POOL), "Backends that serve the same thing.").yaml("pools"),
        Field::new("policy", Kind::Named(&POLICY), "A named bundle of settings for requests.")
            .yaml("policies"),
        Field::new("host", Kind::Blocks(&HOST), "What a name serves.").yaml("hosts"),
        Field::new("route", Kind::Blocks(&ROUTE), "A route that belongs to every host.").yaml("routes"),
        Field::new("runtime", Kind::Block(&RUNTIME), "Process-wide settings."),
        Field::new("include", TEXTS, "More files, relative to this one; `*` and `?` are allowed."),
        Field::planned("admin", "The management listener."),
        Field::planned("log", "Access and event logs."),
        Field::planned("expect", "A claim about requests that is checked with the config."),
        Field::planned("rate-limit", "A rate limit that several policies share.").yaml("rate-limits"),
    ]],
};

static RUNTIME: Block = Block {
    name: "runtime",
    doc: "Process-wide settings.",
    arguments: &[],
    groups: &[&[
        Field::new(
            "workers",
            Kind::Integer { min: 1, max: 1024 },
            "Worker threads; one for each core otherwise.",
        ),
        Field::new("drain", DURATION, "How long a shutdown waits for exchanges in flight.").default("30s"),
        Field::planned("max-files", "Open files that the process asks for."),
        Field::planned("max-memory", "Memory that the process may use."),
    ]],
};
