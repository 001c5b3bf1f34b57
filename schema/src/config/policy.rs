//! Policies: settings for requests.

use super::{Block, DURATION, Field, Kind, TEXTS};

pub(super) static POLICY: Block = Block {
    name: "policy",
    doc: "A named bundle of settings for requests.",
    arguments: &[],
    groups: &[SETTINGS],
};

/// What a policy sets, and a route for itself.
pub(super) const SETTINGS: &[Field] = &[
    Field::new(
        "rate-limit",
        Kind::Blocks(&RATE_LIMIT),
        "A rate limit for each client; all must admit a request.",
    ),
    Field::new("header-set", Kind::Pairs, "Replaces a field of the response."),
    Field::new("header-add", Kind::Pairs, "Adds a field to the response."),
    Field::new("header-remove", TEXTS, "Removes a field of the response."),
    Field::new("request-header-set", Kind::Pairs, "Replaces a field of the request."),
    Field::new("request-header-add", Kind::Pairs, "Adds a field to the request."),
    Field::new("request-header-remove", TEXTS, "Removes a field of the request."),
    Field::new(
        "body-limit",
        Kind::Size { min: 0, max: 1 << 50 },
        "Bytes of a request body; no limit otherwise.",
    ),
    Field::new("timeout", Kind::Block(&TIMEOUT), "How long what may take."),
    Field::new("retry", Kind::Block(&RETRY), "When a request is sent again."),
    Field::planned("compress", "Encodings for responses."),
    Field::planned("auth", "Who a client is."),
    Field::planned("allow", "Networks that may."),
    Field::planned("cors", "Cross-origin requests."),
    Field::planned("csrf", "Protection against forged requests."),
];

/// How long what may take. Its defaults hold where nobody says anything.
pub static TIMEOUT: Block = Block {
    name: "timeout",
    doc: "How long what may take; alone, `timeout \"5s\"` is the whole exchange.",
    arguments: &["exchange"],
    groups: &[&[
        Field::new("first-byte", DURATION, "From the end of the request to the head of the response.")
            .default("30s"),
        Field::new("body-idle", DURATION, "Between two pieces of a body.").default("60s"),
        Field::new("exchange", DURATION, "The whole exchange; no limit otherwise."),
        Field::planned("tunnel-idle", "Between two pieces of a tunnel."),
    ]],
};

/// When a request is sent again. Its defaults hold where nobody says anything.
pub static RETRY: Block = Block {
    name: "retry",
    doc: "When a request is sent again, to another backend where there is one.",
    arguments: &["attempts"],
    groups: &[&[
        Field::new("attempts", Kind::Integer { min: 0, max: 10 }, "Tries after the first.").default("1"),
        Field::planned("budget", "The share of requests that may be sent again."),
        Field::planned("on", "What a request is sent again after."),
    ]],
};

static RATE_LIMIT: Block = Block {
    name: "rate-limit",
    doc: "A rate limit for each client.",
    arguments: &["rate"],
    groups: &[&[
        Field::new("rate", Kind::Rate, "Requests in a period.").required(),
        Field::new(
            "burst",
            Kind::Integer { min: 1, max: u32::MAX as i64 },
            "Requests at once; the rate otherwise.",
        ),
        Field::new("key", Kind::Choice(&["client-ip"]), "What tells clients apart.").default("client-ip"),
        Field::new("block", DURATION, "How long a client that went over it is refused whatever it does."),
        Field::new("max-keys", Kind::Integer { min: 1, max: 10_000_000 }, "Clients remembered at a time.")
            .default("100000"),
    ]],
};
