//! Policies: settings for requests.

use super::{Block, Condition, DURATION, Field, Kind, TEXTS};

pub(super) static POLICY: Block = Block {
    name: "policy",
    doc: "A named bundle of settings for requests.",
    arguments: &[],
    groups: &[
        SETTINGS,
        &[Field::new("deny", Kind::List(&Kind::Network), "Networks that may not, whatever is allowed.")],
    ],
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
    )
    .usual("1KiB", "1GiB"),
    Field::new("timeout", Kind::Block(&TIMEOUT), "How long what may take."),
    Field::new("retry", Kind::Block(&RETRY), "When a request is sent again."),
    Field::new("compress", Kind::Block(&COMPRESS), "Compresses responses for clients that accept it."),
    Field::planned("auth", Kind::Block(&AUTH), "Who a client is."),
    Field::new("allow", Kind::List(&Kind::Network), "Networks that may, and no other."),
    Field::new("cors", Kind::Block(&CORS), "Requests from pages of other origins."),
    Field::new("csrf", Kind::Block(&CSRF), "Refuses requests that a page of another origin forged."),
];

/// How long what may take. Its defaults hold where nobody says anything.
pub static TIMEOUT: Block = Block {
    name: "timeout",
    doc: "How long what may take; alone, `timeout \"5s\"` is the whole exchange.",
    arguments: &["exchange"],
    groups: &[&[
        Field::new("first-byte", DURATION, "From the end of the request to the head of the response.")
            .default("30s")
            .usual("5ms", "1h"),
        Field::new("body-idle", DURATION, "Between two pieces of a body.").default("60s").usual("5ms", "1h"),
        Field::new("exchange", DURATION, "The whole exchange; no limit otherwise.").usual("5ms", "1h"),
        Field::new(
            "tunnel-idle",
            DURATION,
            "Between two pieces once the connection speaks another protocol.",
        )
        .default("10m")
        .usual("1s", "1d"),
        Field::new(
            "min-rate",
            Kind::Size { min: 0, max: 1 << 30 },
            "Bytes a second that a client sends or takes of a body, on average while it is waited for; `0` is any.",
        )
        .default("240B"),
        Field::new("min-rate-grace", DURATION, "How long a client may be slower than that at first.")
            .default("5s")
            .usual("100ms", "5m"),
    ]],
};

/// When a request is sent again. Its defaults hold where nobody says anything.
pub static RETRY: Block = Block {
    name: "retry",
    doc: "When a request is sent again, to another backend where there is one.",
    arguments: &["attempts"],
    groups: &[&[
        Field::new("attempts", Kind::Integer { min: 0, max: 10 }, "Tries after the first.").default("1"),
        Field::new(
            "budget",
            Kind::Percent { min: 0, max: 100 },
            "Of the requests that a pool has in flight, the share that may have been sent again.",
        )
        .default("20%")
        .when(Condition::IsNot("attempts", "0")),
        Field::new(
            "on",
            Kind::List(&Kind::Choice(&["connect-failure", "reset", "timeout", "500", "502", "503", "504"])),
            "What a request is sent again after; `connect-failure` and `reset` otherwise.",
        )
        .when(Condition::IsNot("attempts", "0")),
    ]],
};

static RATE_LIMIT: Block = Block {
    name: "rate-limit",
    doc: "A rate limit for each client.",
    arguments: &["rate"],
    groups: &[
        &[
            Field::new("rate", Kind::Rate, "Requests in a period.").one_way_to_say("limit"),
            Field::new("use", Kind::Reference("rate-limit"), "The name of a limit that others share.")
                .one_way_to_say("limit"),
        ],
        LIMIT,
    ],
};

/// A rate limit that several policies share.
pub(super) static SHARED_LIMIT: Block = Block {
    name: "rate-limit",
    doc: "A rate limit that several policies share.",
    arguments: &["rate"],
    groups: &[&[Field::new("rate", Kind::Rate, "Requests in a period.").required()], LIMIT],
};

