//! Pools, backends and TLS towards backends.

use super::{Block, Condition, DURATION, Field, Kind, listener};

pub(super) static POOL: Block = Block {
    name: "pool",
    doc: "Backends that serve the same thing, with one balancer.",
    arguments: &[],
    groups: &[
        &[
            Field::new(
                "balance",
                Kind::Choice(&[
                    "round-robin",
                    "weighted-round-robin",
                    "random",
                    "ip-hash",
                    "least-connection",
                    "least-response-time",
                    "power-of-two",
                    "consistent-hash",
                ]),
                "How a backend is chosen.",
            )
            .default("round-robin"),
            Field::new("backend", Kind::Blocks(&BACKEND), "The servers.").yaml("backends").required(),
            Field::new("eject", Kind::Block(&EJECT), "Takes a backend out after errors in a row."),
            Field::new(
                "fail-open",
                Kind::Percent { min: 0, max: 100 },
                "When a smaller share of the backends than this is alive, all are used: the probes are not believed.",
            )
            .default("0%"),
            Field::new(
                "hash",
                Kind::Block(&HASH),
                "What `consistent-hash` tells requests apart by; the client's address otherwise.",
            )
            .when(Condition::Is("balance", "consistent-hash")),
            Field::new("sticky", Kind::Block(&STICKY), "A cookie that keeps a client at its backend."),
            Field::new(
                "proxy-protocol",
                Kind::Choice(&["v1", "v2"]),
                "The PROXY protocol header that connections to backends begin with: it says whom they are for.",
            ),
            Field::new("slow-start", DURATION, "How long a backend that came back gets less than its share.")
                .usual("1s", "15m"),
        ],
        TOWARDS_BACKENDS,
    ],
};

/// What a pool says for all its backends, and a backend for itself.
const TOWARDS_BACKENDS: &[Field] = &[
    Field::new("tls", Kind::Block(&TLS), "TLS towards `https` backends."),
    Field::new("probe", Kind::Block(&PROBE), "Active health check."),
    Field::new("connections", Kind::Block(&CONNECTIONS), "Limits of the connections to one backend."),
];

static BACKEND: Block = Block {
    name: "backend",
    doc: "One server of a pool.",
    arguments: &["url"],
    groups: &[
        &[
            Field::new(
                "url",
                Kind::Backend,
                "Scheme, host and port, or `unix:/run/app.sock`; a name is resolved while running. `http+srv://_http._tcp.api.internal` \
                 is every target of the SRV records of that name, with their ports, priorities and weights.",
            )
            .required(),
            Field::new("weight", Kind::Integer { min: 0, max: 65_535 }, "Its share; 0 takes no new client.")
                .default("1"),
            Field::new(
                "slots",
                Kind::Integer { min: 1, max: 256 },
                "How many targets of SRV records are used at a time.",
            )
            .default("8"),
            Field::new("backup", Kind::Flag, "Whether it is for when no other is alive.").default("false"),
        ],
        TOWARDS_BACKENDS,
    ],
};

static TLS: Block = Block {
    name: "tls",
    doc: "TLS towards backends.",
    arguments: &[],
    groups: &[
        listener::SETTINGS,
        &[
            Field::new("ca", Kind::File, "Roots to trust; those of the system otherwise.")
                .when(Condition::IsNot("verify", "false")),
            Field::new("certificate", Kind::File, "The certificate shown to the backend."),
            Field::new("key", Kind::File, "Its private key."),
            Field::new(
                "server-name",
                Kind::Text,
                "The name that the backend's certificate must bear; the host of its address otherwise.",
            ),
            Field::new("verify", Kind::Flag, "Whether the backend's certificate is verified at all.")
                .default("true"),
        ],
    ],
};

static HASH: Block = Block {
    name: "hash",
    doc: "What requests are told apart by; one that lacks it is told by the client's address.",
    arguments: &["by"],
    groups: &[&[
        Field::new("by", Kind::Choice(&["client-address", "path"]), "What every request has.")
            .one_way_to_say("key"),
        Field::new("header", Kind::Text, "The value of a header.").one_way_to_say("key"),
        Field::new("cookie", Kind::Text, "The value of a cookie.").one_way_to_say("key"),
        Field::new("query", Kind::Text, "The value of a query parameter.").one_way_to_say("key"),
        Field::new(
            "max-load",
            Kind::Percent { min: 101, max: 255 },
            "Of its share of the exchanges under way, what a backend takes at most before the next one helps.",
        )
        .default("125%"),
    ]],
};

static STICKY: Block = Block {
    name: "sticky",
    doc: "A cookie that keeps a client at its backend; nobody else can read or forge it.",
    arguments: &["cookie"],
    groups: &[&[
        Field::new("cookie", Kind::Text, "Its name. Backends do not see it.").required(),
        Field::new(
            "key",
            Kind::Secret,
            "What seals it: 64 hexadecimal digits, or several lines of them, of which the first seals and all open.",
        )
        .required(),
        Field::new("max-age", DURATION, "How long the browser keeps it; until it closes otherwise."),
        Field::new("secure", Kind::Flag, "Whether it is for TLS only; where the listener has TLS otherwise.")
            .when(Condition::IsNot("same-site", "none")),
        Field::new(
            "same-site",
            Kind::Choice(&["strict", "lax", "none"]),
            "With which requests from other sites it is sent; `none` is for TLS only.",
        )
        .default("lax"),
        Field::new("path", Kind::Text, "The paths it is sent with.").default("/"),
    ]],
};

