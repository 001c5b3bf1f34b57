//! Listeners and TLS towards clients.

use super::{Block, Condition, DURATION, Field, Kind, TEXTS};

pub(super) static LISTENER: Block = Block {
    name: "listener",
    doc: "Addresses to accept on, with TLS and HTTP settings.",
    arguments: &[],
    groups: &[&[
        Field::new("bind", Kind::List(&Kind::Bind), "Addresses to accept on; `[::]` is IPv6 only, `unix:/run/divisor.sock` a socket.")
            .required(),
        Field::new(
            "socket-mode",
            Kind::Choice(&["0600", "0660", "0666"]),
            "Who may connect to Unix sockets: the user, its group too, everybody.",
        )
        .default("0660"),
        Field::new("tls", Kind::Block(&TLS), "TLS towards clients."),
        Field::new("http", Kind::Block(&HTTP), "HTTP settings."),
        Field::new(
            "trusted-proxies",
            Kind::List(&Kind::Network),
            "Networks whose `Forwarded` and `X-Forwarded-*` fields are believed.",
        ),
        Field::new(
            "forwarded",
            Kind::Choice(&["x-forwarded", "rfc7239", "both", "none"]),
            "Fields that tell backends whom a request comes from: `X-Forwarded-*`, `Forwarded`, both or none.",
        )
        .default("x-forwarded"),
        Field::new(
            "max-connections",
            Kind::Integer { min: 1, max: u32::MAX as i64 },
            "Open client connections at a time.",
        ),
        Field::new(
            "max-connections-per-client",
            Kind::Integer { min: 1, max: u32::MAX as i64 },
            "Open connections of one client at a time: of an IPv4 address, or the /64 of an IPv6 address.",
        ),
        Field::new("tcp-keepalive", DURATION, "Interval of TCP keep-alive probes; the system's otherwise."),
        Field::new("redirect", Kind::Block(&REDIRECT), "Sends every request to another listener."),
        Field::new(
            "forward",
            Kind::Block(&FORWARD),
            "Sends every connection to a pool of `tcp` backends, as it is; with `tls`, what is in it.",
        ),
        Field::new(
            "passthrough",
            Kind::Blocks(&PASSTHROUGH),
            "TLS connections that go to a pool of `tcp` backends as they are, by the name they ask for.",
        ),
        Field::new("use", Kind::List(&Kind::Reference("policy")), "Policies that bind every request."),
        Field::new(
            "proxy-protocol",
            Kind::List(&Kind::Network),
            "Networks whose connections begin with a PROXY protocol header; without one they are closed.",
        ),
    ]],
};

static FORWARD: Block = Block {
    name: "forward",
    doc: "Sends every connection to a pool.",
    arguments: &["pool"],
    groups: &[TUNNEL],
};

static PASSTHROUGH: Block = Block {
    name: "passthrough",
    doc: "TLS connections that are not ended here.",
    arguments: &["name"],
    groups: &[
        &[Field::new("name", TEXTS, "The names they ask for: `shop.example`, `*.shop.example`.")
            .yaml("names")
            .required()],
        TUNNEL,
    ],
};

/// Where connections go as they are.
const TUNNEL: &[Field] = &[
    Field::new("pool", Kind::Reference("pool"), "The pool.").required(),
    Field::new("tunnel-idle", DURATION, "How long a connection in which nothing moves is kept.")
        .default("1h")
        .usual("5ms", "30d"),
];

pub(super) static TLS: Block = Block {
    name: "tls",
    doc: "TLS towards clients.",
    arguments: &[],
    groups: &[
        SETTINGS,
        &[
            Field::new(
                "prefer-server-order",
                Kind::Flag,
                "The server's order of cipher suites counts, not the client's.",
            )
            .default("false"),
            Field::new(
                "session-tickets",
                Kind::Flag,
                "Sessions go on by tickets that clients keep; otherwise by what is kept here.",
            )
            .default("true"),
            Field::new(
                "certificate",
                Kind::Blocks(&CERTIFICATE),
                "Certificates to choose from by server name.",
            )
            .yaml("certificates"),
            Field::new("hsts", Kind::Block(&HSTS), "`Strict-Transport-Security` on every response."),
            Field::new("client-auth", Kind::Block(&CLIENT_AUTH), "Certificates of clients."),
        ],
    ],
};