const RATE: Condition = Condition::Written("rate");

const LIMIT: &[Field] = &[
    Field::new(
        "burst",
        Kind::Integer { min: 1, max: u32::MAX as i64 },
        "Requests at once; the rate otherwise.",
    )
    .when(RATE),
    Field::new("key", Kind::Choice(&["client-ip"]), "What tells clients apart.")
        .default("client-ip")
        .when(RATE),
    Field::new("block", DURATION, "How long a client that went over it is refused whatever it does.")
        .usual("100ms", "7d")
        .when(RATE),
    Field::new("max-keys", Kind::Integer { min: 1, max: 10_000_000 }, "Clients remembered at a time.")
        .default("100000")
        .when(RATE),
];

const BASIC: Condition = Condition::Is("scheme", "basic");
const JWT: Condition = Condition::Is("scheme", "jwt");
const FORWARD: Condition = Condition::Is("scheme", "forward");

/// Who a client is.
pub(super) static AUTH: Block = Block {
    name: "auth",
    doc: "Who a client is.",
    arguments: &["scheme"],
    groups: &[&[
        Field::new("scheme", Kind::Choice(&["basic", "jwt", "forward"]), "How a client says who it is.")
            .required(),
        Field::new("realm", Kind::Text, "The name that browsers show.").default("restricted").when(BASIC),
        Field::new("users", Kind::Secret, "Names and hashed passwords, as `htpasswd` writes them.")
            .required()
            .when(BASIC),
        Field::new("keys", Kind::Secret, "The keys that sign tokens, as a JWK set (RFC 7517).")
            .required()
            .when(JWT),
        Field::new("issuer", Kind::Text, "Who must have issued a token.").when(JWT),
        Field::new("audience", TEXTS, "For whom a token must be, any of them.").when(JWT),
        Field::new("url", Kind::Text, "Who is asked about each request.").required().when(FORWARD),
        Field::new("copy-header", TEXTS, "Headers of the answer that the backend is sent.").when(FORWARD),
        Field::new("timeout", DURATION, "Time for the answer.").default("5s").when(FORWARD),
    ]],
};

static COMPRESS: Block = Block {
    name: "compress",
    doc: "Compresses responses for clients that accept it; not those that are small, encoded, partial or `no-transform`.",
    arguments: &["encoding"],
    groups: &[&[
        Field::new(
            "encoding",
            Kind::List(&Kind::Choice(&["zstd", "br", "gzip"])),
            "Encodings; of those that a client likes best, the first.",
        )
        .yaml("encodings")
        .required(),
        Field::new(
            "type",
            TEXTS,
            "Media types, with one `*` for anything: `text/*`, `*+json`; what is text otherwise.",
        )
        .yaml("types"),
        Field::new("min-size", Kind::Size { min: 0, max: 1 << 30 }, "Bytes from which it is worth it.")
            .default("1KiB"),
    ]],
};

static CORS: Block = Block {
    name: "cors",
    doc: "Requests from pages of other origins.",
    arguments: &["origin"],
    groups: &[&[
        Field::new("origin", TEXTS, "Origins that may: `https://app.example`, or `*` for every one.")
            .required(),
        Field::new("method", TEXTS, "Methods beyond `GET`, `HEAD` and `POST`."),
        Field::new("header", TEXTS, "Request headers beyond the safe ones."),
        Field::new("expose", TEXTS, "Response headers that the page may read."),
        Field::new("credentials", Kind::Flag, "Cookies too.").default("false"),
        Field::new("max-age", DURATION, "How long a browser remembers the answer.").default("5s"),
    ]],
};

static CSRF: Block = Block {
    name: "csrf",
    doc: "Refuses requests that a page of another origin forged.",
    arguments: &["origin"],
    groups: &[&[Field::new("origin", TEXTS, "Other origins that may: `https://app.example`.")]],
};