static EJECT: Block = Block {
    name: "eject",
    doc: "Takes a backend out after errors in a row: no connection, no answer, or 502, 503 or 504.",
    arguments: &[],
    groups: &[&[
        Field::new(
            "consecutive-errors",
            Kind::Integer { min: 0, max: 1000 },
            "Errors in a row; 0 never takes one out.",
        )
        .default("5"),
        Field::new(
            "for",
            DURATION,
            "How long it stays out; twice as long each time that it is soon out again.",
        )
        .default("30s")
        .when(Condition::IsNot("consecutive-errors", "0")),
        Field::new(
            "max-for",
            DURATION,
            "The longest that it stays out, however often; `for`, if that is longer.",
        )
        .default("5m")
        .when(Condition::IsNot("consecutive-errors", "0")),
        Field::new(
            "max-percent",
            Kind::Percent { min: 0, max: 100 },
            "The share of the backends that may be out at a time.",
        )
        .default("50%")
        .when(Condition::IsNot("consecutive-errors", "0")),
    ]],
};

static PROBE: Block = Block {
    name: "probe",
    doc: "An active health check.",
    arguments: &["path"],
    groups: &[&[
        Field::new(
            "type",
            Kind::Choice(&["http", "tcp", "grpc"]),
            "What is tried: a request, a connection, or `grpc.health.v1.Health/Check`; over TLS where requests are.",
        )
        .default("http"),
        Field::new("path", Kind::Text, "Path to ask for, with query.")
            .required()
            .when(Condition::Is("type", "http")),
        Field::new("method", Kind::Choice(&["GET", "HEAD", "OPTIONS"]), "What to ask with.")
            .default("GET")
            .when(Condition::Is("type", "http")),
        Field::new("status", Kind::List(&Kind::Statuses), "Statuses of a healthy answer.")
            .default("200-399")
            .when(Condition::Is("type", "http")),
        Field::new("body", Kind::Text, "A text that the first 64 KiB of a healthy answer hold.")
            .when(Condition::Is("type", "http")),
        Field::new("header", Kind::Pairs, "Headers to ask with.")
            .yaml("headers")
            .when(Condition::Is("type", "http")),
        Field::new("host", Kind::Text, "The host to ask for; that of the backend's URL otherwise.")
            .when(Condition::IsNot("type", "tcp")),
        Field::new("service", Kind::Text, "The gRPC service to ask for; the server as a whole otherwise.")
            .when(Condition::Is("type", "grpc")),
        Field::new("port", Kind::Port, "The port to connect to; that of the backend's URL otherwise."),
        Field::new("every", DURATION, "From one probe to the next.").default("5s").usual("50ms", "10m"),
        Field::new("timeout", DURATION, "Time for the whole answer.").default("1s").usual("5ms", "1h"),
        Field::new(
            "rise",
            Kind::Integer { min: 1, max: 255 },
            "Successes in a row that bring a backend back.",
        )
        .default("2"),
        Field::new("fall", Kind::Integer { min: 1, max: 255 }, "Failures in a row that take a backend out.")
            .default("3"),
        Field::new(
            "initial",
            Kind::Choice(&["alive", "dead"]),
            "What a backend counts as until its first probe is over.",
        )
        .default("alive"),
    ]],
};

static CONNECTIONS: Block = Block {
    name: "connections",
    doc: "Limits of the connections to one backend.",
    arguments: &[],
    groups: &[&[
        Field::new("per-backend", Kind::Integer { min: 1, max: 1_000_000 }, "Exchanges at a time.")
            .default("512"),
        Field::new(
            "queue",
            Kind::Integer { min: 0, max: 1_000_000 },
            "Requests that wait for their turn at a time; more are refused at once.",
        )
        .default("1024"),
        Field::new("queue-timeout", DURATION, "How long a request waits for its turn.")
            .default("5s")
            .usual("5ms", "1h"),
        Field::new("connect-timeout", DURATION, "TCP and TLS set-up.").default("2s").usual("5ms", "1h"),
        Field::new("idle-timeout", DURATION, "How long an unused connection is kept.")
            .default("60s")
            .usual("5ms", "1h"),
        Field::new(
            "max-age",
            DURATION,
            "How long a connection is used at all; as long as it lasts otherwise.",
        ),
        Field::new(
            "h2",
            Kind::Flag,
            "Whether `https` backends are offered HTTP/2; `h2c://` backends are spoken to in nothing else.",
        )
        .default("true"),
        Field::new(
            "ping",
            DURATION,
            "How often an HTTP/2 connection is asked whether its backend is still there. gRPC servers end \
             connections that ask more often than every 5 minutes.",
        )
        .default("6m")
        .usual("1s", "1h"),
    ]],
};
