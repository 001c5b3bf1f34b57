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
        Field::planned("error-page", "What is sent with an error."),
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
        Field::planned("client-auth", "Certificates of clients."),
    ]],
};

pub(super) static ROUTE: Block = Block {
    name: "route",
    doc: "A set of requests, and what is done with them.",
    arguments: &["path"],
    groups: &[
        &[
            Field::new("path", Kind::Text, "The path pattern: `/about`, `/users/{id}`, `/assets/**`.")
                .required(),
            Field::new("method", TEXTS, "Methods; every method otherwise."),
            Field::new("pool", Kind::Reference("pool"), "Sent to a backend of this pool."),
            Field::new("redirect", Kind::Block(&REDIRECT), "Answered with a redirect."),
            Field::new("respond", Kind::Block(&RESPOND), "Answered as written."),
            Field::new("deny", Kind::Block(&DENY), "Refused."),
            Field::new(
                "rewrite",
                Kind::Text,
                "The path that the backend is sent, with `{id}` from the pattern.",
            ),
            Field::new("use", Kind::List(&Kind::Reference("policy")), "Policies that bind its requests."),
            Field::planned("split", "Sent to several pools, by weight."),
            Field::planned("mirror", "Also sent to another pool, whose answer is dropped."),
            Field::planned("priority", "Decides between routes whose sets cross."),
            Field::planned("path-regex", "A regular expression for the whole path."),
            Field::planned("header", "A condition on a header."),
            Field::planned("query", "A condition on a query parameter."),
            Field::planned("client", "A condition on the client's address."),
            Field::planned("encoded-slash", "What becomes of an encoded slash."),
            Field::planned("hash", "What `ip-hash` takes in place of the client's address."),
        ],
        SETTINGS,
    ],
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
