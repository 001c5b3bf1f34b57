//! The top level of a config.

use super::expect::EXPECT;
use super::listener::{self, LISTENER};
use super::policy::{AUTH, POLICY, SHARED_LIMIT};
use super::pool::POOL;
use super::route::{HOST, ROUTE};
use super::{Block, DURATION, EDITIONS, Field, Kind, TEXTS};

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
        Field::new("edition", Kind::Choice(EDITIONS), "The version of the language it is written in."),
        Field::new("admin", Kind::Block(&ADMIN), "The management listener."),
        Field::planned("log", Kind::Block(&LOG), "Access and event logs."),
        Field::new(
            "expect",
            Kind::Blocks(&EXPECT),
            "A claim about requests that is checked with the config.",
        ),
        Field::new("rate-limit", Kind::Named(&SHARED_LIMIT), "A rate limit that several policies share.")
            .yaml("rate-limits"),
    ]],
};

static ADMIN: Block = Block {
    name: "admin",
    doc: "The management listener: counters, the state of backends, their weights.",
    arguments: &["bind"],
    groups: &[&[
        Field::new("bind", Kind::List(&Kind::Address), "Addresses to accept on.").required(),
        Field::planned("tls", Kind::Block(&listener::TLS), "TLS towards its clients."),
        Field::new(
            "allow",
            Kind::List(&Kind::Network),
            "Networks that may, and no other; this machine otherwise.",
        ),
        Field::planned("auth", Kind::Block(&AUTH), "Who a client is."),
    ]],
};

static LOG: Block = Block {
    name: "log",
    doc: "Access and event logs.",
    arguments: &[],
    groups: &[&[
        Field::new("access", Kind::Block(&ACCESS_LOG), "One line for each request."),
        Field::new(
            "level",
            Kind::Choice(&["error", "warn", "info", "debug"]),
            "The least that is logged of events.",
        )
        .default("info"),
        Field::new("format", Kind::Choice(&["text", "json"]), "How an event is written.").default("text"),
    ]],
};

static ACCESS_LOG: Block = Block {
    name: "access",
    doc: "One line for each request.",
    arguments: &["to"],
    groups: &[&[
        Field::new("to", Kind::File, "Where to: a file, `stdout` or `stderr`.").default("stdout"),
        Field::new("format", Kind::Choice(&["text", "json"]), "How a request is written.").default("json"),
        Field::new("sample", Kind::Percent { min: 1, max: 100 }, "The share of requests that is logged.")
            .default("100%"),
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
        Field::new(
            "dns",
            Kind::List(&Kind::Address),
            "Name servers to ask for the names of backends; those of `/etc/resolv.conf` otherwise.",
        ),
        Field::new("drain", DURATION, "How long a shutdown waits for exchanges in flight.")
            .default("30s")
            .usual("100ms", "1h"),
        Field::new(
            "max-files",
            Kind::Integer { min: 64, max: 1 << 30 },
            "Open files that the process asks the system for; as many as it may have otherwise.",
        ),
        Field::new(
            "max-memory",
            Kind::Size { min: 16 << 20, max: 1 << 50 },
            "Memory that there is for the process: what it may come to need is held against it when the config is compiled.",
        ),
    ]],
};
