//! Claims about requests.

use super::route::CONDITION;
use super::{Block, Field, Kind, TEXTS};

pub(super) static EXPECT: Block = Block {
    name: "expect",
    doc: "A claim about requests, checked whenever the config is linted or compiled.",
    arguments: &["request"],
    groups: &[&[
        Field::new(
            "request",
            Kind::Request,
            "Method and URL; ports do not count, and `*` is every host that is served.",
        )
        .required(),
        Field::new("method", TEXTS, "Methods, where the request names none; GET otherwise."),
        Field::new("header", Kind::Blocks(&CONDITION), "A header field it has; without, it has none."),
        Field::new("query", Kind::Blocks(&CONDITION), "A query parameter it has, beside those in its URL."),
        Field::new("client", Kind::List(&Kind::Network), "Where it comes from."),
        Field::new("listener", Kind::Reference("listener"), "The listener it arrives at; each otherwise."),
        Field::new(
            "for-all",
            Kind::Flag,
            "A claim about every request of a set: the path is a pattern, and the method may be `*`.",
        )
        .default("false"),
        Field::new("pool", Kind::Reference("pool"), "It goes to this pool."),
        Field::new("route", Kind::Text, "The route with this path pattern takes it."),
        Field::new("status", Kind::Integer { min: 200, max: 599 }, "It is answered here, with this status."),
        Field::new("redirect", Kind::Text, "It is redirected to this location."),
    ]],
};
