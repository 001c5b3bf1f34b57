//! Hosts and routes.

use super::policy::SETTINGS;
use super::{Block, Field, Kind, TEXTS, listener};

pub(super) static HOST: Block = Block {
    name: "host",
    doc: "What a name serves.",
    arguments: &["names"],
    groups: &[&[
        Field::new("names", TEXTS, "Its names: `shop.example`, `*.shop.example` or `**.shop.example`.")
            .required(),
        Field::new("listener", Kind::List(&Kind::Reference("listener")), "The listeners it is limited to."),
        Field::new("tls", Kind::Block(&HOST_TLS), "Certificates for its names."),
        Field::new("use", Kind::List(&Kind::Reference("policy")), "Policies that bind every request."),
        Field::new("route", Kind::Blocks(&ROUTE), "Its routes.").yaml("routes"),
        Field::new("error-page", Kind::Blocks(&ERROR_PAGE), "What is sent with an error of our own.")
            .yaml("error-pages"),
    ]],
};

static ERROR_PAGE: Block = Block {
    name: "error-page",
    doc: "What is sent with an error of our own: backends have theirs.",
    arguments: &["status"],
    groups: &[&[
        Field::new(
            "status",
            Kind::List(&Kind::Integer { min: 400, max: 599 }),
            "The statuses it is sent with.",
        )
        .required(),
        Field::new("file", Kind::File, "The page, up to 256 KiB of UTF-8; it becomes part of the plan.")
            .one_way_to_say("page"),
        Field::new("body", Kind::Text, "The page, written out.").one_way_to_say("page"),
        Field::new("content-type", Kind::Text, "Value of `Content-Type`.")
            .default("text/html; charset=utf-8"),
    ]],
};

static HOST_TLS: Block = Block {
    name: "tls",
    doc: "Certificates for the names of a host.",
    arguments: &[],
    groups: &[&[
        Field::new(
            "certificate",
            Kind::Blocks(&listener::CERTIFICATE),
            "Certificates beside those of the listener.",
        )
        .yaml("certificates"),
        Field::new(
            "client-auth",
            Kind::Block(&listener::CLIENT_AUTH),
            "Certificates of clients, in place of what the listener says.",
        ),
    ]],
};

pub(super) static ROUTE: Block = Block {
    name: "route",
    doc: "A set of requests, and what is done with them.",
    arguments: &["path"],
    groups: &[
        &[
            Field::new(
                "path",
                Kind::Text,
                "The path pattern: `/about`, `/users/{id}`, `/v{n:[0-9]+}`, `/assets/**`.",
            )
            .one_way_to_say("path"),
            Field::new("method", TEXTS, "Methods; every method otherwise."),
            Field::new("pool", Kind::Reference("pool"), "Sent to a backend of this pool.")
                .one_way_to_say("action"),
            Field::new("split", Kind::Block(&SPLIT), "Sent to one of several pools, by weight.")
                .one_way_to_say("action"),
            Field::new("redirect", Kind::Block(&REDIRECT), "Answered with a redirect.")
                .one_way_to_say("action"),
            Field::new("respond", Kind::Block(&RESPOND), "Answered as written.").one_way_to_say("action"),
            Field::new("deny", Kind::Block(&DENY), "Refused.").one_way_to_say("action"),
            Field::new(
                "rewrite",
                Kind::Text,
                "The path that the backend is sent, with `{id}` from the pattern.",
            ),
            Field::new("use", Kind::List(&Kind::Reference("policy")), "Policies that bind its requests."),
            Field::new("mirror", Kind::Block(&MIRROR), "Also sent to another pool, whose answer is dropped."),
            Field::new(
                "priority",
                Kind::Integer { min: -1_000_000, max: 1_000_000 },
                "Decides between routes whose sets cross: the greater wins.",
            )
            .default("0"),
            Field::new("path-regex", Kind::Text, "A regular expression for the whole path.")
                .one_way_to_say("path"),
            Field::new(
                "header",
                Kind::Blocks(&CONDITION),
                "A condition on a header; all must hold, each for one value or one member of a list.",
            ),
            Field::new(
                "query",
                Kind::Blocks(&CONDITION),
                "A condition on a query parameter; all must hold, each for one value.",
            ),
            Field::new(
                "client",
                Kind::List(&Kind::Network),
                "Networks, one of which the client's address is in.",
            ),
            Field::new(
                "encoded-slash",
                Kind::Choice(&["refuse", "keep"]),
                "What becomes of an encoded slash in the path.",
            )
            .default("refuse"),
        ],
        SETTINGS,
    ],
};

static SPLIT: Block = Block {
    name: "split",
    doc: "Sent to one of several pools, by weight.",
    arguments: &[],
    groups: &[&[Field::new("pool", Kind::Blocks(&SHARE), "The pools.").yaml("pools").required()]],
};

static SHARE: Block = Block {
    name: "pool",
    doc: "A pool and its share of the requests.",
    arguments: &["pool"],
    groups: &[&[
        Field::new("pool", Kind::Reference("pool"), "Its name.").required(),
        Field::new("weight", Kind::Integer { min: 0, max: 65_535 }, "Its share; 0 takes it out.")
            .default("1"),
    ]],
};

static MIRROR: Block = Block {
    name: "mirror",
    doc: "Also sent to another pool, whose answer is dropped.",
    arguments: &["pool"],
    groups: &[&[
        Field::new("pool", Kind::Reference("pool"), "Its name.").required(),
        Field::new("percent", Kind::Integer { min: 1, max: 100 }, "How many of a hundred requests.")
            .default("100"),
    ]],
};

/// A header or a query parameter, and what must hold for it.
pub(super) static CONDITION: Block = Block {
    name: "condition",
    doc: "A name, and what must hold for a value of it.",
    arguments: &["name"],
    groups: &[&[
        Field::new("name", Kind::Text, "Its name.").required(),
        Field::new("equals", Kind::Text, "The whole value.").one_way_to_say("condition"),
        Field::new("prefix", Kind::Text, "The beginning of the value.").one_way_to_say("condition"),
        Field::new("regex", Kind::Text, "A regular expression for the whole value.")
            .one_way_to_say("condition"),
        Field::new("present", Kind::Flag, "Whether there is one at all.").one_way_to_say("condition"),
    ]],
};

static REDIRECT: Block = Block {
    name: "redirect",
    doc: "Answered with a redirect.",
    arguments: &["location"],
    groups: &[&[
        Field::new("location", Kind::Text, "Where to, with `{id}` from the pattern.").required(),
        Field::new("status", Kind::Code(super::REDIRECTS), "Its status.").default("307"),
    ]],
};

static RESPOND: Block = Block {
    name: "respond",
    doc: "Answered as written.",
    arguments: &["status", "body"],
    groups: &[&[
        Field::new("status", Kind::Integer { min: 200, max: 599 }, "Status.").default("200"),
        Field::new("body", Kind::Text, "Body.").default(""),
        Field::new("content-type", Kind::Text, "Value of `Content-Type`.")
            .default("text/plain; charset=utf-8"),
    ]],
};

static DENY: Block = Block {
    name: "deny",
    doc: "Refused.",
    arguments: &["status"],
    groups: &[&[Field::new("status", Kind::Integer { min: 400, max: 599 }, "Status.").default("403")]],
};