pub(super) static CLIENT_AUTH: Block = Block {
    name: "client-auth",
    doc: "Certificates of clients.",
    arguments: &[],
    groups: &[&[
        Field::new("ca", Kind::File, "Roots that a client's certificate must lead to.").required(),
        Field::new("required", Kind::Flag, "Whether a client without a certificate is refused.")
            .default("true"),
        Field::new(
            "crl",
            Kind::List(&Kind::File),
            "Lists of revoked certificates, one of every authority; without any nothing is revoked.",
        ),
        Field::new(
            "subject-header",
            Kind::Text,
            "Tells backends the subject of the certificate; what clients send under this name is taken out.",
        ),
    ]],
};

/// Versions, suites and groups: the same towards clients and towards backends.
pub(super) const SETTINGS: &[Field] = &[
    Field::new("profile", Kind::Text, "A set of versions, suites and groups: `modern` or `intermediate`.")
        .default("intermediate"),
    Field::new("min-version", Kind::Text, "Oldest version: `1.2` or `1.3`; the profile's otherwise."),
    Field::new("max-version", Kind::Text, "Newest version: `1.2` or `1.3`; the profile's otherwise."),
    Field::new("cipher-suites", TEXTS, "TLS 1.2 suites, in order of preference; the profile's otherwise."),
    Field::new("groups", TEXTS, "Key-exchange groups, in order of preference; the profile's otherwise."),
];

pub(super) static CERTIFICATE: Block = Block {
    name: "certificate",
    doc: "A certificate chain and its key: PEM files.",
    arguments: &["certificate"],
    groups: &[&[
        Field::new("certificate", Kind::File, "The chain, leaf first.").required(),
        Field::new("key", Kind::File, "The private key."),
        Field::new("trust", Kind::File, "A private root that ends the chain as a public root does."),
        Field::new("names", TEXTS, "Host names it is used for; those in the certificate otherwise."),
        Field::new("default", Kind::Flag, "Also used for clients that name no server, or an unknown one.")
            .default("false"),
        Field::new(
            "pin",
            Kind::Choice(&["spki"]),
            "What a renewed certificate must keep: `spki` is the key that the compiler saw.",
        ),
    ]],
};

static HSTS: Block = Block {
    name: "hsts",
    doc: "`Strict-Transport-Security` (RFC 6797).",
    arguments: &[],
    groups: &[&[
        Field::new(
            "max-age",
            Kind::Duration { min: 0, max: 10 * super::YEAR },
            "How long a browser remembers.",
        )
        .default("730d"),
        Field::new("include-subdomains", Kind::Flag, "Subdomains too.").default("false"),
        Field::new("preload", Kind::Flag, "Asks to be put on the preload lists.").default("false"),
    ]],
};

static HTTP: Block = Block {
    name: "http",
    doc: "How a listener speaks HTTP.",
    arguments: &[],
    groups: &[&[
        Field::new("h2", Kind::Flag, "HTTP/2; on with TLS and off without it otherwise."),
        Field::new("keep-alive", Kind::Flag, "Keeps client connections open between requests.")
            .default("true"),
        Field::new("max-header-size", Kind::Size { min: 1024, max: 1 << 20 }, "Bytes of a request head.")
            .default("32KiB")
            .usual("4KiB", "1MiB"),
        Field::new(
            "max-target-size",
            Kind::Size { min: 64, max: 1 << 20 },
            "Bytes of the path and query of a request.",
        )
        .default("8KiB")
        .usual("256", "64KiB"),
        Field::new("max-headers", Kind::Integer { min: 1, max: 1000 }, "Header fields of a request.")
            .default("100"),
        Field::new(
            "max-streams",
            Kind::Integer { min: 1, max: 10_000 },
            "Streams of an HTTP/2 connection at a time.",
        )
        .default("128")
        .when(Condition::IsNot("h2", "false")),
        Field::new(
            "handshake-timeout",
            DURATION,
            "From accept to the end of the TLS handshake, with a PROXY protocol header before it.",
        )
        .default("10s")
        .usual("5ms", "1h"),
        Field::new("header-timeout", DURATION, "From the first byte of a request head to its end.")
            .default("10s")
            .usual("5ms", "1h"),
        Field::new("idle-timeout", DURATION, "Between two requests of a connection.")
            .default("60s")
            .usual("5ms", "1h")
            .when(Condition::IsNot("keep-alive", "false")),
        Field::new(
            "empty-segments",
            Kind::Choice(&["merge", "keep"]),
            "What becomes of empty path segments as in `/a//b`.",
        )
        .default("merge"),
    ]],
};

static REDIRECT: Block = Block {
    name: "redirect",
    doc: "Sends every request to another listener.",
    arguments: &["listener"],
    groups: &[&[
        Field::new("listener", Kind::Reference("listener"), "Where to.").required(),
        Field::new("status", Kind::Code(super::REDIRECTS), "Its status.").default("308"),
    ]],
};
